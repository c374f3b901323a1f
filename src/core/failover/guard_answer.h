#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/enum_names.h"

// The questions that decide whether a change may start (policy.h), and how each was answered.
namespace farshore::core {

enum class Guard {
    target_known,       // the target is one of the app's Regions and not active already
    no_operation,       // at most one plan per app (INV-S8)
    quorum,             // a strict majority of fresh observers says the Region is impaired (INV-S6)
    suspect_yourself,   // not everything looks down
    hosts_see_errors,   // the application's own requests fail
    target_healthy,     // the target's tables were admitted (INV-S11)
    target_serves,      // so was its stack, when users are sent there
    target_has_hosts,   // at least one host is connected that can serve
    loss_within_gate,   // what would be lost is within max_loss (INV-S10)
    agents_reachable,   // a switchover can hold writes on each registered agent, all in hold_max
    lag_measured,       // a switchover knows how long a drain takes
    losses_settled,     // no late write of a failover may still arrive
    tables_alike,       // the tables are there, of one key and replicated, as far as is known
    store_is_current,   // the epoch records carry no newer epoch than our store
    register_is_known,  // no host that the register does not name may write without end
    mode,               // automation is on
    armed,              // proven by a recent drill, or the requirement is off
    not_paused,         // INV-S7
    not_cooling_down,   // INV-S7
    epochs_left,        // there is a number for the next epoch
    as_expected,        // the world is still the one that the operator looked at
};
inline constexpr std::array<std::string_view, 21> kGuardNames{
    "target_known",   "no_operation",   "quorum",           "suspect_yourself", "hosts_see_errors",
    "target_healthy", "target_serves",  "target_has_hosts", "loss_within_gate", "agents_reachable",
    "lag_measured",   "losses_settled", "tables_alike",     "store_is_current", "register_is_known",
    "mode",           "armed",          "not_paused",       "not_cooling_down", "epochs_left",
    "as_expected",
};

constexpr const auto& names_of(Guard) {
    return kGuardNames;
}

struct GuardAnswer {
    Guard guard = Guard::target_known;
    bool passed = false;
    std::string text;
    std::string remedy;  // of one that refuses an operator: the flag or command that would lower it
};

}  // namespace farshore::core
