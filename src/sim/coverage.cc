#include "sim/coverage.h"

#include <algorithm>

#include "core/plan/templates.h"

namespace farshore::sim {

namespace {

using core::HostEvent;
using core::HostState;
using core::StepEvent;
using core::StepKind;

constexpr std::string_view kNeverUndecided =
    "only a raise, a command or a fleet's change can be undecided: everything else ends by itself "
    "or is asked for again";
constexpr std::string_view kNotAgain = "it is not done again by itself";
constexpr std::string_view kWaitedFor =
    "it is waited for or asked again, without a word, until its patience is over";

struct NeverStep {
    StepKind of;
    StepEvent on;
    std::string_view why;
};

constexpr std::array kNeverStep{
    NeverStep{StepKind::release, StepEvent::exhausted, "its deadline is told as a failure"},
    NeverStep{StepKind::fence, StepEvent::failed, kWaitedFor},
    NeverStep{StepKind::repoint, StepEvent::failed, kWaitedFor},
    NeverStep{StepKind::prove, StepEvent::failed, kWaitedFor},
    NeverStep{StepKind::approve, StepEvent::failed, kNotAgain},
    NeverStep{StepKind::wait, StepEvent::failed, kNotAgain},
    NeverStep{StepKind::wait, StepEvent::exhausted, "time goes by"},
    NeverStep{StepKind::parallel, StepEvent::failed, kNotAgain},
    NeverStep{StepKind::parallel, StepEvent::skipped, "each of the steps that it runs is skipped"},
};

// The kinds of fleets are one step to the core: what differs is what AWS is asked.
StepKind counted_as(StepKind kind) {
    return core::is_fleet(kind) ? StepKind::ssm : kind;
}

constexpr std::string_view kReadFirst =
    "the state file is read before the agent hears anything (AppGate's constructor)";

std::string in_words(const char* table, std::initializer_list<std::string_view> of) {
    std::string words = table;
    for (const std::string_view word : of) {
        words += (words == table ? ": " : " on ") + std::string{word};
    }
    return words;
}

// Why a row cannot be taken by anything that the core or the wiring around it does; empty: it can.
std::string_view why_never(StepKind of, StepEvent on) {
    if (on == StepEvent::skipped && !core::row_of(of).declared) {
        return "an operator can leave out declared steps only";
    }
    if (on == StepEvent::abort_requested && core::row_of(of).abort == core::Abort::too_late) {
        return "the core refuses it, and changes nothing";
    }
    const auto listed = std::ranges::find_if(kNeverStep, [&](const NeverStep& never) {
        return never.of == of && never.on == on;
    });
    if (listed != kNeverStep.end()) {
        return listed->why;
    }
    const bool decided = of != StepKind::raise && of != StepKind::command && !core::is_fleet(of);
    return on == StepEvent::undecided && decided ? kNeverUndecided : std::string_view{};
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

template <class First, class... Rest, class Use>
void for_each(Use use) {
    for (std::size_t i = 0; i < names_of(First{}).size(); ++i) {
        if constexpr (sizeof...(Rest) == 0) {
            use(static_cast<First>(i));
        } else {
            for_each<Rest...>([&](Rest... rest) { use(static_cast<First>(i), rest...); });
        }
    }
}

}  // namespace

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
            ++operation_[counted_as(*entry.of), *entry.event];
        }
    }
}

void Coverage::steps(const core::OperationRecord& operation) {
    for (std::size_t i = 0; i < operation.runs.size(); ++i) {
        const core::PlannedStep& step = operation.plan.steps[i];
        if (operation.runs[i].life != core::StepLife::pending) {
            ++slots_[step.slot, counted_as(step.kind)];
        }
    }
}

void Coverage::add(const Coverage& other) {
    operation_.add(other.operation_);
    std::ranges::transform(host_, other.host_, host_.begin(), std::plus{});
    faults_.add(other.faults_);
    seen_.add(other.seen_);
    answers_.add(other.answers_);
    slots_.add(other.slots_);
}

std::vector<Coverage::Row> Coverage::rows() const {
    std::vector<Row> rows;
    const auto list = [&rows]<class... Enum>(
                          Table table, const char* what, const Tally<Enum...>& tally, auto possible
                      ) {
        for_each<Enum...>([&](Enum... of) {
            if (possible(of...)) {
                rows.push_back({table, in_words(what, {to_string(of)...}), tally[of...]});
            }
        });
    };
    const auto always = [](auto) {
        return true;
    };
    list(Table::world, "fault", faults_, always);
    list(Table::world, "world", seen_, always);
    list(Table::world, "answer", answers_, always);
    list(Table::world, "slot", slots_, [](core::Slot slot, StepKind kind) {
        return counted_as(kind) == kind && core::templates::admits(slot, kind);
    });
    list(Table::operation, "step", operation_, [](StepKind of, StepEvent on) {
        return counted_as(of) == of && why_never(of, on).empty();
    });
    for (std::size_t i = 0; i < host_.size(); ++i) {
        const core::HostRow& row = core::host_table::kRows[i];
        if (why_never(row).empty()) {
            const auto words = in_words("host", {to_string(row.from), to_string(row.on)});
            rows.push_back({Table::host, words, host_[i]});
        }
    }
    return rows;
}

Coverage::Rows Coverage::count(Table table) const {
    Rows sum;
    for (const Row& row : rows()) {
        sum.possible += row.table == table ? 1 : 0;
        sum.taken += row.table == table && row.times > 0 ? 1 : 0;
    }
    return sum;
}

std::vector<std::string> Coverage::missing(std::optional<Table> table) const {
    std::vector<std::string> missing;
    for (const Row& row : rows()) {
        if (row.times == 0 && row.table == table.value_or(row.table)) {
            missing.push_back(row.words);
        }
    }
    return missing;
}

}  // namespace farshore::sim
