#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "core/failover/operation_table.h"
#include "core/failover/verb.h"
#include "core/records/epoch_items.h"

// What a controller must still know after a crash. Values only; the store writes them down.
namespace farshore::core {

// The moment of a step, read once: the axis for deadlines and the one for people.
struct Now {
    Instant at;
    UtcTime wall;
};

// The ordered change an operation makes, fixed before its first effect.
struct Plan {
    OperationId id;
    Verb verb = Verb::switchover;
    AppId app;
    RegionId from;
    RegionId to;
    RegionId users_before;  // whose stack served users
    Epoch epoch_before;
    Epoch epoch_after;
    std::vector<Lever> levers;
    bool accept_unfenced = false;
    bool accept_unknown = false;
    bool automatic = false;
    std::string by;        // "automatic" or "operator:NAME"
    std::string reason;    // for people
    std::string evidence;  // the votes behind it, in words
    std::optional<UtcTime> first_failure_at;
    UtcTime decided_at{};
    Duration loss_window{};  // forecast at the decision

    [[nodiscard]] bool has(Lever lever) const;

    // Another epoch comes into force. Not when only users are sent to the Region that is active.
    [[nodiscard]] bool promotes() const { return epoch_after != epoch_before; }

    // Whose stack serves users when it is done.
    [[nodiscard]] const RegionId& serves_in() const {
        return has(Lever::shift) ? to : users_before;
    }
};

// One stretch of an operation on the phase clock.
struct Phase {
    OperationState state = OperationState::waiting;
    UtcTime started_at{};
    std::optional<UtcTime> ended_at;
};

struct OperationRecord {
    Plan plan;
    OperationState state = OperationState::waiting;
    std::uint32_t attempts = 0;  // of the switchover's hold and drain
    // Until when agents hold writes for the attempt that runs: what its drain proves ends then.
    std::optional<UtcTime> held_until;
    std::uint64_t steps = 0;  // number of the last step started: outcomes carry it
    std::vector<Phase> phases;
    std::string why;  // of the last transition
    std::uint32_t at_risk = 0;
    // A planned change whose drain was not repeated in time: a host followed the raised epoch by
    // itself. What others wrote after their hold had ended is looked for as after a failover.
    bool counts_as_failover = false;
    // No majority of the epoch items was raised: an operator put the epoch in force all the same.
    bool raised_by_word = false;
    // The longest that a record named before the raise: an agent may hold it, whoever resumes this.
    Duration longest_lease{};
    std::optional<UtcTime> ended_at;

    // Acknowledged writes may be lost by it.
    [[nodiscard]] bool may_lose() const {
        return plan.verb == Verb::failover || counts_as_failover;
    }
};

struct Pause {
    std::optional<UtcTime> until;
    std::string reason;
    std::string by;
};

// The durable state of one app.
struct AppRecord {
    AppId app;
    Epoch epoch;
    RegionId active;  // whose tables take the writes
    RegionId users;   // whose stack serves users
    std::optional<Pause> pause;
    std::optional<UtcTime> cooldown_until;
    // The register was lost with its store, and began anew then: hosts that it does not name may
    // have had permission to write.
    std::optional<UtcTime> register_lost_at;
    // No majority of the epoch items has carried the epoch yet; an operator answers for it.
    bool in_force_by_word = false;
    std::optional<OperationRecord> operation;  // the running or the last one
};

// What the epoch in force was raised for, as far as the record still knows.
[[nodiscard]] RaisedFor raised_for(const AppRecord& record);

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
    OperationState state = OperationState::waiting;
    std::string text;
    UtcTime at{};
};

}  // namespace farshore::core
