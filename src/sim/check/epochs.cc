#include "sim/check/epochs.h"

#include <algorithm>

namespace farshore::sim {

namespace {

std::string said(Epoch epoch) {
    return "epoch " + std::to_string(epoch.value());
}

// What leaves a host just before its lease ends lands before another Region takes writes, unless
// the way or the Region takes longer than two clocks may differ.
constexpr Duration kUsualWay = 200ms;

}  // namespace

std::optional<Instant> EpochChecks::first_landing(Epoch epoch) const {
    const auto found = first_landings_.find(epoch);
    return found == first_landings_.end() ? std::nullopt : std::optional{found->second};
}

void EpochChecks::deadline(Epoch epoch, bool excused) {
    if (epoch > closed_below_) {
        closed_below_ = epoch;
        closed_at_ = scene_.calendar.now();
        operators_word_ = excused;
    }
}

// A host whose machine stood still, or was restored from a snapshot, takes its lease for younger
// than it is, until it finds out, and for no longer than what was left of it: this is not prevented
// (docs/decisions/0011-permission.md). With `keep` permission does not end by itself: a machine
// that has forgotten that its host had acknowledged a fence goes on until it hears of the newer
// epoch.
bool EpochChecks::woke_before(const Host& host, Epoch epoch, Instant sent) const {
    const std::optional<Host::Waking>& woke = host.woke();
    const bool keeps = scene_.script.agents_rule == core::OnControllerLoss::keep;
    return woke && sent >= woke->at && epoch <= woke->epoch &&
           (keeps || sent - woke->at <= scene_.script.agents_lease + kUsualWay);
}

void EpochChecks::sent(const Host& host, const OnWire& write) {
    if (write.epoch < closed_below_ && !operators_word_ &&
        !woke_before(host, write.epoch, write.sent_at)) {
        violations_.add(
            "INV-S1",
            host.id().value() + " sends a write under " + said(write.epoch) + ", " +
                std::to_string(to_ms(scene_.calendar.now() - closed_at_)) + " ms after " +
                said(closed_below_) + " closed it"
        );
    }
}

void EpochChecks::landed(const Host& host, const OnWire& write) {
    const auto [owner, first] = region_of_.emplace(write.epoch, write.to);
    if (!first && owner->second != write.to) {
        violations_.add("INV-S1", "two Regions took writes under " + said(write.epoch));
    }
    const Instant now = scene_.calendar.now();
    if (first) {
        first_landings_.emplace(write.epoch, now);
        // Hosts may follow the records by themselves: the first write under an epoch shows it.
        deadline(write.epoch, false);
    }
    if (write.epoch < newest_landed_) {
        ++late_landings_;
        const bool woke = woke_before(host, write.epoch, write.sent_at);
        if (write.key && (woke || !had_to_be_waited_for(host, write))) {
            late_keys_.insert(*write.key);
        }
        if (now - write.sent_at < kUsualWay && write.epoch < closed_below_ && !operators_word_ &&
            !woke) {
            violations_.add(
                "INV-S1",
                region_id(write.to).value() + " took a write of " + host.id().value() + " under " +
                    said(write.epoch) + " after one under " + said(newest_landed_)
            );
        }
    } else if (write.epoch > newest_landed_) {
        newest_landed_ = write.epoch;
        newest_landed_at_ = now;
    }
}

// A host tells when it gives up a write that it has sent: what lands within unknown_for of its
// sending lands before a planned change holds anything. That an agent of an older version does not
// tell is waited for too. A host whose state directory is gone does not know that it does not tell.
bool EpochChecks::had_to_be_waited_for(const Host& host, const OnWire& write) const {
    const Instant now = scene_.calendar.now();
    const bool remembered = write.life == host.life() || host.remembers_an_earlier_life();
    return planned_.contains(newest_landed_) && remembered &&
           now - write.sent_at < core::Timing{}.unknown_for;
}

void EpochChecks::acknowledged(const Host& host, Epoch epoch) {
    if (epoch < closed_below_ && !operators_word_ &&
        !woke_before(host, epoch, scene_.calendar.now())) {
        violations_.add(
            "INV-S1",
            host.id().value() + " passes a write under " + said(epoch) +
                " on as acknowledged after " + said(closed_below_) + " closed it"
        );
    }
}

void EpochChecks::mean(std::map<Epoch, RegionId>& meanings, Epoch epoch, const RegionId& active) {
    const auto [at, is_new] = meanings.emplace(epoch, active);
    if (!is_new && at->second != active) {
        violations_.add(
            "INV-S2", said(epoch) + " means " + active.value() + ", and meant " + at->second.value()
        );
    }
}

void EpochChecks::saved(std::size_t store, const core::AppRecord& record) {
    if (record.epoch < saved_epoch_[store]) {
        violations_.add("INV-S2", "the store went back to " + said(record.epoch));
    }
    saved_epoch_[store] = std::max(saved_epoch_[store], record.epoch);
    mean(followed_, record.epoch, record.active);
    const auto& operation = record.operation;
    if (!operation || !operation->plan.promotes()) {
        return;
    }
    const core::Plan& plan = operation->plan;
    if (plan.verb != core::Verb::failover && operation->at_risk == 0 && !plan.accept_unfenced &&
        !plan.accept_unknown) {
        planned_.insert(plan.epoch_after);
    } else {
        planned_.erase(plan.epoch_after);
    }
    const bool proven = operation->runs_step(core::StepKind::examine) ||
                        operation->runs_step(core::StepKind::repoint);
    if (proven) {
        deadline(operation->plan.epoch_after, operation->plan.accept_unfenced);
    }
}

// Such an epoch means what the majority says (INV-S2), also to a store that had tried in vain to
// give it to another Region, or that was lost since: its controller heals a copy, or writes the
// terms of a lease anew.
bool EpochChecks::majority_carries(const core::EpochItem& item) const {
    const auto carried = std::ranges::count_if(scene_.record_places, [&](Place place) {
        const std::optional<core::EpochItem>& copy = scene_.small.records[place];
        return copy && copy->epoch == item.epoch && copy->active == item.active;
    });
    return static_cast<std::size_t>(carried) >= core::majority_of(scene_.record_places.size());
}

void EpochChecks::copy_written(
    Place place,
    const std::optional<core::EpochItem>& before,
    const core::EpochItem& written,
    std::optional<std::size_t> by
) {
    if (!by) {
        // What it carried may have to be written again.
        std::erase_if(copies_raised_, [place](const auto& raised) {
            return raised.first == place;
        });
        return;
    }
    const core::EpochItem was = before.value_or(core::EpochItem{});
    if (written.epoch < was.epoch && !core::is_stray(was, written)) {
        violations_.add(
            "INV-S9",
            "a plan of " + said(written.epoch) + " overwrites " + said(was.epoch) + " in " +
                region_id(place).value()
        );
    } else if (written.epoch == was.epoch && written.active != was.active) {
        violations_.add(
            "INV-S9",
            said(written.epoch) + " is given to " + written.active.value() + ", though it is " +
                was.active.value() + "'s"
        );
    }
    if (!majority_carries(written)) {
        mean(raised_[*by], written.epoch, written.active);
    }
    if (written.epoch != was.epoch && !copies_raised_.emplace(place, written.epoch).second) {
        violations_.add(
            "INV-S4", said(written.epoch) + " is raised twice in " + region_id(place).value()
        );
    }
}

void EpochChecks::host_booted(const Host& host) {
    const auto promised = acknowledged_.find(host.index());
    const Epoch loaded = host.stored_route() ? host.stored_route()->epoch : Epoch{};
    if (promised != acknowledged_.end() && loaded < promised->second) {
        violations_.add(
            "INV-S2",
            host.id().value() + " starts with " + said(loaded) + ", and had acknowledged " +
                said(promised->second)
        );
    }
    routes_.erase(host.index());
}

void EpochChecks::route_acknowledged(const Host& host, const core::HostRoute& route) {
    Epoch& promised = acknowledged_[host.index()];
    promised = std::max(promised, route.epoch);
}

void EpochChecks::took_effect(const Host& host, const OrderMark& by, const std::string& what) {
    if (by.step.operation.value().empty()) {
        return;
    }
    const bool is_first =
        effects_
            .emplace(host.index(), host.life(), by.step.operation.value(), by.step.number, by.type)
            .second;
    if (!is_first) {
        violations_.add(
            "INV-S4",
            what + " of step " + std::to_string(by.step.number) + " of " +
                by.step.operation.value() + " takes effect again on " + host.id().value()
        );
    }
}

void EpochChecks::host_decided(
    const Host& host, const core::HostDecision& decision, const OrderMark* by
) {
    const core::HostRoute route = host.machine().route().value_or(core::HostRoute{});
    const auto known = routes_.find(host.index());
    const core::HostRoute before = known == routes_.end() ? core::HostRoute{} : known->second;
    if (route != before) {
        if (route.epoch < before.epoch) {
            violations_.add(
                "INV-S2",
                host.id().value() + " goes back from " + said(before.epoch) + " to " +
                    said(route.epoch)
            );
        }
        routes_[host.index()] = route;
        mean(followed_, route.epoch, route.active);
    }
    // The fence before a route, and what a host does by itself, come from no order.
    if (by == nullptr) {
        return;
    }
    const bool by_itself =
        decision.on == core::HostEvent::lease_expired || decision.on == core::HostEvent::hold_ended;
    const bool held = decision.action == core::HostAction::hold_writes;
    const bool changed = decision.before != decision.after || route != before;
    if (!by_itself && (held || changed)) {
        // What one controller's step has done, the other one's order has just undone.
        if (std::exchange(rival_changed_[host.index()], by->by_rival) != by->by_rival) {
            std::erase_if(effects_, [&host](const auto& effect) {
                return std::get<0>(effect) == host.index();
            });
        }
        took_effect(host, *by, std::string{to_string(by->type)});
    }
}

}  // namespace farshore::sim
