#include "core/failover/first_record.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "core/operation/operation.h"
#include "core/plan/build_plan.h"

namespace farshore::core {

namespace {

// No majority confirms any of these epochs to a host, and no copy says how far the raise has come.
AppRecord interrupted_raise(const EpochReading& reading, const Founding& founding) {
    const EpochItem newest = *std::ranges::max_element(reading.copies, {}, &EpochItem::epoch);
    EpochItem before;
    for (const EpochItem& copy : reading.copies) {
        if (copy.epoch < newest.epoch && copy.epoch > before.epoch) {
            before = copy;
        }
    }
    if (!before.exists()) {
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
    build_bare_steps(plan);
    record.operation = operation_at(std::move(plan), StepKind::raise);
    return record;
}

}  // namespace

std::optional<FirstRecord> first_record(const EpochReading& found, const Founding& founding) {
    const EpochReading reading = found.without_strays();
    std::vector<EpochItem> items;
    std::ranges::copy_if(reading.copies, std::back_inserter(items), &EpochItem::exists);
    const bool nobody_was_here = items.empty();
    const bool all_answered = reading.copies.size() == reading.asked;
    std::optional<EpochItem> agreed = judge(reading).agreed;
    if (!agreed && all_answered && !nobody_was_here) {
        // Every copy was asked: an item that is missing in one of them contradicts no other copy.
        const bool all_say_the_same = std::ranges::all_of(items, [&](const EpochItem& item) {
            return item.says(items.front().epoch, items.front().active);
        });
        agreed = all_say_the_same ? std::optional{items.front()} : std::nullopt;
    }
    if (!reading.has_majority() || (!nobody_was_here && !agreed && !all_answered)) {
        // A single copy may be what a raise left behind that ended without effect.
        return std::nullopt;
    }
    if (!nobody_was_here && !agreed &&
        std::ranges::max(items, {}, &EpochItem::epoch).epoch >= kEpochMax) {
        return std::nullopt;  // no raise can pass it
    }
    FirstRecord first;
    if (nobody_was_here || agreed) {
        first.record.app = founding.app;
        first.record.epoch = agreed ? agreed->epoch : Epoch{1};
        first.record.active = agreed ? agreed->active : founding.preferred;
        first.record.users = first.record.active;
    } else {
        first.record = interrupted_raise(reading, founding);
        first.establish = false;
    }
    if (!nobody_was_here) {
        first.record.register_lost_at = founding.at;
    }
    return first;
}

}  // namespace farshore::core
