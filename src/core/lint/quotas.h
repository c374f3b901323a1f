#pragma once

#include <string>
#include <vector>

#include "base/ids.h"

// Whether each Region of an app may do as much as the others. An increase that was asked for in the
// active Region alone is missed when the standby takes its load. Pure.
namespace farshore::core {

struct Quota {
    std::string code;  // "L-F98FE922"
    std::string name;
    double value = 0;
};

struct RegionQuotas {
    RegionId region;
    std::vector<Quota> quotas;
};

struct QuotaFinding {
    RegionId region;  // which may do less
    std::string code;
    std::string text;
};

// Each quota that is lower in one Region than in another, told once for each such Region. A quota
// that a Region does not name says nothing.
[[nodiscard]] std::vector<QuotaFinding> quotas_apart(const std::vector<RegionQuotas>& regions);

}  // namespace farshore::core
