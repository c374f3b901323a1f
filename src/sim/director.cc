#include "sim/director.h"

#include <algorithm>
#include <utility>

#include "sim/chronicle.h"
#include "sim/controller_site.h"
#include "sim/dns.h"
#include "sim/host.h"
#include "sim/intruder.h"
#include "sim/quiet.h"
#include "sim/store.h"

namespace farshore::sim {

namespace {

constexpr const char* kForeignRegister = "foreign";

}  // namespace

Director::Director(Scene& scene) : scene_(scene), dice_(scene.calendar, scene.script.seed, 701) {}

void Director::start() {
    const Script& script = scene_.script;
    for (std::size_t i = 0; i < script.faults.size(); ++i) {
        plan(script.faults[i].from, What::begin, i);
    }
    for (std::size_t i = 0; i < script.commands.size(); ++i) {
        plan(script.commands[i].from, What::command, i);
    }
    rearm();
}

void Director::plan(const Moment& moment, What what, std::size_t which) {
    if (!moment.entering.empty()) {
        waiting_.push_back(
            {.from = moment.at,
             .entering = moment.entering,
             .after = moment.after,
             .what = what,
             .which = which}
        );
    } else {
        add({.at = moment.at, .order = ++order_, .what = what, .which = which});
    }
}

void Director::add(Event event) {
    events_.push_back(event);
    std::ranges::sort(events_, [](const Event& a, const Event& b) {
        return std::pair{a.at, a.order} > std::pair{b.at, b.order};
    });
}

std::optional<Duration> Director::next_event() const {
    return events_.empty() ? std::nullopt : std::optional{events_.back().at};
}

std::optional<Duration> Director::faults_over_since() const {
    const bool more = std::ranges::any_of(events_, [](const Event& event) {
        return event.what != What::command;
    });
    return more || !scene_.weather.fair() ? std::nullopt : std::optional{last_end_};
}

void Director::rearm() {
    scene_.calendar.cancel(timer_);
    if (!events_.empty()) {
        const Duration wait = events_.back().at - scene_.calendar.story();
        timer_ = scene_.calendar.in(std::max(wait, Duration{}), [this] { play(); });
    }
}

void Director::entered(std::string_view doing) {
    const Duration story = scene_.calendar.story();
    std::vector<Waiting> rest;
    for (const Waiting& waiting : std::exchange(waiting_, {})) {
        if (waiting.entering == doing && story >= waiting.from) {
            add(
                {.at = story + waiting.after,
                 .order = ++order_,
                 .what = waiting.what,
                 .which = waiting.which}
            );
        } else {
            rest.push_back(waiting);
        }
    }
    waiting_ = std::move(rest);
    rearm();
}

void Director::play() {
    while (!events_.empty() && events_.back().at <= scene_.calendar.story()) {
        const Event event = events_.back();
        events_.pop_back();
        scene_.quiet->disturb();
        switch (event.what) {
            case What::begin: begin(scene_.script.faults[event.which]); break;
            case What::end: end(scene_.script.faults[event.which]); break;
            case What::command: give(scene_.script.commands[event.which]); break;
        }
    }
    rearm();
}

void Director::weather_changed() {
    scene_.network.flow_again();
    scene_.tables.flow_again();
    scene_.dns->changed();
}

void Director::begin(const Fault& fault) {
    scene_.chronicle->fault_began(fault);
    if (is_instant(fault.kind)) {
        last_end_ = scene_.calendar.story();
        strike(fault);
        return;
    }
    scene_.weather.begin(fault, scene_.calendar.now());
    const auto which = static_cast<std::size_t>(&fault - scene_.script.faults.data());
    add(
        {.at = scene_.calendar.story() + fault.length,
         .order = ++order_,
         .what = What::end,
         .which = which}
    );
    if (fault.kind == FaultKind::impostor) {
        scene_.intruder->impersonate(fault);
    } else if (fault.kind == FaultKind::ghosts) {
        scene_.intruder->invent(fault);
    } else if (is_of_controllers(fault.kind)) {
        strike_controller(fault, true);
    } else {
        strike_hosts(fault, true);
    }
    weather_changed();
}

void Director::end(const Fault& fault) {
    last_end_ = scene_.calendar.story();
    scene_.weather.end(fault);
    scene_.chronicle->fault_ended(fault);
    if (fault.kind == FaultKind::impostor || fault.kind == FaultKind::ghosts) {
        end_intrusion();
    } else if (is_of_controllers(fault.kind)) {
        strike_controller(fault, false);
    } else {
        strike_hosts(fault, false);
    }
    weather_changed();
}

// The operator has noticed the intruder; invented hosts are forgotten as soon as that may be.
void Director::end_intrusion() {
    scene_.intruder->stop();
    forget_ghosts();
}

void Director::forget_ghosts() {
    Controller* controller = scene_.controllers->controller();
    bool all = scene_.controllers->is_up() && !controller->has_trouble();
    for (std::size_t i = 0; all && i < scene_.ghosts.size(); ++i) {
        const std::size_t ghost = scene_.hosts.size() + 1 + i;
        controller->forget(ghost);
        all = !controller->core().agents().contains(scene_.id_of(ghost));
    }
    for (auto& registered : scene_.small.registered) {
        std::erase_if(registered, [&](std::size_t host) { return !scene_.is_real(host); });
    }
    if (!all) {
        scene_.calendar.in(500ms, [this] { forget_ghosts(); });
    }
}

std::vector<std::size_t> Director::hosts_of(const Fault& fault) const {
    std::vector<std::size_t> of_region;
    for (const auto& host : scene_.hosts) {
        if (host->home() == fault.at) {
            of_region.push_back(host->index());
        }
    }
    if (of_region.empty()) {
        return {};
    }
    if (fault.kind == FaultKind::hosts_dead || fault.kind == FaultKind::hosts_restart_one_by_one) {
        return of_region;
    }
    if (fault.kind == FaultKind::half_dead) {
        std::vector<std::size_t> half;
        for (std::size_t i = 0; i < of_region.size(); i += 2) {
            half.push_back(of_region[i]);
        }
        return half;
    }
    return {of_region[fault.host % of_region.size()]};
}

void Director::restart(std::size_t host, Duration after) {
    scene_.hosts[host]->crash();
    scene_.calendar.in(after, [this, host] { start_host(host); });
}

// Unless something else keeps it down.
void Director::start_host(std::size_t host) {
    Host& stopped = *scene_.hosts[host];
    if (!stopped.is_running() && !scene_.weather.is(FaultKind::hosts_dead, stopped.home())) {
        stopped.boot();
    }
}

void Director::strike(const Fault& fault) {
    if (fault.kind == FaultKind::host_restart) {
        for (const std::size_t host : hosts_of(fault)) {
            restart(host, dice_.between(100ms, 2s));
        }
    } else if (fault.kind == FaultKind::host_reimaged) {
        for (const std::size_t host : hosts_of(fault)) {
            scene_.hosts[host]->reimage();
            restart(host, dice_.between(500ms, 4s));
        }
    } else if (fault.kind == FaultKind::record_written) {
        write_records(fault);
    } else if (fault.kind == FaultKind::record_lease) {
        std::optional<core::EpochItem>& copy = scene_.small.records[fault.at];
        if (copy) {
            copy->terms.lease = std::chrono::milliseconds{fault.amount};
        }
    } else if (fault.kind == FaultKind::record_astray) {
        std::optional<core::EpochItem>& copy = scene_.small.records[fault.at];
        const core::EpochItem written{
            .epoch = kEpochMax, .active = region_id(fault.to % scene_.script.tables)
        };
        scene_.chronicle->copy_written(fault.at, copy, written, std::nullopt);
        copy = written;
    } else {
        scene_.store->doom(fault);
    }
}

// A controller with another store, or a script in the wrong hands, raises a majority.
void Director::write_records(const Fault& fault) {
    std::vector<Epoch> copies;
    for (const Place place : scene_.record_places) {
        const auto& copy = scene_.small.records[place];
        copies.push_back(copy ? copy->epoch : Epoch{});
    }
    const Epoch highest = core::highest_believable(copies, copies.size(), Epoch{});
    const core::EpochItem written{
        .epoch = Epoch{highest.value() + static_cast<std::uint64_t>(std::max(1, fault.amount))},
        .active = region_id(fault.to % scene_.script.tables),
        .terms = {.lease = scene_.controllers->configuration().lease},
        .register_id = kForeignRegister
    };
    for (const Place place : scene_.record_places) {
        if (place == fault.at && scene_.record_places.size() > 2) {
            continue;  // one copy does not hear of it
        }
        std::optional<core::EpochItem>& copy = scene_.small.records[place];
        scene_.chronicle->copy_written(place, copy, written, std::nullopt);
        copy = written;
    }
}

void Director::strike_hosts(const Fault& fault, bool begins) {
    for (const std::size_t index : hosts_of(fault)) {
        Host& host = *scene_.hosts[index];
        if (fault.kind == FaultKind::hosts_dead || fault.kind == FaultKind::half_dead) {
            begins ? host.crash() : start_host(index);
        } else if (fault.kind == FaultKind::host_pause) {
            begins ? host.pause() : host.resume();
        } else if (fault.kind == FaultKind::host_stopped) {
            begins ? host.stop_machine() : host.start_machine();
        } else if (fault.kind == FaultKind::host_restored) {
            begins ? host.take_snapshot() : host.restore_snapshot();
        } else if (fault.kind == FaultKind::host_clock_drift) {
            host.drift(begins ? fault.amount : 0);
        } else if (fault.kind == FaultKind::host_wall_step) {
            host.step_wall(begins ? std::chrono::milliseconds{fault.amount} : Duration{});
        } else if (fault.kind == FaultKind::hosts_restart_one_by_one && begins) {
            const auto all = static_cast<std::int64_t>(hosts_of(fault).size());
            const auto nth = static_cast<std::int64_t>(host.index() % hosts_of(fault).size());
            scene_.calendar.in(nth * fault.length / all, [this, index] {
                restart(index, dice_.between(200ms, 1500ms));
            });
        }
    }
}

void Director::strike_controller(const Fault& fault, bool begins) {
    ControllerSite& site = *scene_.controllers;
    if (fault.kind == FaultKind::controller_dead) {
        begins ? site.keep_down() : site.let_up();
    } else if (fault.kind == FaultKind::controller_pause) {
        begins ? site.pause() : site.resume();
    } else if (fault.kind == FaultKind::controller_clock_drift) {
        site.drift(begins ? fault.amount : 0);
    } else if (fault.kind == FaultKind::controller_wall_step) {
        site.step_wall(begins ? std::chrono::milliseconds{fault.amount} : Duration{});
    } else if (fault.kind == FaultKind::controller_blind) {
        site.blind(begins);
    } else if (fault.kind >= FaultKind::rival_beside && fault.kind <= FaultKind::rival_empty) {
        begins ? scene_.rival->open(fault.kind) : scene_.rival->close();
    }
}

}  // namespace farshore::sim
