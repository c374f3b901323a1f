#include "sim/likely_weather.h"

#include <algorithm>
#include <cmath>

#include "base/rng.h"

namespace farshore::sim {

namespace {

using enum LikelyWeather;

// The rates are assumptions: docs/simulate.md says so, and so does each output. Outages of a Region
// or a service within it are public, a few in ten years for one Region; the rest is what operators
// of such applications see in their own logs.
// clang-format off
constexpr std::array kRows{
    WeatherRow{.weather = region_outage, .a_year = 0.1, .harm = Harm::all, .shortest = 5min, .longest = 20min,
        .kinds = {FaultKind::region_cut}, .what = "nothing enters or leaves the active Region"},
    WeatherRow{.weather = data_outage, .a_year = 0.3, .harm = Harm::all, .shortest = 5min, .longest = 20min,
        .kinds = {FaultKind::data_refuses, FaultKind::data_hangs, FaultKind::names_empty}, .choices = 3,
        .what = "its DynamoDB refuses, hangs, or its name has no address"},
    WeatherRow{.weather = stack_outage, .a_year = 1, .harm = Harm::all, .shortest = 3min, .longest = 20min,
        .kinds = {FaultKind::stack_down, FaultKind::hosts_dead}, .choices = 2, .what = "its load balancer is down, or all of its hosts"},
    WeatherRow{.weather = outage_behind_lag, .a_year = 0.05, .harm = Harm::all, .shortest = 5min, .longest = 20min,
        .least = 2'000, .most = 20'000, .kinds = {FaultKind::data_refuses},
        .what = "its DynamoDB refuses while replication is 2 to 20 s behind"},
    WeatherRow{.weather = data_partial, .a_year = 1, .harm = Harm::partial, .shortest = 1min, .longest = 8min,
        .least = 100, .most = 600, .kinds = {FaultKind::data_errors}, .what = "10 to 60 % of the requests to its DynamoDB fail"},
    WeatherRow{.weather = data_slow, .a_year = 2, .harm = Harm::partial, .shortest = 1min, .longest = 8min,
        .least = 200, .most = 700, .kinds = {FaultKind::data_slow}, .what = "its DynamoDB answers up to 0.2 to 0.7 s later"},
    WeatherRow{.weather = flapping, .a_year = 0.5, .harm = Harm::partial, .shortest = 1min, .longest = 4min,
        .kinds = {FaultKind::data_refuses}, .what = "its DynamoDB fails for 5 to 20 s, again and again"},
    WeatherRow{.weather = region_blip, .a_year = 6, .harm = Harm::all, .shortest = 1s, .longest = 60s,
        .kinds = {FaultKind::region_cut}, .what = "as region_outage, for 1 to 60 s"},
    WeatherRow{.weather = data_blip, .a_year = 12, .harm = Harm::all, .shortest = 1s, .longest = 60s,
        .kinds = {FaultKind::data_refuses, FaultKind::data_hangs}, .choices = 2, .what = "its DynamoDB refuses or hangs, for 1 to 60 s"},
    WeatherRow{.weather = stack_blip, .a_year = 24, .harm = Harm::all, .shortest = 1s, .longest = 60s,
        .kinds = {FaultKind::stack_down}, .what = "its load balancer is down, for 1 to 60 s"},
    WeatherRow{.weather = throttling, .a_year = 4, .harm = Harm::partial, .shortest = 1min, .longest = 5min,
        .least = 50, .most = 500, .kinds = {FaultKind::data_throttles}, .what = "5 to 50 % of its writes are refused"},
    WeatherRow{.weather = observer_cut, .a_year = 6, .harm = Harm::none, .shortest = 5s, .longest = 5min, .to = kWitness,
        .kinds = {FaultKind::pair_cut}, .what = "the controller does not reach the active Region"},
    WeatherRow{.weather = regions_cut, .a_year = 2, .harm = Harm::none, .shortest = 5s, .longest = 5min,
        .kinds = {FaultKind::pair_cut}, .what = "the two Regions do not reach each other"},
    WeatherRow{.weather = replication_lag, .a_year = 6, .harm = Harm::none, .shortest = 1min, .longest = 5min,
        .least = 2'000, .most = 20'000, .kinds = {FaultKind::replication_slow}, .what = "replication is 2 to 20 s behind"},
    WeatherRow{.weather = standby_outage, .a_year = 0.5, .harm = Harm::none, .shortest = 3min, .longest = 8min, .at = 1, .to = 0,
        .kinds = {FaultKind::data_refuses, FaultKind::region_cut}, .choices = 2, .what = "the standby's DynamoDB refuses, or the standby is cut off"},
    WeatherRow{.weather = deploy, .a_year = 100, .harm = Harm::none, .shortest = 10s, .longest = 60s,
        .kinds = {FaultKind::hosts_restart_one_by_one}, .what = "the active Region's agents restart one after the other"},
    WeatherRow{.weather = hosts_die, .a_year = 12, .harm = Harm::none, .shortest = 1min, .longest = 5min,
        .kinds = {FaultKind::half_dead}, .what = "every second of the active Region's hosts dies"},
    WeatherRow{.weather = controller_restart, .a_year = 24, .harm = Harm::none, .shortest = 1s, .longest = 60s, .at = kWitness, .to = 0,
        .kinds = {FaultKind::controller_dead}, .what = "the controller is away"},
    WeatherRow{.weather = switchover, .a_year = 6, .harm = Harm::none, .what = "an operator switches over, and nothing is wrong"},
};
// clang-format on

static_assert(kRows.size() == kLikelyWeatherNames.size());

// Hosts have found their controller by then, and lag has been measured.
constexpr Duration kFirst = 40s;
// How long replication has been behind when an outage meets it: longer than any lag drawn here.
constexpr Duration kBehindFor = 45s;
// The world goes on for so long behind the weather: for decisions that come late, and their ends.
constexpr Duration kAftermath = 90s;

class Draw {
  public:
    Draw(std::uint64_t seed, LikelyWeather weather)
        : rng_(Rng{seed * 6364136223846793005ULL + static_cast<std::uint64_t>(weather)}.next()) {}

    std::uint64_t below(std::uint64_t bound) { return rng_.below(bound); }

    Duration between(Duration from, Duration to) {
        const auto span = static_cast<std::uint64_t>(to_ms(to - from) + 1);
        return from + std::chrono::milliseconds{static_cast<std::int64_t>(below(span))};
    }

    // Each doubling of the length is as likely as the next one.
    Duration length(Duration shortest, Duration longest) {
        const double doublings =
            std::log2(static_cast<double>(longest.count()) / static_cast<double>(shortest.count()));
        const double share = static_cast<double>(below(1'000'001)) / 1'000'000.0;
        const double ms = static_cast<double>(to_ms(shortest)) * std::exp2(share * doublings);
        return std::min<Duration>(
            std::chrono::milliseconds{static_cast<std::int64_t>(ms)}, longest
        );
    }

  private:
    Rng rng_;
};

void add(Script& script, const Fault& fault) {
    script.faults.push_back(fault);
    script.length = std::max(script.length, fault.from.at + fault.length + kAftermath);
}

Moment at(Duration moment) {
    return {.at = moment};
}

// Fails and is well again, until the whole length is over.
void flap(Script& script, Fault fault, Draw& draw) {
    const Duration until = fault.from.at + fault.length;
    while (fault.from.at < until) {
        fault.length = draw.between(5s, 20s);
        add(script, fault);
        fault.from.at += fault.length + draw.between(5s, 20s);
    }
}

Script world_on(const Ground& ground, std::uint64_t seed) {
    Script script;
    script.seed = seed;
    script.length = kFirst + 20s + kAftermath;
    script.hosts = {ground.hosts, ground.hosts, 0};
    script.lag = ground.lag;
    script.control_targets = ground.control_targets;
    script.agents_rule = ground.configuration.on_controller_loss;
    script.agents_lease = ground.configuration.lease;
    script.answers_by_chance = false;
    script.configuration = ground.configuration;
    return script;
}

}  // namespace

std::span<const WeatherRow> weather_rows() {
    return kRows;
}

const WeatherRow& row_of(LikelyWeather weather) {
    return kRows.at(static_cast<std::size_t>(weather));
}

Script likely_script(const Ground& ground, LikelyWeather weather, std::uint64_t seed) {
    const WeatherRow& row = row_of(weather);
    Draw draw(seed, weather);
    Script script = world_on(ground, seed);
    const Duration begin = kFirst + draw.between(0s, 20s);
    if (weather == switchover) {
        script.commands.push_back({.kind = CommandKind::switchover, .from = at(begin)});
        return script;
    }
    Fault fault{.kind = row.kinds.at(draw.below(row.choices)), .at = row.at, .to = row.to};
    fault.from = at(begin);
    fault.length = draw.length(row.shortest, row.longest);
    fault.amount =
        row.least +
        static_cast<int>(draw.below(static_cast<std::uint64_t>(row.most - row.least) + 1));
    if (weather == flapping) {
        flap(script, fault, draw);
        return script;
    }
    if (weather == outage_behind_lag) {
        Fault lag = fault;
        lag.kind = FaultKind::replication_slow;
        lag.length += kBehindFor;
        add(script, lag);
        fault.from.at += kBehindFor;
        fault.amount = 0;
    }
    add(script, fault);
    return script;
}

Spell spell_of(const Script& script) {
    if (script.faults.empty()) {
        const Duration begin = script.commands.empty() ? Duration{} : script.commands[0].from.at;
        return {.from = begin, .until = begin};
    }
    const Fault& last = script.faults.back();
    // Flapping is one spell; what came before an outage is none of it.
    const bool same = script.faults.front().kind == last.kind;
    return {
        .from = same ? script.faults.front().from.at : last.from.at,
        .until = last.from.at + last.length
    };
}

}  // namespace farshore::sim
