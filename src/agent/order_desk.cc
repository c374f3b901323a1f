#include "agent/order_desk.h"

#include <algorithm>
#include <utility>

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

// Deadlines are looked at as often at least.
constexpr Duration kLookEvery = 100ms;

void put(core::OrderAgents& order, const wire::RouteOrder& body) {
    order.type = core::OrderType::route;
    order.active = body.active;
    order.users = body.users;
}

void put(core::OrderAgents& order, const wire::HoldOrder& body) {
    order.type = core::OrderType::hold;
    order.hold_for = body.hold;
}

void put(core::OrderAgents& order, const wire::ReleaseOrder&) {
    order.type = core::OrderType::release;
}

void put(core::OrderAgents& order, const wire::FenceOrder& body) {
    order.type = core::OrderType::fence;
    order.fence_grace = body.grace;
}

void put(core::OrderAgents& order, const wire::DrainOrder& body) {
    order.type = core::OrderType::drain;
    order.timeout = body.timeout;
}

void put(core::OrderAgents& order, const wire::VerifyOrder&) {
    order.type = core::OrderType::verify;
}

void put(core::OrderAgents&, const wire::PingOrder&) {}

void put(core::OrderAgents&, const wire::UnknownOrder&) {}

void say(wire::Ack&, const std::monostate&) {}

void say(wire::Ack&, const core::RouteTaken&) {}

void say(wire::Ack& ack, const core::WritesHeld& held) {
    ack.body = wire::HoldAck{.in_flight = held.in_flight};
}

void say(wire::Ack& ack, const core::WritesFenced& fenced) {
    ack.body = wire::FenceAck{
        .cut = fenced.cut,
        .entries = fenced.list.entries,
        .proven = fenced.list.proven,
        .truncated = !fenced.list.whole,
        .up_to = fenced.list.up_to,
        .adopted_alone = fenced.adopted_alone,
        .unknown_writes = fenced.list.unknown_writes
    };
}

void say(wire::Ack& ack, const core::DrainOutcome& drained) {
    ack.body = wire::DrainAck{
        .proven = drained.proven,
        .keys = drained.keys,
        .left = drained.left,
        .adopted_alone = drained.adopted_alone
    };
}

void say(wire::Ack& ack, const core::WriteProven& proven) {
    ack.body = wire::VerifyAck{.region = {}, .took = proven.took};
}

}  // namespace

OrderDesk::OrderDesk(Parts parts)
    : parts_(parts),
      desk_(
          parts.gate.app().regions,
          static_cast<std::uint64_t>(parts.clock.now().time_since_epoch().count())
      ) {}

wire::Ack OrderDesk::ack(const Pending& order, wire::AckResult result, std::string detail) const {
    return {
        .app = parts_.gate.app().app,
        .host = parts_.host,
        .boot = parts_.boot,
        .order = order.number,
        .type = order.type,
        .result = result,
        .epoch = parts_.gate.machine().epoch(),
        .detail = std::move(detail),
        .unknown = parts_.unknown.now(),
        .body = {}
    };
}

void OrderDesk::take(const wire::Order& order, Reply reply) {
    Pending pending{
        .number = order.number, .type = std::string{order.type()}, .reply = std::move(reply)
    };
    if (order.app != parts_.gate.app().app) {
        pending.reply(
            ack(pending, wire::AckResult::failed, "the order is for app " + order.app.value())
        );
        return;
    }
    if (std::holds_alternative<wire::PingOrder>(order.body)) {
        return;
    }
    if (const auto* unknown = std::get_if<wire::UnknownOrder>(&order.body)) {
        pending.reply(
            ack(pending,
                wire::AckResult::unsupported,
                "this agent does not know orders of type " + unknown->type)
        );
        return;
    }
    core::OrderAgents wanted{.epoch = order.epoch};
    std::visit([&wanted](const auto& body) { put(wanted, body); }, order.body);
    const std::uint64_t ticket = ++tickets_;
    pending_.emplace(ticket, std::move(pending));
    go_on(desk_.take(ticket, wanted));
}

void OrderDesk::go_on(const std::optional<Action>& action) {
    if (action) {
        std::visit([this](const auto& one) { carry_out(one); }, *action);
    }
    if (desk_.next_deadline() != Instant::max() && !std::exchange(looking_, true)) {
        parts_.tasks.spawn("orders under way", [this] { return look_on(); });
    }
}

std::function<void(dataplane::FenceResult)> OrderDesk::tell_of_cut(std::uint64_t ticket) {
    return [this, ticket](dataplane::FenceResult result) {
        go_on(desk_.quiet(ticket, {.cut = result.cut}));
    };
}

void OrderDesk::carry_out(const core::OrderDesk::StepMachine& action) {
    const std::uint64_t ticket = action.ticket;
    const core::HostDecision decision = parts_.gate.take(
        action.input,
        {.grace = action.grace,
         .held = [this, ticket](dataplane::HoldResult result
                 ) { go_on(desk_.quiet(ticket, {.in_flight = result.in_flight})); },
         .fenced = tell_of_cut(ticket),
         .routed =
             [this, ticket](dataplane::RouteWord) {
                 desk_.routed(ticket);
                 look();
             }}
    );
    go_on(desk_.decided(parts_.clock.now(), ticket, decision, parts_.gate.machine()));
}

void OrderDesk::carry_out(const core::OrderDesk::AwaitQuiet& action) {
    parts_.gate.settle(action.below, action.within, tell_of_cut(action.ticket));
}

void OrderDesk::carry_out(const core::OrderDesk::LearnKeys& action) {
    parts_.tasks.spawn("keys for a fence", [this, action] { return learn_keys(action); });
}

net::Task<> OrderDesk::learn_keys(core::OrderDesk::LearnKeys action) {
    co_await parts_.prover.learn_keys(action.patience);
    std::set<TableName> unreadable;
    for (const wire::TableTrouble& trouble : parts_.prover.troubles()) {
        unreadable.insert(trouble.table);
    }
    const core::OrderDesk::Known known{
        .ledger = *parts_.gate.endpoint().ledger(),
        .unreadable = std::move(unreadable),
        .left_out = parts_.prover.tables_left_out(),
        .whole = !parts_.prover.why_not_whole().has_value(),
        .inherited_alone = parts_.gate.inherited_alone()
    };
    go_on(desk_.keys_learnt(parts_.clock.now(), action.ticket, parts_.gate.machine(), known));
}

void OrderDesk::carry_out(const core::OrderDesk::Drain& action) {
    parts_.tasks.spawn("drain order", [this, action] { return drain(action); });
}

net::Task<> OrderDesk::drain(core::OrderDesk::Drain action) {
    core::DrainOutcome outcome = co_await parts_.prover.drain(action.timeout);
    go_on(desk_.drained(action.ticket, parts_.gate.machine(), std::move(outcome)));
}

void OrderDesk::carry_out(const core::OrderDesk::ProveWrite& action) {
    parts_.tasks.spawn("verify order", [this, action] { return prove_write(action); });
}

net::Task<> OrderDesk::prove_write(core::OrderDesk::ProveWrite action) {
    const Result<Duration> took = co_await parts_.verifier.prove_write(action.patience);
    go_on(
        took ? desk_.write_proven(action.ticket, *took, std::nullopt)
             : desk_.write_proven(action.ticket, {}, took.error().text)
    );
}

void OrderDesk::carry_out(const core::OrderAnswer& answer) {
    const Pending pending = std::move(pending_.extract(answer.ticket).mapped());
    wire::Ack said =
        ack(pending, answer.done ? wire::AckResult::done : wire::AckResult::failed, answer.detail);
    std::visit([&said](const auto& body) { say(said, body); }, answer.body);
    if (auto* verified = std::get_if<wire::VerifyAck>(&said.body)) {
        const auto& route = parts_.gate.machine().route();
        verified->region = route ? route->active : RegionId{};
    }
    pending.reply(std::move(said));
}

void OrderDesk::look() {
    const core::OrderDesk::View view{
        .on_disk = parts_.gate.stored() ? std::optional{parts_.gate.stored()->route} : std::nullopt,
        .store_failed = parts_.gate.why_not_stored(),
        .writes_in_flight = parts_.gate.endpoint().statistics().in_flight_writes
    };
    for (const Action& action : desk_.look(parts_.clock.now(), view)) {
        go_on(action);
    }
}

net::Task<> OrderDesk::look_on() {
    const std::shared_ptr<void> over(nullptr, [this](void*) { looking_ = false; });
    while (!parts_.tasks.stopping()) {
        const std::uint64_t seen = parts_.gate.changed().generation();
        look();
        const Instant next = desk_.next_deadline();
        if (next == Instant::max()) {
            co_return;
        }
        co_await parts_.gate.changed().wait(
            seen, std::clamp<Duration>(next - parts_.clock.now(), 1ms, kLookEvery)
        );
    }
}

}  // namespace farshore::agent
