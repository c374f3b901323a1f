#include "core/failover/first_record.h"

#include <algorithm>
#include <utility>

namespace farshore::core {

namespace {

// Nobody can write under any of these epochs, and nothing says how far the raise has come.
AppRecord interrupted_raise(const EpochSurvey& survey, const Founding& founding) {
    const EpochCopy newest = *std::ranges::max_element(survey.copies, {}, &EpochCopy::epoch);
    EpochCopy before;
    for (const EpochCopy& copy : survey.copies) {
        if (copy.epoch < newest.epoch && copy.epoch > before.epoch) {
            before = copy;
        }
    }
    if (before == EpochCopy{}) {
        before = {.epoch = newest.epoch, .active = founding.preferred};
    }
    Plan plan;
    plan.id = OperationId{"op-" + std::to_string(to_ms(founding.at)) + "-lost-store"};
    plan.verb = Verb::failover;
    plan.app = founding.app;
    plan.from = before.active;
    plan.to = newest.active;
    plan.users_before = before.active;
    plan.epoch_before = before.epoch;
    plan.epoch_after = next(newest.epoch);
    plan.levers = {Lever::repoint};
    if (founding.users_can_be_shifted && plan.from != plan.to) {
        plan.levers.push_back(Lever::shift);
    }
    plan.by = founding.by;
    plan.reason = "the store was lost in the middle of a raise: the epoch records disagree";
    plan.decided_at = founding.at;
    AppRecord record{
        .app = founding.app,
        .epoch = plan.epoch_before,
        .active = plan.from,
        .users = plan.from,
    };
    record.operation = OperationRecord{.plan = std::move(plan), .state = OperationState::raising};
    return record;
}

}  // namespace

Epoch EpochSurvey::highest_epoch() const {
    Epoch highest;
    for (const EpochCopy& copy : copies) {
        highest = std::max(highest, copy.epoch);
    }
    return highest;
}

std::optional<EpochCopy> EpochSurvey::agreed(std::size_t copies_min) const {
    for (const EpochCopy& copy : copies) {
        if (std::cmp_greater_equal(std::ranges::count(copies, copy), copies_min)) {
            return copy;
        }
    }
    return std::nullopt;
}

std::optional<FirstRecord> first_record(const EpochSurvey& survey, const Founding& founding) {
    const bool nobody_was_here = survey.copies.empty();
    const bool all_answered = survey.answered == survey.asked;
    std::optional<EpochCopy> agreed = survey.agreed(survey.majority());
    if (!agreed && all_answered && !nobody_was_here) {
        // Where every copy was asked, one that is not there contradicts nobody.
        agreed = survey.agreed(survey.copies.size());
    }
    if (survey.answered < survey.majority() || (!nobody_was_here && !agreed && !all_answered)) {
        // A single copy may be what a raise left behind that ended without effect.
        return std::nullopt;
    }
    FirstRecord first;
    if (nobody_was_here || agreed) {
        const EpochCopy wanted =
            agreed.value_or(EpochCopy{.epoch = Epoch{1}, .active = founding.preferred});
        first.record.app = founding.app;
        first.record.epoch = wanted.epoch;
        first.record.active = wanted.active;
        first.record.users = wanted.active;
    } else {
        first.record = interrupted_raise(survey, founding);
        first.establish = false;
    }
    if (!nobody_was_here) {
        first.record.register_lost_at = founding.at;
    }
    return first;
}

}  // namespace farshore::core
