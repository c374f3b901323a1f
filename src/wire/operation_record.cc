#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "core/operation/operation.h"
#include "core/plan/build_plan.h"
#include "wire/journal.h"
#include "wire/journal_fields.h"

// The document of one operation: its plan, and how far it has come.
namespace farshore::wire {

namespace json = boost::json;

namespace {

constexpr std::string_view kWhat = "operation record";

// Version 1 had no steps: one of fifteen states said where the operation was.
struct OldState {
    std::string_view state;
    core::StepKind kind;
    core::Outcome outcome = core::Outcome::running;
    core::Undoing undoing = core::Undoing::nothing;
};

constexpr std::array kOldStates{
    OldState{"waiting", core::StepKind::wait_lag},
    OldState{"holding", core::StepKind::hold},
    OldState{"draining", core::StepKind::drain},
    OldState{
        "releasing",
        core::StepKind::drain,
        core::Outcome::running,
        core::Undoing::for_another_attempt
    },
    OldState{"giving_up", core::StepKind::drain, core::Outcome::running, core::Undoing::for_good},
    OldState{"raising", core::StepKind::raise},
    OldState{"fencing", core::StepKind::fence},
    OldState{"examining", core::StepKind::examine},
    OldState{"repointing", core::StepKind::repoint},
    OldState{"shifting", core::StepKind::shift},
    OldState{"verifying", core::StepKind::verify},
    OldState{"done", core::StepKind::verify, core::Outcome::done},
    OldState{"failed", core::StepKind::verify, core::Outcome::failed},
    OldState{"aborted", core::StepKind::verify, core::Outcome::aborted},
    OldState{"partly_done", core::StepKind::verify, core::Outcome::partly_done},
};

struct OldPhase {
    std::string state;
    UtcTime started_at{};
    std::optional<UtcTime> ended_at;
};

const OldState* old_state(ObjectReader& in, std::string_view field, std::string_view state) {
    const auto* found = std::ranges::find(kOldStates, state, &OldState::state);
    if (found == kOldStates.end()) {
        in.wrong(field, "no state of an operation");
        return nullptr;
    }
    return found;
}

// The steps of its plan are those that the same request would get without a configuration: what an
// operation does follows from their kinds.
void place_old(const OldState& state, core::OperationRecord& record) {
    core::build_bare_steps(record.plan);
    // Users who followed the active Region began with repointing.
    const bool proves = state.kind == core::StepKind::repoint && !record.plan.promotes();
    const bool none_held =
        state.kind == core::StepKind::drain && !record.plan.find(core::StepKind::drain);
    core::OperationRecord placed = core::operation_at(
        std::move(record.plan),
        proves      ? core::StepKind::prove
        : none_held ? core::StepKind::raise
                    : state.kind
    );
    record.plan = std::move(placed.plan);
    record.runs = std::move(placed.runs);
    record.at = placed.at;
    record.outcome = state.outcome;
    record.undoing = state.undoing;
    if (!record.ended()) {
        record.runs[record.at].life = core::StepLife::running;
    }
}

std::optional<core::Phase> phase_from(ObjectReader& in, const OldPhase& old) {
    const OldState* state = old_state(in, "phases", old.state);
    if (state == nullptr || state->outcome != core::Outcome::running) {
        return std::nullopt;
    }
    return core::Phase{
        .kind = state->undoing == core::Undoing::nothing ? state->kind : core::StepKind::release,
        .started_at = old.started_at,
        .ended_at = old.ended_at
    };
}

}  // namespace

template <>
inline constexpr auto kFields<OldPhase> = std::tuple{
    required("state", &OldPhase::state, Text{kWordBytesMax}),
    required("started_at_ms", &OldPhase::started_at, kAnyTime),
    optional("ended_at_ms", &OldPhase::ended_at, kAnyTime)
};

namespace {

Result<core::OperationRecord> record_of_version_one(const json::object& object) {
    JsonTrouble trouble;
    ObjectReader in(object, "", trouble);
    core::OperationRecord record;
    if (const json::object* plan = in.object("plan")) {
        ObjectReader inside = in.inside(*plan, "plan");
        read_rows(inside, kPlanWithoutSteps, record.plan);
    }
    if (const OldState* state = old_state(in, "state", in.text("state", kWordBytesMax))) {
        place_old(*state, record);
    }
    read_rows(in, kCountersOfOperation, record);
    for (const OldPhase& old :
         List{kPhasesMax, Inside{}}.read<std::vector<OldPhase>>(in, "phases", Field::required)) {
        if (const auto phase = phase_from(in, old)) {
            record.phases.push_back(*phase);
        }
    }
    read_rows(in, kRestOfOperation, record);
    if (const Status status = trouble.status(); !status) {
        return std::unexpected(in_context(kWhat, status.error()));
    }
    return record;
}

}  // namespace

std::string serialize(const core::OperationRecord& record) {
    return json::serialize(to_json(record));
}

Result<core::OperationRecord> parse_operation_record(std::string_view text) {
    const Result<json::object> object = parse_json_object(text, kJournalBytesMax);
    if (!object) {
        return std::unexpected(in_context(kWhat, object.error()));
    }
    const json::value* version = object->if_contains(JournalVersionRow::kName);
    return version != nullptr && *version == 1
               ? record_of_version_one(*object)
               : document_from<core::OperationRecord>(kWhat, *object);
}

}  // namespace farshore::wire
