#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/edge.h"
#include "core/failover/first_record.h"
#include "ports/effects.h"

namespace farshore::controller {

// One Region's copy of an app's epoch record, as last read.
struct EpochRecord {
    Epoch epoch;
    RegionId active;
    Duration lease{};         // what agents may take from it; zero: it does not say
    std::string register_id;  // whose hosts it confirms
};

// The epoch records: one plain DynamoDB item per app in each table Region and in the witness. A
// raise is a conditional write in each; it holds when a majority carries the new epoch. A write
// that may have landed is read back, never assumed (INV-S2). Each copy also names the lease that
// an agent may take from it, so that agents configured with a longer one end when we expect it.
class EpochRecords final : public ports::EpochRecords {
  public:
    // `register_id`: of the store in which this controller enrolls hosts. The records name it:
    // they confirm only hosts that are known in it.
    EpochRecords(Edge& edge, std::string register_id);

    // ports::EpochRecords
    void raise(const core::RaiseEpoch& action) override;

    [[nodiscard]] net::Task<core::EpochSurvey> survey();
    // Writes the epoch everywhere and waits for a majority. Errors: unavailable, conflict (a newer
    // epoch exists).
    [[nodiscard]] net::Task<Status> establish(Epoch epoch, RegionId active);
    // Runs until cancelled: brings copies that missed a raise up to the epoch in force.
    [[nodiscard]] net::Task<> heal(std::function<EpochRecord()> in_force);

    // The longest lease that an agent may have taken from a record lately and may still hold,
    // whatever the records name by now.
    [[nodiscard]] Duration longest_lease() const;

    [[nodiscard]] const std::vector<RegionId>& regions() const { return regions_; }

    [[nodiscard]] std::size_t majority() const { return regions_.size() / 2 + 1; }

  private:
    enum class Landed { confirmed, unchanged, newer, unknown };

    struct Answer {
        Landed landed = Landed::unknown;
        Epoch seen;
        std::string detail;
    };

    // One raise over all Regions.
    struct Raise {
        core::StepId step;
        Epoch epoch;
        RegionId active;
        bool only_look = false;
        std::vector<RegionId> confirmed;
        std::size_t unchanged = 0;
        std::size_t newer = 0;
        std::size_t ended = 0;
        Epoch highest;
        std::string detail;
        bool reported = false;
    };

    [[nodiscard]] net::Task<> raise_in(RegionId region, std::shared_ptr<Raise> raise);
    [[nodiscard]] net::Task<Answer> write_and_check(RegionId region, Epoch epoch, RegionId active);
    // What the copy says, for a raise to that epoch that may have landed.
    [[nodiscard]] net::Task<Answer> look(
        RegionId region, Epoch epoch, RegionId active, std::string otherwise
    );
    [[nodiscard]] net::Task<Result<std::optional<EpochRecord>>> read(RegionId region);
    [[nodiscard]] net::Task<> read_into(
        RegionId region,
        std::shared_ptr<core::EpochSurvey> survey,
        std::shared_ptr<std::size_t> left
    );
    void report(Raise& raise);
    [[nodiscard]] bool is_behind(const EpochRecord& found, const EpochRecord& wanted) const;

    void named(const RegionId& region, Duration lease);

    Edge& edge_;
    std::string register_id_;
    std::vector<RegionId> regions_;
    std::map<RegionId, Duration> named_;       // by each copy, when it was last read or written
    std::map<Duration, Instant> named_until_;  // each lease, and when a copy last named it
};

}  // namespace farshore::controller
