#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "core/operation/record.h"
#include "core/records/epoch_items.h"

// The durable state of one app. Values only; the store writes them down.
namespace farshore::core {

struct Pause {
    std::optional<UtcTime> until;
    std::string reason;
    std::string by;
};

// The durable state of one app.
struct AppRecord {
    AppId app;
    Epoch epoch;
    RegionId active;  // whose tables take the writes
    RegionId users;   // whose stack serves users
    std::optional<Pause> pause;
    std::optional<UtcTime> cooldown_until;
    // The register was lost with its store, and began anew then: hosts that it does not name may
    // have had permission to write.
    std::optional<UtcTime> register_lost_at;
    // No majority of the epoch items has carried the epoch yet; an operator answers for it.
    bool in_force_by_word = false;
    std::optional<OperationRecord> operation;  // the running or the last one
};

// What the epoch in force was raised for, as far as the record still knows.
[[nodiscard]] RaisedFor raised_for(const AppRecord& record);

}  // namespace farshore::core
