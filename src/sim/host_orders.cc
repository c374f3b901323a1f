#include <algorithm>
#include <iterator>

#include "sim/chronicle.h"
#include "sim/controller_site.h"
#include "sim/host.h"

// How an agent takes a controller's orders: each is answered once, when its effect is proven.
namespace farshore::sim {

namespace {

constexpr Duration kLook = 10ms;
constexpr Duration kDrainAgain = 20ms;
constexpr Duration kVerifyLook = 50ms;
constexpr Duration kStoredWithin = 10s;
constexpr Duration kHoldMore = 500ms;
constexpr Duration kVerifyPatience = 5s;
// After a start the agent does not know what its earlier process had under way.
constexpr Duration kInheritedMatters = 10s;

// What an agent of an older version does not know: `amount` of the fault.
bool unknown_to_old_agent(int version, core::OrderType type) {
    return (version == 1 && type == core::OrderType::drain) ||
           (version == 2 && type == core::OrderType::verify);
}

}  // namespace

bool Host::ledger_is_whole() const {
    return !disk_.lived_before || local_now() - booted_at_ >= kInheritedMatters;
}

void Host::take_order(Session session, const Order& order) {
    if (session_ != session) {
        return;
    }
    controller_heard_at_ = local_now();
    stream_heard_at_ = local_now();
    const OrderMark mark{.step = order.body.step, .type = order.body.type, .number = order.number};
    Ack ack{
        .host = index(),
        .life = life_,
        .order = order.number,
        .type = order.body.type,
        .done = false,
        .epoch = machine_.epoch(),
        .unproven = 0,
        .cut = 0,
        .newest_unknown_ago = std::nullopt,
        .entries = {},
        .truncated = false,
        .detail = {}
    };
    if (unknown_to_old_agent(
            scene_.weather.amount(FaultKind::old_agent, home()), order.body.type
        )) {
        ack.detail = "this agent does not know orders of that type";
        acknowledge(std::move(ack));
        return;
    }
    switch (order.body.type) {
        case core::OrderType::route: obey_route(order, mark, std::move(ack)); break;
        case core::OrderType::hold: obey_hold(order, mark, std::move(ack)); break;
        case core::OrderType::fence: obey_fence(order, mark, std::move(ack)); break;
        case core::OrderType::release: {
            const core::HostDecision decision = step(core::ReleaseOrder{order.body.epoch}, &mark);
            ack.done = !decision.refused();
            ack.detail = decision.why;
            acknowledge(std::move(ack));
            break;
        }
        case core::OrderType::drain:
            finish_drain(std::move(ack), local_now() + order.body.timeout);
            break;
        case core::OrderType::verify:
            finish_verify(std::move(ack), local_now() + kVerifyPatience);
            break;
    }
    report_soon();
}

void Host::obey_route(const Order& order, const OrderMark& mark, Ack ack) {
    if (scene_.planted(Plant::host_without_a_row) && machine_.state() == core::HostState::fenced) {
        ack.detail = "no row";
        acknowledge(std::move(ack));
        return;
    }
    const core::HostRoute route{
        .epoch = order.body.epoch, .active = order.body.active, .users = order.body.users
    };
    const core::HostDecision decision = step(core::RouteOrder{route}, &mark);
    if (decision.refused()) {
        ack.detail = decision.why;
        acknowledge(std::move(ack));
        return;
    }
    finish_route(route, std::move(ack), local_now() + kStoredWithin);
}

// Done when it is on disk.
void Host::finish_route(core::HostRoute route, Ack ack, Instant until) {
    const bool there = disk_.route && (*disk_.route == route || disk_.route->epoch > route.epoch);
    if (!there && local_now() < until && storing_) {
        later(kLook, [this, route, ack, until] { finish_route(route, ack, until); });
        return;
    }
    ack.done = there;
    ack.epoch = machine_.epoch();
    ack.detail = there ? "" : "the state file is not on disk yet";
    if (there) {
        scene_.chronicle->route_acknowledged(*this, route);
    }
    acknowledge(std::move(ack));
}

void Host::obey_hold(const Order& order, const OrderMark& mark, Ack ack) {
    const core::HostDecision decision =
        step(core::HoldOrder{.epoch = order.body.epoch, .length = order.body.hold_for}, &mark);
    if (decision.refused()) {
        ack.detail = decision.why;
        acknowledge(std::move(ack));
        return;
    }
    finish_hold(std::move(ack), local_now() + order.body.hold_for + kHoldMore);
}

// Done when no write is on its way.
void Host::finish_hold(Ack ack, Instant until) {
    if (!flights_.empty() && local_now() < until) {
        later(kLook, [this, ack, until] { finish_hold(ack, until); });
        return;
    }
    ack.done = flights_.empty();
    ack.epoch = machine_.epoch();
    ack.newest_unknown_ago = newest_unknown_ago();
    ack.detail = ack.done ? "" : "writes are still in flight";
    acknowledge(std::move(ack));
}

void Host::obey_fence(const Order& order, const OrderMark& mark, Ack ack) {
    fence_grace_ = order.body.fence_grace;
    cut_ = 0;
    const core::HostDecision decision = step(core::FenceOrder{order.body.epoch}, &mark);
    fence_grace_ = kFenceGrace;
    ack.detail = decision.why;
    if (decision.refused()) {
        acknowledge(std::move(ack));
        return;
    }
    if (decision.action == core::HostAction::acknowledge) {
        finish_fence(order.body.epoch, std::move(ack));
        return;
    }
    // Those that are older are cut when their grace is over.
    const bool none = std::ranges::none_of(flights_, [&](const Flight& flight) {
        return flight.epoch < order.body.epoch;
    });
    later(
        none ? Duration{1} : order.body.fence_grace + Duration{1},
        [this, epoch = order.body.epoch, ack] { finish_fence(epoch, ack); }
    );
}

void Host::finish_fence(Epoch epoch, Ack ack) {
    ack.done = std::ranges::none_of(flights_, [epoch](const Flight& flight) {
        return flight.epoch < epoch;
    });
    ack.epoch = machine_.epoch();
    ack.newest_unknown_ago = newest_unknown_ago();
    ack.cut = cut_;
    for (const LedgerEntry& entry : ledger_.entries()) {
        if (entry.epoch < epoch) {
            ack.entries.push_back(entry);
        }
    }
    std::ranges::copy_if(
        ledger_.left_behind(),
        std::back_inserter(ack.entries),
        [epoch](const LedgerEntry& entry) { return entry.epoch < epoch; }
    );
    ack.adopted_alone = machine_.adopted_alone() && machine_.epoch() >= epoch &&
                        !scene_.planted(Plant::drain_outlives_its_hold);
    ack.unproven = static_cast<std::uint32_t>(ack.entries.size());
    ack.truncated = !ledger_is_whole();
    acknowledge(std::move(ack));
}

// Done when every item of the ledger is the same in the active Region and in the standbys.
void Host::finish_drain(Ack ack, Instant until) {
    std::size_t left = ledger_.size();
    const std::vector<Place> places = standbys();
    const auto served = [this](Place place) {
        return scene_.network.ask({.from = home(), .to = place}, {.fresh = false}) ==
               Answer::served;
    };
    if (machine_.route() && !ledger_.empty()) {
        const Place active = place_of(machine_.route()->active);
        if (served(active) && std::ranges::all_of(places, served)) {
            ledger_.prove([&](const LedgerEntry& entry) {
                return std::ranges::all_of(places, [&](Place place) {
                    return scene_.tables.equal(active, place, entry.key);
                });
            });
        }
        left = ledger_.size();
    }
    if (scene_.planted(Plant::drain_not_read)) {
        left = 0;
    }
    const bool whole = ledger_is_whole();
    if (left > 0 && local_now() < until) {
        later(kDrainAgain, [this, ack, until] { finish_drain(ack, until); });
        return;
    }
    ack.done = left == 0 && whole;
    ack.epoch = machine_.epoch();
    ack.newest_unknown_ago = newest_unknown_ago();
    ack.unproven = static_cast<std::uint32_t>(left);
    ack.detail = whole ? std::to_string(left) + " left" : "the ledger is not whole";
    acknowledge(std::move(ack));
}

// Done when a write through the own endpoint was acknowledged.
void Host::finish_verify(Ack ack, Instant until) {
    if (scene_.planted(Plant::users_sent_unproven)) {
        ack.done = true;
        acknowledge(std::move(ack));
        return;
    }
    if (!machine_.may_write(local_now())) {
        step(core::Wake{});
        if (local_now() >= until) {
            ack.detail = "this host may not write";
            acknowledge(std::move(ack));
            return;
        }
        later(kVerifyLook, [this, ack, until] { finish_verify(ack, until); });
        return;
    }
    forward(
        {.id = 0,
         .key = std::nullopt,
         .answer =
             [this, ack](Heard heard) {
                 Ack proven = ack;
                 proven.done = heard == Heard::acknowledged;
                 proven.epoch = machine_.epoch();
                 proven.detail = proven.done ? "" : "the write was not acknowledged";
                 if (heard != Heard::dead) {
                     acknowledge(std::move(proven));
                 }
             },
         .parked_at = {}}
    );
}

// The same acknowledgement twice is harmless: it carries its order's number.
void Host::acknowledge(Ack ack, int attempt) {
    constexpr int kAttempts = 6;
    constexpr Duration kPatience = 3s;
    if (attempt == 0 && scene_.weather.is(FaultKind::old_agent, home())) {
        ack.newest_unknown_ago.reset();
        ack.says_unknown = false;
    }
    const bool sent = scene_.controllers->take_ack(home(), ack);
    if (sent && ack.done && ack.type == core::OrderType::fence) {
        ledger_.handed_over();
    }
    if (!sent && attempt < kAttempts) {
        later(kPatience + 50ms * (1 << attempt), [this, ack, attempt] {
            acknowledge(ack, attempt + 1);
        });
    }
}

}  // namespace farshore::sim
