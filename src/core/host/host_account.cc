#include "core/host/host_account.h"

#include <algorithm>
#include <limits>
#include <string>

namespace farshore::core {

namespace {

std::optional<Duration> since(Instant now, std::optional<Instant> at) {
    return at ? std::optional{now - *at} : std::nullopt;
}

}  // namespace

WriteState write_state_of(const HostMachine& machine, Instant now) {
    const WriteState state = write_state_of(machine.state());
    const bool lapsed = state == WriteState::open && !machine.may_write(now);
    return lapsed ? WriteState::unconfirmed : state;
}

HostAccount account_of(
    Instant now,
    const HostMachine& machine,
    const Ledger& ledger,
    const Arrivals& arrivals,
    const NewestUnknown& unknown
) {
    const LedgerCounters counters = ledger.counters();
    return {
        .route = machine.route().value_or(HostRoute{}),
        .write_state = write_state_of(machine, now),
        .acknowledged = counters.acknowledged,
        .last_acknowledged_ago = since(now, counters.last_acknowledged_at),
        .unproven = counters.unproven,
        .oldest_unproven = since(now, counters.oldest_unproven_at),
        .ledger_whole = !arrivals.why_not_whole(now, counters),
        .left_behind = ledger.left_behind().size(),
        .newest_unknown_ago = unknown.ago(now)
    };
}

AgentReported reported(const HostAccount& account) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
    return {
        .epoch = account.route.epoch,
        .active = account.route.active,
        .users = account.route.users,
        .write_state = std::string{to_string(account.write_state)},
        .last_acknowledged_ago = account.last_acknowledged_ago,
        .unproven = static_cast<std::uint32_t>(std::min(account.unproven, kMost)),
        .ledger_whole = account.ledger_whole,
        .newest_unknown_ago = account.newest_unknown_ago,
        .oldest_unproven = account.oldest_unproven.value_or(Duration::zero())
    };
}

}  // namespace farshore::core
