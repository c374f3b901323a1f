#include "cli/simulate_worlds.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include <boost/json.hpp>

#include "base/rng.h"
#include "controller/core_input.h"
#include "wire/config_document.h"

#include "sim/world.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

// The value of a key such as "detect.probe_every" in a configuration's document; null: not there.
json::value value_of(const json::object& document, std::string_view key) {
    std::string pointer = "/" + std::string{key};
    std::ranges::replace(pointer, '.', '/');
    boost::system::error_code none;
    const json::value whole = document;
    const json::value* found = whole.find_pointer(pointer, none);
    return found == nullptr ? json::value(nullptr) : *found;
}

struct Job {
    std::size_t config = 0;
    sim::LikelyWeather weather{};
    std::uint64_t seed = 0;
    Duration rto{};
    std::optional<sim::Facts> facts;
};

void play_one(Job& job, const sim::Ground& ground) {
    const sim::Script script = sim::likely_script(ground, job.weather, job.seed);
    sim::Witness witness(job.weather, script, job.rto);
    (void)sim::play(script, sim::Telling::nothing, &witness);
    job.facts = witness.facts();
}

// One world of each weather after the other, so that a play that is stopped has some of each.
std::vector<Job> jobs_of(
    const std::vector<const config::Config*>& configs, const Simulated& wanted
) {
    std::vector<Job> jobs;
    for (int world = 0; world < wanted.worlds; ++world) {
        const std::uint64_t seed =
            Rng{wanted.seed + (static_cast<std::uint64_t>(world) << 32U)}.next();
        for (const sim::LikelyWeather weather : wanted.weather) {
            for (std::size_t config = 0; config < configs.size(); ++config) {
                jobs.push_back(
                    {.config = config,
                     .weather = weather,
                     .seed = seed,
                     .rto = configs[config]->rto,
                     .facts = {}}
                );
            }
        }
    }
    return jobs;
}

}  // namespace

sim::Ground ground_of(const config::Config& config, const Simulated& wanted) {
    const core::Rules rules = controller::rules_of(config);
    const core::Policy& policy = rules.policy;
    sim::Ground ground{.hosts = wanted.hosts, .lag = wanted.lag};
    ground.control_targets = !config.detect.control_target.empty();
    sim::Configuration& to = ground.configuration;
    to.mode = wanted.armed ? core::Mode::automatic : policy.mode;
    to.on_controller_loss = policy.on_controller_loss;
    to.early = policy.early;
    to.register_closed = !config.agents.empty();
    to.users_can_be_shifted = policy.users_can_be_shifted;
    // This version has no drills that could prove anything.
    to.drills_required = policy.require_drill_within.has_value();
    to.drill_proven = wanted.armed;
    // The preferred Region is the simulated first one.
    to.stacks_watched = {};
    std::size_t standby = 1;
    for (const config::Region& region : config.regions) {
        to.stacks_watched.at(region.preferred ? 0 : standby++) = !region.health.empty();
    }
    to.hysteresis = rules.hysteresis;
    to.quorum_needed = rules.quorum_needed;
    to.timing = policy.timing;
    to.approve_within = policy.approve_within;
    to.lease = policy.timing.lease;
    to.cooldown = policy.cooldown;
    to.max_loss = policy.max_loss;
    to.data_impaired = policy.data_impaired;
    to.stack_impaired = policy.stack_impaired;
    to.region_lost = policy.region_lost;
    to.steps = policy.steps;
    return ground;
}

const std::vector<NotModelled>& keys_not_modelled() {
    static const std::vector<NotModelled> kKeys{
        {"detect.probe_every", "500ms"},
        {"detect.probe_timeout", "1s"},
        {"losses", "the fate of each write is read in the simulated tables"},
        {"steps", "commands succeed within 0.3s, and people agree within 25s"},
        {"traffic.route53.ttl", "resolvers keep an address for 60s; health checks take 10s"},
        {"verify.path", "the check passes where the Region's stack answers and a host may write"},
        {"agents", "the register is closed, and holds --hosts hosts in each Region"},
    };
    return kKeys;
}

std::vector<NotModelled> not_modelled_in(const config::Config& config) {
    const json::object set = config::config_document(config);
    // A record has no default; its TTL has.
    config::Config defaults;
    if (config.traffic) {
        defaults.traffic.emplace();
    }
    const json::object otherwise = config::config_document(defaults);
    std::vector<NotModelled> found;
    std::ranges::copy_if(
        keys_not_modelled(),
        std::back_inserter(found),
        [&](const NotModelled& one) {
            return value_of(set, one.key) != value_of(otherwise, one.key);
        }
    );
    return found;
}

Played play_worlds(
    const std::vector<const config::Config*>& configs,
    const Simulated& wanted,
    const std::function<bool(int done, int all)>& goes_on
) {
    std::vector<sim::Ground> grounds;
    for (const config::Config* config : configs) {
        grounds.push_back(ground_of(*config, wanted));
    }
    std::vector<Job> jobs = jobs_of(configs, wanted);
    const auto each = static_cast<int>(configs.size());
    const int all = static_cast<int>(jobs.size()) / each;
    std::atomic<std::size_t> next = 0;
    std::atomic<int> done = 0;
    std::atomic<bool> stops = false;
    const auto play_next = [&] {
        const std::size_t index = next++;
        if (index >= jobs.size()) {
            return false;
        }
        play_one(jobs[index], grounds[jobs[index].config]);
        ++done;
        return true;
    };
    {
        std::vector<std::jthread> others;
        for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) {
            others.emplace_back([&] {
                while (!stops && play_next()) {
                }
            });
        }
        do {
            stops = !goes_on(done / each, all);
        } while (!stops && play_next());
    }
    Played played{.sums = std::vector<sim::SumsByWeather>(configs.size()), .all = all};
    for (std::size_t first = 0; first < jobs.size(); first += configs.size()) {
        const auto begin = jobs.begin() + static_cast<std::ptrdiff_t>(first);
        const auto end = begin + each;
        // Two configurations are compared by worlds that both have played.
        if (!std::all_of(begin, end, [](const Job& job) { return job.facts.has_value(); })) {
            continue;
        }
        ++played.done;
        for (auto job = begin; job != end; ++job) {
            played.sums[job->config][job->weather].add(*job->facts);
        }
    }
    return played;
}

}  // namespace farshore::cli
