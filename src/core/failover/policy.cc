#include "core/failover/policy.h"

#include <algorithm>

#include "core/failover/guards.h"

namespace farshore::core {

std::optional<std::string> why_not_armed(const Situation& s) {
    if (s.policy.mode == Mode::observe) {
        return "mode is " + std::string{to_string(s.policy.mode)} + ": set decide.mode: auto";
    }
    if (const auto why = why_no_drill_proves(s)) {
        return why;
    }
    if (s.superseded > s.record.epoch) {
        return newer_in_the_records(s);
    }
    return std::nullopt;
}

namespace {

std::vector<GuardAnswer> answers_to(const Situation& s, const ChangeRequest& request) {
    const bool users_only = moves_users_only(s.record, s.superseded, request.to);
    const bool again = request.verb == Verb::failover && is_raised_beyond(s.record, s.superseded);
    std::vector<GuardAnswer> answers{
        target_known(s, request.to, users_only || again), no_operation(s)
    };
    if (request.expect_active || request.expect_epoch) {
        answers.push_back(as_expected(s, request));
    }
    if (!answers.front().passed) {
        // What cannot be the target has no health, no hosts and no lag to ask for.
        answers.front() = target_known(s, request.to, false);
        return answers;
    }
    answers.push_back(target_healthy(s, request.to));
    answers.push_back(target_serves(s, request.to, false));
    answers.push_back(target_has_hosts(s, request.to));
    if (users_only) {
        return answers;
    }
    answers.push_back(register_is_known(s, request.accept_unfenced));
    answers.push_back(epochs_left(s));
    if (request.verb == Verb::failover) {
        if (request.to == s.writes_leave) {
            return answers;  // nothing leaves the Region that has it
        }
        answers.push_back(
            !s.loss_window && request.accept_loss
                ? loss_accepted(s, *request.accept_loss)
                : loss_within(s, request.accept_loss.value_or(s.policy.max_loss))
        );
    } else {
        answers.push_back(data_healthy_here(s));
        answers.push_back(agents_reachable(s));
        answers.push_back(lag_measured(s, request.to));
        answers.push_back(losses_settled(s));
        answers.push_back(tables_alike(s));
    }
    return answers;
}

}  // namespace

std::vector<GuardAnswer> guards_of_request(const Situation& s, const ChangeRequest& request) {
    std::vector<GuardAnswer> answers = answers_to(s, request);
    for (GuardAnswer& answer : answers) {
        if (!answer.passed && s.with_words) {
            answer.remedy = remedy_of(s, request, answer.guard);
        }
    }
    return answers;
}

std::optional<std::string> why_not_as_expected(
    const AppRecord& record, Epoch superseded, const ChangeRequest& request
) {
    if (request.expect_active && *request.expect_active != record.active) {
        return "the active Region is " + record.active.value() + ", not " +
               request.expect_active->value();
    }
    const Epoch epoch = std::max(record.epoch, superseded);
    if (request.expect_epoch && *request.expect_epoch != epoch) {
        return "the epoch is " + std::to_string(epoch.value()) + ", not " +
               std::to_string(request.expect_epoch->value());
    }
    return std::nullopt;
}

bool is_paused(const AppRecord& record, UtcTime now) {
    return record.pause && (!record.pause->until || now < *record.pause->until);
}

bool all_passed(const std::vector<GuardAnswer>& answers) {
    return std::ranges::all_of(answers, &GuardAnswer::passed);
}

std::vector<Lever> levers_of_request(
    const Policy& policy, const AppRecord& record, const ChangeRequest& request
) {
    if (!request.levers.empty()) {
        return request.levers;
    }
    std::vector<Lever> levers;
    if (request.to != record.active) {
        levers.push_back(Lever::repoint);
    }
    if (policy.users_can_be_shifted) {
        levers.push_back(Lever::shift);
    }
    return levers;
}

bool is_raised_beyond(const AppRecord& record, Epoch superseded) {
    const bool unfinished = record.operation && record.operation->outcome == Outcome::partly_done &&
                            record.operation->plan.epoch_after > record.epoch;
    return unfinished || superseded > record.epoch;
}

bool moves_users_only(const AppRecord& record, Epoch superseded, const RegionId& to) {
    return to == record.active && to != record.users && !is_raised_beyond(record, superseded);
}

}  // namespace farshore::core
