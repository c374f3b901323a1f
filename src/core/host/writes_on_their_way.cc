#include "core/host/writes_on_their_way.h"

#include "base/assert.h"

namespace farshore::core {

void WritesOnTheirWay::renew(const WritesPermitted& now) {
    for (OfEpoch& each : epochs_) {
        if (each.epoch == now.epoch) {
            each.permitted_until = now.until;
        }
    }
}

void WritesOnTheirWay::sent(Epoch epoch, Instant permitted_until) {
    ++count_;
    const auto found = std::ranges::find(epochs_, epoch, &OfEpoch::epoch);
    if (found == epochs_.end()) {
        epochs_.push_back({.epoch = epoch, .count = 1, .permitted_until = permitted_until});
    } else {
        ++found->count;
    }
}

void WritesOnTheirWay::left(Epoch epoch) {
    const auto found = std::ranges::find(epochs_, epoch, &OfEpoch::epoch);
    FARSHORE_ASSERT(found != epochs_.end(), "a write that leaves was counted when it was sent");
    --count_;
    if (--found->count == 0) {
        epochs_.erase(found);
    }
}

std::uint64_t WritesOnTheirWay::below(Epoch epoch) const {
    std::uint64_t sum = 0;
    for (const OfEpoch& each : epochs_) {
        sum += each.epoch < epoch ? each.count : 0;
    }
    return sum;
}

Instant WritesOnTheirWay::permitted_until(Epoch epoch, const WritesPermitted& now) {
    renew(now);
    const auto found = std::ranges::find(epochs_, epoch, &OfEpoch::epoch);
    return found == epochs_.end() ? Instant::max() : found->permitted_until;
}

Instant WritesOnTheirWay::next_end(const WritesPermitted& now) {
    if (epochs_.empty()) {
        return Instant::max();
    }
    renew(now);
    return std::ranges::min(epochs_, {}, &OfEpoch::permitted_until).permitted_until;
}

}  // namespace farshore::core
