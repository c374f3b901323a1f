#include "sim/weather.h"

#include <algorithm>

namespace farshore::sim {

namespace {

// How long connections that exist live on when their name has no address any more.
constexpr Duration kOldConnectionsLive = 3s;

}  // namespace

Weather::Weather() {
    make_anew();
}

void Weather::begin(const Fault& fault, Instant now) {
    if (fault.kind == FaultKind::names_empty && !is(FaultKind::names_empty, fault.at)) {
        names_empty_since_[fault.at] = now;
    }
    active_.push_back(&fault);
    make_anew();
}

void Weather::end(const Fault& fault) {
    std::erase(active_, &fault);
    make_anew();
}

bool Weather::anywhere(FaultKind kind) const {
    const auto& there = amounts_[static_cast<std::size_t>(kind)];
    return std::ranges::any_of(there, [](int amount) { return amount != 0; });
}

bool Weather::old_connections_hang(Place at, Instant now) const {
    return is(FaultKind::names_empty, at) && now - names_empty_since_[at] >= kOldConnectionsLive;
}

void Weather::make_anew() {
    for (auto& places : amounts_) {
        places.fill(0);
    }
    for (Place from = 0; from < kPlaces; ++from) {
        linked_[from].fill(true);
        clogged_[from].fill(false);
        replicates_[from].fill(true);
        delays_[from].fill(0);
    }
    for (const Fault* fault : active_) {
        int& worst = amounts_[static_cast<std::size_t>(fault->kind)][fault->at];
        worst = std::max(worst, std::max(1, fault->amount));
        touch_ways(*fault);
    }
    for (Place from = 0; from < kPlaces; ++from) {
        for (Place to = 0; to < kPlaces; ++to) {
            const bool ill = is(FaultKind::data_refuses, from) || is(FaultKind::data_refuses, to) ||
                             is(FaultKind::data_hangs, from) || is(FaultKind::data_hangs, to);
            replicates_[from][to] = replicates_[from][to] && linked_[from][to] && !ill;
        }
    }
}

void Weather::touch_ways(const Fault& fault) {
    const auto cut = [this](Place from, Place to) {
        linked_[from][to] = linked_[from][to] && from == to;
    };
    const Place at = fault.at;
    const Place to = fault.to;
    if (fault.kind == FaultKind::region_cut) {
        for (Place other = 0; other < kPlaces; ++other) {
            cut(at, other);
            cut(other, at);
        }
    } else if (fault.kind == FaultKind::pair_cut) {
        cut(at, to);
        cut(to, at);
    } else if (fault.kind == FaultKind::one_way) {
        cut(at, to);
    } else if (fault.kind == FaultKind::clogged) {
        clogged_[at][to] = true;
    } else if (fault.kind == FaultKind::replication_stopped) {
        replicates_[at][to] = false;
    } else if (fault.kind == FaultKind::replication_slow ||
               fault.kind == FaultKind::heartbeats_early) {
        delays_[at][to] = std::max(delays_[at][to], fault.amount);
    }
}

bool is_of_controllers(FaultKind kind) {
    return kind >= FaultKind::controller_dead && kind <= FaultKind::store_lost;
}

bool is_instant(FaultKind kind) {
    constexpr std::array kInstant{
        FaultKind::host_restart,
        FaultKind::host_reimaged,
        FaultKind::dies_before_effects,
        FaultKind::dies_after_effects,
        FaultKind::dies_in_save,
        FaultKind::store_stale,
        FaultKind::store_lost,
        FaultKind::record_written,
        FaultKind::record_lease,
        FaultKind::record_astray
    };
    return std::ranges::find(kInstant, kind) != kInstant.end();
}

}  // namespace farshore::sim
