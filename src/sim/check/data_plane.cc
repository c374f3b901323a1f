#include "sim/check/data_plane.h"

#include "sim/store.h"

namespace farshore::sim {

namespace {

// What a controller had sent before it died has arrived by then.
constexpr Duration kStillUnderWay = 1500ms;

}  // namespace

void DataPlaneChecks::host_decided(
    const Host& host, const core::HostDecision& decision, const OrderMark* by
) {
    const RegionId users = host.machine().route() ? host.machine().route()->users : RegionId{};
    RegionId& before = users_[host.index()];
    if (users != before && decision.on != core::HostEvent::loaded) {
        check_users(host, users, by);
        const bool gone = gone_since_ && scene_.calendar.now() - *gone_since_ > kStillUnderWay;
        if (gone && before != RegionId{}) {
            violations_.add(
                "INV-S13",
                host.id().value() + " leads users from " + before.value() + " to " + users.value() +
                    ", and no controller lives"
            );
        }
    }
    before = users;
    check_without_controllers(host, decision);
}

// Users are sent only where a host of the same place has written under that epoch. Hosts that are
// told where users are already send them nowhere: a shift was taken back, or failed.
void DataPlaneChecks::check_users(const Host& host, const RegionId& users, const OrderMark* by) {
    if (by == nullptr || !users_known_) {
        return;
    }
    const Epoch epoch = host.machine().epoch();
    const auto proven = proven_.find(epoch);
    const bool moved = std::exchange(users_now_, users) != users;
    const bool stay = users == scene_.store->durable().users;
    if (moved && !stay && (proven == proven_.end() || !proven->second.contains(place_of(users)))) {
        violations_.add(
            "INV-S5",
            host.id().value() + " sends users to " + users.value() +
                ", where no host has proved a write under epoch " + std::to_string(epoch.value())
        );
    }
}

// Losing the controllers changes nothing but what leases and records say. With `verify` a host that
// reads its epoch in a majority of the copies goes on for ever, with `keep` every host does.
void DataPlaneChecks::check_without_controllers(
    const Host& host, const core::HostDecision& decision
) {
    const Instant now = scene_.calendar.now();
    const Duration lease = scene_.script.agents_lease;
    if (!gone_since_ || now - *gone_since_ < lease + kStillUnderWay ||
        decision.on != core::HostEvent::lease_expired || decision.before != core::HostState::open) {
        return;
    }
    const core::OnControllerLoss rule = scene_.script.agents_rule;
    const auto confirmable = host.confirmable_since();
    const bool confirmed =
        rule == core::OnControllerLoss::verify && confirmable && now - *confirmable > lease + lease;
    if (rule == core::OnControllerLoss::keep || confirmed) {
        violations_.add(
            "INV-S13",
            host.id().value() + " stops its writes for want of a controller, though " +
                (confirmed ? "a majority of the records confirms it" : "it keeps its route")
        );
    }
}

}  // namespace farshore::sim
