#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/enum_names.h"

// The life of an operation as a total table: one row per (state, event). The documentation, the
// journal's words and the log line come from these rows; operation_proofs.h proves what they
// promise.
namespace farshore::core {

enum class OperationState {
    waiting,     // switchover: until the lag is small enough to hold writes
    holding,     // switchover: agents keep new writes waiting
    draining,    // switchover: acknowledged writes are read back in both Regions
    releasing,   // switchover: writes go on in the old Region, another attempt follows
    giving_up,   // writes go on in the old Region, no attempt follows
    raising,     // the epoch records are raised in a majority of Regions
    fencing,     // until nobody can write to the old Region under the old epoch
    examining,   // what has arrived in the new Region, before it takes writes
    repointing,  // agents adopt the new epoch and prove it
    shifting,    // users are sent to the new Region
    verifying,   // functional checks
    done,
    failed,       // unchanged: the old Region is active as before
    aborted,      // unchanged, by an operator
    partly_done,  // the active Region has changed, or may have; a person has to look
};
inline constexpr std::array<std::string_view, 15> kOperationStateNames{
    "waiting",
    "holding",
    "draining",
    "releasing",
    "giving_up",
    "raising",
    "fencing",
    "examining",
    "repointing",
    "shifting",
    "verifying",
    "done",
    "failed",
    "aborted",
    "partly_done",
};

constexpr const auto& names_of(OperationState) {
    return kOperationStateNames;
}

enum class OperationEvent {
    succeeded,        // the step did what the state is for
    failed,           // it did not, within its bound; another attempt is allowed
    exhausted,        // it did not, and no attempt is left
    undecided,        // its bound is over, and nobody can say whether it took effect
    abort_requested,  // by an operator
    resumed,          // another controller, or this one after a crash, takes the operation over
};
inline constexpr std::array<std::string_view, 6> kOperationEventNames{
    "succeeded", "failed", "exhausted", "undecided", "abort_requested", "resumed"
};

constexpr const auto& names_of(OperationEvent) {
    return kOperationEventNames;
}

struct OperationRow {
    OperationState from;
    OperationEvent on;
    OperationState to;
    std::string_view why;
};

namespace table {

using enum OperationState;

namespace ev {
inline constexpr auto kSucceeded = OperationEvent::succeeded;
inline constexpr auto kFailed = OperationEvent::failed;
inline constexpr auto kExhausted = OperationEvent::exhausted;
inline constexpr auto kUndecided = OperationEvent::undecided;
inline constexpr auto kAbortRequested = OperationEvent::abort_requested;
inline constexpr auto kResumed = OperationEvent::resumed;
}  // namespace ev

// clang-format off
inline constexpr auto kOperation = std::to_array<OperationRow>({
    // from      on                   to           why
    {waiting,    ev::kSucceeded,       holding,     "the lag is small enough: hold new writes"},
    {waiting,    ev::kFailed,          waiting,     "not yet: a hold now would not end in a proven drain"},
    {waiting,    ev::kExhausted,       OperationState::failed, "the moment to hold writes did not come: nothing was changed"},
    {waiting,    ev::kUndecided,       OperationState::failed, "nothing was changed"},
    {waiting,    ev::kAbortRequested, aborted,     "stopped by an operator before anything was changed"},
    {waiting,    ev::kResumed,         waiting,     "nothing was changed yet: wait again"},

    {holding,    ev::kSucceeded,       draining,    "every agent holds its writes: prove that the acknowledged ones have arrived"},
    {holding,    ev::kFailed,          releasing,   "not every agent holds: let writes go on and try again"},
    {holding,    ev::kExhausted,       giving_up,   "not every agent holds, and no attempt is left: let writes go on"},
    {holding,    ev::kUndecided,       giving_up,   "holds end by themselves: let writes go on"},
    {holding,    ev::kAbortRequested, giving_up,   "stopped by an operator: let writes go on"},
    {holding,    ev::kResumed,         releasing,   "holds end by themselves and their proofs died with the controller: start over"},

    {draining,   ev::kSucceeded,       raising,     "every acknowledged write was read in both Regions"},
    {draining,   ev::kFailed,          releasing,   "the drain was not proven in time: let writes go on and try again"},
    {draining,   ev::kExhausted,       giving_up,   "the drain was not proven, and no attempt is left: let writes go on"},
    {draining,   ev::kUndecided,       giving_up,   "holds end by themselves: let writes go on"},
    {draining,   ev::kAbortRequested, giving_up,   "stopped by an operator: let writes go on"},
    {draining,   ev::kResumed,         releasing,   "the proof of the drain died with the controller: start over"},

    {releasing,  ev::kSucceeded,       waiting,     "writes go on in the old Region; wait for the next attempt"},
    {releasing,  ev::kFailed,          waiting,     "an agent did not answer the release: its hold ends by itself"},
    {releasing,  ev::kExhausted,       OperationState::failed, "no attempt is left: the old Region stays active"},
    {releasing,  ev::kUndecided,       OperationState::failed, "an agent did not answer the release: its hold ends by itself"},
    {releasing,  ev::kAbortRequested, giving_up,   "stopped by an operator: let writes go on"},
    {releasing,  ev::kResumed,         releasing,   "release again: an agent may not have heard it"},

    {giving_up,  ev::kSucceeded,       OperationState::failed, "writes go on in the old Region: nothing was changed"},
    {giving_up,  ev::kFailed,          OperationState::failed, "an agent did not answer the release: its hold ends by itself"},
    {giving_up,  ev::kExhausted,       OperationState::failed, "an agent did not answer the release: its hold ends by itself"},
    {giving_up,  ev::kUndecided,       OperationState::failed, "an agent did not answer the release: its hold ends by itself"},
    {giving_up,  ev::kAbortRequested, giving_up,   "it is being undone already"},
    {giving_up,  ev::kResumed,         giving_up,   "release again: an agent may not have heard it"},

    {raising,    ev::kSucceeded,       fencing,     "a majority of the epoch records carries the new epoch: the old one cannot be confirmed any more"},
    {raising,    ev::kFailed,          raising,     "no majority yet; a raise that may have landed is read back, then repeated"},
    {raising,    ev::kExhausted,       giving_up,   "no majority of the epoch records could be raised: the old Region stays active"},
    {raising,    ev::kUndecided,       partly_done, "nobody can say whether the epoch was raised: ask for the change again when the epoch records answer"},
    {raising,    ev::kAbortRequested, raising,     "too late to turn back: the epoch may have been raised"},
    {raising,    ev::kResumed,         raising,     "raise again: a conditional write does no harm twice"},

    {fencing,    ev::kSucceeded,       examining,   "each agent acknowledged the fence, or its lease has run out"},
    {fencing,    ev::kFailed,          fencing,     "an agent has not acknowledged and its lease has not run out"},
    {fencing,    ev::kExhausted,       partly_done, "an agent that keeps its route without controllers has not acknowledged: reach it, or accept it by a failover with --accept-unfenced"},
    {fencing,    ev::kUndecided,       partly_done, "nobody can say whether the old Region is fenced"},
    {fencing,    ev::kAbortRequested, fencing,     "too late to turn back: the epoch has been raised"},
    {fencing,    ev::kResumed,         fencing,     "the proof of a fence lives in memory only: prove it again"},

    {examining,  ev::kSucceeded,       repointing,  "it is known what has arrived in the new Region"},
    {examining,  ev::kFailed,          examining,   "not all keys could be read yet"},
    {examining,  ev::kExhausted,       repointing,  "what could not be read counts as at risk: availability goes first now"},
    {examining,  ev::kUndecided,       repointing,  "what could not be read counts as at risk: availability goes first now"},
    {examining,  ev::kAbortRequested, examining,   "too late to turn back: the epoch has been raised"},
    {examining,  ev::kResumed,         fencing,     "the proof of a fence lives in memory only: prove it again"},

    {repointing, ev::kSucceeded,       shifting,    "the agents proved the new Region"},
    {repointing, ev::kFailed,          repointing,  "not every agent has proved the new Region yet"},
    {repointing, ev::kExhausted,       partly_done, "no host that serves users proved that it writes in the new Region"},
    {repointing, ev::kUndecided,       partly_done, "nobody can say whether a host that serves users writes in the new Region"},
    {repointing, ev::kAbortRequested, repointing,  "too late to turn back: writes go to the new Region"},
    {repointing, ev::kResumed,         fencing,     "the proof of a fence lives in memory only: prove it again"},

    {shifting,   ev::kSucceeded,       verifying,   "users are sent to the new Region"},
    {shifting,   ev::kFailed,          shifting,    "the record does not answer with the new Region yet"},
    {shifting,   ev::kExhausted,       partly_done, "the tables moved, but the record did not follow"},
    {shifting,   ev::kUndecided,       partly_done, "the tables moved, and nobody can say where the record leads"},
    {shifting,   ev::kAbortRequested, partly_done, "stopped by an operator after the tables had moved"},
    {shifting,   ev::kResumed,         shifting,    "ask for the new Region again: it does no harm twice"},

    {verifying,  ev::kSucceeded,       done,        "the functional checks passed"},
    {verifying,  ev::kFailed,          verifying,   "a functional check does not pass yet"},
    {verifying,  ev::kExhausted,       partly_done, "the tables and users moved, but a functional check does not pass"},
    {verifying,  ev::kUndecided,       partly_done, "the tables and users moved, and nobody can say whether the application works"},
    {verifying,  ev::kAbortRequested, partly_done, "stopped by an operator before the checks had passed"},
    {verifying,  ev::kResumed,         verifying,   "check again"},

    {done,       ev::kSucceeded,       done,        "it has ended"},
    {done,       ev::kFailed,          done,        "it has ended"},
    {done,       ev::kExhausted,       done,        "it has ended"},
    {done,       ev::kUndecided,       done,        "it has ended"},
    {done,       ev::kAbortRequested, done,        "it has ended"},
    {done,       ev::kResumed,         done,        "it has ended"},

    {OperationState::failed, ev::kSucceeded,       OperationState::failed, "it has ended"},
    {OperationState::failed, ev::kFailed,          OperationState::failed, "it has ended"},
    {OperationState::failed, ev::kExhausted,       OperationState::failed, "it has ended"},
    {OperationState::failed, ev::kUndecided,       OperationState::failed, "it has ended"},
    {OperationState::failed, ev::kAbortRequested, OperationState::failed, "it has ended"},
    {OperationState::failed, ev::kResumed,         OperationState::failed, "it has ended"},

    {aborted,    ev::kSucceeded,       aborted,     "it has ended"},
    {aborted,    ev::kFailed,          aborted,     "it has ended"},
    {aborted,    ev::kExhausted,       aborted,     "it has ended"},
    {aborted,    ev::kUndecided,       aborted,     "it has ended"},
    {aborted,    ev::kAbortRequested, aborted,     "it has ended"},
    {aborted,    ev::kResumed,         aborted,     "it has ended"},

    {partly_done, ev::kSucceeded,       partly_done, "it has ended; a person has to look"},
    {partly_done, ev::kFailed,          partly_done, "it has ended; a person has to look"},
    {partly_done, ev::kExhausted,       partly_done, "it has ended; a person has to look"},
    {partly_done, ev::kUndecided,       partly_done, "it has ended; a person has to look"},
    {partly_done, ev::kAbortRequested, partly_done, "it has ended; a person has to look"},
    {partly_done, ev::kResumed,         partly_done, "it has ended; a person has to look"},
});
// clang-format on

}  // namespace table

[[nodiscard]] constexpr bool has_ended(OperationState state) {
    return state == OperationState::done || state == OperationState::failed ||
           state == OperationState::aborted || state == OperationState::partly_done;
}

[[nodiscard]] constexpr const OperationRow& row_for(OperationState from, OperationEvent on) {
    for (const OperationRow& row : table::kOperation) {
        if (row.from == from && row.on == on) {
            return row;
        }
    }
    return table::kOperation[0];  // unreachable: operation_proofs.h
}

}  // namespace farshore::core
