#include "sim/random_author.h"

// How strong a fault is, and how long it lasts.
namespace farshore::sim {

namespace {

struct Amounts {
    FaultKind kind{};
    int from = 0;
    int to = 0;
};

// A kind that is not here has no amount.
constexpr std::array kAmounts{
    Amounts{FaultKind::data_errors, 100, 500},
    Amounts{FaultKind::data_late, 1'100, 9'000},
    Amounts{FaultKind::data_slow, 100, 700},
    Amounts{FaultKind::data_throttles, 100, 900},
    Amounts{FaultKind::replication_slow, 500, 15'000},
    Amounts{FaultKind::heartbeats_early, 500, 4'000},
    Amounts{FaultKind::host_wall_step, -20'000, 20'000},
    Amounts{FaultKind::controller_wall_step, -20'000, 20'000},
    Amounts{FaultKind::old_agent, 1, 2},
    Amounts{FaultKind::ghosts, 1, 3},
    Amounts{FaultKind::loss, 20, 300},
    Amounts{FaultKind::duplicates, 50, 500},
    Amounts{FaultKind::reordering, 20, 400},
    Amounts{FaultKind::latency, 100, 900},
    Amounts{FaultKind::dies_before_effects, 1, 20},
    Amounts{FaultKind::dies_after_effects, 1, 20},
    Amounts{FaultKind::dies_in_save, 1, 20},
    Amounts{FaultKind::store_slow, 50, 1500},
    Amounts{FaultKind::record_written, 1, 3},
    Amounts{FaultKind::record_lease, 500, 10'000},
};

}  // namespace

int Author::amount_of(FaultKind kind) {
    const auto number = [this](int from, int to) {
        return from + static_cast<int>(below(static_cast<std::uint64_t>(to - from + 1)));
    };
    if (kind == FaultKind::host_clock_drift || kind == FaultKind::controller_clock_drift) {
        // Two clocks may drift apart by clock_error in one lease: half of it each.
        const int ppm = 90'000'000 / static_cast<int>(to_ms(script_.agents_lease));
        return number(-ppm, ppm);
    }
    const auto row = std::ranges::find(kAmounts, kind, &Amounts::kind);
    return row == kAmounts.end() ? 0 : number(row->from, row->to);
}

Duration Author::length_of(FaultKind kind) {
    if (kind == FaultKind::host_pause || kind == FaultKind::controller_pause) {
        return milliseconds(200, 12'000);
    }
    if (kind >= FaultKind::rival_beside && kind <= FaultKind::rival_empty) {
        return seconds(4, 70);
    }
    if (kind == FaultKind::hosts_restart_one_by_one) {
        return seconds(5, 40);
    }
    return one_in(3) ? milliseconds(300, 4'000) : milliseconds(2'000, 40'000);
}

}  // namespace farshore::sim
