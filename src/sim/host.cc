#include "sim/host.h"

#include <algorithm>

#include "sim/chronicle.h"
#include "sim/controller_site.h"
#include "sim/dns.h"
#include "sim/quiet.h"

namespace farshore::sim {

namespace {

constexpr Duration kDiskWrite = 4ms;
constexpr Duration kFenceGrace = 150ms;  // of a fence that no controller has ordered
constexpr std::size_t kLedgerEntriesMax = 4'000;

// Every machine was started at another time.
Duration clock_offset(std::uint64_t seed, std::size_t index) {
    return std::chrono::milliseconds{Rng{seed * 977 + index}.below(100'000'000)};
}

core::HostMachine::Options options_of(const Script& script) {
    core::HostMachine::Options options;
    options.on_controller_loss = script.agents_rule;
    options.lease = script.agents_lease;
    return options;
}

std::string host_name(const Host::Name& name) {
    const std::string number = std::to_string(name.number + 1);
    return region_id(name.home).value() + "-" + (number.size() < 2 ? "0" : "") + number;
}

}  // namespace

Host::Host(Scene& scene, Name name)
    : scene_(scene),
      name_(name),
      id_(host_name(name)),
      clock_(clock_offset(scene.script.seed, name.index)),
      dice_(scene.calendar, scene.script.seed, 1000 + name.index),
      machine_(options_of(scene.script)) {
    disk_.state = core::StoredState{
        .route = {.epoch = Epoch{1}, .active = region_id(0), .users = region_id(0)}
    };
    drift(0);
}

UtcTime Host::wall() const {
    return scene_.wall() + std::chrono::duration_cast<WallClock::duration>(wall_ahead_);
}

void Host::boot() {
    ++life_;
    running_ = true;
    paused_ = false;
    booted_at_ = local_now();
    const auto inherited_at = disk_.lived_before ? std::optional{local_now()} : std::nullopt;
    unknown_ = core::NewestUnknown(inherited_at);
    arrivals_ = core::Arrivals(inherited_at);
    keeper_ = core::StateKeeper(disk_.state);
    inherited_alone_ = core::loaded_from(disk_.state).adopted_alone;
    stopped_since_ = local_now();
    controller_heard_at_ = local_now();
    machine_ = core::HostMachine(options_of(scene_.script));
    ledger_.emplace(core::Ledger::Limits{.entries_per_table_max = kLedgerEntriesMax});
    open_desk();
    start_records();
    links_[0] = std::make_unique<HostLink>(scene_, *this, *scene_.controllers);
    links_[1] = std::make_unique<HostLink>(scene_, *this, *scene_.rival);
    scene_.chronicle->host_booted(*this);
    scene_.quiet->disturb();
    step(core::loaded_from(disk_.state));
    // No two machines are in step.
    later(dice_.between(1ms, 400ms), [this] { round(); });
    read_in(dice_.between(1ms, 50ms));
    later(dice_.between(1ms, 50ms), [this] { links_[0]->connect(); });
    meet_rival();
    scene_.dns->changed();
}

void Host::open_desk() {
    desk_.emplace(
        scene_.table_regions, static_cast<std::uint64_t>(booted_at_.time_since_epoch().count())
    );
}

void Host::end_process() {
    disk_.lived_before = true;
    if (machine_.state() == core::HostState::open) {
        barred_since_ = scene_.calendar.now();
    }
    running_ = false;
    paused_ = false;
    ++life_;
    deferred_.clear();
    book_ = {};
    probes_.clear();
    stopped_at_.reset();
    proving_ = false;
    replies_.clear();
    writes_ = {};
    permitted_ = {};
    waits_ = {};
    flights_watched_at_.reset();
    scene_.calendar.cancel(flights_watch_);
    watching_parked_ = false;
    confirmable_since_.reset();
    deadline_at_.reset();
    scene_.calendar.cancel(deadline_);
    // Their connections end with the process; what is on the wire may still arrive.
    std::vector<Flight> flights;
    flights.swap(flights_);
    std::deque<Request> parked;
    parked.swap(parked_);
    for (Flight& flight : flights) {
        flight.request.answer(Heard::dead);
    }
    for (Request& request : parked) {
        request.answer(Heard::dead);
    }
}

void Host::crash() {
    if (!running_) {
        return;
    }
    scene_.quiet->disturb();
    for (const auto& link : links_) {
        link->hang_up();
    }
    end_process();
    scene_.chronicle->host_ended(*this);
    scene_.dns->changed();
}

void Host::reimage() {
    crash();
    disk_ = {};
    scene_.chronicle->host_reimaged(*this);
}

void Host::pause() {
    if (running_) {
        paused_ = true;
        scene_.quiet->disturb();
    }
}

void Host::resume() {
    if (!paused_) {
        return;
    }
    paused_ = false;
    confirmable_since_.reset();
    scene_.quiet->disturb();
    std::vector<std::function<void()>> deferred;
    deferred.swap(deferred_);
    const std::uint64_t life = life_;
    for (const std::function<void()>& job : deferred) {
        enter(life, job);
    }
}

void Host::drift(int ppm) {
    clock_.drift(scene_.calendar.now(), ppm);
    deadline_at_.reset();
    scene_.calendar.cancel(deadline_);
    if (running_) {
        arm_deadline();
    }
}

bool Host::serves() const {
    return runs() && machine_.route() &&
           scene_.network.ask(
               {.from = home(), .to = place_of(machine_.route()->active)}, {.fresh = false}
           ) == Answer::served;
}

core::HostDecision Host::step(const core::HostInput& input, const OrderMark* by) {
    const core::WriteState before = core::write_state_of(machine_.state());
    const core::HostStep taken = machine_.step(local_now(), input);
    if (machine_.may_write(local_now())) {
        permitted_ = {.epoch = machine_.epoch(), .until = *machine_.lease().until()};
    } else if (std::holds_alternative<core::ClockDoubted>(input)) {
        permitted_.until = std::min(permitted_.until, local_now());
        look_at_flights();
    }
    for (const core::HostDecision& decision : taken.all) {
        scene_.chronicle->host_decided(*this, decision, by);
        obey(decision);
    }
    arm_deadline();
    if (core::write_state_of(machine_.state()) != before) {
        report_soon();
    }
    return taken.answer;
}

void Host::obey(const core::HostDecision& decision) {
    const bool opened = decision.after == core::HostState::open;
    if (decision.before == core::HostState::open && !opened) {
        stopped_since_ = local_now();
        barred_since_ = scene_.calendar.now();
    }
    if (decision.before != decision.after) {
        scene_.quiet->disturb();
    }
    const auto ticket = ordered_ ? std::optional{ordered_->ticket} : std::nullopt;
    switch (decision.action) {
        case core::HostAction::none:
        case core::HostAction::refuse:
        case core::HostAction::acknowledge:
        case core::HostAction::ask: break;
        case core::HostAction::stop_writes: look_at_flights(); break;
        case core::HostAction::admit:
        case core::HostAction::renew: release_parked(); break;
        case core::HostAction::hold_writes:
            await_quiet({.deadline = machine_.hold_until().value_or(local_now())}, ticket);
            break;
        case core::HostAction::fence_writes: {
            const Instant end = local_now() + (ordered_ ? ordered_->grace : kFenceGrace);
            await_quiet({.below = machine_.fenced(), .deadline = end, .cut = true}, ticket);
            store(keeper_.changed(machine_));
            break;
        }
        case core::HostAction::adopt:
            // None may be left of an older epoch when the first one goes out under the new.
            await_quiet({.below = machine_.epoch(), .deadline = local_now(), .cut = true}, {});
            if (machine_.adopted_alone()) {
                ledger_->forget_what_was_told();
            }
            ledger_->leave_behind(machine_.epoch());
            release_parked();
            store(keeper_.changed(machine_));
            break;
        case core::HostAction::adopt_users:
            release_parked();
            store(keeper_.changed(machine_));
            break;
    }
    if (decision.wants_confirmation()) {
        want_confirmation();
    }
}

// Renewals move the deadline all the time: the timer is let go off, and looks again.
void Host::arm_deadline() {
    const std::optional<Instant> due = machine_.next_deadline();
    if (!due || (deadline_at_ && *deadline_at_ <= *due)) {
        return;
    }
    scene_.calendar.cancel(deadline_);
    deadline_at_ = due;
    deadline_ = scene_.calendar.at(clock_.when(*due), [this, life = life_] {
        enter(life, [this] {
            deadline_at_.reset();
            step(core::Wake{});
        });
    });
}

void Host::store(const std::optional<core::StoredState>& state) {
    if (!state) {
        return;
    }
    later(kDiskWrite, [this, state] {
        Status result;
        if (scene_.weather.is(FaultKind::host_disk_full, home())) {
            result = fail(ErrorKind::exhausted, "the disk is full");
        }
        const std::optional<core::StoredState> newer = keeper_.ended(local_now(), result, machine_);
        if (result) {
            disk_ = {.state = state, .lived_before = true};
            scene_.dns->changed();
        } else {
            later(core::StateKeeper::kAgain, [this] { store(keeper_.due(local_now(), machine_)); });
        }
        store(newer);
        look_at_orders();
    });
}

}  // namespace farshore::sim
