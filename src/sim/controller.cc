#include "sim/controller.h"

#include <algorithm>
#include <utility>

namespace farshore::sim {

using namespace std::chrono_literals;

namespace {

core::Policy policy_of(const Script& script) {
    core::Policy policy;
    policy.app = AppId{"shop"};
    policy.regions = {kRegionIds[0], kRegionIds[1]};
    policy.mode = script.automatic ? core::Mode::automatic : core::Mode::observe;
    policy.cooldown = 20s;
    policy.require_drill_within.reset();
    policy.stacks_watched = policy.regions;
    policy.early = script.early;
    policy.data_impaired = {core::Lever::repoint};
    policy.stack_impaired = {core::Lever::shift};
    return policy;
}

}  // namespace

Status SimStore::save(const core::AppRecord& saved, std::span<const core::JournalEntry> journal) {
    record = saved;
    checkers_.record_saved(calendar_.now(), saved);
    for (const core::JournalEntry& entry : journal) {
        const std::string line =
            std::to_string(to_ms(calendar_.now().time_since_epoch()) - 1'000'000) + " ms " +
            std::string{to_string(entry.state)} + " " + std::string{to_string(entry.kind)} + ": " +
            entry.text;
        for (const char c : line) {
            trace_hash = (trace_hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
        }
        trace.push_back(line);
    }
    ++saves;
    crash_wanted = crash_wanted || (script_.crash_at_saves && rng_.chance(1, 12)) ||
                   saves == script_.crash_at_save;
    return {};
}

Controller::Controller(World world) : world_(world) {
    core::AppCore::Start start;
    start.policy = policy_of(world_.script);
    start.observers = {
        {.id = ObserverId{"controller"}, .stands_in = kRegionIds[2], .hosts = {}},
        {.id = ObserverId{"agents:us-east-1"}, .stands_in = kRegionIds[0], .hosts = {}},
        {.id = ObserverId{"agents:eu-west-1"}, .stands_in = kRegionIds[1], .hosts = {}},
    };
    start.hysteresis.healthy_for = 5s;
    start.record = world_.store.record;
    for (const auto& host : world_.hosts) {
        const RegionId& region = kRegionIds[static_cast<std::size_t>(host->region())];
        start.agents.emplace(host->id(), region);
        start.observers[static_cast<std::size_t>(host->region()) + 1].hosts.push_back(host->id());
    }
    for (int region = 0; region < 3; ++region) {
        start.highest_seen = std::max(start.highest_seen, world_.tables.record(region).epoch);
    }
    core::AppCore core(std::move(start), {.at = now(), .wall = wall()});
    pump_ = std::make_unique<runtime::Pump>(
        std::move(core),
        runtime::Ports{
            .clock = *this,
            .store = world_.store,
            .epoch_records = *this,
            .host_records = *this,
            .agents = *this,
            .tables = *this,
            .traffic = *this,
            .checks = *this,
            .notifier = *this,
            .timer = *this
        }
    );
}

void Controller::start() {
    pump_->start();
    find_earlier_heartbeats();
    probe();
    heartbeat();
    reports();
}

void Controller::later(Duration delay, void (Controller::*method)()) {
    world_.calendar.in(delay, [self = shared_from_this(), method] {
        if (self->alive_) {
            ((*self).*method)();
        }
    });
}

void Controller::deliver(core::Event event) {
    if (alive_) {
        pump_->deliver(std::move(event));
    }
}

void Controller::arm(Instant at) {
    if (armed_ && *armed_ <= at && *armed_ > now()) {
        return;
    }
    armed_ = at;
    world_.calendar.at(std::max(at, now() + Duration{1}), [self = shared_from_this(), at] {
        if (self->alive_ && self->armed_ == at) {
            self->armed_.reset();
            self->pump_->turn();
        }
    });
}

void Controller::observe(
    const ObserverId& observer,
    const HostId& source,
    int region,
    core::Component component,
    core::Path path,
    bool ok
) {
    deliver(core::Observation{
        .observer = observer,
        .source = source,
        .region = kRegionIds[static_cast<std::size_t>(region)],
        .component = component,
        .path = path,
        .ok = ok ? 1U : 0U,
        .failed = ok ? 0U : 1U,
        .stalled = {},
        .why = "no answer"
    });
}

void Controller::probe() {
    later(500ms, &Controller::probe);
    for (int region = 0; region < 2; ++region) {
        const bool link = world_.network.linked(kWitness, region) && !world_.network.lost();
        const bool data = link && world_.network.reaches_data(kWitness, region);
        const bool stack = link && !world_.network.active(FaultKind::hosts_down, region);
        observe(
            ObserverId{"controller"}, {}, region, core::Component::dynamodb, core::Path::fresh, data
        );
        observe(
            ObserverId{"controller"}, {}, region, core::Component::stack, core::Path::fresh, stack
        );
    }
}

void Controller::find_earlier_heartbeats() {
    for (int from = 0; from < 2; ++from) {
        const int to = 1 - from;
        const auto& arrived = world_.tables.heartbeat_from(from);
        if (arrived && world_.network.reaches_data(kWitness, to)) {
            deliver(core::HeartbeatFound{
                .from = kRegionIds[static_cast<std::size_t>(from)],
                .to = kRegionIds[static_cast<std::size_t>(to)],
                .written_ago = now() - *arrived
            });
        }
    }
}

void Controller::heartbeat() {
    later(500ms, &Controller::heartbeat);
    for (int region = 0; region < 2; ++region) {
        if (!world_.network.reaches_data(kWitness, region)) {
            if (world_.script.plant == Plant::gate_on_heartbeat_age) {
                deliver(core::WriteAcknowledged{
                    .region = kRegionIds[static_cast<std::size_t>(region)],
                    .at = now() + std::chrono::seconds{8}
                });
            }
            continue;
        }
        const Instant written = now();
        deliver(core::WriteAcknowledged{
            .region = kRegionIds[static_cast<std::size_t>(region)], .at = written
        });
        const int to = 1 - region;
        const Duration lag = std::chrono::milliseconds{60 + world_.network.rng().below(80)};
        world_.calendar.in(lag, [self = shared_from_this(), region, to, written, lag] {
            if (!self->world_.network.replicates(region, to)) {
                return;
            }
            auto& arrived = self->world_.tables.heartbeat_from(region);
            arrived = std::max(arrived.value_or(written), written);
            if (self->world_.network.linked(kWitness, to)) {
                self->deliver(core::HeartbeatArrived{
                    .from = kRegionIds[static_cast<std::size_t>(region)],
                    .to = kRegionIds[static_cast<std::size_t>(to)],
                    .written = written,
                    .lag = lag
                });
            }
        });
    }
}

bool Controller::reaches(const Host& host) const {
    return host.alive() && world_.network.linked(kWitness, host.region());
}

void Controller::reports() {
    later(500ms, &Controller::reports);
    for (const auto& host : world_.hosts) {
        bool& connected = connected_[host->id()];
        const bool now_connected = reaches(*host);
        const bool was_connected = std::exchange(connected, now_connected);
        if (now_connected && !was_connected) {
            deliver(core::AgentConnected{
                .host = host->id(),
                .region = kRegionIds[static_cast<std::size_t>(host->region())],
                .epoch = host->machine().epoch()
            });
        } else if (!now_connected && was_connected) {
            deliver(core::AgentDisconnected{host->id()});
        }
        if (now_connected && !world_.network.lost()) {
            report_of(*host);
        }
    }
}

void Controller::report_of(Host& host) {
    const Instant asked_at = now();
    const ObserverId observer{
        "agents:" + kRegionIds[static_cast<std::size_t>(host.region())].value()
    };
    const auto [ok, failed] = host.take_passive();
    const int active = host.machine().route() ? index_of(host.machine().route()->active) : 0;
    deliver(core::Observation{
        .observer = observer,
        .source = host.id(),
        .region = kRegionIds[static_cast<std::size_t>(active)],
        .component = core::Component::dynamodb,
        .path = core::Path::passive,
        .ok = ok,
        .failed = failed,
        .stalled = {},
        .why = "timeout"
    });
    for (int region = 0; region < 2; ++region) {
        const bool link = world_.network.linked(host.region(), region) && !world_.network.lost();
        observe(
            observer,
            host.id(),
            region,
            core::Component::dynamodb,
            core::Path::fresh,
            link && world_.network.reaches_data(host.region(), region)
        );
        if (region != host.region()) {
            observe(
                observer,
                host.id(),
                region,
                core::Component::stack,
                core::Path::fresh,
                link && !world_.network.active(FaultKind::hosts_down, region)
            );
        }
    }
    deliver(core::AgentReported{
        .host = host.id(),
        .epoch = host.machine().epoch(),
        .active = kRegionIds[static_cast<std::size_t>(active)],
        .write_state = "open",
        .last_acknowledged_ago = host.last_acknowledged()
                                     ? std::optional{now() - *host.last_acknowledged()}
                                     : std::nullopt,
        .unproven = static_cast<std::uint32_t>(host.unproven())
    });
    const Epoch epoch = host.machine().epoch();
    const core::AppCore::LeaseAnswer answer = pump_->grant_lease(host.id(), epoch);
    Host* granted = &host;
    world_.calendar.in(
        world_.network.delay(host.region(), kWitness),
        [granted, epoch, asked_at, answer] {
            if (answer.length) {
                granted->lease_granted(epoch, asked_at, *answer.length);
            } else {
                granted->controllers_heard();
            }
        }
    );
}

void Controller::raise(const core::RaiseEpoch& action) {
    if (is_dead()) {
        return;
    }
    world_.checkers.effect_started(now(), action.step);
    auto raised = std::make_shared<int>(0);
    auto seen = std::make_shared<Epoch>();
    auto answered = std::make_shared<bool>(false);
    const auto report = [self = shared_from_this(), action, raised, seen, answered] {
        if (!std::exchange(*answered, true)) {
            self->deliver(core::EpochRaised{
                .step = action.step,
                .majority = *raised >= 2,
                .unchanged_confirmed = false,
                .confirmed = {},
                .highest_seen = *seen,
                .detail = std::to_string(*raised) + " of 3 records"
            });
        }
    };
    for (int region = 0; region < 3; ++region) {
        world_.calendar.in(
            2 * world_.network.delay(kWitness, region),
            [self = shared_from_this(), action, region, raised, seen, report] {
                const Network& network = self->world_.network;
                if (!network.reaches_data(kWitness, region) || self->world_.network.lost()) {
                    return;
                }
                sim::Tables::EpochRecord& record = self->world_.tables.record(region);
                const bool same = record.epoch == action.epoch && record.active == action.active;
                if (record.epoch < action.epoch || same) {
                    record = {.epoch = action.epoch, .active = action.active};
                    ++*raised;
                }
                *seen = std::max(*seen, record.epoch);
                if (*raised >= 2) {
                    report();
                }
            }
        );
    }
    world_.calendar.in(500ms, report);
}

// Every simulated host has said hello before it writes: nobody has to register himself.
void Controller::find(const core::FindHosts& action) {
    world_.calendar.in(2 * world_.network.delay(kWitness, 0), [self = shared_from_this(), action] {
        self->deliver(core::HostsFound{.step = action.step, .complete = true, .hosts = {}});
    });
}

void Controller::order(const core::OrderAgents& action) {
    if (is_dead()) {
        return;
    }
    world_.checkers.effect_started(now(), action.step);
    for (const auto& host : world_.hosts) {
        if (std::ranges::find(action.hosts, host->id()) == action.hosts.end()) {
            continue;
        }
        if (action.type == core::OrderType::fence &&
            world_.script.plant == Plant::promotion_before_fence) {
            world_.calendar.in(1ms, [self = shared_from_this(), action, id = host->id()] {
                self->deliver(core::AgentAcked{
                    .step = action.step,
                    .host = id,
                    .type = action.type,
                    .epoch = action.epoch,
                    .done = true,
                    .unproven = 0,
                    .detail = {}
                });
            });
            continue;
        }
        if (!connected_[host->id()]) {
            continue;
        }
        core::OrderAgents single = action;
        single.hosts = {host->id()};
        if (single.users.value().empty()) {
            single.users = pump_->core().record().users;
        }
        const auto ack = [self = shared_from_this(), to = host.get()](core::AgentAcked acked) {
            if (!self->reaches(*to)) {
                return;
            }
            self->world_.calendar.in(
                self->world_.network.delay(to->region(), kWitness),
                [self, acked] { self->deliver(acked); }
            );
        };
        const Duration slow = world_.script.slow_orders && world_.network.rng().chance(1, 8)
                                  ? Duration{300ms}
                                  : Duration{};
        world_.calendar.in(
            world_.network.delay(kWitness, host->region()) + slow,
            [self = shared_from_this(), to = host.get(), single, ack] {
                if (self->reaches(*to) && !self->world_.network.lost()) {
                    to->take(single, ack);
                }
            }
        );
    }
}

void Controller::examine(const core::ExamineLosses& action) {
    if (is_dead()) {
        return;
    }
    world_.checkers.effect_started(now(), action.step);
    world_.calendar.in(60ms, [self = shared_from_this(), action] {
        self->deliver(
            core::LossesExamined{.step = action.step, .complete = true, .at_risk = 0, .detail = {}}
        );
    });
}

void Controller::serve(const core::ServeUsers& action) {
    if (is_dead()) {
        return;
    }
    world_.checkers.effect_started(now(), action.step);
    world_.calendar.in(3s, [self = shared_from_this(), action] {
        self->deliver(core::TrafficServed{.step = action.step, .done = true, .detail = {}});
    });
}

void Controller::verify(const core::VerifyFunction& action) {
    if (is_dead()) {
        return;
    }
    world_.checkers.effect_started(now(), action.step);
    world_.calendar.in(100ms, [self = shared_from_this(), action] {
        self->deliver(core::FunctionVerified{.step = action.step, .passed = true, .detail = {}});
    });
}

void Controller::request_switchover() {
    const RegionId& to = kRegionIds[static_cast<std::size_t>(1 - index_of(core().record().active))];
    deliver(core::ChangeRequest{
        .id = OperationId{"op-switchover-" + std::to_string(to_ms(now().time_since_epoch()))},
        .verb = core::Verb::switchover,
        .to = to,
        .by = "operator:sim",
        .reason = "planned",
        .accept_loss = {},
        .accept_unfenced = false
    });
}

}  // namespace farshore::sim
