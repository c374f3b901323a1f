#include "core/lint/quotas.h"

#include <algorithm>
#include <cstdint>

namespace farshore::core {

namespace {

// Quotas are whole numbers, some of them far beyond what an int holds.
std::string shown(double value) {
    return std::to_string(static_cast<std::int64_t>(value));
}

}  // namespace

std::vector<QuotaFinding> quotas_apart(const std::vector<RegionQuotas>& regions) {
    std::vector<QuotaFinding> findings;
    for (const RegionQuotas& here : regions) {
        for (const Quota& quota : here.quotas) {
            const RegionQuotas* most = nullptr;
            double highest = quota.value;
            for (const RegionQuotas& there : regions) {
                const auto same = std::ranges::find(there.quotas, quota.code, &Quota::code);
                if (same != there.quotas.end() && same->value > highest) {
                    highest = same->value;
                    most = &there;
                }
            }
            if (most != nullptr) {
                findings.push_back(
                    {.region = here.region,
                     .code = quota.code,
                     .text = quota.name + " (" + quota.code + ") is " + shown(quota.value) +
                             " in " + here.region.value() + " and " + shown(highest) + " in " +
                             most->region.value()}
                );
            }
        }
    }
    return findings;
}

}  // namespace farshore::core
