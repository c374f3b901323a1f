#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/failover/event.h"
#include "core/failover/register.h"
#include "core/lease/on_controller_loss.h"

namespace farshore::core {

// How often a controller looks for hosts that no fence has asked for, so that the register names
// them before a fence needs to know them.
inline constexpr Duration kSearchHostsEvery = std::chrono::seconds{5};

// Agents take permission from the epoch items, and register themselves for that.
[[nodiscard]] constexpr bool hosts_register_themselves(OnControllerLoss rule) {
    return rule == OnControllerLoss::verify;
}

// One registration as a table holds it.
struct HostEntry {
    std::optional<HostId> owner;  // whose key it stands under; nullopt: no host's
    HostId host;                  // that it names
    RegionId region;
    std::string register_id;  // of the controllers' store that it is meant for
};

// One search for the hosts that registered themselves in the epoch tables: agents that had no
// controller to say hello to. It is complete when a majority of the tables was read to its end, as
// each host has written into a majority. Tables are read page by page. Not thread-safe.
class HostSearch {
  public:
    // `counts`: does a registration for that register still mean that the host may write?
    using Counts = std::function<bool(const std::string& register_id)>;

    HostSearch(StepId step, std::size_t tables, Counts counts);

    enum class Verdict : std::uint8_t {
        counts,
        counts_without_region,  // it names none; the host may write all the same
        of_another_host,        // not counted: its key is another host's
        of_another_register     // not counted
    };

    Verdict take(const HostEntry& entry);

    // A page of that table was read; `more`: it was not the last. True: the next one is to be read.
    [[nodiscard]] bool page_read(const RegionId& table, bool more);
    // The table did not answer.
    void page_failed();

    // What was found, as soon as it is complete, or when every table has ended: given once.
    [[nodiscard]] std::optional<HostsFound> news();

  private:
    StepId step_;
    std::size_t tables_;
    Counts counts_;
    std::map<RegionId, std::size_t> pages_;
    std::size_t whole_ = 0;  // tables that were read to their end
    std::size_t ended_ = 0;
    std::map<HostId, RegionId> hosts_;
    bool told_ = false;
};

// The hosts that the register does not have as they were found. They are made durable before the
// core hears of them; it counts them also when the store refuses. `not_stored`: hosts that the core
// counts and that the store has refused, so a controller that follows would not wait for them.
// `listed`: may the host be in the register?
[[nodiscard]] std::vector<std::pair<HostId, RegionId>> to_enroll(
    const HostsFound& found,
    const AgentRegister& known,
    const std::set<HostId>& not_stored,
    const std::function<bool(const HostId&)>& listed
);

}  // namespace farshore::core
