#include <algorithm>

#include "sim/chronicle.h"
#include "sim/controller.h"
#include "sim/host.h"

// The controller's own eyes, as src/controller's Probes: writes to each Region over new and kept
// connections, the stacks, its control target, and the lag between the Regions by heartbeats.
namespace farshore::sim {

namespace {

constexpr Duration kEvery = 500ms;
constexpr Duration kTimeout = 1s;
// Between two looks for a heartbeat that is on its way.
constexpr Duration kLagPoll = 30ms;

}  // namespace

void Controller::probe() {
    later(kEvery, [this] { probe(); });
    for (Place region = 0; region < scene_.script.tables; ++region) {
        look(region, core::Path::fresh);
        look(region, core::Path::reused);
        const bool stack = scene_.stack_answers({.from = kWitness, .to = region});
        if (is_first()) {
            scene_.chronicle->looked(
                scene_.hosts.size(), {.region = region, .component = core::Component::stack}, stack
            );
        }
        if (configuration_.stacks_watched[region]) {
            tell(region, core::Component::stack, core::Path::fresh, stack);
        }
        for (Place to = 0; to < scene_.script.tables; ++to) {
            if (to != region) {
                follow({.from = region, .to = to});
            }
        }
    }
    if (scene_.script.control_targets) {
        const Answer control =
            scene_.network.ask({.from = kWitness, .to = kWitness}, {.fresh = true});
        tell(kPlaces, core::Component::control, core::Path::fresh, control == Answer::served);
    }
}

// A probe that hangs has failed when its timeout is over.
void Controller::look(Place region, core::Path path) {
    core::ProbeRound& probes =
        probes_
            .try_emplace(
                {region, path},
                core::ProbeRound{{.every = kEvery, .under_way_max = core::kHangingProbesMax}}
            )
            .first->second;
    if (!probes.begin(now())) {
        return;
    }
    const bool fresh = path == core::Path::fresh;
    const Answer answer =
        scene_.network.ask({.from = kWitness, .to = region}, {.fresh = fresh, .write = true});
    if (is_first()) {
        scene_.chronicle->looked(
            scene_.hosts.size(), {.region = region, .path = path}, answer == Answer::served
        );
    }
    const auto told = [this, &probes, region, path, ok = answer == Answer::served] {
        probes.end();
        tell(region, core::Component::dynamodb, path, ok);
    };
    if (answer == Answer::silent) {
        later(kTimeout, told);
    } else {
        told();
    }
    if (!fresh) {
        beat(region, answer);
    }
}

void Controller::tell(Place region, core::Component component, core::Path path, bool ok) {
    deliver(core::Observation{
        .observer = ObserverId{"controller"},
        .source = {},
        .region = region < kPlaces ? region_id(region) : RegionId{},
        .component = component,
        .path = path,
        .ok = ok ? 1U : 0U,
        .failed = ok ? 0U : 1U,
        .stalled = {},
        .why = ok ? "" : "no answer"
    });
}

// Written and acknowledged a moment later, or not at all.
void Controller::beat(Place region, Answer answer) {
    const core::Heartbeats::Beat beat = beats_.begin({now(), wall()}, region_id(region));
    if (answer != Answer::served) {
        return;
    }
    const Heartbeat heartbeat{.item = beats_.item(beat), .true_time = scene_.calendar.now()};
    const Duration there_and_back = scene_.network.delay({.from = kWitness, .to = region}) +
                                    scene_.network.delay({.from = region, .to = kWitness});
    scene_.calendar.in(there_and_back, [self = shared_from_this(), region, beat, heartbeat] {
        self->beat_written(region, heartbeat);
        self->enter([self, region, beat, heartbeat] {
            if (self->is_first()) {
                self->scene_.chronicle->heartbeat_acknowledged(region, heartbeat);
            }
            self->deliver(self->beats_.acknowledged(self->now(), region_id(region), beat));
        });
    });
}

void Controller::beat_written(Place region, const Heartbeat& heartbeat) {
    auto& here = heartbeats()[region][region];
    if (here && !core::may_replace(here->item, heartbeat.item)) {
        return;
    }
    here = heartbeat;
    for (Place to = 0; to < scene_.script.tables; ++to) {
        if (to == region) {
            continue;
        }
        const Way way{.from = region, .to = to};
        Duration lag = scene_.tables.lag(way);
        if (scene_.weather.is(FaultKind::heartbeats_early, region)) {
            lag = scene_.script.lag;
        }
        scene_.calendar.in(lag, [self = shared_from_this(), way, heartbeat] {
            Scene& scene = self->scene_;
            auto& there = self->heartbeats()[way.from][way.to];
            const bool passes = scene.weather.replicates(way) &&
                                !scene.weather.is(FaultKind::heartbeats_frozen, way.from);
            if (!passes || (there && there->true_time > heartbeat.true_time)) {
                return;  // a later one will come
            }
            there = heartbeat;
            if (self->is_alive()) {
                self->later(self->dice_.between(1ms, kLagPoll), [self, way] { self->follow(way); });
            }
        });
    }
}

// Each store's controllers have items of their own.
SmallTables::Heartbeats& Controller::heartbeats() const {
    return scene_.small.heartbeats[store().number()];
}

void Controller::follow(Way way) {
    if (scene_.network.ask({.from = kWitness, .to = way.to}, {.fresh = false}) != Answer::served) {
        return;
    }
    const auto& there = heartbeats()[way.from][way.to];
    std::optional<core::Event> news = beats_.seen(
        {now(), wall()},
        region_id(way.from),
        region_id(way.to),
        there ? std::optional{there->item} : std::nullopt
    );
    if (news) {
        deliver(std::move(*news));
    }
}

}  // namespace farshore::sim
