#include "core/records/epoch_items.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

namespace farshore::core {

namespace {

std::size_t majority_of(std::size_t asked) {
    return asked / 2 + 1;
}

std::size_t how_many_say_as(const EpochItem& item, std::span<const EpochItem> copies) {
    return static_cast<std::size_t>(std::ranges::count_if(copies, [&](const EpochItem& copy) {
        return copy.says(item.epoch, item.active);
    }));
}

// The terms that everybody who relies on one of these copies keeps within.
Terms strictest(std::span<const EpochItem> agreeing, std::size_t majority) {
    Terms strictest{.lease = Duration::max(), .clock_error = {}};
    std::size_t with_lease = 0;
    for (const EpochItem& copy : agreeing) {
        if (copy.terms.lease > Duration::zero()) {
            ++with_lease;
            strictest.lease = std::min(strictest.lease, copy.terms.lease);
        }
        strictest.clock_error = std::max(strictest.clock_error, copy.terms.clock_error);
    }
    if (with_lease < majority) {
        strictest.lease = Duration::zero();
    }
    return strictest;
}

std::string register_of(std::span<const EpochItem> agreeing, std::size_t majority) {
    for (const EpochItem& copy : agreeing) {
        const auto same = std::ranges::count(agreeing, copy.register_id, &EpochItem::register_id);
        if (std::cmp_greater_equal(same, majority)) {
            return copy.register_id;
        }
    }
    return {};
}

}  // namespace

Epoch EpochReading::highest_epoch() const {
    Epoch highest;
    for (const EpochItem& copy : copies) {
        highest = std::max(highest, copy.epoch);
    }
    return highest;
}

EpochVerdict judge(std::span<const EpochItem> copies, std::size_t asked) {
    const std::size_t majority = majority_of(asked);
    if (copies.size() < majority) {
        return {};
    }
    EpochVerdict verdict;
    const auto first = std::ranges::find_if(copies, [&](const EpochItem& copy) {
        return copy.exists() && how_many_say_as(copy, copies) >= majority;
    });
    if (first != copies.end()) {
        std::vector<EpochItem> agreeing;
        std::ranges::copy_if(copies, std::back_inserter(agreeing), [&](const EpochItem& copy) {
            return copy.says(first->epoch, first->active);
        });
        verdict.agreed = *first;
        verdict.agreed->terms = strictest(agreeing, majority);
        verdict.agreed->register_id = register_of(agreeing, majority);
    }
    std::vector<Epoch> epochs;
    std::ranges::transform(copies, std::back_inserter(epochs), &EpochItem::epoch);
    std::ranges::sort(epochs, std::ranges::greater{});
    verdict.at_least = epochs[majority - 1];
    return verdict;
}

bool is_behind(const EpochItem& copy, const EpochItem& in_force) {
    return copy.epoch < in_force.epoch ||
           (copy.says(in_force.epoch, in_force.active) &&
            (copy.terms != in_force.terms || copy.register_id != in_force.register_id));
}

}  // namespace farshore::core
