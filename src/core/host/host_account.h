#pragma once

#include <cstdint>
#include <optional>

#include "core/failover/event.h"
#include "core/host/host_machine.h"
#include "core/loss/arrivals.h"
#include "core/loss/ledger.h"

namespace farshore::core {

// When a host last gave up a write that it had sent, without an answer: the service may carry it
// out later. What the process before this one had under way counts too. Pure.
class NewestUnknown {
  public:
    // `inherited_at`: an earlier process may have had writes under way when this one began;
    // nullopt: there was none.
    explicit NewestUnknown(std::optional<Instant> inherited_at) : at_(inherited_at) {}

    void given_up(std::optional<Instant> at) { at_ = std::max(at_, at); }

    // nullopt: never, as far as the host remembers.
    [[nodiscard]] std::optional<Duration> ago(Instant now) const {
        return at_ ? std::optional{std::max(now - *at_, Duration::zero())} : std::nullopt;
    }

  private:
    std::optional<Instant> at_;
};

// What a host tells of itself in each report, in whatever form it travels. Ages are by its clock.
struct HostAccount {
    HostRoute route;  // none: that of epoch zero
    WriteState write_state = WriteState::unconfirmed;
    std::uint64_t acknowledged = 0;  // writes since the process began
    std::optional<Duration> last_acknowledged_ago;
    std::uint64_t unproven = 0;  // entries of the ledger that were not seen in the standby
    std::optional<Duration> oldest_unproven;
    bool ledger_whole = true;
    std::uint64_t left_behind = 0;  // unproven writes of older epochs that no fence has asked for
    std::optional<Duration> newest_unknown_ago;
};

// As the machine has it by now: its lease may have ended since it last looked.
[[nodiscard]] WriteState write_state_of(const HostMachine& machine, Instant now);

[[nodiscard]] HostAccount account_of(
    Instant now,
    const HostMachine& machine,
    const Ledger& ledger,
    const Arrivals& arrivals,
    const NewestUnknown& unknown
);

// As the controller takes it; without the host.
[[nodiscard]] AgentReported reported(const HostAccount& account);

}  // namespace farshore::core
