#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "core/failover/verb.h"
#include "core/lease/terms.h"

// The epoch items: one small item per app in each table Region and in the witness. What they say,
// together, is which epoch is in force, and for how long it may be relied on. Pure values.
namespace farshore::core {

// What an epoch was raised for. A switchover's raise stands on a drain, and the drain's proof ends
// with the hold: a host that adopts the epoch without a controller cannot rely on it.
struct RaisedFor {
    OperationId operation;
    std::optional<Verb> verb;           // nullopt: the first epoch of an app
    std::optional<UtcTime> held_until;  // of the hold that the drain was proven under, for people

    friend bool operator==(const RaisedFor&, const RaisedFor&) = default;
};

// One Region's copy.
struct EpochItem {
    Epoch epoch;  // zero: the Region answered, and has no item yet
    RegionId active;
    Terms terms;
    std::string register_id;  // of the controllers' store whose hosts it confirms
    RaisedFor raised_for;

    [[nodiscard]] bool exists() const { return epoch != Epoch{}; }

    [[nodiscard]] bool says(Epoch wanted, const RegionId& where) const {
        return epoch == wanted && active == where;
    }

    friend bool operator==(const EpochItem&, const EpochItem&) = default;
};

// No app has so many changes. A copy that is further ahead of what else is known was not written by
// a controller, but by a broken script or an intruder. Its epoch was never in force. It counts as a
// damaged copy, so that one write uses up no epochs.
inline constexpr std::uint64_t kAheadMax = 1'000'000;

[[nodiscard]] constexpr std::size_t majority_of(std::size_t copies) {
    return copies / 2 + 1;
}

// The last epoch that may be believed of one copy, or one host, where `known` is in force.
[[nodiscard]] constexpr Epoch furthest_beside(Epoch known) {
    return known.value() < kEpochMax.value() - kAheadMax ? Epoch{known.value() + kAheadMax}
                                                         : kEpochMax;
}

// The highest of these epochs, one for each copy that answered of those that were asked, that may
// be believed: it is near `known`, or most copies are there or beyond.
[[nodiscard]] Epoch highest_believable(std::vector<Epoch> seen, std::size_t asked, Epoch known);

// What one reading of all copies found.
struct EpochReading {
    Instant started{};              // before the first request was sent
    UtcTime started_wall{};         // by the wall clock: it tells when the other one stood still
    std::size_t asked = 0;          // Regions that should hold a copy
    std::vector<EpochItem> copies;  // of those that answered, with or without an item
    std::string detail;             // who did not answer, in words

    [[nodiscard]] std::size_t majority() const { return majority_of(asked); }

    [[nodiscard]] bool has_majority() const { return copies.size() >= majority(); }

    // That may be believed; zero: there is no item.
    [[nodiscard]] Epoch highest_epoch(Epoch known) const;

    // With no item in place of each that is too far ahead of the majority to be one.
    [[nodiscard]] EpochReading without_strays() const;
};

struct EpochVerdict {
    // A strict majority of all copies says this epoch and this active Region. Its lease and its
    // hold are the shortest, its clock error the longest of those that name one; the lease is zero
    // unless those that name one are a majority by themselves. Its register is empty unless the
    // majority names one and the same.
    std::optional<EpochItem> agreed;
    Epoch at_least;  // a strict majority is at this epoch or beyond; zero: unknown

    // All that is needed of the items is agreed on, so no copy that has not answered yet has to be
    // waited for. Until then one copy more may make a majority for a lease, or for a register.
    [[nodiscard]] bool is_enough() const {
        return agreed && agreed->terms.lease > Duration::zero() && !agreed->register_id.empty();
    }
};

// `asked`: how many copies there should be; those that did not answer count as unknown.
[[nodiscard]] EpochVerdict judge(std::span<const EpochItem> copies, std::size_t asked);

[[nodiscard]] inline EpochVerdict judge(const EpochReading& reading) {
    return judge(reading.copies, reading.asked);
}

// A copy that missed a raise, or names other terms or another register than those in force, is to
// be written anew.
[[nodiscard]] bool is_behind(const EpochItem& copy, const EpochItem& in_force);

// It may be written over, but only by a controller that has just read what is in force in a
// majority.
[[nodiscard]] constexpr bool is_stray(const EpochItem& copy, const EpochItem& in_force) {
    return copy.epoch > furthest_beside(in_force.epoch);
}

// The condition of each write into a copy (INV-S9): it carries no newer epoch, nor the same one
// with another meaning. `copy` has epoch zero where there is none.
[[nodiscard]] bool may_replace(const EpochItem& copy, const EpochItem& item);

// Why the copy does not count for what is in force, in words that follow "it"; nullopt: it does.
[[nodiscard]] std::optional<std::string> why_not_confirming(
    const EpochItem& copy, const EpochItem& in_force
);

}  // namespace farshore::core
