#include "sim/world.h"

#include <algorithm>

#include "sim/controller.h"

namespace farshore::sim {

using namespace std::chrono_literals;

namespace {

constexpr int kShoppers = 12;
constexpr Duration kWarmUp = 5s;

// Everything of one run.
class World {
  public:
    explicit World(const Script& script)
        : script_(script),
          network_(calendar_, script_.faults, script_.seed * 7919 + 1),
          tables_(calendar_, network_, script_),
          checkers_(script_.faults.empty() || only_controller_faults()),
          store_(calendar_, checkers_, Rng{script_.seed * 31 + 3}, script_),
          rng_(script_.seed) {
        const Instant start = calendar_.now();
        for (Fault& fault : script_.faults) {
            fault.from += start.time_since_epoch();
            fault.until += start.time_since_epoch();
        }
        for (int region = 0; region < 2; ++region) {
            for (int number = 1; number <= 2; ++number) {
                const HostId id{
                    kRegionIds[static_cast<std::size_t>(region)].value() + "-" +
                    std::to_string(number)
                };
                hosts_.push_back(std::make_unique<Host>(
                    id, region, calendar_, network_, tables_, checkers_, script_.plant
                ));
            }
        }
        store_.record.app = AppId{"shop"};
        store_.record.epoch = Epoch{1};
        store_.record.active = kRegionIds[0];
        store_.record.users = kRegionIds[0];
    }

    Outcome run() {
        for (const auto& host : hosts_) {
            host->start();
        }
        start_controller();
        watch();
        for (int shopper = 0; shopper < kShoppers; ++shopper) {
            calendar_.in(std::chrono::milliseconds{100 + rng_.below(200)}, [this, shopper] {
                shop(shopper);
            });
        }
        const Instant start = calendar_.now();
        for (const Instant at : script_.switchovers) {
            calendar_.at(start + at.time_since_epoch(), [this] {
                if (controller_) {
                    controller_->request_switchover();
                }
            });
        }
        calendar_.run_until(start + script_.length);
        return finish();
    }

  private:
    [[nodiscard]] bool only_controller_faults() const {
        return std::ranges::all_of(script_.faults, [](const Fault& fault) {
            return fault.kind == FaultKind::controller_crash;
        });
    }

    // A fault that takes the active Region away for longer than a blip.
    [[nodiscard]] bool real_loss_now() const {
        return std::ranges::any_of(script_.faults, [&](const Fault& fault) {
            const bool lossy =
                fault.kind == FaultKind::data_down || fault.kind == FaultKind::region_cut ||
                fault.kind == FaultKind::hosts_down || fault.kind == FaultKind::host_pause ||
                fault.kind == FaultKind::pair_partition ||
                fault.kind == FaultKind::controller_cut || fault.kind == FaultKind::data_unseen;
            return lossy && calendar_.now() >= fault.from && calendar_.now() <= fault.until + 12s;
        });
    }

    void start_controller() {
        controller_ = std::make_shared<Controller>(Controller::World{
            .calendar = calendar_,
            .network = network_,
            .tables = tables_,
            .checkers = checkers_,
            .store = store_,
            .hosts = hosts_,
            .script = script_
        });
        controller_->start();
    }

    // The world's own look around, every 10 ms: crashes, and what operations do.
    void watch() {
        calendar_.in(10ms, [this] { watch(); });
        const bool down = network_.anywhere(FaultKind::controller_crash);
        if (controller_ && (down || store_.crash_wanted)) {
            controller_->stop();
            controller_.reset();
            revive_at_ = calendar_.now() + std::chrono::milliseconds{100 + rng_.below(2500)};
            store_.crash_wanted = false;
        } else if (!controller_ && !down && calendar_.now() >= revive_at_) {
            start_controller();
        }
        const auto& operation = store_.record.operation;
        if (!operation) {
            return;
        }
        if (operation->plan.id != last_seen_) {
            last_seen_ = operation->plan.id;
            if (operation->plan.automatic) {
                ++failovers_;
                checkers_.automatic_start(
                    calendar_.now(),
                    !real_loss_now(),
                    cooling_until_ && calendar_.now() < *cooling_until_
                );
            }
        }
        if (core::has_ended(operation->state) && operation->plan.id != last_ended_) {
            last_ended_ = operation->plan.id;
            ++ended_;
            done_ += operation->state == core::OperationState::done ? 1 : 0;
            if (operation->state == core::OperationState::done) {
                cooling_until_ = calendar_.now() + 19s;
            }
        }
    }

    void shop(int shopper) {
        const std::uint64_t id = ++next_write_;
        // A third of the shoppers has a stale name cache, or a bookmark: they use the other stack.
        const int users =
            shopper % 3 == 0 ? 1 - index_of(store_.record.users) : index_of(store_.record.users);
        const std::size_t host = static_cast<std::size_t>(users) * 2 + rng_.below(2);
        hosts_[host]->write(
            {.id = id,
             .key = shopper,
             .answer =
                 [this, shopper, id](bool ok) {
                     if (ok) {
                         acknowledged_.emplace_back(shopper, id);
                     } else {
                         ++refused_;
                     }
                     calendar_.in(std::chrono::milliseconds{40 + rng_.below(80)}, [this, shopper] {
                         shop(shopper);
                     });
                 },
             .parked_at = {}}
        );
    }

    Outcome finish() {
        Outcome outcome;
        for (const auto& [key, id] : acknowledged_) {
            if (!tables_.holds(0, key, id) && !tables_.holds(1, key, id)) {
                ++outcome.lost;
                checkers_.lost_write(calendar_.now(), id);
            }
        }
        const auto& operation = store_.record.operation;
        outcome.operation_running = operation && !core::has_ended(operation->state);
        if (outcome.operation_running) {
            checkers_.not_ended(
                calendar_.now(),
                "an operation is still " + std::string{to_string(operation->state)} +
                    " long after the last fault"
            );
        }
        expect_action();
        outcome.violations = checkers_.violations();
        outcome.operations_done = done_;
        outcome.operations_ended = ended_;
        outcome.failovers_started = failovers_;
        outcome.saves = store_.saves;
        outcome.acknowledged = acknowledged_.size();
        outcome.refused = refused_;
        outcome.epoch = store_.record.epoch;
        outcome.active = store_.record.active;
        outcome.trace_hash = store_.trace_hash ^ (acknowledged_.size() * 2654435761U);
        outcome.trace = store_.trace;
        return outcome;
    }

    // INV-L2 for the plainest loss: one Region's tables gone for long, nothing else wrong,
    // automation on.
    void expect_action() {
        // A controller that dies inside the outage, and comes back there, is no excuse.
        const bool alone = std::ranges::all_of(script_.faults, [&](const Fault& fault) {
            return &fault == script_.faults.data() || fault.kind == FaultKind::controller_crash;
        });
        if (script_.faults.empty() || !alone || !script_.automatic || script_.crash_at_saves ||
            !script_.switchovers.empty()) {
            return;
        }
        const Fault& fault = script_.faults.front();
        const bool plain =
            fault.kind == FaultKind::data_down || fault.kind == FaultKind::region_cut;
        if (plain && fault.region == 0 && fault.until - fault.from >= 15s && failovers_ == 0) {
            checkers_.not_acted(calendar_.now());
        }
    }

    Script script_;
    Calendar calendar_;
    Network network_;
    Tables tables_;
    Checkers checkers_;
    SimStore store_;
    Rng rng_;
    std::vector<std::unique_ptr<Host>> hosts_;
    std::shared_ptr<Controller> controller_;
    Instant revive_at_{};
    OperationId last_seen_;
    OperationId last_ended_;
    std::optional<Instant> cooling_until_;
    std::vector<std::pair<int, std::uint64_t>> acknowledged_;
    std::uint64_t next_write_ = 0;
    std::uint64_t refused_ = 0;
    int done_ = 0;
    int ended_ = 0;
    int failovers_ = 0;
};

}  // namespace

Outcome run(const Script& script) {
    return World(script).run();
}

Script random_script(std::uint64_t seed) {
    Rng rng(seed * 6364136223846793005ULL + 1442695040888963407ULL);
    Script script;
    script.seed = seed;
    script.length = 120s;
    script.crash_at_saves = rng.chance(1, 4);
    script.slow_orders = rng.chance(1, 2);
    script.early = rng.chance(1, 3);
    const std::uint64_t kinds = 9;
    const std::uint64_t faults = rng.below(4);
    for (std::uint64_t i = 0; i < faults; ++i) {
        const Duration from = kWarmUp + std::chrono::milliseconds{rng.below(35'000)};
        script.faults.push_back(
            {.kind = static_cast<FaultKind>(rng.below(kinds)),
             .region = static_cast<int>(rng.below(2)),
             .from = Instant{from},
             .until = Instant{from + std::chrono::milliseconds{500 + rng.below(25'000)}}}
        );
    }
    const std::uint64_t switchovers = rng.below(3);
    for (std::uint64_t i = 0; i < switchovers; ++i) {
        script.switchovers.emplace_back(kWarmUp + std::chrono::milliseconds{rng.below(45'000)});
    }
    return script;
}

}  // namespace farshore::sim
