#include "sim/controller.h"

#include <algorithm>
#include <utility>

#include "sim/chronicle.h"
#include "sim/controller_site.h"
#include "sim/host.h"
#include "sim/quiet.h"

namespace farshore::sim {

namespace {

constexpr Duration kBootRetry = 1s;
constexpr Duration kLongPast = 20ms;

core::Policy policy_of(const Scene& scene, const Configuration& configuration) {
    core::Policy policy;
    policy.app = AppId{"shop"};
    for (Place place = 0; place < scene.script.tables; ++place) {
        policy.regions.push_back(region_id(place));
    }
    policy.stacks_watched = policy.regions;
    policy.users_can_be_shifted = configuration.users_can_be_shifted;
    policy.mode = configuration.mode;
    policy.max_loss = configuration.max_loss;
    policy.cooldown = configuration.cooldown;
    policy.require_drill_within = configuration.drills_required
                                      ? std::optional<Duration>{std::chrono::days{30}}
                                      : std::nullopt;
    policy.early = configuration.early;
    policy.on_controller_loss = scene.planted(Plant::acknowledgement_only)
                                    ? core::OnControllerLoss::keep
                                    : configuration.on_controller_loss;
    policy.data_impaired = configuration.data_impaired;
    policy.stack_impaired = configuration.stack_impaired;
    policy.region_lost = configuration.region_lost;
    policy.timing.lease = configuration.lease;
    return policy;
}

}  // namespace

Controller::Controller(Scene& scene, std::uint64_t life, Configuration configuration)
    : scene_(scene),
      dice_(scene.calendar, scene.script.seed, 310),
      life_(life),
      configuration_(std::move(configuration)),
      policy_(policy_of(scene, configuration_)),
      link_(scene, *this) {}

Instant Controller::now() const {
    return scene_.controllers->local_now();
}

UtcTime Controller::wall() const {
    return scene_.controllers->wall();
}

Instant Controller::true_time_of(Instant local) const {
    return scene_.controllers->clock().when(local);
}

// What the copies of the record say is asked before anything is decided (INV-S2).
void Controller::boot() {
    survey([this](const core::EpochReading& found) {
        std::optional<core::AppRecord> record = scene_.store->load();
        if (record) {
            begin(std::move(*record), found);
        } else {
            first_record(found);
        }
    });
}

void Controller::first_record(const core::EpochReading& found) {
    std::optional<core::FirstRecord> first = core::first_record(
        found,
        {.app = policy_.app,
         .preferred = region_id(0),
         .users_can_be_shifted = configuration_.users_can_be_shifted,
         .by = "controller:sim",
         .at = wall()}
    );
    if (first && scene_.store->begin(first->record)) {
        begin(std::move(first->record), {});
        return;
    }
    later(kBootRetry, [this] {
        survey([this](const core::EpochReading& again) { first_record(again); });
    });
}

core::AppCore::Start Controller::start_of(core::AppRecord record, const core::EpochReading& found)
    const {
    core::AppCore::Start start;
    start.policy = policy_;
    start.observers.push_back(
        {.id = ObserverId{"controller"}, .stands_in = region_id(kWitness), .hosts = {}}
    );
    for (Place place = 0; place < scene_.script.tables; ++place) {
        core::Observer observer{
            .id = ObserverId{"agents:" + region_id(place).value()},
            .stands_in = region_id(place),
            .hosts = {}
        };
        // A host with a credential of its own has a voice.
        for (const auto& host : scene_.hosts) {
            if (host->home() == place && scene_.store->hosts().contains(host->id())) {
                observer.hosts.push_back(host->id());
            }
        }
        start.observers.push_back(std::move(observer));
    }
    if (scene_.planted(Plant::no_hysteresis)) {
        start.hysteresis.unhealthy_for = Duration::zero();
        start.hysteresis.failures_min = 1;
    }
    start.record = std::move(record);
    start.agents = scene_.store->hosts();
    start.register_id = scene_.store->register_id();
    if (configuration_.register_closed) {
        start.register_is_closed = true;
        for (const auto& host : scene_.hosts) {
            start.agents.try_emplace(host->id(), RegionId{});
        }
    }
    if (!scene_.planted(Plant::epoch_from_store_only)) {
        start.epochs = found;
    }
    start.longest_lease = longest_lease();
    if (configuration_.drills_required) {
        start.drill_proven_at = scene_.chronicle->begun_at();
    }
    for (const auto& [operation, book] : scene_.store->books()) {
        if (book.open() > 0) {
            start.losses_open.emplace(operation, book.open());
        }
    }
    return start;
}

void Controller::begin(core::AppRecord record, const core::EpochReading& found) {
    core::AppCore::Start start = start_of(std::move(record), found);
    std::vector<core::Observer> observers = start.observers;
    const core::Hysteresis hysteresis = start.hysteresis;
    core::AppCore core(std::move(start), {.at = now(), .wall = wall()});
    scene_.chronicle->core_started(core, std::move(observers), hysteresis);
    pump_ = std::make_unique<runtime::Pump>(
        std::move(core),
        runtime::Ports{
            .clock = *this,
            .store = *scene_.store,
            .epoch_records = *this,
            .host_records = *this,
            .agents = link_,
            .tables = *this,
            .traffic = *this,
            .checks = *this,
            .commands = *this,
            .notifier = *this,
            .timer = *this
        }
    );
    pump_->start();
    probe();
    watch_records();
    watch_hosts();
    settle_losses();
}

void Controller::end() {
    alive_ = false;
    silenced_ = true;
    deferred_.clear();
    scene_.calendar.cancel(timer_);
    link_.close();
}

void Controller::resume() {
    paused_ = false;
    run_deferred();
}

void Controller::run_deferred() {
    while (alive_ && !paused_ && !busy() && !deferred_.empty()) {
        const std::function<void()> job = std::move(deferred_.front());
        deferred_.pop_front();
        job();
    }
}

void Controller::be_busy(Duration length) {
    busy_until_ = std::max(busy_until_, scene_.calendar.now()) + length;
    scene_.calendar.at(busy_until_, [self = shared_from_this()] { self->run_deferred(); });
}

void Controller::deliver(core::Event event) {
    if (alive_ && pump_) {
        scene_.chronicle->told(*this, event);
        pump_->deliver(std::move(event));
    }
}

core::AppCore::LeaseAnswer Controller::grant_lease(const HostId& host, Epoch epoch) {
    if (!alive_ || silenced_) {
        return {std::nullopt, "the controller is dead"};
    }
    return pump_->grant_lease(host, epoch);
}

void Controller::request(core::ChangeRequest request) {
    request.id = OperationId{
        "op-" + std::to_string(to_ms(wall())) + "-m" + std::to_string(life_) + "." +
        std::to_string(++requests_)
    };
    scene_.chronicle->asked(request);
    deliver(std::move(request));
}

void Controller::forget(std::size_t host) {
    const HostId id = scene_.id_of(host);
    if (core().why_not_forget({.at = now(), .wall = wall()}, id)) {
        return;
    }
    scene_.store->forget(id);
    link_.forget(host);
    for (auto& registered : scene_.small.registered) {
        registered.erase(host);
    }
    deliver(core::AgentForgotten{.host = id, .by = "operator:sim"});
}

bool Controller::still() const {
    return ready() && alive_ && !paused_ && !has_trouble() && !core().operation_running() &&
           deferred_.empty();
}

void Controller::arm(Instant at) {
    // A deadline is acted on when it has passed, or it is none: the real loop would spin.
    if (now() - at > kLongPast) {
        scene_.chronicle->woken_in_vain(core());
        at = now() + kLongPast;
    }
    if (armed_ && *armed_ <= at && *armed_ > now()) {
        return;
    }
    scene_.calendar.cancel(timer_);
    armed_ = at > now() ? at : now() + 1ms;
    timer_ = at_local(*armed_, [this] {
        armed_.reset();
        pump_->turn();
    });
}

void Controller::disarm() {
    scene_.calendar.cancel(timer_);
    armed_.reset();
}

void Controller::rearm() {
    if (armed_) {
        const Instant at = std::max(*armed_, now());
        disarm();
        arm(at);
    }
}

}  // namespace farshore::sim
