#include "core/host/order_desk.h"

#include <algorithm>
#include <utility>

namespace farshore::core {

namespace {

using namespace std::chrono_literals;

// A controller waits for one operation's orders at a time; more than this is a controller's
// mistake.
constexpr std::size_t kUnderWayMax = 64;
constexpr Duration kStoredWithin = 10s;
constexpr Duration kLoopsFollowWithin = 2s;
// What a hold and a fence may take beyond their own bounds until the endpoint says so.
constexpr Duration kHoldMore = 500ms;
constexpr Duration kFenceMore = 2s;
// No controller may name longer ones.
constexpr Duration kGraceMax = 1min;
constexpr Duration kDrainMax = 1min;
// The fence stands already; this only delays the telling of it, when a table was never seen before.
constexpr Duration kLearnKeysWithin = 300ms;
constexpr Duration kVerifyPatience = 5s;

HostInput input_of(const OrderAgents& order) {
    switch (order.type) {
        case OrderType::route:
            return RouteOrder{{.epoch = order.epoch, .active = order.active, .users = order.users}};
        case OrderType::hold: return HoldOrder{.epoch = order.epoch, .length = order.hold_for};
        case OrderType::release: return ReleaseOrder{order.epoch};
        case OrderType::fence: return FenceOrder{order.epoch};
        case OrderType::drain:
        case OrderType::verify: break;  // carried out beside the machine, in any state
    }
    return Wake{};
}

bool is_ahead_alone(const HostMachine& machine, const OrderAgents& order) {
    return machine.adopted_alone() && machine.epoch() >= order.epoch;
}

}  // namespace

OrderDesk::Job* OrderDesk::find(std::uint64_t ticket, Wait wait) {
    const auto found = jobs_.find(ticket);
    return found == jobs_.end() || found->second.wait != wait ? nullptr : &found->second;
}

OrderAnswer OrderDesk::end(
    std::uint64_t ticket, bool done, std::string detail, decltype(OrderAnswer::body) body
) {
    jobs_.erase(ticket);
    return {.ticket = ticket, .done = done, .detail = std::move(detail), .body = std::move(body)};
}

OrderDesk::Action OrderDesk::take(std::uint64_t ticket, const OrderAgents& order) {
    if (jobs_.size() >= kUnderWayMax) {
        return OrderAnswer{.ticket = ticket, .detail = "too many orders are under way"};
    }
    if (order.type == OrderType::route &&
        std::ranges::find(regions_, order.active) == regions_.end()) {
        return OrderAnswer{
            .ticket = ticket,
            .detail = "this agent's configuration does not know Region " + order.active.value()
        };
    }
    Job& job = jobs_[ticket];
    job.order = order;
    if (order.type == OrderType::drain) {
        job.wait = Wait::drain;
        return Drain{.ticket = ticket, .timeout = std::min<Duration>(order.timeout, kDrainMax)};
    }
    if (order.type == OrderType::verify) {
        job.wait = Wait::write;
        return ProveWrite{.ticket = ticket, .patience = kVerifyPatience};
    }
    job.order.fence_grace = std::min<Duration>(order.fence_grace, kGraceMax);
    return StepMachine{.ticket = ticket, .input = input_of(order), .grace = job.order.fence_grace};
}

std::optional<OrderDesk::Action> OrderDesk::decided(
    Instant now, std::uint64_t ticket, const HostDecision& decision, const HostMachine& machine
) {
    Job* job = find(ticket, Wait::decision);
    if (job == nullptr) {
        return std::nullopt;
    }
    if (decision.refused() || job->order.type == OrderType::release) {
        return end(ticket, !decision.refused(), std::string{decision.why});
    }
    const bool nothing_to_do = decision.action == HostAction::acknowledge;
    if (job->order.type == OrderType::route) {
        job->wait = Wait::disk;
        job->until = now + kStoredWithin;
        job->by_loops = decision.action == HostAction::adopt;
        return std::nullopt;
    }
    job->wait = Wait::quiet;
    if (job->order.type == OrderType::hold) {
        const Duration length = machine.hold_length(job->order.hold_for);
        job->until = now + length + kHoldMore;
        // No write begins here; those that had begun are waited for like in any hold.
        return nothing_to_do ? std::optional<Action>{AwaitQuiet{
                                   .ticket = ticket, .below = kEveryEpoch, .within = length
                               }}
                             : std::nullopt;
    }
    job->until = now + job->order.fence_grace + kFenceMore;
    if (!nothing_to_do) {
        return std::nullopt;
    }
    // This host follows that epoch, yet a write of an older one may still be on its way.
    job->detail = decision.why;
    return AwaitQuiet{
        .ticket = ticket, .below = job->order.epoch, .within = job->order.fence_grace
    };
}

std::optional<OrderDesk::Action> OrderDesk::quiet(std::uint64_t ticket, const Quiet& quiet) {
    Job* job = find(ticket, Wait::quiet);
    if (job == nullptr) {
        return std::nullopt;
    }
    if (job->order.type == OrderType::hold) {
        const bool none = quiet.in_flight == 0;
        return end(
            ticket,
            none,
            none ? "" : "writes are still in flight",
            WritesHeld{.in_flight = quiet.in_flight}
        );
    }
    job->wait = Wait::keys;
    job->cut = quiet.cut;
    job->until = Instant::max();
    return LearnKeys{.ticket = ticket, .patience = kLearnKeysWithin};
}

void OrderDesk::routed(std::uint64_t ticket) {
    if (const auto found = jobs_.find(ticket); found != jobs_.end()) {
        found->second.routed = true;
    }
}

std::optional<OrderDesk::Action> OrderDesk::keys_learnt(
    Instant now, std::uint64_t ticket, const HostMachine& machine, const Known& known
) {
    const Job* job = find(ticket, Wait::keys);
    if (job == nullptr) {
        return std::nullopt;
    }
    const Epoch below = job->order.epoch;
    WritesFenced fenced{
        .cut = job->cut,
        .adopted_alone = is_ahead_alone(machine, job->order),
        .list = fence_list(
            known.ledger,
            {.below = below,
             .now = now,
             .order_base = order_base_,
             .unreadable = known.unreadable,
             .left_out = known.left_out}
        )
    };
    // No process remembers what the one that adopted alone had not proven before.
    const bool is_forgotten = fenced.adopted_alone && known.inherited_alone;
    fenced.list.whole = fenced.list.whole && known.whole && !is_forgotten;
    return end(ticket, true, job->detail, std::move(fenced));
}

std::optional<OrderDesk::Action> OrderDesk::drained(
    std::uint64_t ticket, const HostMachine& machine, DrainOutcome outcome
) {
    const Job* job = find(ticket, Wait::drain);
    if (job == nullptr) {
        return std::nullopt;
    }
    outcome.adopted_alone = is_ahead_alone(machine, job->order);
    const bool proven = outcome.proven;
    std::string why = outcome.why;
    return end(ticket, proven, std::move(why), std::move(outcome));
}

std::optional<OrderDesk::Action> OrderDesk::write_proven(
    std::uint64_t ticket, Duration took, std::optional<std::string> why
) {
    if (find(ticket, Wait::write) == nullptr) {
        return std::nullopt;
    }
    const bool proven = !why.has_value();
    return end(
        ticket,
        proven,
        std::move(why).value_or(std::string{}),
        WriteProven{.took = proven ? took : Duration::zero()}
    );
}

std::vector<OrderDesk::Action> OrderDesk::look(Instant now, const View& view) {
    std::vector<Action> actions;
    for (auto at = jobs_.begin(); at != jobs_.end();) {
        const auto here = at++;  // it may end
        if (auto action = look_at(now, here->first, here->second, view)) {
            actions.push_back(std::move(*action));
        }
    }
    return actions;
}

std::optional<OrderDesk::Action> OrderDesk::look_at(
    Instant now, std::uint64_t ticket, Job& job, const View& view
) {
    const HostRoute route{
        .epoch = job.order.epoch, .active = job.order.active, .users = job.order.users
    };
    const bool late = now >= job.until;
    if (job.wait == Wait::disk) {
        const bool there =
            view.on_disk && (*view.on_disk == route || view.on_disk->epoch > route.epoch);
        if (!there && !view.store_failed.empty()) {
            return end(ticket, false, view.store_failed);
        }
        if (!there) {
            return late ? std::optional<Action>{end(
                              ticket, false, "the state file is not on disk yet"
                          )}
                        : std::nullopt;
        }
        job.wait = Wait::loops;
        job.until = now + kLoopsFollowWithin;
    }
    if (job.wait == Wait::loops) {
        if (!job.by_loops || job.routed) {
            return end(ticket, true, "", RouteTaken{route});
        }
        return now >= job.until ? std::optional<Action>{end(
                                      ticket, false, "the endpoint did not follow the route in time"
                                  )}
                                : std::nullopt;
    }
    if (job.wait != Wait::quiet || !late) {
        return std::nullopt;
    }
    if (job.order.type == OrderType::hold) {
        return end(
            ticket,
            false,
            "writes are still in flight",
            WritesHeld{.in_flight = view.writes_in_flight}
        );
    }
    return end(ticket, false, "the endpoint did not confirm that no older write is on its way");
}

Instant OrderDesk::next_deadline() const {
    Instant next = Instant::max();
    for (const auto& [ticket, job] : jobs_) {
        next = std::min(next, job.until);
    }
    return next;
}

}  // namespace farshore::core
