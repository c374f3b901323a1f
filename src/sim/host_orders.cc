#include <algorithm>

#include "sim/chronicle.h"
#include "sim/host.h"

// An agent's way from a controller's orders to its desk (core/host), which decides what is done and
// when it is answered. Here are the endpoint's writes, the disk, the reading of the tables, and the
// way of the answers.
namespace farshore::sim {

namespace {

// What an agent of an older version does not know: `amount` of the fault.
bool unknown_to_old_agent(int version, core::OrderType type) {
    return (version == 1 && type == core::OrderType::drain) ||
           (version == 2 && type == core::OrderType::verify);
}

}  // namespace

bool Host::ledger_is_whole() const {
    return !arrivals_.why_not_whole(local_now(), ledger_->counters()).has_value();
}

void Host::take_order(Session session, const Order& order) {
    if (link_of(session).session() != session) {
        return;
    }
    link_of(session).heard();
    const OrderMark mark{
        .step = order.body.step,
        .type = order.body.type,
        .number = order.number,
        .by_rival = session.is_rivals()
    };
    const std::uint64_t ticket = ++tickets_;
    replies_.emplace(ticket, Reply{.mark = mark, .session = session});
    if (unknown_to_old_agent(
            scene_.weather.amount(FaultKind::old_agent, home()), order.body.type
        )) {
        carry_out(core::OrderAnswer{
            .ticket = ticket, .detail = "this agent does not know orders of that type"
        });
    } else {
        std::visit(
            [this](const auto& action) { carry_out(action); }, desk_->take(ticket, order.body)
        );
    }
}

void Host::go_on(const std::optional<core::OrderDesk::Action>& action) {
    if (action) {
        std::visit([this](const auto& one) { carry_out(one); }, *action);
    }
}

void Host::look_at_orders() {
    const core::OrderDesk::View view{
        .on_disk = stored_route(),
        .store_failed = keeper_.why_not_stored(),
        .writes_in_flight = flights_.size()
    };
    for (const core::OrderDesk::Action& action : desk_->look(local_now(), view)) {
        go_on(action);
    }
    if (desk_->next_deadline() != Instant::max()) {
        scene_.calendar.cancel(next_look_);
        next_look_ = later(std::max(desk_->next_deadline() - local_now(), Duration{1}), [this] {
            look_at_orders();
        });
    }
}

void Host::carry_out(const core::OrderDesk::StepMachine& action) {
    const OrderMark mark = replies_.at(action.ticket).mark;
    ordered_ = action;
    const core::HostDecision decision = step(action.input, &mark);
    ordered_.reset();
    go_on(desk_->decided(local_now(), action.ticket, decision, machine_));
    desk_->routed(action.ticket);  // there are no loops that could be late
    look_at_orders();
}

void Host::carry_out(const core::OrderDesk::AwaitQuiet& action) {
    const Instant end = local_now() + action.within;
    await_quiet({.below = action.below, .deadline = end, .cut = true}, action.ticket);
}

// Each table's key is known here.
void Host::carry_out(const core::OrderDesk::LearnKeys& action) {
    const core::OrderDesk::Known known{
        .ledger = *ledger_,
        .unreadable = {},
        .left_out = {},
        .whole = ledger_is_whole(),
        .inherited_alone = inherited_alone_ && machine_.adopted_alone()
    };
    go_on(desk_->keys_learnt(local_now(), action.ticket, machine_, known));
}

void Host::carry_out(const core::OrderDesk::Drain& action) {
    const auto run = std::make_shared<core::DrainRun>(local_now(), action.timeout, *ledger_);
    // What the drain doubts is looked at behind it too.
    if (unproven() > 0 && !std::exchange(proving_, true)) {
        later(core::Arrivals::kLookEvery, [this] { prove_some(); });
    }
    drain(action.ticket, run);
}

void Host::drain(std::uint64_t ticket, std::shared_ptr<core::DrainRun> run) {
    const std::vector<core::LedgerKey> keys = run->turn(local_now(), *ledger_, {});
    const auto served = [this](Place place) {
        return reads(place);
    };
    core::DrainRun::Read shown{.tried = machine_.route().has_value()};
    if (shown.tried && reads(place_of(machine_.route()->active)) &&
        std::ranges::all_of(standbys(), served)) {
        shown.different = static_cast<std::uint64_t>(std::ranges::count_if(
            keys,
            [this](const core::LedgerKey& key) {
                return !compare(key, core::Arrivals::During::a_drain);
            }
        ));
    } else {
        shown.unread = keys.size();
        shown.why_unread = "no answer";
    }
    std::optional<core::DrainOutcome> outcome = run->judge(local_now(), *ledger_, arrivals_, shown);
    if (outcome) {
        go_on(desk_->drained(ticket, machine_, std::move(*outcome)));
        return;
    }
    later(core::DrainRun::kAgain, [this, ticket, run] { drain(ticket, run); });
}

void Host::carry_out(const core::OrderDesk::ProveWrite& action) {
    prove_write(action.ticket, {local_now(), action.patience});
}

void Host::prove_write(std::uint64_t ticket, core::WriteWait wait) {
    using Turn = core::WriteWait::Turn;
    const Turn turn = wait.look(local_now(), machine_);
    if (turn == Turn::given_up) {
        go_on(desk_->write_proven(ticket, {}, "this host may not write"));
        return;
    }
    if (turn == Turn::waits) {
        later(core::WriteWait::kLookEvery, [this, ticket, wait] { prove_write(ticket, wait); });
        return;
    }
    const auto answered = [this, ticket](Heard heard) {
        if (heard == Heard::dead) {
            return;
        }
        const bool well = heard == Heard::acknowledged;
        const std::string why = "the write was not acknowledged";
        go_on(desk_->write_proven(ticket, {}, well ? std::nullopt : std::optional{why}));
    };
    forward({.id = 0, .key = std::nullopt, .answer = answered, .parked_at = {}});
}

void Host::carry_out(const core::OrderAnswer& answer) {
    const Reply reply = replies_.extract(answer.ticket).mapped();
    const core::OrderType type = reply.mark.type;
    Ack ack{
        .said =
            {.from = sender(),
             .order = reply.mark.number,
             .type = type,
             .has_list = type == core::OrderType::fence,
             .said =
                 {.epoch = machine_.epoch(),
                  .done = answer.done,
                  .newest_unknown_ago = unknown_.ago(local_now()),
                  .detail = answer.detail}},
        .list = {}
    };
    core::AgentAcked& said = ack.said.said;
    if (const auto* taken = std::get_if<core::RouteTaken>(&answer.body)) {
        scene_.chronicle->route_acknowledged(*this, taken->route);
    } else if (const auto* drained = std::get_if<core::DrainOutcome>(&answer.body)) {
        said.unproven = static_cast<std::uint32_t>(drained->left);
        said.adopted_alone = drained->adopted_alone;
    } else if (const auto* fenced = std::get_if<core::WritesFenced>(&answer.body)) {
        said.cut = static_cast<std::uint32_t>(fenced->cut);
        said.adopted_alone = fenced->adopted_alone;
        said.unproven = static_cast<std::uint32_t>(core::left_open(
            fenced->list.entries.size(), fenced->list.whole, fenced->list.unknown_writes
        ));
        ack.list = fenced->list;
    }
    if (scene_.weather.is(FaultKind::old_agent, home())) {
        said.newest_unknown_ago.reset();
        said.says_unknown = false;
    }
    link_of(reply.session).acknowledge(ack);
}

}  // namespace farshore::sim
