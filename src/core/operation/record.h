#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/operation/step_life.h"
#include "core/plan/plan.h"

// What a controller must still know of an operation after a crash. Values only; the store writes
// them down.
namespace farshore::core {

// The moment of a step, read once: the axis for deadlines and the one for people.
struct Now {
    Instant at;
    UtcTime wall;
};

// How an operation ended, or that it has not.
enum class Outcome {
    running,
    done,
    failed,       // unchanged: the old Region is active as before
    aborted,      // unchanged, by an operator
    partly_done,  // the active Region has changed, or may have; a person has to look
};
inline constexpr std::array<std::string_view, 5> kOutcomeNames{
    "running", "done", "failed", "aborted", "partly_done"
};

constexpr const auto& names_of(Outcome) {
    return kOutcomeNames;
}

// What was begun before the raise is taken back.
enum class Undoing {
    nothing,
    for_another_attempt,
    for_good,
};
inline constexpr std::array<std::string_view, 3> kUndoingNames{
    "nothing", "for_another_attempt", "for_good"
};

constexpr const auto& names_of(Undoing) {
    return kUndoingNames;
}

// One stretch of an operation on the phase clock.
struct Phase {
    StepKind kind = StepKind::verify;
    UtcTime started_at{};
    std::optional<UtcTime> ended_at;
};

// What became of one planned step.
struct StepRun {
    StepLife life = StepLife::pending;
    std::string why;  // of its last event, in words
    std::optional<UtcTime> began_at;
    std::optional<UtcTime> ended_at;
    int attempts = 0;  // command
};

struct OperationRecord {
    Plan plan;
    Outcome outcome = Outcome::running;
    std::size_t at = 0;  // of plan.steps: the one that runs
    Undoing undoing = Undoing::nothing;
    std::vector<StepRun> runs;   // one for each of plan.steps
    std::uint32_t attempts = 0;  // of the switchover's hold and drain
    // Until when agents hold writes for the attempt that runs: what its drain proves ends then.
    std::optional<UtcTime> held_until;
    std::uint64_t steps = 0;  // number of the last step started: outcomes carry it
    std::vector<Phase> phases;
    std::string why;  // of the last event
    std::uint32_t at_risk = 0;
    // A planned change whose drain was not repeated in time: a host followed the raised epoch by
    // itself. What others wrote after their hold had ended is looked for as after a failover.
    bool counts_as_failover = false;
    // No majority of the epoch items was raised: an operator put the epoch in force all the same.
    bool raised_by_word = false;
    // The longest that a record named before the raise: an agent may hold it, whatever controller
    // resumes this operation.
    Duration longest_lease{};
    std::optional<UtcTime> ended_at;

    // Acknowledged writes may be lost by it.
    [[nodiscard]] bool may_lose() const {
        return plan.verb == Verb::failover || counts_as_failover;
    }

    [[nodiscard]] bool ended() const { return outcome != Outcome::running; }

    // What runs now, or ran last.
    [[nodiscard]] StepKind kind() const;

    [[nodiscard]] bool runs_step(StepKind kind) const { return !ended() && this->kind() == kind; }

    // A person has to say how it goes on, or to approve it.
    [[nodiscard]] bool waits_for_person() const;

    // Declared steps that ran beside the shift could not be done, and count.
    [[nodiscard]] bool failed_beside() const;

    // In a word: of the step that runs ("draining"), or of the end ("partly_done").
    [[nodiscard]] std::string_view doing() const;

    // A step of that kind has begun, in this attempt or an earlier one.
    [[nodiscard]] bool has_begun(StepKind wanted) const;

    // Along a row of step_life.h; `reason` in place of the row's.
    void live(UtcTime now, std::size_t step, LifeEvent event, std::string_view reason = {});

    // Where it begins again when a controller takes it over now: what the steps ahead stand on may
    // have been in the memory of the controller before.
    [[nodiscard]] BeginsAgain begins_again() const;

    // The row of the last built-in step that has begun; null: none has. It says what a declared
    // step stands on.
    [[nodiscard]] const StepRow* ground() const;

    // Under which epoch agents may get permission to write now.
    [[nodiscard]] Permission permission() const;

    // What an abort comes to now.
    [[nodiscard]] Abort abort() const;

  private:
    // A step that runs now, or one beside it, waits for a person.
    [[nodiscard]] bool asks_now() const;
};

enum class EntryKind {
    note,     // what happened
    intent,   // what is about to be done; written before it is done
    outcome,  // what came of it
};
inline constexpr std::array<std::string_view, 3> kEntryKindNames{"note", "intent", "outcome"};

constexpr const auto& names_of(EntryKind) {
    return kEntryKindNames;
}

struct JournalEntry {
    OperationId operation;
    EntryKind kind = EntryKind::note;
    std::uint64_t step = 0;
    std::string doing;  // OperationRecord::doing() before it
    std::string text;
    UtcTime at{};
    // outcome: of which step what came. Not stored: the text says it.
    std::optional<StepKind> of;
    std::optional<StepEvent> event;
};

}  // namespace farshore::core
