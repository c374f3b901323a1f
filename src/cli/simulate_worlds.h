#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/config.h"

#include "sim/sums.h"

// Likely worlds (src/sim/likely_weather.h) under an operator's configuration.
namespace farshore::cli {

// What is played, beside the configurations.
struct Simulated {
    std::vector<sim::LikelyWeather> weather;
    int worlds = 20;  // of each
    std::uint64_t seed = 1;
    std::size_t hosts = 2;  // of each Region
    Duration lag = sim::Ground{}.lag;
    bool armed = false;  // as if the mode were `auto`, and a drill had proven it
};

// How a configuration becomes a simulated one. Pure.
[[nodiscard]] sim::Ground ground_of(const config::Config& config, const Simulated& wanted);

// A key that the simulation does not model, and what it does instead.
struct NotModelled {
    std::string_view key;
    std::string_view instead;
};

[[nodiscard]] const std::vector<NotModelled>& keys_not_modelled();

// Those of them that the configuration sets to something else than their default.
[[nodiscard]] std::vector<NotModelled> not_modelled_in(const config::Config& config);

// What came of each configuration, in their order: the same worlds for each.
struct Played {
    std::vector<sim::SumsByWeather> sums;
    int done = 0;  // worlds that every configuration has played
    int all = 0;
};

// Plays the worlds on all of the machine's cores; the same in the same order whatever their number.
// `goes_on` is asked, on the calling thread, before each of its worlds, with how many are done;
// false ends the play with what is known. To be called from one thread.
[[nodiscard]] Played play_worlds(
    const std::vector<const config::Config*>& configs,
    const Simulated& wanted,
    const std::function<bool(int done, int all)>& goes_on
);

}  // namespace farshore::cli
