#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/failover/first_record.h"
#include "core/records/epoch_watch.h"
#include "core/records/raise_round.h"
#include "ports/clock.h"
#include "ports/effects.h"
#include "ports/epoch_copies.h"

namespace farshore::runtime {

// What a controller does with the copies of its app's epoch item: it raises, establishes the first
// one, surveys, watches and heals. Brings the questions of core/records to the copies and their
// answers back; the copies (a table in each Region) are behind a port. The same code in production
// and in the simulator.
//
// Single-threaded. It, its clock and the copies outlive every question; `now` never goes back.
class EpochKeeper final : public ports::EpochRecords {
  public:
    struct Options {
        std::vector<RegionId> regions;  // that hold a copy
        core::Terms terms;
        // Of the store that enrolls hosts. The items name it: they confirm only hosts that are
        // known in it.
        std::string register_id;
    };

    struct Upcalls {
        std::function<void(core::Event)> deliver;
        // As the core has it now; not asked before look() is called.
        std::function<const core::AppRecord&()> in_force;
        // What came of writing a copy anew; `why` for people, when it failed.
        std::function<void(const RegionId&, core::EpochWatch::Healed, const std::string& why)>
            healed;
    };

    EpochKeeper(
        const ports::Clock& clock, ports::EpochCopies& copies, Options options, Upcalls upcalls
    );

    // ports::EpochRecords
    void raise(const core::RaiseEpoch& action) override;

    // Reads every copy once; `done` when all have answered.
    void survey(std::function<void(const core::EpochReading&)> done);

    // The record of a controller whose store is empty, with the majority of the copies behind it.
    // `founding.at` is set here. Errors: unavailable, conflict (a newer epoch exists); to be asked
    // again.
    void first_record(core::Founding founding, std::function<void(Result<core::AppRecord>)> done);

    // Reads every copy once, tells the core, and brings copies up to what is in force. To be called
    // again after every().
    void look();

    [[nodiscard]] Duration every() const { return watch_.every(); }

    // The longest lease that an agent may have taken from a copy lately and may still hold,
    // whatever the copies name by now.
    [[nodiscard]] Duration longest_lease() const { return named_.longest_lease(clock_.now()); }

    [[nodiscard]] std::vector<core::EpochWatch::Apart> apart() const {
        return watch_.apart(clock_.now());
    }

    [[nodiscard]] const std::vector<RegionId>& regions() const { return options_.regions; }

  private:
    using Round = std::shared_ptr<core::RaiseRound>;
    using Ended = std::function<void()>;

    [[nodiscard]] core::EpochItem item(Epoch epoch, RegionId active, core::RaisedFor raised_for)
        const;
    [[nodiscard]] core::RaiseRound::Order order_of(core::EpochItem item) const;
    [[nodiscard]] std::shared_ptr<core::Survey> begin_survey();
    void ask(const Round& round, const RegionId& region, core::CopyQuestion question, Ended ended);
    void establish(const Round& round, std::size_t index, std::function<void(Status)> done);
    void heal(const RegionId& region, const core::EpochItem& wanted);
    void looked(core::Survey& survey, const RegionId& region, const core::CopyAnswer& answer);

    const ports::Clock& clock_;
    ports::EpochCopies& copies_;
    Options options_;
    Upcalls upcalls_;
    core::NamedLately named_;
    core::EpochWatch watch_;
};

}  // namespace farshore::runtime
