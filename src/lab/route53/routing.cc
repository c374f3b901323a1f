#include "lab/route53/routing.h"

#include <algorithm>
#include <utility>

namespace farshore::lab::route53 {

namespace {

const RecordSet* with_role(std::span<const RecordSet* const> candidates, FailoverRole role) {
    const auto found = std::ranges::find(candidates, role, &RecordSet::failover);
    return found == candidates.end() ? nullptr : *found;
}

const RecordSet* choose_failover(
    std::span<const RecordSet* const> candidates, const HealthOf& health_of
) {
    const RecordSet* primary = with_role(candidates, FailoverRole::primary);
    const RecordSet* secondary = with_role(candidates, FailoverRole::secondary);
    // Half a pair answers whatever its health: there is nothing else to give.
    if (primary == nullptr || secondary == nullptr) {
        return primary == nullptr ? secondary : primary;
    }
    const FailoverRow& row = failover_row(health_of(*primary), health_of(*secondary));
    return row.answer == FailoverRole::secondary ? secondary : primary;
}

const RecordSet* choose_weighted(std::span<const RecordSet* const> among, std::uint64_t draw) {
    std::uint64_t total = 0;
    for (const RecordSet* record : among) {
        total += static_cast<std::uint64_t>(record->weight.value_or(0));
    }
    // All weights zero: each is as likely as the others.
    if (total == 0) {
        return among[draw % among.size()];
    }
    std::uint64_t left = draw % total;
    for (const RecordSet* record : among) {
        const auto weight = static_cast<std::uint64_t>(record->weight.value_or(0));
        if (left < weight) {
            return record;
        }
        left -= weight;
    }
    std::unreachable();
}

}  // namespace

const FailoverRow& failover_row(RecordHealth primary, RecordHealth secondary) {
    return *std::ranges::find_if(kFailoverTable, [&](const FailoverRow& row) {
        return row.primary == primary && row.secondary == secondary;
    });
}

const RecordSet* choose(
    std::span<const RecordSet* const> candidates, const HealthOf& health_of, std::uint64_t draw
) {
    if (candidates.empty()) {
        return nullptr;
    }
    const RecordSet& first = *candidates.front();
    if (first.failover != FailoverRole::none) {
        return choose_failover(candidates, health_of);
    }
    if (first.set_identifier.empty()) {
        return &first;  // simple routing takes no health check into account
    }
    std::vector<const RecordSet*> healthy;
    for (const RecordSet* record : candidates) {
        // A weight of zero takes part only when every other record is unhealthy.
        if (record->weight.value_or(1) > 0 && health_of(*record) != RecordHealth::unhealthy) {
            healthy.push_back(record);
        }
    }
    if (healthy.empty()) {
        std::ranges::copy_if(candidates, std::back_inserter(healthy), [&](const RecordSet* record) {
            return health_of(*record) != RecordHealth::unhealthy;
        });
    }
    const auto among = healthy.empty() ? candidates : std::span<const RecordSet* const>{healthy};
    // The lab measures no latency between networks: the first in listing order is the nearest.
    return first.weight ? choose_weighted(among, draw) : among.front();
}

}  // namespace farshore::lab::route53
