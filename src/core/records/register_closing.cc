#include "core/records/register_closing.h"

#include <algorithm>
#include <utility>

namespace farshore::core {

void RegisterClosing::begun(Instant now, Duration longest_lease) {
    if (!options_.by_items) {
        alone_from_ = now + longest_lease + options_.clock_error;
    }
}

void RegisterClosing::looked(Instant now, const EpochReading& reading, Duration longest_lease) {
    const auto ours =
        std::ranges::count(reading.copies, options_.register_id, &EpochItem::register_id);
    if (!alone_from_ && std::cmp_greater_equal(ours, reading.majority())) {
        // A host that was confirmed until now may go on for a lease.
        alone_from_ = now + longest_lease + options_.clock_error;
    }
}

}  // namespace farshore::core
