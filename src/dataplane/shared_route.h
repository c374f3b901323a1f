#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/time.h"
#include "core/host/writes_on_their_way.h"

#include "dataplane/route_word.h"

namespace farshore::dataplane {

// What the loops read before each request and the control thread writes: the route word, and until
// when writes are permitted under its epoch. No lock. While a word is not open no write begins
// under it, yet those on their way keep the permission they had. No loop is inside a request when a
// word goes to another Region (RouteControl::switch_region).
class SharedRoute {
  public:
    explicit SharedRoute(RouteWord first, Instant now) : word_(pack(first)) {
        stopped_since_ = ticks(now);
    }

    [[nodiscard]] RouteWord word() const { return unpack(word_.load(std::memory_order_acquire)); }

    // Under this very word, at this very time.
    [[nodiscard]] bool may_write(RouteWord word, Instant now) const {
        return word.state == WriteState::open && now < permission_until();
    }

    // An expired permission or hold shows as unconfirmed.
    [[nodiscard]] RouteWord effective(Instant now) const {
        RouteWord seen = word();
        if ((seen.state == WriteState::open && !may_write(seen, now)) ||
            (seen.state == WriteState::held && now >= hold_until())) {
            seen.state = WriteState::unconfirmed;
        }
        return seen;
    }

    // Since when no write has been permitted; `now` while they are.
    [[nodiscard]] Instant stopped_since(Instant now) const {
        const RouteWord seen = word();
        if (seen.state != WriteState::open) {
            return Instant{Duration{stopped_since_.load(std::memory_order_acquire)}};
        }
        const Instant until = permission_until();
        return until < now ? until : now;
    }

    [[nodiscard]] Instant permission_until() const {
        return Instant{Duration{permission_until_.load(std::memory_order_acquire)}};
    }

    [[nodiscard]] core::WritesPermitted permission() const {
        // Both of one moment: an end that belongs to the next epoch must not be taken for ours.
        while (true) {
            const std::uint64_t before = word_.load(std::memory_order_acquire);
            const Instant until = permission_until();
            if (word_.load(std::memory_order_acquire) == before) {
                return {.epoch = unpack(before).epoch, .until = until};
            }
        }
    }

    [[nodiscard]] Instant hold_until() const {
        return Instant{Duration{hold_until_.load(std::memory_order_acquire)}};
    }

    // How long one write waits for permission.
    [[nodiscard]] Duration parked_for_max() const {
        return Duration{parked_for_max_.load(std::memory_order_relaxed)};
    }

    // The rest is for the control thread, one call at a time.

    void set_parked_for_max(Duration longest) {
        parked_for_max_.store(longest.count(), std::memory_order_relaxed);
    }

    void open(RouteWord word, Instant until, Instant now) {
        if (word.epoch != this->word().epoch) {
            // The new epoch's end is stored under no other epoch's word.
            stopped_since_.store(ticks(stopped_since(now)), std::memory_order_release);
            word.state = WriteState::unconfirmed;
            word_.store(pack(word), std::memory_order_release);
        }
        permission_until_.store(ticks(until), std::memory_order_release);
        word.state = WriteState::open;
        word_.store(pack(word), std::memory_order_release);
    }

    // Whatever the word is, and whatever is on its way.
    void end_permission(Instant now) {
        permission_until_.store(
            ticks(std::min(permission_until(), now)), std::memory_order_release
        );
    }

    // No write begins from this word on. What a reader of the word looks at next is stored before
    // it.
    void stop(RouteWord word, Instant now, Instant hold_end = Instant{}) {
        const Instant since = stopped_since(now);
        hold_until_.store(ticks(hold_end), std::memory_order_release);
        stopped_since_.store(ticks(since), std::memory_order_release);
        word_.store(pack(word), std::memory_order_release);
    }

  private:
    static std::int64_t ticks(Instant at) { return at.time_since_epoch().count(); }

    std::atomic<std::uint64_t> word_;
    std::atomic<std::int64_t> permission_until_{0};
    std::atomic<std::int64_t> hold_until_{0};
    std::atomic<std::int64_t> stopped_since_{0};
    std::atomic<std::int64_t> parked_for_max_{0};
};

}  // namespace farshore::dataplane
