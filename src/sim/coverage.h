#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/failover/record.h"
#include "core/host/host_machine.h"

#include "sim/script.h"

namespace farshore::sim {

// What came of which kind of step, which rows of the hosts' table were taken, and which faults,
// commands and verbs there were.
class Coverage {
  public:
    void host_decided(const core::HostDecision& decision);
    void journal(std::span<const core::JournalEntry> entries);

    void fault(FaultKind kind) { ++faults_[static_cast<std::size_t>(kind)]; }

    void add(const Coverage& other);

    // Rows that can be taken and never were, in words.
    [[nodiscard]] std::vector<std::string> missing() const;

    struct Rows {
        std::size_t taken = 0;
        std::size_t possible = 0;
        std::size_t all = 0;
    };

    [[nodiscard]] Rows host_rows() const;
    [[nodiscard]] Rows operation_rows() const;

    [[nodiscard]] std::uint64_t faults(FaultKind kind) const {
        return faults_[static_cast<std::size_t>(kind)];
    }

    [[nodiscard]] std::uint64_t times(core::StepKind of, core::StepEvent on) const;

  private:
    static constexpr std::size_t kEvents = core::kStepEventNames.size();
    static constexpr std::size_t kOperationRows = core::kStepKindNames.size() * kEvents;
    static constexpr std::size_t kHostRows = core::host_table::kRows.size();

    std::array<std::uint64_t, kOperationRows> operation_{};
    std::array<std::uint64_t, kHostRows> host_{};
    std::array<std::uint64_t, kFaultKindNames.size()> faults_{};
};

// Why a row cannot be taken by anything that the core or the wiring around it does; empty: it can.
[[nodiscard]] std::string_view why_never(core::StepKind of, core::StepEvent on);
[[nodiscard]] std::string_view why_never(const core::HostRow& row);

}  // namespace farshore::sim
