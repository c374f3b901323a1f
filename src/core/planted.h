#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/enum_names.h"

// Bugs planted on purpose in the product's own lines: the checker that finds one in the simulation
// (sim/planted_bug_test.cc) would have found it in what ships. Those named after an incident are
// how another system lost data or stood still. In the product the switch is a constant, and the
// lines are not compiled. The build compiles the files that ask it once more for the simulation
// (farshore_planted in CMakeLists.txt), which sets `planted_bug` before a world begins; worlds run
// one after the other, on one thread.
//
// To be asked in .cc files only, and never for the layout of a type: a header means the same in
// both builds.
namespace farshore::core {

enum class PlantedBug : std::uint8_t {
    none,
    // The evidence: core/evidence
    one_vantage_votes_for_all,  // one observer is a quorum (pg_auto_failover, VTOrc)
    no_hysteresis,              // one failed probe is an outage (GitHub 2018)
    // What is decided: core/failover
    silence_is_health,         // a host that is not heard serves (Stripe 2019, Patroni #1826)
    gate_on_heartbeat_age,     // the loss gate looks at an age that goes on growing in an outage
    automatic_failback,        // the preferred Region is taken back as soon as it answers (k8gb)
    evidence_not_asked_again,  // what called for a raise is not asked at the raise (AWS 2025)
    cooldown_from_beginning,   // the cool-down counts from the decision, not from its end
    resume_fires_at_once,      // what failed during a pause counts when the pause is ended
    pause_forgotten,           // a pause and a cool-down do not survive a restart
    running_plan_forgotten,    // nor does a running operation (Orchestrator #1296)
    epoch_from_store_only,     // newer epoch items do not stop a controller with an older store
    epoch_used_again,          // an epoch that a raise may have used is given to the next one
    acknowledgement_only,      // silence never becomes proof (stolon #481)
    own_grants_only,           // a fence does not wait for what the epoch items confirmed
    // How it is carried out: core/operation
    silent_host_forgotten,  // a fence waits for the connected hosts alone
    timeout_taken_for_no,   // a write without an answer counts as one that did not happen
    users_sent_unproven,    // an acknowledged route counts as a proven write
    // Agents' sessions: core/link
    subject_from_body,       // the holder of a credential speaks for any host that it names
    ghost_votes,             // the first credential that names a host speaks for it
    promotion_before_fence,  // fences count as acknowledged before the agents know of them
    orders_played_again,     // a new stream begins with the orders of the old one
    drain_not_read,          // an answer to a drain is its proof, whatever it says
    gate_forgets_agents,     // what agents acknowledged is not in the loss window
    // The epoch items: core/records
    blind_controller_grants,  // a copy that cannot be read counts as unchanged
    raise_outcome_lost,       // what came of a raise is not told
    stale_plan_overwrites,    // copies are written without a condition (Orchestrator, etcd)
    // A host: core/host
    lease_from_arrival,       // a lease is counted from the answer, not from its request
    lease_of_its_own,         // a host keeps its own lease where a shorter one was granted
    host_without_a_row,       // a fenced host knows no way out (pg_auto_failover #1185)
    hosts_go_home,            // a host that hears no controller moves its users (GitLab 2019)
    drain_outlives_its_hold,  // a host that follows the items alone relies on the drain
    // What becomes of writes at risk: core/loss
    examined_where_written,  // they are looked for in the Region that they were written in
    one_region_compared,     // the target is read in place of the old Region
    // The runtime
    effect_before_intent,    // an effect begins before its intent is durable
    evidence_off_the_record  // the core is told more than is recorded
};
inline constexpr std::array<std::string_view, 36> kPlantedBugNames{
    "none",
    "one_vantage_votes_for_all",
    "no_hysteresis",
    "silence_is_health",
    "gate_on_heartbeat_age",
    "automatic_failback",
    "evidence_not_asked_again",
    "cooldown_from_beginning",
    "resume_fires_at_once",
    "pause_forgotten",
    "running_plan_forgotten",
    "epoch_from_store_only",
    "epoch_used_again",
    "acknowledgement_only",
    "own_grants_only",
    "silent_host_forgotten",
    "timeout_taken_for_no",
    "users_sent_unproven",
    "subject_from_body",
    "ghost_votes",
    "promotion_before_fence",
    "orders_played_again",
    "drain_not_read",
    "gate_forgets_agents",
    "blind_controller_grants",
    "raise_outcome_lost",
    "stale_plan_overwrites",
    "lease_from_arrival",
    "lease_of_its_own",
    "host_without_a_row",
    "hosts_go_home",
    "drain_outlives_its_hold",
    "examined_where_written",
    "one_region_compared",
    "effect_before_intent",
    "evidence_off_the_record"
};

constexpr const auto& names_of(PlantedBug) {
    return kPlantedBugNames;
}

#ifdef FARSHORE_PLANTED_BUGS
inline PlantedBug planted_bug = PlantedBug::none;

[[nodiscard]] inline bool is_planted(PlantedBug bug) {
    return planted_bug == bug;
}
#else
[[nodiscard]] constexpr bool is_planted(PlantedBug) {
    return false;
}
#endif

}  // namespace farshore::core
