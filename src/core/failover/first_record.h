#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "core/failover/record.h"

// What a controller begins with when its store is empty. Pure.
namespace farshore::core {

struct EpochCopy {
    Epoch epoch;
    RegionId active;

    friend bool operator==(const EpochCopy&, const EpochCopy&) = default;
};

// What a read of all copies of the epoch record found.
struct EpochSurvey {
    std::size_t asked = 0;          // Regions that hold a copy
    std::size_t answered = 0;       // of those, with or without a record
    std::vector<EpochCopy> copies;  // of those that have one
    std::string detail;             // who did not answer, in words

    [[nodiscard]] std::size_t majority() const { return asked / 2 + 1; }

    [[nodiscard]] Epoch highest_epoch() const;  // zero: there is no copy
    // What at least so many of the copies say.
    [[nodiscard]] std::optional<EpochCopy> agreed(std::size_t copies_min) const;
};

struct Founding {
    AppId app;
    RegionId preferred;
    bool users_can_be_shifted = false;
    std::string by;  // "controller:NAME"
    UtcTime at{};
};

struct FirstRecord {
    AppRecord record;
    // The copies must carry the record's epoch before anything is decided. False: a raise was
    // interrupted, and the operation in the record takes it up.
    bool establish = true;
};

// What a majority of the copies says, or epoch 1 in the preferred Region where nobody was before.
// Where the copies disagree and all were asked, a raise was interrupted: it is taken up, with a
// fence. nullopt: no majority answers and agrees; ask again (INV-S2).
[[nodiscard]] std::optional<FirstRecord> first_record(
    const EpochSurvey& survey, const Founding& founding
);

}  // namespace farshore::core
