#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/failover/record.h"
#include "core/host/host_machine.h"

#include "sim/script.h"

namespace farshore::sim {

// What is rare in a world, and has to happen in some of them.
enum class Seen : std::uint8_t {
    three_regions,
    fifty_hosts,
    failover_to_the_third,
    late_execution,  // of a write that its host had given up
    commit_refused,
    commit_late,
    commit_unknown,  // whether it was kept
    commit_superseded,
    promoted_by_a_rival,  // a second controller, with a store of its own
    clock_found_stopped,
    write_past_agents,  // by a host without one
};

inline constexpr auto& kSeenNames = kSpelledNames<Seen>;

constexpr const auto& names_of(Seen) {
    return kSeenNames;
}

// How often each combination of these enumerators came up.
template <class... Enum>
class Tally {
  public:
    std::uint64_t& operator[](Enum... of) { return times_[place(of...)]; }

    std::uint64_t operator[](Enum... of) const { return times_[place(of...)]; }

    void add(const Tally& other) {
        std::ranges::transform(times_, other.times_, times_.begin(), std::plus{});
    }

  private:
    static constexpr std::size_t place(Enum... of) {
        std::size_t place = 0;
        ((place = place * names_of(of).size() + static_cast<std::size_t>(of)), ...);
        return place;
    }

    std::array<std::uint64_t, (names_of(Enum{}).size() * ...)> times_{};
};

// What came of which kind of step, which rows of the hosts' table were taken, and which faults,
// commands and verbs there were.
class Coverage {
  public:
    void host_decided(const core::HostDecision& decision);
    void journal(std::span<const core::JournalEntry> entries);

    void saw(Seen what) { ++seen_[what]; }

    void answered(core::Answer answer) { ++answers_[answer]; }

    // Declared steps that have begun.
    void steps(const core::OperationRecord& operation);

    void fault(FaultKind kind) { ++faults_[kind]; }

    void add(const Coverage& other);

    enum class Table : std::uint8_t { operation, host, world };

    // What can happen and never did, in words; of all tables when none is named.
    [[nodiscard]] std::vector<std::string> missing(std::optional<Table> table = {}) const;

    struct Rows {
        std::size_t taken = 0;
        std::size_t possible = 0;
    };

    [[nodiscard]] Rows count(Table table) const;

  private:
    struct Row {
        Table table{};
        std::string words;
        std::uint64_t times = 0;
    };

    // All that can happen.
    [[nodiscard]] std::vector<Row> rows() const;

    Tally<core::StepKind, core::StepEvent> operation_;
    std::array<std::uint64_t, core::host_table::kRows.size()> host_{};
    Tally<FaultKind> faults_;
    Tally<Seen> seen_;
    Tally<core::Answer> answers_;
    Tally<core::Slot, core::StepKind> slots_;
};

}  // namespace farshore::sim
