#pragma once

#include <array>

#include "core/plan/step_kind.h"

// The kinds of steps, one row each, in the order of StepKind; plan_proofs.h proves what they
// promise.
namespace farshore::core {

namespace step_rows {

using enum StepKind;

inline constexpr Call kNoCall{};
inline constexpr std::array kNoCalls{kNoCall, kNoCall};
inline constexpr std::array kAgents{Call{Plane::data, Place::hosts}, kNoCall};

// Which Regions they call, the declaration says (static_stability.h).
inline constexpr StepWords kFleetWords{
    .succeeded = "the fleet is as it should be, as AWS says",
    .failed = "the fleet could not be changed: it is tried again",
    .exhausted = "the fleet could not be changed",
    .undecided = "it is not known whether the fleet is as it should be",
    .aborted = "stopped by an operator: what was begun in AWS goes on",
    .resumed = "what AWS says of the fleet is read again, and what is missing is done"
};

// clang-format off
inline constexpr auto kRows = std::to_array<StepRow>({
    {.kind = wait_lag, .phase = "wait", .doing = "waiting", .declared = false,
     .needs = Facts{}, .gives = Facts{Fact::lag_small},
     .reversal = Reversal::nothing_to_undo, .permission = Permission::as_before, .orders_routes = false,
     .begins_again = BeginsAgain::itself, .abort = Abort::ends, .lost_answer = LostAnswer::tried_again,
     .calls = {Call{Plane::data, Place::left}, Call{Plane::data, Place::target}}, .undo = {},
     .words = {
        .succeeded = "the lag is small enough: hold new writes",
        .failed    = "not yet: a hold now would not end in a proven drain",
        .exhausted = "the moment to hold writes did not come: nothing was changed",
        .undecided = "nothing was changed",
        .aborted   = "stopped by an operator before anything was changed",
        .resumed   = "nothing was changed yet: wait again"}},
    {.kind = hold, .phase = "hold", .doing = "holding", .declared = false,
     .needs = Facts{Fact::lag_small}, .gives = Facts{Fact::writes_held},
     .reversal = Reversal::undone, .permission = Permission::nobody, .orders_routes = false,
     .begins_again = BeginsAgain::attempt, .abort = Abort::undoes, .lost_answer = LostAnswer::left_as_is,
     .calls = kAgents, .undo = release,
     .words = {
        .succeeded = "every agent holds its writes: prove that the acknowledged ones have arrived",
        .failed    = "not every agent holds: let writes go on and try again",
        .exhausted = "not every agent holds, and no attempt is left: let writes go on",
        .undecided = "holds end by themselves: let writes go on",
        .aborted   = "stopped by an operator: let writes go on",
        .resumed   = "holds end by themselves and their proofs died with the controller: start over"}},
    {.kind = drain, .phase = "drain", .doing = "draining", .declared = false,
     .needs = Facts{Fact::writes_held}, .gives = Facts{Fact::drained},
     .reversal = Reversal::undone, .permission = Permission::nobody, .orders_routes = false,
     .begins_again = BeginsAgain::attempt, .abort = Abort::undoes, .lost_answer = LostAnswer::left_as_is,
     .calls = {Call{Plane::data, Place::left}, Call{Plane::data, Place::target}}, .undo = release,
     .words = {
        .succeeded = "every acknowledged write was read in both Regions",
        .failed    = "the drain was not proven in time: let writes go on and try again",
        .exhausted = "the drain was not proven, and no attempt is left: let writes go on",
        .undecided = "holds end by themselves: let writes go on",
        .aborted   = "stopped by an operator: let writes go on",
        .resumed   = "the proof of the drain died with the controller: start over"}},
    {.kind = release, .phase = "release", .doing = "releasing", .declared = false,
     .needs = Facts{}, .gives = Facts{},
     .reversal = Reversal::nothing_to_undo, .permission = Permission::as_before, .orders_routes = false,
     .begins_again = BeginsAgain::itself, .abort = Abort::undoes, .lost_answer = LostAnswer::left_as_is,
     .calls = kAgents, .undo = {},
     .words = {
        .succeeded = "writes go on in the old Region",
        .failed    = "an agent did not answer the release: its hold ends by itself",
        .exhausted = "an agent did not answer the release: its hold ends by itself",
        .undecided = "an agent did not answer the release: its hold ends by itself",
        .aborted   = "stopped by an operator: let writes go on",
        .resumed   = "release again: an agent may not have heard it"}},
    {.kind = raise, .phase = "raise", .doing = "raising", .declared = false,
     .needs = Facts{}, .gives = Facts{Fact::epoch_raised},
     .reversal = Reversal::never, .permission = Permission::nobody, .orders_routes = false,
     .begins_again = BeginsAgain::itself, .abort = Abort::too_late, .lost_answer = LostAnswer::read_back,
     .calls = {Call{Plane::data, Place::majority}, kNoCall}, .undo = release,
     .words = {
        .succeeded = "a majority of the epoch records carries the new epoch: the old one cannot be confirmed any more",
        .failed    = "no majority yet; a raise that may have landed is read back, then repeated",
        .exhausted = "no majority of the epoch records could be raised: the old Region stays active",
        .undecided = "it is not known whether the epoch was raised: ask for the change again when the epoch records answer",
        .aborted   = "too late to turn back: the epoch may have been raised",
        .resumed   = "raise again: a conditional write does no harm twice"}},
    {.kind = fence, .phase = "fence", .doing = "fencing", .declared = false,
     .needs = Facts{Fact::epoch_raised}, .gives = Facts{Fact::fence_proof},
     .reversal = Reversal::never, .permission = Permission::nobody, .orders_routes = false,
     .begins_again = BeginsAgain::itself, .abort = Abort::too_late, .lost_answer = LostAnswer::left_as_is,
     .calls = {Call{Plane::data, Place::hosts}, Call{Plane::data, Place::majority}}, .undo = {},
     .words = {
        .succeeded = "each agent acknowledged the fence, or its lease has run out",
        .failed    = "an agent has not acknowledged and its lease has not run out",
        .exhausted = "an agent that keeps its route without controllers has not acknowledged: reach it, or accept it by a failover with --accept-unfenced",
        .undecided = "it is not known whether the old Region is fenced",
        .aborted   = "too late to turn back: the epoch has been raised",
        .resumed   = "the proof of a fence lives in memory only: prove it again"}},
    {.kind = examine, .phase = "examine", .doing = "examining", .declared = false,
     .needs = Facts{Fact::fence_proof}, .gives = Facts{},
     .reversal = Reversal::never, .permission = Permission::nobody, .orders_routes = false,
     .begins_again = BeginsAgain::fence, .abort = Abort::too_late, .lost_answer = LostAnswer::tried_again,
     .calls = {Call{Plane::data, Place::target}, Call{Plane::data, Place::hosts}}, .undo = {},
     .words = {
        .succeeded = "it is known what has arrived in the new Region",
        .failed    = "not all keys could be read yet",
        .exhausted = "what could not be read counts as at risk: availability goes first now",
        .undecided = "what could not be read counts as at risk: availability goes first now",
        .aborted   = "too late to turn back: the epoch has been raised",
        .resumed   = "the proof of a fence lives in memory only: prove it again"}},
    {.kind = repoint, .phase = "repoint", .doing = "repointing", .declared = false,
     .needs = Facts{Fact::fence_proof}, .gives = Facts{Fact::writes, Fact::write_proof},
     .reversal = Reversal::never, .permission = Permission::new_epoch, .orders_routes = true,
     .begins_again = BeginsAgain::fence, .abort = Abort::too_late, .lost_answer = LostAnswer::tried_again,
     .calls = kAgents, .undo = {},
     .words = {
        .succeeded = "the agents proved the new Region",
        .failed    = "not every agent has proved the new Region yet",
        .exhausted = "no host that serves users proved that it writes in the new Region",
        .undecided = "it is not known whether a host that serves users writes in the new Region",
        .aborted   = "too late to turn back: writes go to the new Region",
        .resumed   = "the proof of a fence lives in memory only: prove it again"}},
    {.kind = prove, .phase = "repoint", .doing = "proving", .declared = false,
     .needs = Facts{}, .gives = Facts{Fact::write_proof},
     .reversal = Reversal::nothing_to_undo, .permission = Permission::new_epoch, .orders_routes = true,
     .begins_again = BeginsAgain::itself, .abort = Abort::ends, .lost_answer = LostAnswer::tried_again,
     .calls = kAgents, .undo = {},
     .words = {
        .succeeded = "the agents proved the active Region",
        .failed    = "not every agent has proved the active Region yet",
        .exhausted = "no host that will serve users proved that it writes in the active Region: nothing was changed",
        .undecided = "it is not known whether a host writes in the active Region: nothing was changed",
        .aborted   = "stopped by an operator before anything was changed",
        .resumed   = "nothing was changed yet: prove it again"}},
    {.kind = shift, .phase = "shift", .doing = "shifting", .declared = false,
     .needs = Facts{Fact::write_proof}, .gives = Facts{Fact::users_moved},
     .reversal = Reversal::never, .permission = Permission::new_epoch, .orders_routes = true,
     .begins_again = BeginsAgain::itself, .abort = Abort::stops, .lost_answer = LostAnswer::tried_again,
     .calls = {Call{Plane::data, Place::hosts}, Call{Plane::data, Place::dns}}, .undo = {},
     .words = {
        .succeeded = "users are sent to the new Region",
        .failed    = "the record does not answer with the new Region yet",
        .exhausted = "the tables moved, but the record did not follow",
        .undecided = "the tables moved, and it is not known where the record leads",
        .aborted   = "stopped by an operator after the tables had moved",
        .resumed   = "ask for the new Region again: it does no harm twice"}},
    {.kind = verify, .phase = "verify", .doing = "verifying", .declared = false,
     .needs = Facts{}, .gives = Facts{},
     .reversal = Reversal::never, .permission = Permission::new_epoch, .orders_routes = false,
     .begins_again = BeginsAgain::itself, .abort = Abort::stops, .lost_answer = LostAnswer::tried_again,
     .calls = {Call{Plane::data, Place::target}, kNoCall}, .undo = {},
     .words = {
        .succeeded = "the functional checks passed",
        .failed    = "a functional check does not pass yet",
        .exhausted = "the tables and users moved, but a functional check does not pass",
        .undecided = "the tables and users moved, and it is not known whether the application works",
        .aborted   = "stopped by an operator before the checks had passed",
        .resumed   = "check again"}},
    {.kind = approve, .phase = "approve", .doing = "waiting_for_approval", .declared = true,
     .needs = Facts{}, .gives = Facts{},
     .reversal = Reversal::nothing_to_undo, .permission = Permission::inherited, .orders_routes = false,
     .begins_again = BeginsAgain::itself, .abort = Abort::ends, .lost_answer = LostAnswer::asks_person,
     .calls = kNoCalls, .undo = {},
     .words = {
        .succeeded = "an operator approved it",
        .failed    = "no operator has answered yet",
        .exhausted = "it was not approved",
        .undecided = "it was not approved",
        .aborted   = "stopped by an operator",
        .resumed   = "the question is asked again"}},
    {.kind = command, .phase = "command", .doing = "running_command", .declared = true,
     .needs = Facts{}, .gives = Facts{},
     .reversal = Reversal::nothing_to_undo, .permission = Permission::inherited, .orders_routes = false,
     .begins_again = BeginsAgain::person, .abort = Abort::ends, .lost_answer = LostAnswer::asks_person,
     .calls = {Call{Plane::data, Place::controller}, kNoCall}, .undo = {},
     .words = {
        .succeeded = "the command ended with status 0",
        .failed    = "the command failed: it is run again",
        .exhausted = "the command failed",
        .undecided = "it is not known whether the command took effect: it is not run again",
        .aborted   = "stopped by an operator: the command was ended",
        .resumed   = "the command may have taken effect before the controller ended: it is not run again"}},
    {.kind = ssm, .phase = "ssm", .doing = "running_script", .declared = true,
     .needs = Facts{}, .gives = Facts{},
     .reversal = Reversal::nothing_to_undo, .permission = Permission::inherited, .orders_routes = false,
     .begins_again = BeginsAgain::itself, .abort = Abort::ends, .lost_answer = LostAnswer::read_back,
     .calls = kNoCalls, .undo = {},
     .words = kFleetWords},
    {.kind = asg, .phase = "asg", .doing = "changing_capacity", .declared = true,
     .needs = Facts{}, .gives = Facts{},
     .reversal = Reversal::nothing_to_undo, .permission = Permission::inherited, .orders_routes = false,
     .begins_again = BeginsAgain::itself, .abort = Abort::ends, .lost_answer = LostAnswer::read_back,
     .calls = kNoCalls, .undo = {},
     .words = kFleetWords},
    {.kind = ecs, .phase = "ecs", .doing = "rolling_out", .declared = true,
     .needs = Facts{}, .gives = Facts{},
     .reversal = Reversal::nothing_to_undo, .permission = Permission::inherited, .orders_routes = false,
     .begins_again = BeginsAgain::itself, .abort = Abort::ends, .lost_answer = LostAnswer::read_back,
     .calls = kNoCalls, .undo = {},
     .words = kFleetWords},
    {.kind = lambda, .phase = "lambda", .doing = "changing_function", .declared = true,
     .needs = Facts{}, .gives = Facts{},
     .reversal = Reversal::nothing_to_undo, .permission = Permission::inherited, .orders_routes = false,
     .begins_again = BeginsAgain::itself, .abort = Abort::ends, .lost_answer = LostAnswer::read_back,
     .calls = kNoCalls, .undo = {},
     .words = kFleetWords},
    {.kind = wait, .phase = "wait", .doing = "pausing", .declared = true,
     .needs = Facts{}, .gives = Facts{},
     .reversal = Reversal::nothing_to_undo, .permission = Permission::inherited, .orders_routes = false,
     .begins_again = BeginsAgain::itself, .abort = Abort::ends, .lost_answer = LostAnswer::left_as_is,
     .calls = kNoCalls, .undo = {},
     .words = {
        .succeeded = "the time is over",
        .failed    = "the time is not over yet",
        .exhausted = "the time is over",
        .undecided = "the time is over",
        .aborted   = "stopped by an operator",
        .resumed   = "the rest of the time is waited for"}},
    {.kind = parallel, .phase = "parallel", .doing = "running_side_by_side", .declared = true,
     .needs = Facts{}, .gives = Facts{},
     .reversal = Reversal::nothing_to_undo, .permission = Permission::inherited, .orders_routes = false,
     .begins_again = BeginsAgain::itself, .abort = Abort::ends, .lost_answer = LostAnswer::asks_person,
     .calls = kNoCalls, .undo = {},
     .words = {
        .succeeded = "each of the steps side by side has ended",
        .failed    = "a step side by side failed",
        .exhausted = "a step side by side failed",
        .undecided = "it is not known whether a step side by side took effect",
        .aborted   = "stopped by an operator",
        .resumed   = "each of the steps side by side is taken up by itself"}},
});
// clang-format on

}  // namespace step_rows

[[nodiscard]] constexpr const StepRow& row_of(StepKind kind) {
    return step_rows::kRows[static_cast<std::size_t>(kind)];
}

}  // namespace farshore::core
