#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/enum_names.h"

namespace farshore::sim {

// Bugs planted on purpose: each checker must find its own, or it proves nothing. Those named after
// an incident are how another system lost data or stood still.
enum class Plant : std::uint8_t {
    none,
    promotion_before_fence,     // fences count as acknowledged before the agents know of them
    lease_from_arrival,         // a holder counts its lease from the answer, not from its request
    clock_beyond_promise,       // a host's boot clock is slower than clock_error allows for
    epoch_from_store_only,      // a controller that starts does not ask the epoch records
    effect_before_intent,       // the store says "durable" and is not
    orders_played_again,        // a new stream begins with the orders of the old one
    users_sent_unproven,        // an agent says "proven" without a write
    one_vantage_votes_for_all,  // the quorum counts voices of one place
    pause_forgotten,            // a pause and a cool-down do not survive a restart
    running_plan_forgotten,     // nor does a running operation (Orchestrator #1296)
    stale_plan_overwrites,      // records are written without a condition (Orchestrator)
    gate_forgets_agents,        // what agents acknowledged is not in the loss window
    silence_is_health,          // a target that is not heard is taken for healthy (Stripe 2019)
    automatic_failback,         // the preferred Region is taken back as soon as it answers (k8gb)
    hosts_go_home,              // agents that hear no controller go home (GitLab 2019)
    evidence_off_the_record,    // the core is told more than is recorded
    drain_not_read,             // a drain is reported as proven without reading anything
    raise_outcome_lost,         // what came of a raise is not told
    gate_on_heartbeat_age,      // the loss gate looks at an age that goes on growing in an outage
    acknowledgement_only,       // silence never becomes proof (stolon #481)
    host_without_a_row,         // a fenced agent knows no way out (pg_auto_failover #1185)
    no_hysteresis,              // one failed probe is an outage (GitHub 2018)
    blind_controller_grants,    // epoch items that cannot be read count as unchanged
    drain_outlives_its_hold,    // a host that follows the items alone takes the drain for proven
    timeout_taken_for_no,       // a write without an answer is taken for one that did not happen
    subject_from_body,          // the holder of a credential speaks for any host that it names
    ghost_votes,                // hosts without a credential are heard, and vote
};
inline constexpr std::array<std::string_view, 28> kPlantNames{
    "none",
    "promotion_before_fence",
    "lease_from_arrival",
    "clock_beyond_promise",
    "epoch_from_store_only",
    "effect_before_intent",
    "orders_played_again",
    "users_sent_unproven",
    "one_vantage_votes_for_all",
    "pause_forgotten",
    "running_plan_forgotten",
    "stale_plan_overwrites",
    "gate_forgets_agents",
    "silence_is_health",
    "automatic_failback",
    "hosts_go_home",
    "evidence_off_the_record",
    "drain_not_read",
    "raise_outcome_lost",
    "gate_on_heartbeat_age",
    "acknowledgement_only",
    "host_without_a_row",
    "no_hysteresis",
    "blind_controller_grants",
    "drain_outlives_its_hold",
    "timeout_taken_for_no",
    "subject_from_body",
    "ghost_votes"
};

constexpr const auto& names_of(Plant) {
    return kPlantNames;
}

}  // namespace farshore::sim
