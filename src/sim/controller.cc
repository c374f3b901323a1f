#include "sim/controller.h"

#include <algorithm>
#include <utility>

#include "core/evidence/observers.h"
#include "core/recording/other_policy.h"

#include "sim/chronicle.h"
#include "sim/controller_site.h"
#include "sim/host.h"
#include "sim/quiet.h"

namespace farshore::sim {

namespace {

constexpr Duration kBootRetry = 1s;
constexpr Duration kLongPast = 20ms;
constexpr int kTurnsInVain = 5;

core::Policy policy_of(const Scene& scene, const Configuration& configuration) {
    core::Policy policy;
    policy.app = kApp;
    policy.regions = scene.table_regions;
    for (Place place = 0; place < scene.script.tables; ++place) {
        if (configuration.stacks_watched[place]) {
            policy.stacks_watched.push_back(region_id(place));
        }
    }
    policy.users_can_be_shifted = configuration.users_can_be_shifted;
    policy.mode = configuration.mode;
    policy.max_loss = configuration.max_loss;
    policy.cooldown = configuration.cooldown;
    policy.require_drill_within = configuration.drills_required
                                      ? std::optional<Duration>{std::chrono::days{30}}
                                      : std::nullopt;
    policy.early = configuration.early;
    policy.on_controller_loss = configuration.on_controller_loss;
    policy.data_impaired = configuration.data_impaired;
    policy.stack_impaired = configuration.stack_impaired;
    policy.region_lost = configuration.region_lost;
    policy.timing = configuration.timing;
    policy.timing.lease = configuration.lease;
    policy.steps = configuration.steps;
    policy.approve_within = configuration.approve_within;
    return policy;
}

}  // namespace

Controller::Controller(
    Scene& scene, ControllerSite& site, std::uint64_t life, Configuration configuration
)
    : scene_(scene),
      site_(site),
      dice_(scene.calendar, scene.script.seed, 310 + site.number()),
      life_(life),
      configuration_(std::move(configuration)),
      policy_(policy_of(scene, configuration_)),
      link_(scene, *this),
      beats_(std::to_string(life), now()),
      losses_(*this, *this, core::LossLimits{}, loss_upcalls()) {}

runtime::LossDesk::Upcalls Controller::loss_upcalls() {
    return {
        .deliver = [this](core::Event event) { deliver(std::move(event)); },
        .operation =
            [this] {
                const auto& operation = core().record().operation;
                return operation ? &*operation : nullptr;
            }
    };
}

Instant Controller::now() const {
    return site_.local_now();
}

UtcTime Controller::wall() const {
    return site_.wall();
}

Instant Controller::true_time_of(Instant local) const {
    return site_.clock().when(local);
}

sim::Store& Controller::store() const {
    return site_.store();
}

bool Controller::is_first() const {
    return store().number() == 0;
}

void Controller::end_soon() {
    site_.end_soon(life_);
}

void Controller::commit(ports::Commit commit, ports::Ticket ticket) {
    store().commit(*this, std::move(commit), std::move(ticket));
}

// What the copies of the record say is asked before anything is decided (INV-S2).
void Controller::boot() {
    std::optional<core::AppRecord> record = store().load(*this);
    epochs_ = make_epochs();
    if (!record) {
        first_record();
        return;
    }
    epochs_->survey([this, known = std::move(*record)](const core::EpochReading& found) {
        begin(known, found);
    });
}

std::unique_ptr<runtime::EpochKeeper> Controller::make_epochs() {
    const core::Timing& timing = policy_.timing;
    runtime::EpochKeeper::Options options{
        .regions = regions_at(scene_.record_places),
        .terms =
            {.lease = timing.lease, .clock_error = timing.clock_error, .hold_max = timing.hold_max},
        .register_id = store().register_id()
    };
    runtime::EpochKeeper::Upcalls upcalls{
        .deliver = [this](core::Event event) { deliver(std::move(event)); },
        .in_force = [this]() -> const core::AppRecord& { return core().record(); },
        .healed =
            [](const RegionId&, core::EpochWatch::Healed, const std::string&) {
            }
    };
    ports::EpochCopies& copies = *this;
    return std::make_unique<runtime::EpochKeeper>(
        *this, copies, std::move(options), std::move(upcalls)
    );
}

void Controller::first_record() {
    const core::Founding founding{
        .app = policy_.app,
        .preferred = region_id(0),
        .users_can_be_shifted = configuration_.users_can_be_shifted,
        .by = "controller:sim"
    };
    epochs_->first_record(founding, [this](const Result<core::AppRecord>& record) {
        if (record && store().begin(*record)) {
            begin(*record, {});
        } else {
            later(kBootRetry, [this] { first_record(); });
        }
    });
}

core::AppCore::Start Controller::start_of(core::AppRecord record, const core::EpochReading& found)
    const {
    core::AppCore::Start start;
    core::apply(
        core::Rules{
            .policy = policy_,
            .quorum_needed = configuration_.quorum_needed,
            .hysteresis = configuration_.hysteresis
        },
        start
    );
    start.observers.push_back(
        {.id = ObserverId{"controller"}, .stands_in = region_id(kWitness), .hosts = {}}
    );
    for (Place place = 0; place < scene_.script.tables; ++place) {
        core::Observer observer{
            .id = core::agents_of(region_id(place)), .stands_in = region_id(place), .hosts = {}
        };
        // A host with a credential of its own has a voice.
        for (const auto& host : scene_.hosts) {
            if (host->home() == place && store().hosts().contains(host->id())) {
                observer.hosts.push_back(host->id());
            }
        }
        start.observers.push_back(std::move(observer));
    }
    start.record = std::move(record);
    start.agents = store().hosts();
    start.register_id = store().register_id();
    if (configuration_.register_closed) {
        start.register_is_closed = true;
        for (const auto& host : scene_.hosts) {
            start.agents.try_emplace(host->id(), RegionId{});
        }
    }
    start.epochs = found;
    start.longest_lease = epochs_->longest_lease();
    if (configuration_.drills_required && configuration_.drill_proven) {
        start.drill_proven_at = scene_.chronicle->begun_at();
    }
    start.losses_open = losses_.settling().open_writes();
    return start;
}

void Controller::begin(core::AppRecord record, const core::EpochReading& found) {
    restore_losses(record.operation);
    core::Opening opening{
        .now = {.at = now(), .wall = wall()}, .start = start_of(std::move(record), found)
    };
    scene_.chronicle->core_started(*this, opening);
    core::AppCore core(std::move(opening.start), opening.now);
    pump_ = std::make_unique<runtime::Pump>(
        std::move(core),
        runtime::Ports{
            .clock = *this,
            .store = *this,
            .epoch_records = *this,
            .host_records = *this,
            .agents = link_,
            .tables = *this,
            .traffic = *this,
            .checks = *this,
            .commands = *this,
            .fleets = *this,
            .notifier = *this,
            .timer = *this
        }
    );
    pump_->on_input([this](
                        core::Now moment, const core::Input& input, const core::Effects& effects
                    ) { scene_.chronicle->took(*this, moment, this->core(), input, effects); });
    pump_->start();
    link_.watch();
    probe();
    watch_records();
    watch_hosts();
    wake_losses(losses_.settling().next_deadline());
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
        pump_->deliver(std::move(event));
    }
}

core::AppCore::LeaseAnswer Controller::grant_lease(const HostId& host, Epoch epoch) {
    if (!alive_ || silenced_) {
        return {std::nullopt, "the controller is dead"};
    }
    return pump_->grant_lease(host, epoch);
}

void Controller::ask(core::Event request) {
    if (!alive_ || !pump_) {
        return;
    }
    pump_->ask(request, {}, [this, request](const core::Reply& reply) {
        if (reply && reply->has_changed_something()) {
            scene_.chronicle->told(*this, request);
        }
    });
}

void Controller::request(core::ChangeRequest request) {
    request.id = OperationId{
        "op-" + std::to_string(to_ms(wall())) + "-m" + std::to_string(life_) + "." +
        std::to_string(++requests_)
    };
    scene_.chronicle->asked(request);
    ask(std::move(request));
}

void Controller::forget(std::size_t host) {
    const HostId id = scene_.id_of(host);
    ports::Commit with;
    with.changes.emplace_back(ports::HostLeft{id});
    const core::AgentForgotten request{.host = id, .by = "operator:sim"};
    pump_->ask(request, std::move(with), [this, host](const core::Reply& reply) {
        if (reply && reply->has_changed_something()) {
            link_.forget(scene_.id_of(host));
            for (auto& registered : scene_.small.registered) {
                registered.erase(host);
            }
        }
    });
}

bool Controller::still() const {
    return ready() && alive_ && !paused_ && !has_trouble() && !core().operation_running() &&
           deferred_.empty() && !losses_.settling().next_deadline();
}

void Controller::arm(Instant at) {
    // A deadline may pass while the store is asked. A turn acts on it then, or, as a turn ends with
    // what it asks of the store, one of the next ones; otherwise the real loop would spin.
    asked_ = at;
    if (now() - at > kLongPast) {
        if (turned_for_ == at && turns_for_it_ == kTurnsInVain) {
            scene_.chronicle->woken_in_vain(core());
        }
        at = now() + kLongPast;
    }
    if (armed_ && *armed_ <= at && *armed_ > now()) {
        return;
    }
    scene_.calendar.cancel(timer_);
    armed_ = at > now() ? at : now() + 1ms;
    timer_ = at_local(*armed_, [this] {
        armed_.reset();
        turns_for_it_ = turned_for_ == asked_ ? turns_for_it_ + 1 : 1;
        turned_for_ = asked_;
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
