#include <algorithm>
#include <utility>

#include "core/evidence/observers.h"
#include "core/failover/app_core.h"
#include "core/planted.h"

// What people ask for. Each request is answered with what came of it; one that is refused changes
// nothing.
namespace farshore::core {

namespace {

Reply refused(
    ErrorKind kind,
    std::string text,
    std::string remedy,
    std::string code,
    std::vector<GuardAnswer> guards = {}
) {
    return std::unexpected(Refused{
        .error =
            {.kind = kind,
             .text = std::move(text),
             .remedy = std::move(remedy),
             .code = std::move(code)},
        .guards = std::move(guards)
    });
}

// Nothing that is asked for is decided before the store takes what it has refused.
Reply stalled() {
    return refused(
        ErrorKind::exhausted,
        "the store refuses to write",
        "make room for the store first: nothing is done without a durable record",
        "store"
    );
}

Reply refused_by(const ChangeRequest& request, std::vector<GuardAnswer> guards) {
    std::string text =
        std::string{to_string(request.verb)} + " to " + request.to.value() + " refused";
    std::string remedies;
    for (const GuardAnswer& answer : guards) {
        if (!answer.passed) {
            text += "; " + answer.text;
        }
        if (!answer.passed && !answer.remedy.empty()) {
            remedies += (remedies.empty() ? "" : "; ") + answer.remedy;
        }
    }
    return refused(
        ErrorKind::conflict,
        std::move(text),
        remedies.empty() ? "`farshore plan` shows every guard" : std::move(remedies),
        "guard",
        std::move(guards)
    );
}

}  // namespace

Reply reply_again(const Plan& begun, const ChangeRequest& request) {
    if (begun.verb == request.verb && begun.to == request.to) {
        return Taken{.operation = begun.id, .repeated = true};
    }
    return refused(
        ErrorKind::conflict,
        begun.id.value() + " is another operation: a " + std::string{to_string(begun.verb)} +
            " to " + begun.to.value(),
        "give each request an id of its own",
        "request_id"
    );
}

std::optional<std::string> AppCore::why_not_as_expected(Now now, const ChangeRequest& request)
    const {
    if (auto why = core::why_not_as_expected(record_, superseded_, request)) {
        return why;
    }
    const bool known = std::ranges::find(policy_.regions, request.to) != policy_.regions.end();
    if (request.expect_plan.empty() || !known) {
        return std::nullopt;
    }
    const Plan plan = complete(now, plan_of(request, levers_of_request(policy_, record_, request)));
    if (plan.fingerprint == request.expect_plan) {
        return std::nullopt;
    }
    return "the plan is another one by now: its fingerprint is " + plan.fingerprint + ", not " +
           request.expect_plan;
}

std::optional<std::string> AppCore::why_nothing_to_do(const ChangeRequest& request) const {
    const bool there = request.to == record_.active && record_.users == record_.active &&
                       !is_raised_beyond(record_, superseded_);
    if (!there || operation_running()) {
        return std::nullopt;
    }
    return "already done: " + request.to.value() +
           " is active and serves users; nothing was started";
}

Reply AppCore::reply_to(Now now, const ChangeRequest& request) const {
    if (record_.operation && record_.operation->plan.id == request.id) {
        return reply_again(record_.operation->plan, request);
    }
    if (const auto why = why_not_as_expected(now, request)) {
        return refused(
            ErrorKind::conflict,
            "nothing was done: " + *why,
            "look at `farshore status`, and decide again",
            std::string{kMovedCode}
        );
    }
    if (auto why = why_nothing_to_do(request)) {
        return Taken{.nothing = std::move(*why)};
    }
    Situation situation =
        this->situation(now, request.to, levers_of_request(policy_, record_, request));
    situation.operation_running = situation.operation_running && !supersedes(request);
    std::vector<GuardAnswer> guards = guards_of_request(situation, request);
    if (!all_passed(guards)) {
        return refused_by(request, std::move(guards));
    }
    return Taken{.operation = request.id};
}

void AppCore::apply(Now now, const ChangeRequest& event, Effects& effects) {
    effects.reply = stalled_ ? stalled() : reply_to(now, event);
    if (!*effects.reply || !(*effects.reply)->has_changed_something()) {
        return;
    }
    if (operation_running()) {
        take(operation_->supersede(now, event.by, agents_), effects, now);
    }
    start_operation(now, plan_of(event, levers_of_request(policy_, record_, event)), effects);
}

Reply AppCore::reply_to(Now now, const AbortRequest& request) const {
    const std::string& id = request.operation.value();
    if (!operation_running() || record_.operation->plan.id != request.operation) {
        return refused(ErrorKind::conflict, id + " has ended already", {}, "ended");
    }
    if (const auto why = operation_->why_not_abort(now)) {
        return refused(
            ErrorKind::conflict,
            id + ": " + *why,
            "`farshore op watch " + id +
                "` follows it; a switchover brings the writes back afterwards",
            "too_late"
        );
    }
    return Taken{.operation = request.operation};
}

void AppCore::apply(Now now, const AbortRequest& event, Effects& effects) {
    effects.reply = stalled_ ? stalled() : reply_to(now, event);
    if (*effects.reply) {
        take(operation_->on(now, event, agents_), effects, now);
    }
}

Reply AppCore::reply_to(const StepAnswered& request) const {
    const std::string& id = request.operation.value();
    const auto why = operation_ ? operation_->why_not_answer(request)
                                : std::optional<std::string>{"it has ended already"};
    if (why) {
        return refused(
            ErrorKind::conflict,
            id + ": " + *why,
            "`farshore op show " + id + "` says what each step does",
            "not_asked"
        );
    }
    return Taken{.operation = request.operation};
}

void AppCore::apply(Now now, const StepAnswered& event, Effects& effects) {
    effects.reply = stalled_ ? stalled() : reply_to(event);
    if (*effects.reply) {
        take(operation_->on(now, event, agents_), effects, now);
    }
}

void AppCore::apply(Now, const PauseRequest& event, Effects& effects) {
    effects.reply = Taken{};
    record_.pause = event.pause;
    effects.save = true;
    effects.actions.emplace_back(Announce{
        "automation of " + record_.app.value() + " paused by " + event.pause.by + ": " +
        event.pause.reason
    });
}

void AppCore::apply(Now now, const ResumeRequest& event, Effects& effects) {
    if (!is_paused(record_, now.wall)) {
        effects.reply =
            Taken{.nothing = "nothing was paused: " + record_.app.value() + " goes on as before"};
        return;
    }
    effects.reply = Taken{};
    record_.pause.reset();
    // Resuming never fires at once: what failed during the pause has to fail for its full time
    // again.
    const UtcTime quiet_until =
        now.wall + std::chrono::duration_cast<WallClock::duration>(kQuietAfterPause);
    if (!is_planted(PlantedBug::resume_fires_at_once)) {
        record_.cooldown_until =
            std::max(record_.cooldown_until.value_or(quiet_until), quiet_until);
    }
    effects.save = true;
    effects.actions.emplace_back(Announce{
        "automation of " + record_.app.value() + " resumed by " + event.by +
        (event.reason.empty() ? "" : ": " + event.reason)
    });
}

Reply AppCore::reply_to(Now now, const AgentForgotten& request) const {
    const auto why = why_not_forget(now, request.host);
    if (!why) {
        return Taken{};
    }
    const bool unknown = !agents_.contains(request.host);
    return refused(
        unknown ? ErrorKind::not_found : ErrorKind::conflict,
        *why,
        unknown ? "`farshore agents list` shows the register of " + record_.app.value()
                : "try again when that no longer holds",
        "register"
    );
}

void AppCore::apply(Now now, const AgentForgotten& event, Effects& effects) {
    effects.reply = reply_to(now, event);
    if (!*effects.reply) {
        return;
    }
    const auto found = agents_.find(event.host);
    evidence_.remove_host(agents_of(found->second.region), event.host);
    agents_.erase(found);
    effects.actions.emplace_back(Announce{
        event.host.value() + " left the register of " + record_.app.value() + ", by " + event.by
    });
}

}  // namespace farshore::core
