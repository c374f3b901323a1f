#include "core/records/named_lately.h"

#include <algorithm>

namespace farshore::core {

namespace {

// A lease that a copy named is remembered a little longer than an agent can hold it.
constexpr Duration kRememberFor = std::chrono::seconds{5};

}  // namespace

void NamedLately::note(Instant now, Duration lease) {
    if (lease > Duration::zero()) {
        named_until_[lease] = now;
    }
    // Leases that no agent can hold any more are forgotten: a controller lives for months.
    std::erase_if(named_until_, [now](const auto& entry) {
        return now - entry.second > entry.first + kRememberFor;
    });
}

void NamedLately::was_read(Instant now, const RegionId& region, const EpochItem& copy) {
    if (copy.exists()) {
        copies_[region] = copy;
        note(now, copy.terms.lease);
    }
}

std::string NamedLately::was_asked_to_change(
    Instant now, const RegionId& region, const std::optional<EpochItem>& before
) {
    // Without an answer, what the copy said when it was last read: that is a second ago.
    EpochItem& said = copies_[region];
    if (before) {
        said = *before;
    }
    note(now, said.terms.lease);
    return said.register_id;
}

void NamedLately::was_written(const RegionId& region, const EpochItem& item) {
    copies_[region] = item;
}

EpochItem NamedLately::last_said(const RegionId& region) const {
    const auto found = copies_.find(region);
    return found == copies_.end() ? EpochItem{} : found->second;
}

Duration NamedLately::longest_lease(Instant now) const {
    Duration longest{};
    for (const auto& [lease, until] : named_until_) {
        if (now - until <= lease) {
            longest = std::max(longest, lease);
        }
    }
    return longest;
}

}  // namespace farshore::core
