#include "controller/core_ports.h"

#include <algorithm>
#include <utility>

#include "adapters/system/log.h"

namespace farshore::controller {

void WakeUp::arm(Instant at) {
    wanted_ = at;
    if (!set_ || at < *set_) {
        set(at);
    }
}

void WakeUp::set(Instant at) {
    // A far deadline is no reason for an overflow; waking up early does no harm.
    constexpr Duration kLongest = std::chrono::hours{1};
    const Instant now = clock_.now();
    const Duration wait = std::clamp<Duration>(at - now, Duration::zero(), kLongest);
    set_ = now + wait;
    timer_.expires_after(wait);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && pump_ != nullptr) {
            fired();
        }
    });
}

void WakeUp::fired() {
    set_.reset();
    if (wanted_ && clock_.now() < *wanted_) {
        set(*wanted_);
    } else if (std::exchange(wanted_, std::nullopt)) {
        pump_->turn();
    }
}

void WakeUp::end() {
    pump_ = nullptr;
    timer_.cancel();
}

void Announcer::announce(const core::Announce& action) {
    system::log_warning("announce", action.text);
}

}  // namespace farshore::controller
