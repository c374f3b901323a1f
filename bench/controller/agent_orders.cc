#include <utility>

#include "base/assert.h"

#include "bench/controller/agent.h"

// What a host does when it is told to, and what that makes of it.
namespace farshore::bench {

namespace {

core::OrderType type_of(const wire::Order& order) {
    const auto type = enum_from<core::OrderType>(order.type());
    FARSHORE_ASSERT(type.has_value(), "controller and swarm are of one version");
    return *type;
}

void count(std::size_t& gauge, bool before, bool after) {
    gauge += after && !before ? 1U : 0U;
    gauge -= before && !after ? 1U : 0U;
}

}  // namespace

void Agent::set_connected(bool connected) {
    count(swarm_.gauges_.connected, connected_, connected);
    connected_ = connected;
}

void Agent::set_state(wire::WriteState state) {
    const auto open = wire::WriteState::open;
    count(swarm_.gauges_.writing, state_ == open, state == open);
    state_ = state;
}

void Agent::end_hold(Instant now, bool by_itself) {
    if (!held_since_) {
        return;
    }
    if (by_itself) {
        ++swarm_.seen_.holds_ran_out;
    } else {
        swarm_.seen_.held.add(now - *held_since_);
    }
    held_since_.reset();
    if (state_ == wire::WriteState::held) {
        set_state(lease_until_ ? wire::WriteState::open : wire::WriteState::unconfirmed);
    }
}

// The host does what it is told, and nothing is in its way.
wire::Ack Agent::adopt(const wire::Order& order, core::OrderType type, Instant now) {
    wire::Ack ack{
        .app = swarm_.options_.app,
        .host = identity_.host,
        .boot = BootId{boot_},
        .order = order.number,
        .type = std::string{order.type()},
        .result = wire::AckResult::done,
        .epoch = {},
        .detail = {},
        .unknown = wire::UnknownOutcomes{},
        .body = {}
    };
    switch (type) {
        case core::OrderType::route: {
            const auto& route = std::get<wire::RouteOrder>(order.body);
            epoch_ = order.epoch;
            active_ = route.active;
            users_ = route.users;
            end_hold(now, false);
            set_state(lease_until_ ? wire::WriteState::open : wire::WriteState::unconfirmed);
            break;
        }
        case core::OrderType::hold:
            held_since_ = now;
            hold_until_ = now + std::get<wire::HoldOrder>(order.body).hold;
            set_state(wire::WriteState::held);
            ack.body = wire::HoldAck{};
            break;
        case core::OrderType::release: end_hold(now, false); break;
        case core::OrderType::fence:
            if (epoch_ < order.epoch) {  // writes of a hold go on waiting
                lease_until_.reset();
                set_state(wire::WriteState::fenced);
            }
            ack.body = wire::FenceAck{};
            break;
        case core::OrderType::drain: ack.body = wire::DrainAck{.proven = true}; break;
        case core::OrderType::verify:
            ack.body = wire::VerifyAck{.region = active_, .took = std::chrono::milliseconds{5}};
            break;
    }
    ack.epoch = epoch_;
    return ack;
}

void Agent::obey(const wire::Order& order, Instant now) {
    const core::OrderType type = type_of(order);
    const std::size_t round = orders_.at(static_cast<std::size_t>(type))++;
    OrderRound& figures = swarm_.seen_.rounds[{type, round}];
    figures.first = figures.first.value_or(now);
    figures.arrived.add(now - *figures.first);
    Call& call = free_call();
    call.is_report = false;
    call.order = type;
    call.round = round;
    call.ack = request("/v1/agents/ack", wire::serialize(adopt(order, type, now)));
    call.attempts = 0;
    send_ack(call, now);
    figures.sent.add(swarm_.loop_.now() - *figures.first);
}

}  // namespace farshore::bench
