#pragma once

#include <array>

#include "core/lint/traffic_lint.h"

// One row for each fault, in the order of TrafficFault.
namespace farshore::core {

namespace traffic_rows {

using enum TrafficFault;
using enum LintWeight;

// clang-format off
inline constexpr auto kRows = std::to_array<TrafficRow>({
    {no_pair, broken,
     "users are moved by a pair of failover records, one PRIMARY and one SECONDARY",
     "make a PRIMARY and a SECONDARY record of that name, or correct traffic.route53.record"},
    {primary_missing, broken,
     "without a PRIMARY record the SECONDARY is answered, whatever its Region's health",
     "make the PRIMARY record, with the health check of docs/decisions/0005-health-state.md"},
    {secondary_missing, broken,
     "without a SECONDARY record there is nowhere to send users: the PRIMARY is answered even while it is unhealthy",
     "make the SECONDARY record, which points to the standby's load balancer"},
    {other_routing, broken,
     "such records choose by themselves where users go, and a change of health state does not move all of them",
     "replace them by a pair of failover records, or let the failover pair have a name of its own that they point to"},
    {type_left_out, broken,
     "a client that asks for this type of address gets the same answer before and after a failover",
     "make a failover pair of this type as well, with the same health checks, or delete its record"},
    {same_target, broken,
     "users come to the same place whichever record answers",
     "let the SECONDARY record point to the standby's load balancer"},
    {primary_unchecked, broken,
     "a record without a health check counts as healthy, so the PRIMARY is answered whatever happens",
     "give it the calculated check of docs/decisions/0005-health-state.md"},
    {check_missing, broken,
     "Route 53 takes what it cannot check for healthy",
     "name a health check that exists"},
    {shared_check, broken,
     "while it fails, both records are unhealthy, and then Route 53 answers the PRIMARY: users are never moved",
     "give each record a check of its own Region's load balancer, and nothing that both depend on"},
    {own_name, broken,
     "the check asks whatever Region the record answers at that moment, so it tells nothing about its own Region and may flap",
     "let the check ask the name or the address of its Region's load balancer"},
    {target_health_ignored, broken,
     "an alias without a health check of its own and without EvaluateTargetHealth counts as healthy, always",
     "turn EvaluateTargetHealth of the alias on, or give the record a health check"},
    {check_disabled, broken,
     "Route 53 asks nothing for a disabled check and takes it for healthy (inverted: for unhealthy)",
     "enable the check again"},
    {check_inverted, broken,
     "an inverted check is healthy while what it asks is not: here the record would be answered exactly when its Region is down",
     "take Inverted off; only the check that tells of a takeover, below the PRIMARY's calculated check, is inverted"},
    {threshold_wrong, broken,
     "the PRIMARY must be healthy only while each of the checks below it is; another threshold outvotes the takeover or never lets the PRIMARY serve",
     "set HealthThreshold to the number of child checks"},
    {no_takeover, broken,
     "nothing in the standby can make the PRIMARY unhealthy: Farshore cannot move users, and Route 53 sends them back by itself as soon as the old Region answers",
     "let the PRIMARY follow a calculated check of its Region's check and an inverted check of /route53/APP/REGION of the standby's agents (docs/decisions/0005-health-state.md)"},
    {string_match, advice,
     "the string must stand in the first 5,120 bytes of the body: a page that grows makes its Region unhealthy",
     "let the check ask a small page of a fixed form, as /healthz, by its status alone"},
    {tcp_only, advice,
     "a load balancer takes connections while everything behind it is down",
     "check /healthz over HTTP or HTTPS"},
    {metric_without_data, advice,
     "a metric whose Region is lost has no data, and the check then says what InsufficientDataHealthStatus says",
     "set InsufficientDataHealthStatus to LastKnownStatus"},
    {ttl_long, advice,
     "resolvers keep an answer that long after users should have moved; AWS advises at most 60 s for records with health checks",
     "a shorter TTL of both records"},
    {ttl_differs, advice,
     "forecasts and warnings count with the configured TTL",
     "make traffic.route53.ttl and the TTL of both records the same"},
    {private_zone, advice,
     "only clients in its VPCs resolve a private zone, and Route 53's checkers stand outside of them: they reach public addresses only",
     "let the checks ask public addresses or follow CloudWatch metrics, or name the public zone"},
    {rto_exceeded, advice,
     "the application would be away for longer than was promised",
     "faster health checks, a shorter TTL, detect.unhealthy_for or fence.lease, or an objective that can be met"},
});
// clang-format on

consteval bool one_row_each() {
    if (kRows.size() != kTrafficFaultNames.size()) {
        return false;
    }
    for (std::size_t i = 0; i < kRows.size(); ++i) {
        if (static_cast<std::size_t>(kRows[i].fault) != i || kRows[i].explanation.empty() ||
            kRows[i].remedy.empty()) {
            return false;
        }
    }
    return true;
}

static_assert(one_row_each(), "each fault of traffic has exactly one row, in its order");

}  // namespace traffic_rows

}  // namespace farshore::core
