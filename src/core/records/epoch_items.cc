#include "core/records/epoch_items.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "core/planted.h"

namespace farshore::core {

namespace {

std::size_t how_many_say_as(const EpochItem& item, std::span<const EpochItem> copies) {
    return static_cast<std::size_t>(std::ranges::count_if(copies, [&](const EpochItem& copy) {
        return copy.says(item.epoch, item.active);
    }));
}

std::vector<Epoch> epochs_of(std::span<const EpochItem> copies) {
    std::vector<Epoch> epochs;
    std::ranges::transform(copies, std::back_inserter(epochs), &EpochItem::epoch);
    return epochs;
}

// Zero says nothing.
Duration shortest_said(Duration one, Duration other) {
    const bool both = one > Duration::zero() && other > Duration::zero();
    return both ? std::min(one, other) : std::max(one, other);
}

// The terms within which every agent and controller that relies on these copies keeps.
Terms strictest(std::span<const EpochItem> agreeing, std::size_t majority) {
    Terms strictest;
    std::size_t with_lease = 0;
    for (const EpochItem& copy : agreeing) {
        with_lease += copy.terms.lease > Duration::zero() ? 1 : 0;
        strictest.lease = shortest_said(strictest.lease, copy.terms.lease);
        strictest.clock_error = std::max(strictest.clock_error, copy.terms.clock_error);
        strictest.hold_max = shortest_said(strictest.hold_max, copy.terms.hold_max);
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

Epoch highest_believable(std::vector<Epoch> seen, std::size_t asked, Epoch known) {
    std::ranges::sort(seen, std::ranges::greater{});
    const std::size_t majority = majority_of(asked);
    const Epoch of_most = seen.size() < majority ? Epoch{} : seen[majority - 1];
    const Epoch furthest = furthest_beside(std::max(known, of_most));
    const auto highest = std::ranges::find_if(seen, [&](Epoch epoch) { return epoch <= furthest; });
    return highest == seen.end() ? Epoch{} : *highest;
}

Epoch EpochReading::highest_epoch(Epoch known) const {
    return highest_believable(epochs_of(copies), asked, known);
}

EpochReading EpochReading::without_strays() const {
    EpochReading plausible = *this;
    const Epoch highest = highest_epoch(Epoch{});
    for (EpochItem& copy : plausible.copies) {
        if (copy.epoch > highest) {
            copy = EpochItem{};
        }
    }
    return plausible;
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
    std::vector<Epoch> epochs = epochs_of(copies);
    std::ranges::sort(epochs, std::ranges::greater{});
    verdict.at_least = epochs[majority - 1];
    return verdict;
}

bool is_behind(const EpochItem& copy, const EpochItem& in_force) {
    return copy.epoch < in_force.epoch ||
           (copy.says(in_force.epoch, in_force.active) &&
            (copy.terms != in_force.terms || copy.register_id != in_force.register_id));
}

bool may_replace(const EpochItem& copy, const EpochItem& item) {
    return copy.epoch < item.epoch || is_stray(copy, item) || copy.says(item.epoch, item.active) ||
           is_planted(PlantedBug::stale_plan_overwrites);
}

std::optional<std::string> why_not_confirming(const EpochItem& copy, const EpochItem& in_force) {
    const std::string epoch = std::to_string(copy.epoch.value());
    if (!copy.exists()) {
        return "is not there";
    }
    if (is_stray(copy, in_force)) {
        return "carries epoch " + epoch + ", which no controller has raised";
    }
    if (copy.epoch > in_force.epoch) {
        return "carries epoch " + epoch + ", from a raise that reached no majority";
    }
    if (copy.epoch < in_force.epoch) {
        return "still carries epoch " + epoch;
    }
    if (copy.active != in_force.active) {
        return "gives that epoch to " + copy.active.value();
    }
    if (copy.register_id != in_force.register_id) {
        return "names the register of another store";
    }
    if (copy.terms != in_force.terms) {
        return "names another lease, clock error or hold than `fence` and `switchover.hold_max`";
    }
    return std::nullopt;
}

}  // namespace farshore::core
