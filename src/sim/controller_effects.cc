#include <algorithm>

#include "sim/chronicle.h"
#include "sim/controller.h"
#include "sim/dns.h"
#include "sim/host.h"
#include "sim/quiet.h"

// The controller's ports for users, commands and the functional check.
namespace farshore::sim {

namespace {

constexpr Duration kAskFor = 2s;
constexpr Duration kAskEvery = 100ms;

}  // namespace

bool Controller::begins(const core::StepId& step) {
    if (!silenced_) {
        scene_.chronicle->effect(store().number(), step);
    }
    return !silenced_;
}

void Controller::serve(const core::ServeUsers& action) {
    if (!begins(action.step)) {
        return;
    }
    later(kAskEvery, [this, action, until = now() + kAskFor] { watch_users(action, until); });
}

// Health state moves the record, and the agents' stored routes are that state: here it is only
// waited for.
void Controller::watch_users(const core::ServeUsers& action, Instant until) {
    const bool there = scene_.dns->answer() == place_of(action.to);
    if (!there && now() < until) {
        later(kAskEvery, [this, action, until] { watch_users(action, until); });
        return;
    }
    deliver(core::TrafficServed{
        .step = action.step,
        .done = there,
        .detail = "the record answers " + region_id(scene_.dns->answer()).value()
    });
}

void Controller::run(const core::RunCommand& action) {
    run_errand(action.step, action.timeout);
}

void Controller::move(const core::MoveFleet& action) {
    run_errand(action.step, action.timeout);
}

void Controller::run_errand(core::StepId step, Duration timeout) {
    if (!begins(step)) {
        return;
    }
    // Three in four do what they are for; of the last one nothing is heard any more.
    const std::uint64_t how = scene_.script.answers_by_chance ? dice_.below(20) : 0;
    if (how == 19) {
        return;
    }
    const auto end = how < 17 ? core::CommandEnd::exited : static_cast<core::CommandEnd>(how - 16);
    const Duration takes = end == core::CommandEnd::timed_out ? timeout : timeout / 2;
    later(std::min<Duration>(300ms, takes), [this, step, end, status = how < 15 ? 0 : 1] {
        deliver(core::CommandEnded{.step = step, .end = end, .status = status, .output = {}});
    });
}

void Controller::verify(const core::VerifyFunction& action) {
    if (!begins(action.step)) {
        return;
    }
    later(120ms, [this, action] {
        const Place in = place_of(action.in);
        // The deep check writes.
        const bool passed = scene_.stack_answers({.from = kWitness, .to = in}) &&
                            !scene_.weather.is(FaultKind::checks_fail, in) &&
                            std::ranges::any_of(scene_.hosts, [in](const auto& host) {
                                return host->home() == in && host->may_write();
                            });
        deliver(core::FunctionVerified{
            .step = action.step, .passed = passed, .detail = passed ? "200" : "503"
        });
    });
}

}  // namespace farshore::sim
