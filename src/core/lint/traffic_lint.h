#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "core/lint/lint_weight.h"
#include "core/lint/traffic_seen.h"

// The known mistakes of DNS failover: what keeps Route 53 from moving users when Farshore asks for
// it, or moves them when nobody asked. Pure.
//
// Facts are those of the Amazon Route 53 Developer Guide: "How Amazon Route 53 chooses records when
// health checking is configured", "Values that you specify when you create or update health
// checks", "How Amazon Route 53 determines whether a health check is healthy", "Values specific for
// failover records".
namespace farshore::core {

enum class TrafficFault : std::uint8_t {
    no_pair,
    primary_missing,
    secondary_missing,
    other_routing,
    type_left_out,
    same_target,
    primary_unchecked,
    check_missing,
    shared_check,
    own_name,
    target_health_ignored,
    check_disabled,
    check_inverted,
    threshold_wrong,
    no_takeover,
    string_match,
    tcp_only,
    metric_without_data,
    ttl_long,
    ttl_differs,
    private_zone,
    rto_exceeded,  // said of core/lint/rto_forecast.h
};
inline constexpr std::array<std::string_view, 22> kTrafficFaultNames{
    "no_pair",
    "primary_missing",
    "secondary_missing",
    "other_routing",
    "type_left_out",
    "same_target",
    "primary_unchecked",
    "check_missing",
    "shared_check",
    "own_name",
    "target_health_ignored",
    "check_disabled",
    "check_inverted",
    "threshold_wrong",
    "no_takeover",
    "string_match",
    "tcp_only",
    "metric_without_data",
    "ttl_long",
    "ttl_differs",
    "private_zone",
    "rto_exceeded",
};

constexpr const auto& names_of(TrafficFault) {
    return kTrafficFaultNames;
}

// What a fault means, whatever the names in it.
struct TrafficRow {
    TrafficFault fault{};
    LintWeight weight = LintWeight::broken;
    std::string_view explanation;
    std::string_view remedy;
};

// Total: one row for each fault.
[[nodiscard]] const TrafficRow& row_of(TrafficFault fault);

struct TrafficFinding {
    TrafficFault fault{};
    std::string text;  // what is so, with its names

    friend auto operator<=>(const TrafficFinding&, const TrafficFinding&) = default;
};

// What the configuration takes the record for.
struct TrafficWish {
    std::string record;  // lower case, without the trailing dot
    Duration ttl{};
};

// In the order of the table; none when nothing is known to be wrong.
[[nodiscard]] std::vector<TrafficFinding> lint_traffic(
    const TrafficWish& wish, const TrafficSeen& seen
);

}  // namespace farshore::core
