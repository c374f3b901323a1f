#include "bench/controller/phases.h"

#include <algorithm>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ids.h"
#include "base/patience.h"

#include "bench/controller/lab.h"

namespace farshore::bench {

using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

constexpr Duration kPatience = 180s;
constexpr Duration kLookEvery = 100ms;
constexpr Duration kAfterStorm = 4s;  // longer than a lease: those that are lost are seen

double share_of_core(Duration cpu, Duration length) {
    return 100 * std::chrono::duration<double>(cpu) / std::chrono::duration<double>(length);
}

std::string path_of(const std::string& verb) {
    return fmt::format("/v1/apps/{}/{}", kApp.value(), verb);
}

// From the first hold that was followed by routes to the last of their acknowledgements.
std::optional<Duration> hold_to_route(const Observations& seen) {
    const OrderRound* hold = nullptr;
    for (const auto& [key, round] : seen.rounds) {
        hold = key.first == core::OrderType::hold ? &round : hold;
    }
    const auto route = seen.rounds.find({core::OrderType::route, 0});
    if (hold == nullptr || route == seen.rounds.end() || !route->second.last_answered) {
        return std::nullopt;
    }
    return *route->second.last_answered - *hold->first;
}

}  // namespace

bool Phases::wait(const std::function<bool()>& holds, Duration patience) {
    Process& controller = world_.controller();
    return loop_.run_until([&] { return !controller.lives() || holds(); }, patience) &&
           controller.lives();
}

void Phases::pause(Duration length) {
    (void)wait([] { return false; }, length);
}

Status Phases::enrol() {
    const auto before = usage_of(world_.controller().id());
    memory_before_ = before ? before->memory : 0;
    const Instant started = loop_.now();
    swarm_.start();
    const auto all = [this](std::size_t Gauges::* gauge) {
        return wait(
            [this, gauge] { return swarm_.gauges().*gauge == swarm_.size(); }, stretched(kPatience)
        );
    };
    const bool connected = all(&Gauges::connected);
    const Duration until_connected = loop_.now() - started;
    const bool writing = connected && all(&Gauges::writing);
    const Observations seen = swarm_.begin_phase();
    figures_.add("enrol", "until all are connected", until_connected);
    figures_.add("enrol", "until all may write", loop_.now() - started);
    figures_.add("enrol", "connect to hello", seen.greeted);
    add_common("enrol", seen);
    return writing ? Status{}
                   : fail(
                         ErrorKind::timed_out,
                         fmt::format(
                             "of {} agents {} are connected and {} may write",
                             swarm_.size(),
                             swarm_.gauges().connected,
                             swarm_.gauges().writing
                         )
                     );
}

Status Phases::wait_until_calm(const std::string& phase) {
    const bool calm = wait(
        [this] {
            return swarm_.gauges().connected == swarm_.size() &&
                   swarm_.gauges().writing == swarm_.size();
        },
        stretched(kPatience)
    );
    return calm ? Status{} : fail(ErrorKind::timed_out, phase + ": not every agent may write");
}

Status Phases::quiet(Duration length) {
    if (Status calm = wait_until_calm("quiet"); !calm) {
        return calm;
    }
    pause(1s);  // what the start has left behind
    (void)swarm_.begin_phase();
    const pid_t controller = world_.controller().id();
    const Instant started = loop_.now();
    const auto before = usage_of(controller);
    const auto own_before = usage_of(getpid());
    pause(length);
    const auto after = usage_of(controller);
    const auto own_after = usage_of(getpid());
    const Duration took = loop_.now() - started;
    if (!before || !after || !own_before || !own_after) {
        return fail(ErrorKind::unavailable, "farshored ended by itself");
    }
    const Observations seen = swarm_.begin_phase();
    const auto agents = static_cast<double>(swarm_.size());
    const auto memory = static_cast<double>(after->memory) - static_cast<double>(memory_before_);
    const double seconds = std::chrono::duration<double>(took).count();
    figures_.add(
        "quiet", "farshored's CPU", share_of_core(after->cpu - before->cpu, took), "% of a core"
    );
    figures_.add(
        "quiet",
        "the swarm's own CPU",
        share_of_core(own_after->cpu - own_before->cpu, took),
        "% of a core"
    );
    figures_.add(
        "quiet", "reports", static_cast<double>(seen.reports.count()) / seconds, "per second"
    );
    figures_.add(
        "quiet", "memory without agents", static_cast<double>(memory_before_) / 1024, "KB"
    );
    figures_.add("quiet", "memory for each agent", memory / agents / 1024, "KB");
    add_common("quiet", seen);
    return {};
}

// Away from where the app is: an earlier operation may have ended undone.
Result<std::string> Phases::begin(const std::string& verb) {
    const auto status = world_.person().document("GET", "/v1/status", {});
    if (!status) {
        return std::unexpected(status.error());
    }
    const RegionId to =
        std::string{status->at("active").as_string()} == kHome.value() ? kStandby : kHome;
    const std::string asked = json::serialize(json::object{{"verb", verb}, {"to", to.value()}});
    const Instant end = loop_.now() + stretched(kPatience);
    while (true) {
        const auto plan = world_.person().document("POST", path_of("plan"), asked);
        if (plan && plan->at("allowed").as_bool()) {
            break;
        }
        if (loop_.now() >= end || !world_.controller().lives()) {
            return plan ? fail(ErrorKind::timed_out, "not allowed: " + json::serialize(*plan))
                        : std::unexpected(plan.error());
        }
        pause(kLookEvery);
    }
    (void)swarm_.begin_phase();
    const json::object wanted{
        {"to", to.value()},
        {"confirm", kApp.value()},
        {"reason", "bench"},
        {"accept_loss_ms", 60'000}
    };
    const auto started = world_.person().document("POST", path_of(verb), json::serialize(wanted));
    if (!started) {
        return std::unexpected(started.error());
    }
    const json::value* id = started->if_contains("id");
    return id != nullptr ? Result<std::string>{std::string{id->as_string()}}
                         : fail(ErrorKind::unavailable, json::serialize(*started));
}

Status Phases::operation(const std::string& verb) {
    if (Status calm = wait_until_calm(verb); !calm) {
        return calm;
    }
    const Result<std::string> id = begin(verb);
    if (!id) {
        return std::unexpected(in_context(verb, id.error()));
    }
    const Instant end = loop_.now() + stretched(kPatience);
    Result<json::object> told;
    do {
        pause(kLookEvery);
        told = world_.person().document("GET", "/v1/operations/" + *id, {});
    } while (loop_.now() < end && world_.controller().lives() &&
             (!told || told->at("outcome") == "running"));
    if (!told) {
        return std::unexpected(in_context(verb, told.error()));
    }
    pause(500ms);  // the last answers
    const Observations seen = swarm_.begin_phase();
    figures_.say(
        verb,
        "outcome",
        fmt::format(
            "{} ({}), attempts: {}",
            std::string{told->at("outcome").as_string()},
            std::string{told->at("why").as_string()},
            json::serialize(told->at("attempts"))
        )
    );
    for (const json::value& phase : told->at("phases").as_array()) {
        const json::value& ended = phase.at("ended_at_ms");
        if (ended.is_number()) {
            const auto took = ended.to_number<std::int64_t>() -
                              phase.at("started_at_ms").to_number<std::int64_t>();
            figures_.add(
                verb,
                "phase " + std::string{phase.at("name").as_string()},
                Duration{std::chrono::milliseconds{took}}
            );
        }
    }
    add_rounds(verb, seen);
    add_common(verb, seen);
    return {};
}

// In the order in which they began.
void Phases::add_rounds(const std::string& phase, const Observations& seen) {
    std::vector<std::pair<std::string, const OrderRound*>> rounds;
    for (const auto& [key, round] : seen.rounds) {
        if (round.first) {
            const std::string again = key.second == 0 ? "" : fmt::format(" ({})", key.second + 1);
            rounds.emplace_back(std::string{to_string(key.first)} + again, &round);
        }
    }
    std::ranges::sort(rounds, {}, [](const auto& each) { return *each.second->first; });
    for (const auto& [name, round] : rounds) {
        figures_.add(phase, name + ": to the order's arrival", round->arrived);
        figures_.add(phase, name + ": to the ack", round->sent);
        figures_.add(phase, name + ": to the ack's answer", round->answered);
    }
    if (seen.held.count() > 0 || seen.holds_ran_out > 0) {
        figures_.add(phase, "a host's writes held", seen.held);
        figures_.add(phase, "holds that ran out", static_cast<double>(seen.holds_ran_out), "hosts");
    }
    if (const auto took = hold_to_route(seen)) {
        figures_.add(phase, "first hold to last route answered", *took);
    }
    figures_.add(
        phase, "acknowledgements given up", static_cast<double>(seen.acks_given_up), "acks"
    );
}

void Phases::add_common(const std::string& phase, const Observations& seen) {
    figures_.add(phase, "a report's answer", seen.reports);
    figures_.add(
        phase,
        "reports without an answer in time",
        static_cast<double>(seen.reports_given_up),
        "reports"
    );
    figures_.add(phase, "refused", static_cast<double>(seen.refused), "requests");
    figures_.add(phase, "streams lost", static_cast<double>(seen.streams_lost), "streams");
    figures_.add(phase, "leases lost", static_cast<double>(seen.leases_lost), "leases");
}

Status Phases::storm() {
    if (Status calm = wait_until_calm("storm"); !calm) {
        return calm;
    }
    (void)swarm_.begin_phase();
    const Instant started = loop_.now();
    swarm_.cut();
    const bool connected =
        wait([this] { return swarm_.gauges().connected == swarm_.size(); }, stretched(kPatience));
    const Duration took = loop_.now() - started;
    pause(std::max<Duration>(kAfterStorm - took, kLookEvery));
    const Observations seen = swarm_.begin_phase();
    figures_.add("storm", "until all are connected again", took);
    figures_.add("storm", "connect to hello", seen.greeted);
    add_common("storm", seen);
    const auto usage = usage_of(world_.controller().id());
    if (connected && usage) {
        const auto memory =
            static_cast<double>(usage->memory) - static_cast<double>(memory_before_);
        figures_.add(
            "storm",
            "memory for each agent",
            memory / static_cast<double>(swarm_.size()) / 1024,
            "KB"
        );
    }
    return connected ? Status{} : fail(ErrorKind::timed_out, "storm: not all came back");
}

}  // namespace farshore::bench
