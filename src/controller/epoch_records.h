#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller/edge.h"
#include "runtime/epoch_keeper.h"

namespace farshore::controller {

// The controller's way to the copies of its app's epoch item, in DynamoDB of each table Region and
// of the witness: requests, their time limit, and the log. Questions and answers belong to
// runtime::EpochKeeper. Single-threaded.
class EpochRecords final : private ports::EpochCopies {
  public:
    // `register_id`: of the store in which this controller enrolls hosts. `in_force`: as the core
    // has it.
    EpochRecords(
        Edge& edge, std::string register_id, std::function<const core::AppRecord&()> in_force
    );

    [[nodiscard]] runtime::EpochKeeper& keeper() { return keeper_; }

    [[nodiscard]] const runtime::EpochKeeper& keeper() const { return keeper_; }

    // Reads every copy once; ends when all have answered or run out of time. nullopt: the
    // controller ends.
    [[nodiscard]] net::Task<std::optional<core::EpochReading>> survey();
    // runtime::EpochKeeper::first_record. Errors: also cancelled (the controller ends).
    [[nodiscard]] net::Task<Result<core::AppRecord>> first_record(core::Founding founding);
    // Runs until cancelled: runtime::EpochKeeper::look.
    [[nodiscard]] net::Task<> watch();

  private:
    void read(const RegionId& region, Answered answered) override;
    void write(const RegionId& region, const core::EpochItem& item, Answered answered) override;
    [[nodiscard]] net::Task<> carry_read(RegionId region, Answered answered);
    [[nodiscard]] net::Task<> carry_write(RegionId region, core::EpochItem item, Answered answered);

    Edge& edge_;
    runtime::EpochKeeper keeper_;
};

}  // namespace farshore::controller
