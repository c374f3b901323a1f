#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "controller/edge.h"
#include "core/failover/first_record.h"
#include "ports/effects.h"

namespace farshore::controller {

// The controller's side of the epoch items: one plain DynamoDB item per app in each table Region
// and in the witness. A raise is a conditional write in each; it holds when a majority carries the
// new epoch. A write that may have landed is read back, never assumed (INV-S2). What readings mean
// is decided in core/records. Single-threaded.
class EpochRecords final : public ports::EpochRecords {
  public:
    // `register_id`: of the store in which this controller enrolls hosts. The items name it: they
    // confirm only hosts that are known in it.
    EpochRecords(Edge& edge, std::string register_id);

    // ports::EpochRecords
    void raise(const core::RaiseEpoch& action) override;

    // Reads every copy once; ends when all have answered or run out of time.
    [[nodiscard]] net::Task<core::EpochReading> survey();
    // Writes the epoch everywhere and waits for a majority. Errors: unavailable, conflict (a newer
    // epoch exists).
    [[nodiscard]] net::Task<Status> establish(Epoch epoch, RegionId active);
    // Runs until cancelled: reads every copy once a second, tells the core, and brings copies that
    // missed a raise, are damaged, or name other terms or another register, up to what is in
    // force.
    using InForce = std::function<core::EpochItem()>;
    [[nodiscard]] net::Task<> watch(InForce in_force);

    // The item that this controller writes for an epoch.
    [[nodiscard]] core::EpochItem item(Epoch epoch, RegionId active, core::RaisedFor raised_for)
        const;

    // The longest lease that an agent may have taken from a copy lately and may still hold,
    // whatever the copies name by now.
    [[nodiscard]] Duration longest_lease() const;

    // A copy that has not counted for what is in force for a lease, though it was read or written
    // anew again and again.
    struct Apart {
        RegionId region;
        std::string why;  // in words that follow "it"
    };

    [[nodiscard]] std::vector<Apart> apart() const;

    [[nodiscard]] const std::vector<RegionId>& regions() const { return regions_; }

    [[nodiscard]] std::size_t majority() const { return regions_.size() / 2 + 1; }

  private:
    // `stray`: too far ahead to be an epoch of ours. One copy says nothing by that.
    enum class Landed { confirmed, unchanged, newer, stray, unknown };

    struct Answer {
        Landed landed = Landed::unknown;
        Epoch seen;
        std::string detail;
        bool other_register = false;  // the copy named another one before
        bool in_full = false;         // it carries the register and the terms as well
    };

    // One raise over all Regions.
    struct Raise {
        core::StepId step;
        Instant started;
        UtcTime started_wall;
        core::EpochItem item;
        bool only_look = false;
        std::vector<RegionId> confirmed;
        std::size_t unchanged = 0;
        std::size_t newer = 0;
        std::size_t strays = 0;
        std::size_t ended = 0;
        std::vector<Epoch> seen;
        std::string detail;
        bool other_register = false;
        bool reported = false;
    };

    // One reading of all Regions.
    struct Round {
        core::EpochReading reading;
        std::size_t ended = 0;
        std::size_t told = 0;          // copies that the core has been told of
        std::vector<RegionId> strays;  // whose copies are to be written anew, if a majority agrees
    };

    // What the readings of one copy found lately.
    struct Standing {
        Instant confirmed_at;  // when it last counted for what is in force
        std::string why{};     // ... and why it does not any more
        bool heal_failed = false;
    };

    [[nodiscard]] net::Task<> raise_in(RegionId region, std::shared_ptr<Raise> raise);
    [[nodiscard]] net::Task<Answer> write_and_check(RegionId region, core::EpochItem item);
    // What the copy says, for a raise to that item's epoch that may have landed.
    [[nodiscard]] net::Task<Answer> look(
        RegionId region, core::EpochItem item, std::string otherwise
    );
    // Epoch zero: the Region has no item yet. Errors: those of the call; malformed.
    [[nodiscard]] net::Task<Result<core::EpochItem>> read(RegionId region);
    [[nodiscard]] net::Task<> read_into(RegionId region, std::shared_ptr<Round> round);
    [[nodiscard]] net::Task<> watch_one(
        RegionId region, std::shared_ptr<Round> round, InForce in_force
    );
    [[nodiscard]] net::Task<> heal(RegionId region, core::EpochItem wanted);
    void note_standing(
        const RegionId& region,
        const Result<core::EpochItem>& found,
        const core::EpochItem& in_force
    );
    static void note(const RegionId& region, const Result<core::EpochItem>& found, Round& round);
    [[nodiscard]] core::EpochReading begun() const;
    void tell(Round& round);
    void report(Raise& raise);
    void named(const RegionId& region, Duration lease);

    Edge& edge_;
    std::string register_id_;
    std::vector<RegionId> regions_;
    std::set<RegionId> healing_;                 // Regions whose copy is being written anew
    std::map<RegionId, Duration> named_;         // by each copy, when it was last read or written
    std::map<RegionId, std::string> registers_;  // the same, of the register
    std::map<Duration, Instant> named_until_;    // each lease, and when a copy last named it
    std::map<RegionId, Standing> standing_;
    Epoch standing_of_;  // the epoch in force that the copies are compared with
};

}  // namespace farshore::controller
