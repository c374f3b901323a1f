#pragma once

#include <span>

#include "base/result.h"
#include "core/failover/record.h"

namespace farshore::ports {

// What outlives a controller. Called on the controller's own thread; blocks for one commit.
class Store {
  public:
    virtual ~Store() = default;

    // The record and the entries in one transaction, durable when it returns (INV-S3). Errors:
    // exhausted (disk full: nothing was written, the caller may try again), conflict (another
    // controller owns the store).
    virtual Status save(
        const core::AppRecord& record, std::span<const core::JournalEntry> journal
    ) = 0;
};

}  // namespace farshore::ports
