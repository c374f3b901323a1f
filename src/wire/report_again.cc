#include <algorithm>

#include "wire/agent_protocol.h"

namespace farshore::wire {

namespace {

// Apart from what a short report says by itself, and from figures that no controller reads.
bool is_alike(const Report& whole, Report now) {
    now.sequence = whole.sequence;
    now.lease_remaining = whole.lease_remaining;
    now.evidence = whole.evidence;
    now.ledger.acknowledged = whole.ledger.acknowledged;
    now.ledger.unproven = whole.ledger.unproven;
    now.ledger.oldest_unproven = whole.ledger.oldest_unproven;
    now.ledger.last_acknowledged_at = whole.ledger.last_acknowledged_at;
    now.ledger.last_acknowledged_age = whole.ledger.last_acknowledged_age;
    now.in_flight_writes = whole.in_flight_writes;
    now.held = whole.held;
    return now == whole;
}

}  // namespace

std::optional<ReportAgain> again(const Report& whole, const Report& now) {
    // How long ago a write was given up, and what waits to be asked for, is said anew each time.
    const bool tells_more = (now.unknown && now.unknown->newest_age) || now.ledger.left_behind > 0;
    if (tells_more || !is_alike(whole, now)) {
        return std::nullopt;
    }
    ReportAgain said{
        .app = now.app,
        .host = now.host,
        .boot = now.boot,
        .sequence = now.sequence,
        .like = whole.sequence,
        .unproven = now.ledger.unproven,
        .oldest_unproven = now.ledger.oldest_unproven,
        .last_acknowledged_age = now.ledger.last_acknowledged_age
    };
    for (const EvidenceCounts& seen : now.evidence) {
        const auto at = std::ranges::find_if(whole.evidence, [&seen](const EvidenceCounts& other) {
            return other.region == seen.region && other.component == seen.component &&
                   other.path == seen.path;
        });
        const auto bit = static_cast<std::size_t>(at - whole.evidence.begin());
        const bool well = seen.ok > 0 && seen.failed == 0 && seen.stalled == Duration::zero();
        if (!well || at == whole.evidence.end() || bit >= kWellBits) {
            return std::nullopt;
        }
        said.well |= std::uint64_t{1} << bit;
    }
    return said;
}

}  // namespace farshore::wire
