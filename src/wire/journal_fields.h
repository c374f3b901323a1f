#pragma once

#include <chrono>
#include <limits>
#include <string_view>
#include <tuple>

#include <boost/json.hpp>

#include "core/failover/record.h"
#include "wire/document_forms.h"
#include "wire/journal.h"

// The fields of the documents that a controller keeps in its store. An operation of version 1 has
// some of them: operation_record.cc reads it.
namespace farshore::wire {

inline constexpr std::size_t kJournalBytesMax = 1024 * 1024;
inline constexpr std::size_t kLongTextBytesMax = 64 * 1024;
inline constexpr std::size_t kWordBytesMax = 4'096;
inline constexpr std::size_t kPhasesMax = 10'000;
inline constexpr std::size_t kStepsMax = 1'000;
// What a step took before a bound held it is kept as it was.
inline constexpr At kAnyTime{.min = kNumberMin, .max = kNumberMax};
inline constexpr std::int64_t kAnyMsMax =
    std::chrono::duration_cast<std::chrono::milliseconds>(Duration::max()).count();
inline constexpr AnyText kLongText{kLongTextBytesMax};

// The version that wrote the document; one from the future is an error.
struct JournalVersionRow {
    static constexpr std::string_view kName = "schema_version";

    static void read(ObjectReader& in, const auto& /*owner*/) {
        if (in.number(kName, 1, kNumberMax) > kJournalSchemaVersion) {
            in.wrong(kName, "written by a newer farshored");
        }
    }

    static void write(boost::json::object& out, const auto& /*owner*/) {
        out[kName] = kJournalSchemaVersion;
    }
};

template <>
inline constexpr auto kFields<core::Pause> = std::tuple{
    optional("until_ms", &core::Pause::until, kAnyTime),
    optional("reason", &core::Pause::reason, kLongText),
    optional("by", &core::Pause::by, kLongText)
};

// Without the operation, which is a document of its own.
template <>
inline constexpr auto kFields<core::AppRecord> = std::tuple{
    JournalVersionRow{},
    required("app", &core::AppRecord::app, Id{}),
    required("epoch", &core::AppRecord::epoch, EpochNumber{}),
    required("active", &core::AppRecord::active, Id{}),
    required("users", &core::AppRecord::users, Id{}),
    optional("cooldown_until_ms", &core::AppRecord::cooldown_until, kAnyTime),
    optional("register_lost_at_ms", &core::AppRecord::register_lost_at, kAnyTime),
    optional("in_force_by_word", &core::AppRecord::in_force_by_word, Flag{}),
    optional("pause", &core::AppRecord::pause, Inside{})
};

template <>
inline constexpr auto kFields<core::NamedText> = std::tuple{
    required("name", &core::NamedText::name, AnyText{kJournalBytesMax}),
    required("value", &core::NamedText::value, AnyText{kJournalBytesMax})
};

template <>
inline constexpr auto kFields<core::FleetChange> = std::tuple{
    sparse("region", &core::FleetChange::region, Text{kWordBytesMax}),
    sparse("tags", &core::FleetChange::tags, List{100, Inside{}}),
    sparse("script", &core::FleetChange::script, AnyText{kJournalBytesMax}),
    sparse("errors_max", &core::FleetChange::errors_max, Number{0, 1'000'000}),
    sparse("group", &core::FleetChange::group, Text{kWordBytesMax}),
    sparse("minimum", &core::FleetChange::minimum, Number{0, 1'000'000}),
    sparse("desired", &core::FleetChange::desired, Number{0, 1'000'000}),
    sparse("cluster", &core::FleetChange::cluster, Text{kWordBytesMax}),
    sparse("service", &core::FleetChange::service, Text{kWordBytesMax}),
    sparse("function", &core::FleetChange::function, Text{kWordBytesMax}),
    sparse("event_sources", &core::FleetChange::event_sources, Word{}),
    sparse("set", &core::FleetChange::set, List{100, Inside{}}),
    sparse("none_is_fine", &core::FleetChange::none_is_fine, Flag{})
};

template <>
inline constexpr auto kFields<core::PlannedStep> = std::tuple{
    required("id", &core::PlannedStep::id, Text{kWordBytesMax}),
    required("kind", &core::PlannedStep::kind, Word{}),
    required("slot", &core::PlannedStep::slot, Word{}),
    required("bound_ms", &core::PlannedStep::bound, Ms{.max = kAnyMsMax}),
    required("on_failure", &core::PlannedStep::on_failure, Word{}),
    required("run", &core::PlannedStep::run, List{1'000, AnyText{kJournalBytesMax}}),
    sparse("fleet", &core::PlannedStep::fleet, Inside{}),
    required("attempts", &core::PlannedStep::attempts, Number{1, 1'000}),
    optional("part_of", &core::PlannedStep::part_of, Text{kWordBytesMax}),
    optional("text", &core::PlannedStep::text, kLongText)
};

// What a plan has said from the first version on.
inline constexpr auto kPlanWithoutSteps = std::tuple{
    required("id", &core::Plan::id, Id{}),
    required("verb", &core::Plan::verb, Word{}),
    required("app", &core::Plan::app, Id{}),
    required("from", &core::Plan::from, Id{}),
    required("to", &core::Plan::to, Id{}),
    optional("users_before", &core::Plan::users_before, Id{}),
    rule([](ObjectReader& /*in*/, core::Plan& plan) {
        if (plan.users_before.value().empty()) {
            plan.users_before = plan.from;
        }
    }),
    required("epoch_before", &core::Plan::epoch_before, EpochNumber{}),
    required("epoch_after", &core::Plan::epoch_after, EpochNumber{}),
    required("levers", &core::Plan::levers, List{core::kLeverNames.size(), Word{}}),
    required("accept_unfenced", &core::Plan::accept_unfenced, Flag{}),
    optional("accept_unknown", &core::Plan::accept_unknown, Flag{}),
    required("automatic", &core::Plan::automatic, Flag{}),
    optional("by", &core::Plan::by, kLongText),
    optional("reason", &core::Plan::reason, kLongText),
    optional("evidence", &core::Plan::evidence, kLongText),
    optional("first_failure_at_ms", &core::Plan::first_failure_at, kAnyTime),
    required("decided_at_ms", &core::Plan::decided_at, kAnyTime),
    required("loss_window_ms", &core::Plan::loss_window, Ms{.min = -kAnyMsMax, .max = kAnyMsMax})
};

template <>
inline constexpr auto kFields<core::Plan> = std::tuple_cat(
    kPlanWithoutSteps,
    std::tuple{
        required("steps", &core::Plan::steps, List{kStepsMax, Inside{}}),
        rule([](ObjectReader& in, const core::Plan& plan) {
            if (plan.steps.empty()) {
                in.wrong("steps", "a plan without steps");
            }
        }),
        required("fingerprint", &core::Plan::fingerprint, Text{kWordBytesMax})
    }
);

template <>
inline constexpr auto kFields<core::StepRun> = std::tuple{
    required("life", &core::StepRun::life, Word{}),
    optional("why", &core::StepRun::why, kLongText),
    optional("began_at_ms", &core::StepRun::began_at, kAnyTime),
    optional("ended_at_ms", &core::StepRun::ended_at, kAnyTime),
    required("attempts", &core::StepRun::attempts, Number{0, 1'000'000})
};

template <>
inline constexpr auto kFields<core::Phase> = std::tuple{
    required("kind", &core::Phase::kind, Word{}),
    required("started_at_ms", &core::Phase::started_at, kAnyTime),
    optional("ended_at_ms", &core::Phase::ended_at, kAnyTime)
};

// Where it is, and how far it has come: what every version says in the same words.
inline constexpr auto kCountersOfOperation = std::tuple{
    required("attempts", &core::OperationRecord::attempts, Count{}),
    required("steps", &core::OperationRecord::steps, Count{})
};
inline constexpr auto kRestOfOperation = std::tuple{
    optional("why", &core::OperationRecord::why, kLongText),
    required("at_risk", &core::OperationRecord::at_risk, Count{}),
    optional("raised_by_word", &core::OperationRecord::raised_by_word, Flag{}),
    optional("counts_as_failover", &core::OperationRecord::counts_as_failover, Flag{}),
    optional("held_until_ms", &core::OperationRecord::held_until, kAnyTime),
    optional("longest_lease_ms", &core::OperationRecord::longest_lease, Ms{.max = 3'600'000}),
    optional("ended_at_ms", &core::OperationRecord::ended_at, kAnyTime)
};

template <>
inline constexpr auto kFields<core::OperationRecord> = std::tuple_cat(
    std::tuple{
        JournalVersionRow{},
        required("plan", &core::OperationRecord::plan, Inside{}),
        required("outcome", &core::OperationRecord::outcome, Word{}),
        required("at", &core::OperationRecord::at, Count{kStepsMax}),
        required("undoing", &core::OperationRecord::undoing, Word{}),
        required("runs", &core::OperationRecord::runs, List{kStepsMax, Inside{}}),
        rule([](ObjectReader& in, const core::OperationRecord& record) {
            if (record.runs.size() != record.plan.steps.size()) {
                in.wrong("runs", "as many are wanted as the plan has steps");
            }
            if (record.at > record.plan.steps.size()) {
                in.wrong("at", "behind the last step of the plan");
            }
        })
    },
    kCountersOfOperation,
    std::tuple{required("phases", &core::OperationRecord::phases, List{kPhasesMax, Inside{}})},
    kRestOfOperation
);

}  // namespace farshore::wire
