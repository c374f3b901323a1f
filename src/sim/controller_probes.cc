#include <algorithm>

#include "sim/chronicle.h"
#include "sim/controller.h"
#include "sim/host.h"

// The controller's own eyes, as src/controller's Probes: writes to each Region over new and kept
// connections, the stacks, its control target, and the lag between the Regions by heartbeats.
namespace farshore::sim {

namespace {

constexpr Duration kEvery = 500ms;
// Between two looks for a heartbeat that is on its way.
constexpr Duration kLagPoll = 30ms;

std::size_t index_of(core::Path path) {
    return static_cast<std::size_t>(path);
}

}  // namespace

void Controller::probe() {
    later(kEvery, [this] { probe(); });
    for (Place region = 0; region < scene_.script.tables; ++region) {
        look(region, core::Path::fresh);
        look(region, core::Path::reused);
        const bool stack = scene_.stack_answers({.from = kWitness, .to = region});
        scene_.chronicle->looked(
            scene_.hosts.size(), {.region = region, .component = core::Component::stack}, stack
        );
        tell(region, core::Component::stack, core::Path::fresh, stack);
        for (Place to = 0; to < scene_.script.tables; ++to) {
            if (to != region) {
                find_earlier({.from = region, .to = to});
                follow({.from = region, .to = to});
            }
        }
    }
    if (scene_.script.control_targets) {
        const Answer control =
            scene_.network.ask({.from = kWitness, .to = kWitness}, {.fresh = true});
        tell(kPlaces, core::Component::control, core::Path::fresh, control == Answer::served);
    }
    if (scene_.planted(Plant::gate_on_heartbeat_age)) {
        deliver(core::WriteAcknowledged{.region = core().record().active, .at = now()});
    }
    if (scene_.planted(Plant::automatic_failback)) {
        take_home_again();
    }
}

// A probe that hangs is known to have failed when its timeout of a second is over: two rounds
// later.
void Controller::look(Place region, core::Path path) {
    auto& late = silent_[index_of(path)][region].last_rounds;
    if (late[0] > 0) {
        tell(region, core::Component::dynamodb, path, false);
    }
    late[0] = std::exchange(late[1], std::uint8_t{0});
    const bool fresh = path == core::Path::fresh;
    const Answer answer =
        scene_.network.ask({.from = kWitness, .to = region}, {.fresh = fresh, .write = true});
    scene_.chronicle->looked(
        scene_.hosts.size(), {.region = region, .path = path}, answer == Answer::served
    );
    if (answer == Answer::silent) {
        late[1] = 1;
    } else {
        tell(region, core::Component::dynamodb, path, answer == Answer::served);
    }
    if (!fresh) {
        beat(region, answer);
    }
}

void Controller::tell(Place region, core::Component component, core::Path path, bool ok) {
    observe(
        {.observer = ObserverId{"controller"},
         .source = {},
         .region = region < kPlaces ? region_id(region) : RegionId{},
         .component = component,
         .path = path,
         .ok = ok ? 1U : 0U,
         .failed = ok ? 0U : 1U,
         .stalled = {},
         .why = ok ? "" : "no answer"}
    );
}

void Controller::observe(core::Observation seen) {
    const bool active = pump_ && seen.region == core().record().active;
    if (scene_.planted(Plant::silence_is_health) && !active && seen.failed > 0 &&
        seen.component == core::Component::dynamodb) {
        seen.ok = seen.failed;
        seen.failed = 0;
    }
    if (scene_.planted(Plant::one_vantage_votes_for_all) &&
        seen.component == core::Component::dynamodb && seen.path != core::Path::passive) {
        if (!seen.source.value().empty()) {
            return;
        }
        for (const auto& host : scene_.hosts) {
            core::Observation said = seen;
            said.observer = ObserverId{"agents:" + region_id(host->home()).value()};
            said.source = host->id();
            deliver(std::move(said));
        }
    }
    if (scene_.planted(Plant::evidence_off_the_record) && seen.failed > 0 && alive_ && pump_) {
        pump_->deliver(std::move(seen));
        return;
    }
    deliver(std::move(seen));
}

// Written and acknowledged a moment later, or not at all.
void Controller::beat(Place region, Answer answer) {
    const std::uint64_t sequence = ++beats_[region].sequence;
    if (answer != Answer::served) {
        return;
    }
    const Heartbeat heartbeat{
        .life = life_,
        .sequence = sequence,
        .written = now(),
        .wall = wall(),
        .true_time = scene_.calendar.now()
    };
    const Duration there_and_back = scene_.network.delay({.from = kWitness, .to = region}) +
                                    scene_.network.delay({.from = region, .to = kWitness});
    scene_.calendar.in(there_and_back, [self = shared_from_this(), region, heartbeat] {
        self->beat_written(region, heartbeat);
        self->enter([self, region, heartbeat] {
            self->scene_.chronicle->heartbeat_acknowledged(region, heartbeat);
            self->deliver(
                core::WriteAcknowledged{.region = region_id(region), .at = heartbeat.written}
            );
        });
    });
}

void Controller::beat_written(Place region, const Heartbeat& heartbeat) {
    auto& here = scene_.small.heartbeats[region][region];
    if (here && here->true_time > heartbeat.true_time) {
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
            auto& there = scene.small.heartbeats[way.from][way.to];
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

// The lag is a duration on our own clock: from the start of the write to the read that saw it.
void Controller::follow(Way way) {
    const auto& seen = scene_.small.heartbeats[way.from][way.to];
    std::uint64_t& last = followed_[way.from][way.to];
    if (!seen || seen->life != life_ || seen->sequence <= last ||
        scene_.network.ask({.from = kWitness, .to = way.to}, {.fresh = false}) != Answer::served) {
        return;
    }
    last = seen->sequence;
    deliver(core::HeartbeatArrived{
        .from = region_id(way.from),
        .to = region_id(way.to),
        .written = seen->written,
        .lag = now() - seen->written
    });
}

// The last heartbeat of an earlier life: all that is known about replication when the controller
// comes back inside an outage.
void Controller::find_earlier(Way way) {
    bool& found = found_earlier_[way.from][way.to];
    if (found || followed_[way.from][way.to] > 0 ||
        scene_.network.ask({.from = kWitness, .to = way.to}, {.fresh = false}) != Answer::served) {
        return;
    }
    found = true;
    const auto& seen = scene_.small.heartbeats[way.from][way.to];
    // One from the future is a clock that was set back since: it proves nothing.
    if (!seen || seen->wall > wall()) {
        return;
    }
    deliver(core::HeartbeatFound{
        .from = region_id(way.from), .to = region_id(way.to), .written_ago = wall() - seen->wall
    });
}

// The planted bug: as soon as the preferred Region answers, it gets everything back.
void Controller::take_home_again() {
    const core::AppRecord& record = core().record();
    const bool well = core().evidence().verdict(now(), region_id(0), core::Component::dynamodb) ==
                      core::Health::healthy;
    if (record.active == region_id(0) || core().operation_running() || !well) {
        return;
    }
    core::ChangeRequest back;
    back.id = OperationId{"op-" + std::to_string(to_ms(wall())) + "-home"};
    back.verb = core::Verb::failback;
    back.to = region_id(0);
    back.by = "automatic failback";
    deliver(std::move(back));
}

}  // namespace farshore::sim
