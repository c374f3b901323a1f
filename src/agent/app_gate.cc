#include "agent/app_gate.h"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

#include "adapters/system/log.h"
#include "base/assert.h"
#include "base/text.h"
#include "core/host/host_account.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

constexpr Duration kTick = 250ms;
// Drift of two clocks over a lease; more is a stop.
constexpr Duration kClockError = core::HostMachine::Options{}.clock_error;

std::string words(const core::HostDecision& decision) {
    return std::string{to_string(decision.before)} + " -> " +
           std::string{to_string(decision.after)};
}

bool worth_a_line(const core::HostDecision& decision) {
    return decision.before != decision.after || decision.refused() ||
           decision.action == core::HostAction::adopt ||
           decision.action == core::HostAction::adopt_users;
}

}  // namespace

AppGate::AppGate(
    Parts parts,
    config::AgentApp app,
    std::string state_directory,
    std::optional<host::StoredState> stored
)
    : io_(&parts.io),
      clock_(std::move(parts.clock)),
      files_(&parts.files),
      app_(std::move(app)),
      state_directory_(std::move(state_directory)),
      machine_({.on_controller_loss = app_.on_controller_loss, .lease = app_.lease}),
      confirmation_wanted_(parts.io),
      changed_(parts.io),
      keeper_(std::move(stored)),
      heard_from_controller_(clock_->now()),
      wall_watch_(kClockError) {
    const core::HostStep step = machine_.step(clock_->now(), what_was_stored());
    inherited_alone_ = machine_.adopted_alone();
    for (const core::HostDecision& decision : step.all) {
        announce(decision);
    }
}

AppGate::~AppGate() {
    *alive_ = false;
}

core::HostLoaded AppGate::what_was_stored() const {
    core::HostLoaded loaded = core::loaded_from(stored());
    if (!loaded.route ||
        std::ranges::find(app_.regions, loaded.route->active) != app_.regions.end()) {
        return loaded;
    }
    // The configuration has changed under it. Its epoch stays the least that this host follows.
    system::log_error(
        "gate",
        "the stored route leads to a Region that the configuration does not name any more",
        {{"app", app_.app.value()},
         {"region", loaded.route->active.value()},
         {"going_on", "without a route, until a controller assigns one"}}
    );
    return {
        .route = std::nullopt,
        .fenced = std::max(loaded.fenced, loaded.route->epoch),
        .adopted_alone = false
    };
}

dataplane::Route AppGate::first_route() const {
    if (machine_.route()) {
        return {
            .epoch = machine_.epoch(),
            .active = machine_.route()->active,
            .writes_until = std::nullopt
        };
    }
    FARSHORE_ASSERT(!app_.regions.empty(), "the configuration names the table Regions");
    return {.epoch = Epoch{}, .active = app_.regions.front(), .writes_until = std::nullopt};
}

void AppGate::attach(dataplane::Endpoint& endpoint) {
    endpoint_ = &endpoint;
    if (machine_.state() == core::HostState::fenced) {
        const Status fenced =
            endpoint_->fence(machine_.fenced(), 0ms, [](dataplane::FenceResult) {});
        if (!fenced) {
            system::log_error("gate", fenced.error().text, {{"app", app_.app.value()}});
        }
    }
}

template <class T>
std::function<void(T)> AppGate::on_control_thread(std::function<void(T)> call) const {
    return [io = io_, alive = alive_, call = std::move(call)](T value) {
        boost::asio::post(*io, [alive, call, value] {
            if (*alive && call) {
                call(value);
            }
        });
    };
}

core::HostDecision AppGate::take(const core::HostInput& input, Heard heard) {
    FARSHORE_ASSERT(endpoint_ != nullptr, "the endpoint is attached before events come");
    if (const auto* confirmation = std::get_if<core::Confirmation>(&input)) {
        confirmed_since_ = std::max(confirmed_since_, confirmation->started);
    } else if (const auto* records = std::get_if<core::RecordsAgree>(&input)) {
        confirmed_since_ = std::max(confirmed_since_, records->started);
    }
    const core::HostStep step = machine_.step(clock_->now(), input);
    endpoint_->set_parked_for_max(machine_.hold_max());
    for (const core::HostDecision& decision : step.all) {
        announce(decision);
        apply(decision, heard);
    }
    return step.answer;
}

void AppGate::announce(const core::HostDecision& decision) {
    if (!worth_a_line(decision)) {
        return;
    }
    if (!decision.refused()) {
        last_change_ = decision;
        changed_.notify();
    }
    const auto level = decision.after == core::HostState::fenced ||
                               decision.action == core::HostAction::stop_writes
                           ? system::LogLevel::warning
                           : system::LogLevel::info;
    system::log(
        level,
        "gate",
        decision.why,
        {{"app", app_.app.value()},
         {"on", std::string{to_string(decision.on)}},
         {"states", words(decision)},
         {"action", std::string{to_string(decision.action)}},
         {"epoch", std::to_string(machine_.epoch().value())}}
    );
}

std::optional<Instant> AppGate::permission_end() const {
    const Instant now = clock_->now();
    if (!machine_.may_write(now)) {
        return std::nullopt;
    }
    return std::min(*machine_.lease().until(), now + app_.lease);
}

void AppGate::open_writes(bool from_hold) {
    const std::optional<Instant> until = permission_end();
    Status done;
    if (from_hold) {
        // Also when the lease ended meanwhile: a permission that comes later must find no hold.
        done = endpoint_->release(machine_.epoch(), until);
    } else if (until) {
        done = endpoint_->grant(
            {.epoch = machine_.epoch(), .asked_at = confirmed_since_, .until = *until}
        );
    }
    if (!done) {
        system::log(
            system::LogLevel::debug, "gate", done.error().text, {{"app", app_.app.value()}}
        );
    }
}

void AppGate::apply(const core::HostDecision& decision, Heard& heard) {
    const bool from_hold = decision.before == core::HostState::held;
    Status done;
    switch (decision.action) {
        case core::HostAction::none:
        case core::HostAction::refuse:
        case core::HostAction::acknowledge:
        case core::HostAction::ask:
        case core::HostAction::stop_writes: break;  // the endpoint checks the lease itself
        case core::HostAction::admit:
        case core::HostAction::renew: open_writes(from_hold); break;
        case core::HostAction::hold_writes:
            done = endpoint_->hold(
                machine_.epoch(),
                machine_.hold_until().value_or(clock_->now()) - clock_->now(),
                on_control_thread<dataplane::HoldResult>(std::exchange(heard.held, {}))
            );
            break;
        case core::HostAction::fence_writes:
            done = endpoint_->fence(
                machine_.fenced(),
                heard.grace,
                on_control_thread<dataplane::FenceResult>(std::exchange(heard.fenced, {}))
            );
            store(keeper_.changed(machine_));
            break;
        case core::HostAction::adopt: {
            const dataplane::Route route{
                .epoch = machine_.epoch(),
                .active = machine_.route()->active,
                .writes_until = permission_end()
            };
            dataplane::EndpointLedger& ledger = endpoint_->ledger();
            if (machine_.adopted_alone()) {
                ledger->forget_what_was_told();
            }
            ledger->leave_behind(machine_.epoch());
            done = endpoint_->set_route(
                route, on_control_thread<dataplane::RouteWord>(std::exchange(heard.routed, {}))
            );
            store(keeper_.changed(machine_));
            break;
        }
        case core::HostAction::adopt_users:
            if (from_hold) {
                open_writes(true);
            }
            store(keeper_.changed(machine_));
            break;
    }
    if (!done) {
        system::log_error(
            "gate",
            done.error().text,
            {{"app", app_.app.value()}, {"action", std::string{to_string(decision.action)}}}
        );
    }
    if (decision.wants_confirmation()) {
        confirmation_wanted_.notify();
    }
}

void AppGate::settle(
    Epoch below, Duration within, std::function<void(dataplane::FenceResult)> then
) {
    endpoint_->settle(below, within, on_control_thread<dataplane::FenceResult>(std::move(then)));
}

void AppGate::doubt_clock(std::string_view by) {
    ++clock_doubts_;
    system::log_warning(
        "gate",
        "this machine's clock stood still: it was stopped, or restored from a snapshot",
        {{"app", app_.app.value()},
         {"by", std::string{by}},
         {"going_on", "no write before its permission is confirmed again"}}
    );
    (void)take(core::ClockDoubted{});
    if (!machine_.lease().valid(clock_->now())) {
        endpoint_->end_permission();  // it tells the lease's end by the same clock
    }
    changed_.notify();
}

void AppGate::tick() {
    if (wall_watch_.has_lost_time(clock_->wall().time_since_epoch(), clock_->now())) {
        doubt_clock("the wall clock");
    }
    (void)take(core::Wake{});
    const bool open = machine_.may_write(clock_->now());
    const bool endless = machine_.lease().until() == Instant::max();
    // Heals an endpoint that refused an earlier permission; the machine has the say.
    const bool behind = endpoint_->route().state != dataplane::WriteState::open;
    if (open && (endless || behind)) {
        confirmed_since_ =
            std::max(confirmed_since_, endless || behind ? clock_->now() : confirmed_since_);
        open_writes(false);
    }
    store(keeper_.due(clock_->now(), machine_));
}

Duration AppGate::until_next_tick() const {
    const std::optional<Instant> due = machine_.next_deadline();
    if (!due) {
        return kTick;
    }
    return std::clamp<Duration>(*due - clock_->now(), 1ms, kTick);
}

void AppGate::store(const std::optional<core::StoredState>& state) {
    if (!state) {
        return;
    }
    files_->run(
        [directory = state_directory_, app = app_.app, state = *state, at = clock_->wall()] {
            return host::store_state(directory, app, state, at);
        },
        [this, alive = alive_](const Status& result) {
            if (!*alive) {
                return;
            }
            if (!result) {
                system::log_error(
                    "state", result.error().text, {{"remedy", result.error().remedy}}
                );
            }
            const std::optional<core::StoredState> newer =
                keeper_.ended(clock_->now(), result, machine_);
            changed_.notify();
            store(newer);
        }
    );
}

core::WriteState AppGate::write_state() const {
    const core::WriteState state = core::write_state_of(machine_, clock_->now());
    // The endpoint may have refused what the machine decided: writes are open only when they pass.
    const bool passes =
        endpoint_ != nullptr && endpoint_->route().state == dataplane::WriteState::open;
    return state == core::WriteState::open && !passes ? core::WriteState::unconfirmed : state;
}

Duration AppGate::lease_remaining() const {
    const std::optional<Instant> until = permission_end();
    return until ? *until - clock_->now() : Duration::zero();
}

void AppGate::heard_from_controller() {
    heard_from_controller_ = clock_->now();
}

bool AppGate::controllers_silent() const {
    return clock_->now() - heard_from_controller_ >= app_.lease;
}

}  // namespace farshore::agent
