#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/enum_names.h"

#include "sim/script.h"

// Worlds for operators: one thing that is likely to happen, as often and for as long as it is
// assumed to. random_author.h writes the hostile ones, which look for mistakes of Farshore.
namespace farshore::sim {

enum class LikelyWeather : std::uint8_t {
    region_outage,
    data_outage,
    stack_outage,
    outage_behind_lag,
    data_partial,
    data_slow,
    flapping,
    region_blip,
    data_blip,
    stack_blip,
    throttling,
    observer_cut,
    regions_cut,
    replication_lag,
    standby_outage,
    deploy,
    hosts_die,
    controller_restart,
    switchover,
};
inline constexpr std::array<std::string_view, 19> kLikelyWeatherNames{
    "region_outage",
    "data_outage",
    "stack_outage",
    "outage_behind_lag",
    "data_partial",
    "data_slow",
    "flapping",
    "region_blip",
    "data_blip",
    "stack_blip",
    "throttling",
    "observer_cut",
    "regions_cut",
    "replication_lag",
    "standby_outage",
    "deploy",
    "hosts_die",
    "controller_restart",
    "switchover"
};

constexpr const auto& names_of(LikelyWeather) {
    return kLikelyWeatherNames;
}

// What the weather does to the users of the active Region.
enum class Harm : std::uint8_t {
    none,     // they are served: a failover is not wanted
    partial,  // some are not: whether a failover is wanted is for people to say
    all,      // they are not served: a failover is wanted where it lasts long
};
inline constexpr std::array<std::string_view, 3> kHarmNames{"none", "partial", "all"};

constexpr const auto& names_of(Harm) {
    return kHarmNames;
}

// One kind of weather. `kinds`: one of them is drawn for each world.
struct WeatherRow {
    LikelyWeather weather{};
    double a_year = 0;  // how often it is assumed to come to one app
    Harm harm{};
    Duration shortest{};  // of the whole of it; longer ones are rarer
    Duration longest{};
    Place at = 0;  // 0: the active Region, 1: the standby
    Place to = 1;
    int least = 0;  // the fault's amount
    int most = 0;
    std::array<FaultKind, 3> kinds{};
    std::size_t choices = 1;  // of `kinds`
    std::string_view what;    // for people
};

[[nodiscard]] std::span<const WeatherRow> weather_rows();
[[nodiscard]] const WeatherRow& row_of(LikelyWeather weather);

// What an operator brings along.
struct Ground {
    Configuration configuration;
    std::size_t hosts = 2;  // of each Region
    Duration lag{80ms};     // of replication in quiet; up to twice this
    bool control_targets = true;
};

// One world of the weather. What happens does not depend on the ground, so that two of them can be
// compared. Pure.
[[nodiscard]] Script likely_script(const Ground& ground, LikelyWeather weather, std::uint64_t seed);

// When the harm begins, and when it is over; both at the switchover's beginning where there is
// none.
struct Spell {
    Duration from{};
    Duration until{};
};

[[nodiscard]] Spell spell_of(const Script& script);

}  // namespace farshore::sim
