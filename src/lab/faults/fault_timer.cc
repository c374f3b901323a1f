#include "lab/faults/fault_timer.h"

#include <algorithm>

namespace farshore::lab {

namespace {

// The timer's clock stops while the machine is paused, the board's does not: look again at least
// this often.
constexpr Duration kLookAgain = std::chrono::seconds{1};

}  // namespace

FaultTimer::FaultTimer(net::Io& io, FaultBoard& board, const ports::Clock& clock)
    : board_(board), clock_(clock), timer_(io.get_executor()) {
    subscription_ = board_.subscribe([this] { arm(); });
    arm();
}

FaultTimer::~FaultTimer() {
    *alive_ = false;
    timer_.cancel();
}

void FaultTimer::arm() {
    const auto deadline = board_.next_deadline();
    if (!deadline) {
        timer_.cancel();
        return;
    }
    const Duration left = std::max(Duration{}, *deadline - clock_.now());
    timer_.expires_after(std::min(left, kLookAgain));
    timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
        if (error || !*alive) {
            return;
        }
        board_.expire();
        arm();
    });
}

}  // namespace farshore::lab
