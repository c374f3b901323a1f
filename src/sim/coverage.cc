#include "sim/coverage.h"

#include <algorithm>

namespace farshore::sim {

namespace {

using core::HostEvent;
using core::HostState;
using core::OperationEvent;
using core::OperationState;

// Rows of states whose end is an end: an operation that has ended takes no event.
constexpr std::string_view kEnded = "an operation that has ended hears of nothing any more";
constexpr std::string_view kNeverUndecided =
    "only a raise can be undecided: everything else ends by itself or is asked for again";

struct NeverOperation {
    OperationState from;
    OperationEvent on;
    std::string_view why;
};

constexpr std::array kNeverOperation{
    NeverOperation{
        OperationState::waiting,
        OperationEvent::failed,
        "while the lag is too large nothing is written down, until the wait is over"
    },
    NeverOperation{
        OperationState::releasing,
        OperationEvent::exhausted,
        "releasing is left for another attempt; without one, giving_up is entered"
    },
    NeverOperation{
        OperationState::giving_up,
        OperationEvent::exhausted,
        "its deadline is told as a failure, which leads to the same end"
    },
    NeverOperation{
        OperationState::fencing,
        OperationEvent::failed,
        "an agent that is silent is waited for, without a word, until its lease has run out"
    },
    NeverOperation{
        OperationState::repointing,
        OperationEvent::failed,
        "a proof that fails is asked for again, without a word, until the patience is over"
    },
};

struct NeverHost {
    HostState from;
    HostEvent on;
    std::string_view why;
};

constexpr std::string_view kReadFirst =
    "the state file is read before the agent hears anything (AppGate's constructor)";

std::string in_words(std::string_view table, std::string_view from, std::string_view on) {
    return std::string{table} + ": " + std::string{from} + " on " + std::string{on};
}

template <class Rows, class Counts>
Coverage::Rows count(const Rows& rows, const Counts& counts) {
    Coverage::Rows result;
    result.all = rows.size();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        result.taken += counts[i] > 0 ? 1 : 0;
        result.possible += why_never(rows[i]).empty() ? 1 : 0;
    }
    return result;
}

}  // namespace

std::string_view why_never(const core::OperationRow& row) {
    if (core::has_ended(row.from)) {
        return kEnded;
    }
    const auto listed = std::ranges::find_if(kNeverOperation, [&](const NeverOperation& never) {
        return never.from == row.from && never.on == row.on;
    });
    if (listed != kNeverOperation.end()) {
        return listed->why;
    }
    const bool undecided = row.on == OperationEvent::undecided;
    return undecided && row.from != OperationState::raising ? kNeverUndecided : std::string_view{};
}

std::string_view why_never(const core::HostRow& row) {
    const bool first = row.on == HostEvent::loaded || row.on == HostEvent::nothing_loaded;
    if (row.from == HostState::starting) {
        return first ? std::string_view{} : kReadFirst;
    }
    if (first) {
        return "the state file is read once";
    }
    if (row.on == HostEvent::lease_expired && row.from != HostState::open) {
        return "a lease is watched while writes pass, and at no other time";
    }
    if (row.on == HostEvent::hold_ended && row.from != HostState::held) {
        return "a hold's end is watched while it runs";
    }
    if (row.from == HostState::unrouted && row.on == HostEvent::confirmed) {
        return "epoch zero is confirmed by nobody";
    }
    if (row.from == HostState::unrouted && row.on == HostEvent::users_moved) {
        return "any route is newer than none";
    }
    return {};
}

void Coverage::host_decided(const core::HostDecision& decision) {
    const auto& rows = core::host_table::kRows;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        // What is judged before the table is asked has a reason of its own.
        if (rows[i].from == decision.before && rows[i].on == decision.on &&
            rows[i].why == decision.why) {
            ++host_[i];
            return;
        }
    }
}

void Coverage::journal(std::span<const core::JournalEntry> entries, core::OperationState after) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const core::JournalEntry& entry = entries[i];
        if (entry.kind != core::EntryKind::outcome) {
            continue;
        }
        const OperationState to = i + 1 < entries.size() ? entries[i + 1].state : after;
        const auto& rows = core::table::kOperation;
        for (std::size_t row = 0; row < rows.size(); ++row) {
            if (rows[row].from == entry.state && rows[row].to == to &&
                entry.text.starts_with(rows[row].why) && why_never(rows[row]).empty()) {
                ++operation_[row];
                break;
            }
        }
    }
}

void Coverage::add(const Coverage& other) {
    const auto sum = [](auto& into, const auto& from) {
        for (std::size_t i = 0; i < into.size(); ++i) {
            into[i] += from[i];
        }
    };
    sum(operation_, other.operation_);
    sum(host_, other.host_);
    sum(faults_, other.faults_);
}

std::uint64_t Coverage::times(core::OperationState from, core::OperationEvent on) const {
    const auto& rows = core::table::kOperation;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        if (rows[row].from == from && rows[row].on == on) {
            return operation_[row];
        }
    }
    return 0;
}

Coverage::Rows Coverage::host_rows() const {
    return count(core::host_table::kRows, host_);
}

Coverage::Rows Coverage::operation_rows() const {
    return count(core::table::kOperation, operation_);
}

std::vector<std::string> Coverage::missing() const {
    std::vector<std::string> missing;
    const auto look = [&](std::string_view table, const auto& rows, const auto& counts) {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (counts[i] == 0 && why_never(rows[i]).empty()) {
                missing.push_back(in_words(table, to_string(rows[i].from), to_string(rows[i].on)));
            }
        }
    };
    look("operation", core::table::kOperation, operation_);
    look("host", core::host_table::kRows, host_);
    return missing;
}

}  // namespace farshore::sim
