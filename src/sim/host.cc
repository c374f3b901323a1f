#include "sim/host.h"

#include <algorithm>

namespace farshore::sim {

using namespace std::chrono_literals;

namespace {

// How long a write may wait for an answer before its host gives it up, and for a permission.
constexpr Duration kUpstreamTimeout = 1s;
constexpr Duration kParkedMax = 1s;

// The planted bug counts a lease from its arrival; this is how late an answer can arrive.
constexpr Duration kAnswerUnderWay = 4s;

}  // namespace

Host::Host(
    HostId id,
    int region,
    Calendar& calendar,
    Network& network,
    Tables& tables,
    Checkers& checkers,
    Plant plant
)
    : id_(std::move(id)),
      region_(region),
      calendar_(calendar),
      network_(network),
      tables_(tables),
      checkers_(checkers),
      plant_(plant),
      machine_(core::HostMachine::Options{}) {}

void Host::start() {
    step(core::HostLoaded{
        .route =
            core::HostRoute{.epoch = Epoch{1}, .active = kRegionIds[0], .users = kRegionIds[0]},
        .fenced = {}
    });
    turn();
    read_records();
}

bool Host::alive() const {
    return !network_.active(FaultKind::hosts_down, region_) &&
           !(network_.active(FaultKind::host_pause, region_) && id_.value().ends_with("1"));
}

void Host::step(const core::HostInput& input) {
    const core::HostStep taken = machine_.step(calendar_.now(), input);
    if (std::ranges::any_of(taken.all, &core::HostDecision::wants_confirmation)) {
        ask_records();
    }
    if (!machine_.may_write(calendar_.now())) {
        return;
    }
    std::deque<Request> released;
    released.swap(parked_);
    for (Request& request : released) {
        forward(std::move(request));
    }
}

void Host::turn() {
    calendar_.in(20ms, [this] { turn(); });
    if (alive()) {
        step(core::Wake{});
        expire_parked();
    }
}

void Host::expire_parked() {
    while (!parked_.empty() && calendar_.now() - parked_.front().parked_at >= kParkedMax) {
        const Request request = std::move(parked_.front());
        parked_.pop_front();
        ++failed_;
        request.answer(false);
    }
}

void Host::write(Request request) {
    if (!alive() || parked_.size() > 500) {
        request.answer(false);
        return;
    }
    step(core::Wake{});
    if (machine_.may_write(calendar_.now())) {
        forward(std::move(request));
    } else {
        request.parked_at = calendar_.now();
        parked_.push_back(std::move(request));
    }
}

void Host::forward(Request request) {
    const std::uint64_t number = ++next_flight_;
    const int to = index_of(machine_.route()->active);
    flights_.emplace(
        number, Flight{.request = std::move(request), .to = to, .epoch = machine_.epoch()}
    );
    calendar_.in(network_.delay(region_, to), [this, number] { land(number); });
    calendar_.in(kUpstreamTimeout, [this, number] { finish(number, false); });
}

// The write reaches the Region, unless its connection was cut before.
void Host::land(std::uint64_t number) {
    const auto found = flights_.find(number);
    if (found == flights_.end()) {
        return;
    }
    const Flight& flight = found->second;
    if (!network_.reaches_data(region_, flight.to) ||
        network_.active(FaultKind::hosts_down, region_)) {
        return;  // the timeout will tell
    }
    checkers_.write_landed(calendar_.now(), flight.to, flight.epoch);
    tables_.append(flight.to, flight.request.key, flight.request.id);
    calendar_.in(network_.delay(flight.to, region_), [this, number] { finish(number, true); });
}

void Host::finish(std::uint64_t number, bool ok) {
    const auto found = flights_.find(number);
    if (found == flights_.end()) {
        return;
    }
    const Flight flight = std::move(found->second);
    flights_.erase(found);
    if (ok && alive()) {
        ++ok_;
        ledger_.emplace_back(flight.request.key, flight.request.id);
        last_acknowledged_ = calendar_.now();
    } else {
        ++failed_;
    }
    flight.request.answer(ok && alive());
}

std::size_t Host::unproven() {
    if (machine_.route()) {
        const int standby = 1 - index_of(machine_.route()->active);
        if (network_.reaches_data(region_, standby)) {
            std::erase_if(ledger_, [&](const auto& entry) {
                return tables_.holds(standby, entry.first, entry.second);
            });
        }
    }
    return ledger_.size();
}

std::pair<std::uint32_t, std::uint32_t> Host::take_passive() {
    return {std::exchange(ok_, 0), std::exchange(failed_, 0)};
}

void Host::read_records() {
    calendar_.in(1s, [this] { read_records(); });
    ask_records();
}

void Host::ask_records() {
    if (!alive()) {
        return;
    }
    const Instant started = calendar_.now();
    std::map<std::pair<Epoch, RegionId>, int> found;
    Duration slowest{};
    for (int region = 0; region < 3; ++region) {
        const Duration delay = 2 * network_.delay(region_, region);
        if (!network_.reaches_data(region_, region) || network_.lost()) {
            continue;
        }
        const Tables::EpochRecord record = tables_.record(region);
        slowest = std::max(slowest, delay);
        ++found[{record.epoch, record.active}];
    }
    for (const auto& [what, count] : found) {
        if (count < 2) {
            continue;
        }
        const core::RecordsAgree agree{
            .epoch = what.first,
            .active = what.second,
            .started = started,
            .controllers_silent = started - controller_heard_at_ > 3s,
            .lease = 3s
        };
        calendar_.in(slowest, [this, agree] {
            if (alive()) {
                core::RecordsAgree heard = agree;
                if (plant_ == Plant::lease_from_arrival) {
                    heard.started = calendar_.now() + kAnswerUnderWay;
                }
                step(heard);
            }
        });
    }
}

void Host::lease_granted(Epoch epoch, Instant asked_at, Duration length) {
    if (!alive()) {
        return;
    }
    controllers_heard();
    step(core::Confirmation{
        .epoch = epoch,
        .started =
            plant_ == Plant::lease_from_arrival ? calendar_.now() + kAnswerUnderWay : asked_at,
        .length = length,
        .by = core::Confirmer::controller
    });
}

void Host::take(const core::OrderAgents& order, std::function<void(core::AgentAcked)> ack) {
    if (!alive()) {
        return;
    }
    controllers_heard();
    core::AgentAcked answer{
        .step = order.step,
        .host = id_,
        .type = order.type,
        .epoch = order.epoch,
        .done = true,
        .unproven = 0,
        .detail = {}
    };
    const auto decide = [&](const core::HostInput& input) {
        const core::HostStep taken = machine_.step(calendar_.now(), input);
        if (std::ranges::any_of(taken.all, &core::HostDecision::wants_confirmation)) {
            ask_records();
        }
        step(core::Wake{});
        return !taken.answer.refused();
    };
    switch (order.type) {
        case core::OrderType::route:
            answer.done = decide(core::RouteOrder{
                {.epoch = order.epoch, .active = order.active, .users = order.users}
            });
            ack(answer);
            break;
        case core::OrderType::release:
            answer.done = decide(core::ReleaseOrder{order.epoch});
            ack(answer);
            break;
        case core::OrderType::hold:
            answer.done = decide(core::HoldOrder{.epoch = order.epoch, .length = order.hold_for});
            if (answer.done) {
                acknowledge_hold(order, std::move(ack));
            } else {
                ack(answer);
            }
            break;
        case core::OrderType::fence: {
            answer.done = decide(core::FenceOrder{order.epoch});
            // What is still under way after the grace is cut: it never reaches a Region.
            const Duration grace = flights_.empty() ? Duration::zero() : order.fence_grace;
            calendar_.in(grace, [this, answer, ack] {
                std::vector<std::uint64_t> cut;
                for (const auto& [number, flight] : flights_) {
                    if (flight.epoch < answer.epoch) {
                        cut.push_back(number);
                    }
                }
                for (const std::uint64_t number : cut) {
                    finish(number, false);
                }
                core::AgentAcked fenced = answer;
                fenced.unproven = static_cast<std::uint32_t>(unproven());
                ack(fenced);
            });
            break;
        }
        case core::OrderType::drain:
            acknowledge_drain(order, std::move(ack), calendar_.now() + order.timeout);
            break;
        case core::OrderType::verify:
            answer.done = machine_.epoch() == order.epoch &&
                          network_.reaches_data(region_, index_of(order.active));
            ack(answer);
            break;
    }
}

void Host::acknowledge_hold(
    const core::OrderAgents& order, std::function<void(core::AgentAcked)> ack
) {
    if (machine_.state() != core::HostState::held) {
        return;
    }
    if (!flights_.empty()) {
        calendar_.in(10ms, [this, order, ack] { acknowledge_hold(order, ack); });
        return;
    }
    ack(
        {.step = order.step,
         .host = id_,
         .type = order.type,
         .epoch = order.epoch,
         .done = true,
         .unproven = 0,
         .detail = {}}
    );
}

void Host::acknowledge_drain(
    const core::OrderAgents& order, std::function<void(core::AgentAcked)> ack, Instant until
) {
    const std::size_t left = plant_ == Plant::hold_not_drained ? 0 : unproven();
    if (left > 0 && calendar_.now() < until) {
        calendar_.in(20ms, [this, order, ack, until] { acknowledge_drain(order, ack, until); });
        return;
    }
    ack(
        {.step = order.step,
         .host = id_,
         .type = order.type,
         .epoch = order.epoch,
         .done = left == 0,
         .unproven = static_cast<std::uint32_t>(left),
         .detail = std::to_string(left) + " left"}
    );
}

}  // namespace farshore::sim
