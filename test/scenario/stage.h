#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>

#include "core/failover/app_core.h"

#include "scenario/story.h"

namespace farshore::scenario {

// The world that a story plays in: the real core between observers that report what the story says,
// and agents, records and checks that do what they are asked unless the story says otherwise. Time
// is a number; nothing waits.
class Stage {
  public:
    explicit Stage(const core::Policy& policy);

    // One tick of 100 ms; what happens in it has been applied before.
    void turn();
    // Throws when the story names what the stage does not have.
    void apply(const Happening& happening);

    [[nodiscard]] Duration elapsed() const { return now_ - kStart; }

    // Is it so now? Throws on a value that cannot be.
    [[nodiscard]] bool holds(const std::string& fact, const std::string& value) const;
    // What is true now, for the message of a failed expectation.
    [[nodiscard]] std::string words() const;

    static constexpr Duration kTick = std::chrono::milliseconds{100};

  private:
    static constexpr Instant kStart{std::chrono::seconds{1000}};

    struct Host {
        RegionId region;
        bool silent = false;
        bool cannot_write = false;  // to the new Region, though it is told to
        Epoch epoch;
        std::optional<Instant> acknowledged_at;
        std::optional<Instant> began_at;    // as a process after another one
        std::optional<Instant> unknown_at;  // a write of it was given up without an answer
    };

    [[nodiscard]] core::AppCore make(core::AppRecord record, const core::Policy& policy) const;
    [[nodiscard]] core::Now now() const;
    // All copies of the epoch item, as a controller reads them now.
    [[nodiscard]] core::EpochReading reading() const;
    void tell(const core::Event& event);
    void take(core::Effects effects);
    void answer(const core::Action& action);
    void answer(const core::OrderAgents& order);
    void look();
    void report(const HostId& id, Host& host);
    void connect(const HostId& id, const Host& host);
    [[nodiscard]] std::optional<Duration> unknown_ago(const Host& host) const;
    void ask(const Happening& happening);
    [[nodiscard]] bool fails(const std::string& what, const RegionId& region, const ObserverId& who)
        const;

    core::Policy policy_;
    Instant now_ = kStart;
    std::map<HostId, Host> hosts_;
    // What is wrong, by subject and name, and which observers see it (empty: all of them).
    std::map<std::pair<std::string, std::string>, std::set<std::string>> wrong_;
    std::map<RegionId, Instant> last_heartbeat_;
    Epoch records_{1};
    RegionId records_active_;
    Duration longest_lease_{};  // that the records named before the next raise
    std::vector<std::pair<HostId, RegionId>> strangers_;  // hosts that registered themselves
    core::AppCore core_;
    std::deque<core::Event> outcomes_;
    std::string journal_;
    std::string refused_;  // what an operator was told
    int requests_ = 0;
    int ticks_ = 0;
};

}  // namespace farshore::scenario
