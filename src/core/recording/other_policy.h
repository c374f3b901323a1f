#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/recording/replay.h"

namespace farshore::core {

// What a configuration says of decisions, but not of the world.
struct Rules {
    Policy policy;
    int quorum_needed = Quorum{}.needed;
    Hysteresis hysteresis;
};

void apply(const Rules& rules, AppCore::Start& start);

// A failover by itself: as it was recorded, under the other policy, or both.
struct Incident {
    RegionId from;

    struct Begun {
        Now now{};
        RegionId to;
    };

    std::optional<Begun> recorded;
    std::optional<Begun> other;
    // The guards that refused one of them when the other one began it.
    std::vector<GuardAnswer> refused;

    // How much later the other policy begins; below zero: earlier. nullopt: not both began.
    [[nodiscard]] std::optional<Duration> later() const;
};

// Which failovers another policy would have begun by itself on recorded evidence, and when.
//
// As long as both policies decide the same, the other core is told what the recorded one was told.
// Once only one of them has begun a failover, their worlds part: what hosts, records and people did
// then is the answer to the recorded decisions. Until the other core begins one too it is told the
// evidence alone, as if nothing had been done; after that it is not told any more. It begins again
// from the recorded state when the incident is over. So what it says of a moment behind a recorded
// failover is an estimate.
class OtherPolicy {
  public:
    explicit OtherPolicy(Rules rules) : rules_(std::move(rules)) {}

    // A file begins.
    void open(const Opening& opening);
    // `core`: the recorded one, which has taken the input.
    void tell(const Recorded& recorded, const AppCore& core);
    // The recording has ended.
    void end();

    [[nodiscard]] const std::vector<Incident>& incidents() const { return incidents_; }

  private:
    enum class Mode { together, other_waits, recorded_waits, apart };

    [[nodiscard]] bool is_over(const AppCore& core, Instant at) const;
    [[nodiscard]] bool tell_other(const Recorded& recorded);
    void tick_until(Now now);
    void begin_again(const Opening& opening);
    void look(Now now, const AppCore& core, bool began, bool other_began);
    void close(Mode next);

    Rules rules_;
    Mode mode_ = Mode::apart;
    AppCore::Start first_;
    std::optional<Replay> other_;
    std::uint64_t begun_ = 0;        // by itself, as recorded
    std::uint64_t other_begun_ = 0;  // by the other core
    Now told_{};
    std::optional<Incident> open_;
    std::vector<Incident> incidents_;
};

}  // namespace farshore::core
