#include "adapters/aws/retry.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace farshore::aws {

using namespace std::chrono_literals;

bool RetryQuota::take(ErrorKind kind) {
    const int cost = kind == ErrorKind::timed_out ? kTimeoutCost : kRetryCost;
    if (left_ < cost) {
        return false;
    }
    left_ -= cost;
    return true;
}

void RetryQuota::refill(bool after_retry) {
    left_ = std::min(kCapacity, left_ + (after_retry ? kRetryCost : 1));
}

Duration retry_pause(ErrorKind kind, int attempt, Rng& rng) {
    constexpr Duration kCap = 20s;
    Duration ceiling = kind == ErrorKind::throttled ? Duration{1s} : Duration{50ms};
    for (int i = 1; i < attempt && ceiling < kCap; ++i) {
        ceiling *= 2;
    }
    ceiling = std::min(ceiling, kCap);
    return Duration{static_cast<Duration::rep>(rng.below(static_cast<std::uint64_t>(ceiling.count())
    ))};
}

bool may_retry(const Error& error, bool repeatable) {
    if (error.effect == Effect::possible && !repeatable) {
        return false;
    }
    switch (error.kind) {
        case ErrorKind::throttled:
        case ErrorKind::unavailable:
        case ErrorKind::timed_out: return true;
        case ErrorKind::not_found:
        case ErrorKind::conflict:
        case ErrorKind::malformed:
        case ErrorKind::denied:
        case ErrorKind::cancelled:
        case ErrorKind::exhausted: return false;
    }
    std::unreachable();
}

}  // namespace farshore::aws
