#include "sim/coverage.h"

#include <algorithm>

namespace farshore::sim {

namespace {

using core::HostEvent;
using core::HostState;
using core::StepEvent;
using core::StepKind;

constexpr std::string_view kNotDeclared = "no simulated world declares steps of its own";
constexpr std::string_view kNeverUndecided =
    "only a raise can be undecided: everything else ends by itself or is asked for again";

struct NeverStep {
    StepKind of;
    StepEvent on;
    std::string_view why;
};

constexpr std::array kNeverStep{
    NeverStep{StepKind::release, StepEvent::exhausted, "its deadline is told as a failure"},
    NeverStep{
        StepKind::fence,
        StepEvent::failed,
        "an agent that is silent is waited for, without a word, until its lease has run out"
    },
    NeverStep{
        StepKind::repoint,
        StepEvent::failed,
        "a proof that fails is asked for again, without a word, until the patience is over"
    },
    NeverStep{
        StepKind::prove,
        StepEvent::failed,
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

}  // namespace

std::string_view why_never(StepKind of, StepEvent on) {
    if (core::row_of(of).declared) {
        return kNotDeclared;
    }
    if (on == StepEvent::skipped) {
        return "an operator can leave out declared steps only";
    }
    const auto listed = std::ranges::find_if(kNeverStep, [&](const NeverStep& never) {
        return never.of == of && never.on == on;
    });
    if (listed != kNeverStep.end()) {
        return listed->why;
    }
    return on == StepEvent::undecided && of != StepKind::raise ? kNeverUndecided
                                                               : std::string_view{};
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
        return "no controller and no record confirms epoch zero";
    }
    if (row.from == HostState::unrouted && row.on == HostEvent::users_moved) {
        return "any route is newer than none";
    }
    if (row.from == HostState::fenced && row.on == HostEvent::users_moved) {
        return "a fence is of a newer epoch than the host's, and a route below it is stale";
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

void Coverage::journal(std::span<const core::JournalEntry> entries) {
    for (const core::JournalEntry& entry : entries) {
        if (entry.of && entry.event) {
            ++operation_
                [static_cast<std::size_t>(*entry.of) * kEvents +
                 static_cast<std::size_t>(*entry.event)];
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

std::uint64_t Coverage::times(StepKind of, StepEvent on) const {
    return operation_[static_cast<std::size_t>(of) * kEvents + static_cast<std::size_t>(on)];
}

Coverage::Rows Coverage::host_rows() const {
    Rows result;
    result.all = kHostRows;
    for (std::size_t i = 0; i < kHostRows; ++i) {
        result.taken += host_[i] > 0 ? 1 : 0;
        result.possible += why_never(core::host_table::kRows[i]).empty() ? 1 : 0;
    }
    return result;
}

Coverage::Rows Coverage::operation_rows() const {
    Rows result;
    result.all = kOperationRows;
    for (std::size_t i = 0; i < kOperationRows; ++i) {
        const auto of = static_cast<StepKind>(i / kEvents);
        const auto on = static_cast<StepEvent>(i % kEvents);
        result.taken += operation_[i] > 0 ? 1 : 0;
        result.possible += why_never(of, on).empty() ? 1 : 0;
    }
    return result;
}

std::vector<std::string> Coverage::missing() const {
    std::vector<std::string> missing;
    for (std::size_t i = 0; i < kOperationRows; ++i) {
        const auto of = static_cast<StepKind>(i / kEvents);
        const auto on = static_cast<StepEvent>(i % kEvents);
        if (operation_[i] == 0 && why_never(of, on).empty()) {
            missing.push_back(in_words("step", to_string(of), to_string(on)));
        }
    }
    for (std::size_t i = 0; i < kHostRows; ++i) {
        const core::HostRow& row = core::host_table::kRows[i];
        if (host_[i] == 0 && why_never(row).empty()) {
            missing.push_back(in_words("host", to_string(row.from), to_string(row.on)));
        }
    }
    return missing;
}

}  // namespace farshore::sim
