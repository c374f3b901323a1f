#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "core/failover/policy.h"
#include "core/loss/loss_counts.h"
#include "core/operation/record.h"
#include "wire/api_forms.h"

// What is said of operations: before one starts, while it runs and afterwards.
// schema/operation.schema.json describes OperationDocument.
namespace farshore::wire {

struct GuardDocument {
    std::string guard;
    bool passed = false;
    std::string text;
    std::string remedy;

    friend bool operator==(const GuardDocument&, const GuardDocument&) = default;
};

template <>
inline constexpr auto kFields<GuardDocument> = std::tuple{
    required("guard", &GuardDocument::guard, Shown{}),
    required("passed", &GuardDocument::passed, Flag{}),
    required("text", &GuardDocument::text, Shown{}),
    required("remedy", &GuardDocument::remedy, Shown{})
};

// What became of a planned step.
struct StepRunDocument {
    std::string life;
    std::string why;
    std::optional<UtcTime> began_at;
    std::optional<UtcTime> ended_at;

    friend bool operator==(const StepRunDocument&, const StepRunDocument&) = default;
};

template <>
inline constexpr auto kFields<StepRunDocument> = std::tuple{
    required("life", &StepRunDocument::life, Shown{}),
    optional("why", &StepRunDocument::why, Shown{}),
    optional("began_at_ms", &StepRunDocument::began_at, At{}),
    optional("ended_at_ms", &StepRunDocument::ended_at, At{})
};

struct PlanStepDocument {
    std::string id;
    std::string kind;
    std::string slot;
    std::string phase;
    std::string text;
    Duration bound{};
    std::string on_failure;
    std::optional<std::string> part_of;
    std::optional<StepRunDocument> run;  // once the operation has begun

    friend bool operator==(const PlanStepDocument&, const PlanStepDocument&) = default;
};

template <>
inline constexpr auto kFields<PlanStepDocument> = std::tuple{
    required("id", &PlanStepDocument::id, Shown{}),
    required("kind", &PlanStepDocument::kind, Shown{}),
    required("slot", &PlanStepDocument::slot, Shown{}),
    required("phase", &PlanStepDocument::phase, Shown{}),
    required("text", &PlanStepDocument::text, Shown{}),
    required("bound_ms", &PlanStepDocument::bound, kSpan),
    required("on_failure", &PlanStepDocument::on_failure, Shown{}),
    optional("part_of", &PlanStepDocument::part_of, Shown{}),
    flat_if("life", &PlanStepDocument::run)
};

struct PhaseDocument {
    std::string name;
    UtcTime started_at{};
    std::optional<UtcTime> ended_at;

    friend bool operator==(const PhaseDocument&, const PhaseDocument&) = default;
};

template <>
inline constexpr auto kFields<PhaseDocument> = std::tuple{
    required("name", &PhaseDocument::name, Shown{}),
    required("started_at_ms", &PhaseDocument::started_at, At{}),
    optional("ended_at_ms", &PhaseDocument::ended_at, At{})
};

// One entry of an operation's journal; a line of /watch.
struct EntryDocument {
    std::uint64_t sequence = 0;
    UtcTime at{};
    std::string kind;
    std::uint64_t number = 0;
    std::string step;
    std::string text;

    friend bool operator==(const EntryDocument&, const EntryDocument&) = default;
};

template <>
inline constexpr auto kFields<EntryDocument> = std::tuple{
    required("sequence", &EntryDocument::sequence, Count{}),
    required("at_ms", &EntryDocument::at, At{}),
    required("kind", &EntryDocument::kind, Shown{}),
    optional("number", &EntryDocument::number, Count{}),
    optional("step", &EntryDocument::step, Shown{}),
    required("text", &EntryDocument::text, Shown{})
};

using core::LossCounts;

template <>
inline constexpr auto kFields<LossCounts> = std::tuple{
    required("at_risk", &LossCounts::at_risk, Count{}),
    required("present", &LossCounts::present, Count{}),
    required("applied_late", &LossCounts::applied_late, Count{}),
    required("suppressed", &LossCounts::suppressed, Count{}),
    required("never_arrived", &LossCounts::never_arrived, Count{}),
    required("unknown", &LossCounts::unknown, Count{}),
    optional("whole", &LossCounts::whole, Otherwise{Flag{}, true})
};

struct OperationLoss {
    LossCounts counts;
    Duration window{};

    friend bool operator==(const OperationLoss&, const OperationLoss&) = default;
};

template <>
inline constexpr auto kFields<OperationLoss> =
    std::tuple{flat(&OperationLoss::counts), required("window_ms", &OperationLoss::window, kSpan)};

struct OperationDocument {
    OperationId id;
    core::Verb verb{};
    AppId app;
    RegionId from;
    RegionId to;
    std::string state;
    core::Outcome outcome{};
    std::string why;
    std::string reason;
    std::string by;
    std::vector<std::string> levers;
    std::uint64_t attempts = 0;
    Epoch epoch_before;
    Epoch epoch_after;
    RegionId users;  // where users are now
    UtcTime started_at{};
    std::optional<UtcTime> ended_at;
    std::optional<UtcTime> first_failure_at;
    std::string evidence;
    std::vector<PlanStepDocument> plan;
    std::string fingerprint;
    std::vector<PhaseDocument> phases;
    std::vector<EntryDocument> steps;  // the journal, where it was asked for
    OperationLoss loss;

    friend bool operator==(const OperationDocument&, const OperationDocument&) = default;
};

template <>
inline constexpr auto kFields<OperationDocument> = std::tuple{
    ApiVersionRow{},
    required("id", &OperationDocument::id, Id{}),
    required("verb", &OperationDocument::verb, Word{}),
    required("app", &OperationDocument::app, Id{}),
    required("from", &OperationDocument::from, Id{}),
    required("to", &OperationDocument::to, Id{}),
    required("state", &OperationDocument::state, Shown{}),
    required("outcome", &OperationDocument::outcome, Word{}),
    required("why", &OperationDocument::why, Shown{}),
    required("reason", &OperationDocument::reason, Shown{}),
    required("by", &OperationDocument::by, Shown{}),
    required("levers", &OperationDocument::levers, List{kApiListMax, Shown{}}),
    required("attempts", &OperationDocument::attempts, Count{}),
    required("epoch_before", &OperationDocument::epoch_before, EpochNumber{}),
    required("epoch_after", &OperationDocument::epoch_after, EpochNumber{}),
    optional("users", &OperationDocument::users, Id{}),
    required("started_at_ms", &OperationDocument::started_at, At{}),
    optional("ended_at_ms", &OperationDocument::ended_at, At{}),
    optional("first_failure_at_ms", &OperationDocument::first_failure_at, At{}),
    optional("evidence", &OperationDocument::evidence, Shown{}),
    required("plan", &OperationDocument::plan, kDocuments),
    optional("fingerprint", &OperationDocument::fingerprint, Shown{}),
    required("phases", &OperationDocument::phases, kDocuments),
    required("steps", &OperationDocument::steps, kDocuments),
    required("loss", &OperationDocument::loss, Inside{})
};

struct OperationsDocument {
    std::vector<OperationDocument> operations;  // newest first

    friend bool operator==(const OperationsDocument&, const OperationsDocument&) = default;
};

template <>
inline constexpr auto kFields<OperationsDocument> = std::tuple{
    ApiVersionRow{}, required("operations", &OperationsDocument::operations, kDocuments)
};

// The last line of /watch.
struct WatchEndDocument {
    OperationDocument operation;

    friend bool operator==(const WatchEndDocument&, const WatchEndDocument&) = default;
};

template <>
inline constexpr auto kFields<WatchEndDocument> =
    std::tuple{required("operation", &WatchEndDocument::operation, Inside{})};

// What a failover at this moment could lose.
struct LossForecast {
    std::optional<Duration> window;
    std::uint64_t unproven_writes = 0;
    std::uint64_t hosts_unheard = 0;  // what these have not proven is not in the sum

    friend bool operator==(const LossForecast&, const LossForecast&) = default;
};

template <>
inline constexpr auto kFields<LossForecast> = std::tuple{
    optional("window_ms", &LossForecast::window, kSpan),
    required("unproven_writes", &LossForecast::unproven_writes, Count{}),
    optional("hosts_unheard", &LossForecast::hosts_unheard, Count{})
};

// A plan that nothing has begun of. Without steps where nothing is to be done.
struct PlannedChange {
    core::Verb verb{};
    AppId app;
    RegionId from;
    RegionId to;  // empty: there is none to go to
    Epoch epoch_after;
    std::vector<std::string> levers;
    std::vector<PlanStepDocument> steps;
    std::string fingerprint;

    friend bool operator==(const PlannedChange&, const PlannedChange&) = default;
};

template <>
inline constexpr auto kFields<PlannedChange> = std::tuple{
    required("verb", &PlannedChange::verb, Word{}),
    required("app", &PlannedChange::app, Id{}),
    optional("from", &PlannedChange::from, Id{}),
    optional("to", &PlannedChange::to, Id{}),
    optional("epoch_after", &PlannedChange::epoch_after, EpochNumber{}),
    required("levers", &PlannedChange::levers, List{kApiListMax, Shown{}}),
    required("steps", &PlannedChange::steps, kDocuments),
    optional("fingerprint", &PlannedChange::fingerprint, Shown{})
};

struct PlanDocument {
    bool allowed = false;
    std::string text;  // why nothing is to be done; empty: something is
    PlannedChange plan;
    std::vector<GuardDocument> guards;
    LossForecast loss;

    friend bool operator==(const PlanDocument&, const PlanDocument&) = default;
};

template <>
inline constexpr auto kFields<PlanDocument> = std::tuple{
    ApiVersionRow{},
    required("allowed", &PlanDocument::allowed, Flag{}),
    optional("text", &PlanDocument::text, Shown{}),
    required("plan", &PlanDocument::plan, Inside{}),
    required("guards", &PlanDocument::guards, kDocuments),
    required("loss", &PlanDocument::loss, Inside{})
};

}  // namespace farshore::wire
