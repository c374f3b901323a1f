#pragma once

#include <optional>
#include <string>

#include "base/ids.h"
#include "base/time.h"
#include "core/failover/record.h"
#include "core/records/epoch_items.h"

// What a controller begins with when its store is empty. Pure.
namespace farshore::core {

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

// What a majority of the copies says, or epoch 1 in the preferred Region where no copy exists.
// Where the copies disagree and all were asked, a raise was interrupted: it is taken up, with a
// fence. nullopt: no majority answers and agrees; ask again (INV-S2).
[[nodiscard]] std::optional<FirstRecord> first_record(
    const EpochReading& reading, const Founding& founding
);

}  // namespace farshore::core
