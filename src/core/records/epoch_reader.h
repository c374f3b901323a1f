#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/host/host_machine.h"
#include "core/records/copy_answer.h"
#include "core/records/self_registration.h"

namespace farshore::core {

// How an agent reads the epoch items: all copies together, once a second and whenever the host
// wants a confirmation; and what a reading means for the host. Permission counts from the begin of
// the reading. Not thread-safe; `registration` outlives it.
class EpochReader {
  public:
    struct Options {
        std::size_t copies = 0;         // that each reading asks
        std::vector<RegionId> regions;  // that this host can follow to
        Duration lease{};
        OnControllerLoss rule = OnControllerLoss::verify;
    };

    EpochReader(Options options, SelfRegistration& registration);

    // A question that has no answer after this has failed: long enough for a reading across an
    // ocean with a lost packet, short enough to leave most of a lease.
    static constexpr Duration kPatience = std::chrono::milliseconds{700};

    // Every copy is to be asked, and each answer told under this number; nullopt: not yet.
    [[nodiscard]] std::optional<std::uint64_t> begin(Instant now);

    // The host as it is when an answer comes.
    struct Self {
        Epoch epoch;
        bool controllers_silent = false;  // none was heard of for a lease
    };

    // One copy's answer, and what the host's machine is to be told now. `refused`: the Region's own
    // word that it does not read the item.
    [[nodiscard]] std::optional<HostInput> take(
        Instant now, std::uint64_t number, const CopyAnswer& answer, Self self
    );

    // The host wants a confirmation at once. A silent Region does not delay what is urgent.
    void want(Instant now);

    // Ends a reading whose answers have not all come in its time.
    void give_up(Instant now);

    [[nodiscard]] bool is_reading() const { return reading_.has_value(); }

    // When begin() or give_up() has something to do.
    [[nodiscard]] Instant next_deadline() const;

    // The reading that ended last.
    struct Last {
        std::size_t answered = 0;
        // Most Regions said something, if only "no such table": a host that cannot reach most of
        // them should suspect itself, not a Region.
        bool connected = false;
        Duration took{};
    };

    [[nodiscard]] const Last& last() const { return last_; }

    [[nodiscard]] const std::optional<EpochItem>& agreed() const { return agreed_; }

    // What confirms a host for less time than lies between two readings ends between them.
    [[nodiscard]] static Duration useful_lease();

  private:
    struct Reading {
        std::uint64_t number = 0;
        Instant started{};
        std::vector<EpochItem> copies{};
        std::size_t ended = 0;
        std::size_t reached = 0;
        bool decided = false;
    };

    [[nodiscard]] std::optional<HostInput> judge(Instant now, Self self);
    [[nodiscard]] bool know_us(Instant now, const EpochItem& agreed);
    void end(Instant now);

    Options options_;
    SelfRegistration& registration_;
    std::optional<Reading> reading_;
    bool wanted_ = false;  // again, when this reading has ended
    Instant ended_at_{};
    Instant next_at_{};
    std::uint64_t readings_ = 0;
    Last last_;
    std::optional<EpochItem> agreed_;
};

}  // namespace farshore::core
