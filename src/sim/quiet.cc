#include "sim/quiet.h"

#include <algorithm>

#include "sim/chronicle.h"
#include "sim/controller_site.h"
#include "sim/director.h"
#include "sim/dns.h"
#include "sim/host.h"
#include "sim/shoppers.h"
#include "sim/store.h"

namespace farshore::sim {

namespace {

constexpr Duration kLookEvery = 1s;
// Shoppers go on one by one for so long after the last event, and begin so long before the next.
constexpr Duration kShoppersStayFor = 3s;
// Longer than any memory of the world: a signal's healthy_for, a lease, a lag's freshness, a
// ledger's inheritance.
constexpr Duration kHeldFor = 15s;
// How long before the next event the world is played again.
constexpr Duration kLead = 17s;
// Everything that repeats itself and can matter does so within a divisor of this, so a skip changes
// no phase: reports every half second, readings of the records every second or third of a lease of
// 2.4 s, searches for hosts every five seconds.
constexpr Duration kPeriod = 20s;

}  // namespace

void Quiet::start() {
    scene_.calendar.in(Shoppers::kOpening, [this] { scene_.shoppers->wake(); });
    scene_.calendar.in(kLookEvery, [this] { look(); });
}

void Quiet::disturb() {
    last_ = scene_.calendar.now();
    if (!calm_) {
        return;
    }
    for (const auto& host : scene_.hosts) {
        host->keep_last_acknowledged();
    }
    calm_ = false;
    scene_.shoppers->wake();
}

void Quiet::look() {
    scene_.calendar.in(kLookEvery, [this] { look(); });
    scene_.chronicle->look();
    const bool soon = next_stop() - scene_.calendar.story() <= kShoppersStayFor;
    if (!nothing_happens() || soon) {
        disturb();
        busy_ += kLookEvery;
        return;
    }
    const Duration held = scene_.calendar.now() - last_;
    if (held < kShoppersStayFor) {
        busy_ += kLookEvery;
        return;
    }
    calm_ = true;
    if (held >= kHeldFor && nothing_is_pending() && scene_.script.skips_quiet_time) {
        skip_to_next_stop();
    }
}

bool Quiet::nothing_happens() const {
    const Controller* controller = scene_.controllers->controller();
    if (!scene_.weather.fair() || controller == nullptr || !controller->still()) {
        return false;
    }
    return scene_.dns->still() &&
           std::ranges::all_of(scene_.hosts, [](const auto& host) { return host->is_settled(); });
}

// What shoppers have left behind is asked for only when they rest.
bool Quiet::nothing_is_pending() const {
    return scene_.tables.all_arrived() && scene_.shoppers->still() &&
           std::ranges::all_of(scene_.hosts, [](const auto& host) {
               return host->has_no_writes();
           });
}

Duration Quiet::next_stop() const {
    Duration stop = std::min(
        scene_.director->next_event().value_or(scene_.script.length), scene_.script.length
    );
    const Duration story = scene_.calendar.story();
    const auto consider = [&](const std::optional<UtcTime>& at) {
        if (!at) {
            return;
        }
        const Duration when = story + (*at - scene_.controllers->wall());
        if (when > story) {
            stop = std::min(stop, when);
        }
    };
    const core::AppRecord& record = scene_.store->durable();
    consider(record.cooldown_until);
    if (record.pause && record.pause->until) {
        consider(record.pause->until);
        consider(
            *record.pause->until +
            std::chrono::duration_cast<WallClock::duration>(core::kQuietAfterPause)
        );
    }
    return stop;
}

void Quiet::skip_to_next_stop() {
    const Duration free = next_stop() - kLead - scene_.calendar.story();
    const Duration whole = free / kPeriod * kPeriod;
    if (whole > Duration::zero()) {
        scene_.calendar.skip(whole);
        scene_.director->rearm();
    }
}

}  // namespace farshore::sim
