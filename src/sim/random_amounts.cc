#include "sim/random_author.h"

// How strong a fault is, and how long it lasts.
namespace farshore::sim {

int Author::amount_of(FaultKind kind) {
    const auto number = [this](int from, int to) {
        return from + static_cast<int>(below(static_cast<std::uint64_t>(to - from + 1)));
    };
    // Two clocks may drift apart by clock_error in one lease: half of it each.
    const auto lease_ms = static_cast<int>(to_ms(script_.agents_lease));
    const int drift = 90'000'000 / lease_ms;
    switch (kind) {
        case FaultKind::data_errors: return number(100, 500);
        case FaultKind::data_slow: return number(100, 700);
        case FaultKind::data_throttles: return number(100, 900);
        case FaultKind::replication_slow: return number(500, 15'000);
        case FaultKind::heartbeats_early: return number(500, 4'000);
        case FaultKind::host_clock_drift:
        case FaultKind::controller_clock_drift: return number(-drift, drift);
        case FaultKind::host_wall_step:
        case FaultKind::controller_wall_step: return number(-20'000, 20'000);
        case FaultKind::old_agent: return number(1, 2);
        case FaultKind::ghosts: return number(1, 3);
        case FaultKind::loss: return number(20, 300);
        case FaultKind::duplicates: return number(50, 500);
        case FaultKind::reordering: return number(20, 400);
        case FaultKind::latency: return number(100, 900);
        case FaultKind::dies_before_effects:
        case FaultKind::dies_after_effects:
        case FaultKind::dies_in_save: return number(1, 20);
        case FaultKind::store_slow: return number(50, 1500);
        case FaultKind::record_written: return number(1, 3);
        case FaultKind::record_lease: return number(500, 10'000);
        case FaultKind::data_refuses:
        case FaultKind::data_hangs:
        case FaultKind::data_unseen:
        case FaultKind::names_empty:
        case FaultKind::records_refuse:
        case FaultKind::replication_stopped:
        case FaultKind::heartbeats_frozen:
        case FaultKind::stack_down:
        case FaultKind::hosts_dead:
        case FaultKind::half_dead:
        case FaultKind::host_restart:
        case FaultKind::hosts_restart_one_by_one:
        case FaultKind::host_reimaged:
        case FaultKind::host_pause:
        case FaultKind::host_disk_full:
        case FaultKind::metrics_missing:
        case FaultKind::impostor:
        case FaultKind::region_cut:
        case FaultKind::pair_cut:
        case FaultKind::one_way:
        case FaultKind::clogged:
        case FaultKind::controller_dead:
        case FaultKind::controller_pause:
        case FaultKind::store_full:
        case FaultKind::store_stale:
        case FaultKind::record_astray:
        case FaultKind::store_lost:
        case FaultKind::dns_stranded:
        case FaultKind::resolvers_stale:
        case FaultKind::checks_fail:
        case FaultKind::losses_unreadable: return 0;
    }
    std::unreachable();
}

Duration Author::length_of(FaultKind kind) {
    if (kind == FaultKind::host_pause || kind == FaultKind::controller_pause) {
        return milliseconds(200, 12'000);
    }
    if (kind == FaultKind::hosts_restart_one_by_one) {
        return seconds(5, 40);
    }
    return one_in(3) ? milliseconds(300, 4'000) : milliseconds(2'000, 40'000);
}

}  // namespace farshore::sim
