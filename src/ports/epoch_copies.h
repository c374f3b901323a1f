#pragma once

#include <functional>

#include "core/records/copy_answer.h"

namespace farshore::ports {

// The Regions' copies of an app's epoch item, each by itself. A question is answered once, from
// inside the call or later, on the caller's thread; never, when the process ends first.
class EpochCopies {
  public:
    using Answered = std::function<void(const core::CopyAnswer&)>;

    virtual ~EpochCopies() = default;
    // Strongly consistent.
    virtual void read(const RegionId& region, Answered answered) = 0;
    // Only where core::may_replace() allows it.
    virtual void write(const RegionId& region, const core::EpochItem& item, Answered answered) = 0;
};

}  // namespace farshore::ports
