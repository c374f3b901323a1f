#include "controller/core_ports.h"

#include <algorithm>

#include "adapters/system/log.h"

namespace farshore::controller {

void WakeUp::arm(Instant at) {
    // A far deadline is no reason for an overflow; waking up early does no harm.
    constexpr Duration kLongest = std::chrono::hours{1};
    timer_.expires_after(std::clamp<Duration>(at - clock_.now(), Duration::zero(), kLongest));
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && pump_ != nullptr) {
            pump_->turn();
        }
    });
}

void WakeUp::end() {
    pump_ = nullptr;
    timer_.cancel();
}

void Announcer::announce(const core::Announce& action) {
    system::log_warning("announce", action.text);
}

}  // namespace farshore::controller
