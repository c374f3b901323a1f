#include "sim/host.h"

#include <algorithm>

#include "sim/chronicle.h"
#include "sim/controller_site.h"
#include "sim/dns.h"
#include "sim/quiet.h"

namespace farshore::sim {

namespace {

constexpr Duration kDiskWrite = 4ms;
constexpr Duration kStoreAgain = 1s;

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
    disk_.route = core::HostRoute{.epoch = Epoch{1}, .active = region_id(0), .users = region_id(0)};
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
    stopped_since_ = local_now();
    controller_heard_at_ = local_now();
    unknown_at_ = disk_.lived_before ? std::optional{local_now()} : std::nullopt;
    machine_ = core::HostMachine(options_of(scene_.script));
    scene_.chronicle->host_booted(*this);
    scene_.quiet->disturb();
    step(core::HostLoaded{.route = disk_.route, .fenced = disk_.fenced});
    // No two machines are in step.
    later(dice_.between(1ms, 400ms), [this] { round(); });
    read_in(dice_.between(1ms, 50ms));
    later(dice_.between(1ms, 50ms), [this] { connect(); });
    scene_.dns->changed();
}

void Host::end_process() {
    disk_.lived_before = true;
    running_ = false;
    paused_ = false;
    ++life_;
    deferred_.clear();
    ledger_.clear();
    counts_ = {};
    told_ = {};
    silent_ = {};
    session_.reset();
    report_under_way_ = 0;
    report_wanted_ = false;
    report_scheduled_ = false;
    round_.reset();
    reading_again_ = false;
    by_hello_.reset();
    by_itself_.reset();
    registering_.reset();
    proving_ = false;
    storing_ = false;
    watching_flights_ = false;
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
    scene_.controllers->hang_up(home(), index(), life_);
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
    // The planted bug: a lease of three seconds lasts for five.
    constexpr int kBeyondPromise = -400'000;
    const bool beyond = scene_.planted(Plant::clock_beyond_promise);
    clock_.drift(scene_.calendar.now(), beyond ? kBeyondPromise : ppm);
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
    }
    if (decision.before != decision.after) {
        scene_.quiet->disturb();
    }
    switch (decision.action) {
        case core::HostAction::none:
        case core::HostAction::refuse:
        case core::HostAction::acknowledge:
        case core::HostAction::hold_writes: break;
        case core::HostAction::ask:
            if (decision.before == core::HostState::held) {
                cut_flights(Epoch{machine_.epoch().value() + 1});  // the hold ended by itself
            }
            break;
        case core::HostAction::admit:
        case core::HostAction::renew: release_parked(); break;
        case core::HostAction::stop_writes:
            // A lease covers a write until its answer is passed on.
            cut_flights(Epoch{machine_.epoch().value() + 1});
            break;
        case core::HostAction::fence_writes: {
            const Epoch fenced = machine_.fenced();
            later(std::exchange(fence_grace_, kFenceGrace), [this, fenced] {
                cut_ = cut_flights(fenced);
            });
            store();
            break;
        }
        case core::HostAction::adopt:
            cut_flights(machine_.epoch());
            if (machine_.adopted_alone() && !scene_.planted(Plant::drain_outlives_its_hold)) {
                ledger_.leave_behind(machine_.epoch());
            } else {
                // The fence has told them, and no later order asks for them.
                ledger_.forget_below(machine_.epoch());
            }
            release_parked();
            store();
            break;
        case core::HostAction::adopt_users:
            release_parked();
            store();
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

void Host::store() {
    if (storing_) {
        return;  // what is newest by then is stored next
    }
    storing_ = true;
    const Disk state{.route = machine_.route(), .fenced = machine_.fenced(), .lived_before = true};
    later(kDiskWrite, [this, state] { stored(state); });
}

void Host::stored(const Disk& state) {
    if (scene_.weather.is(FaultKind::host_disk_full, home())) {
        later(kStoreAgain, [this] {
            storing_ = false;
            store();
        });
        return;
    }
    storing_ = false;
    disk_ = state;
    scene_.chronicle->host_stored(*this);
    scene_.dns->changed();
    if (state.route != machine_.route() || state.fenced != machine_.fenced()) {
        store();
    }
}

}  // namespace farshore::sim
