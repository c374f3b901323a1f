#include <algorithm>
#include <cstdlib>
#include <utility>

#include "adapters/system/log.h"
#include "base/version.h"
#include "controller/controller.h"
#include "controller/core_input.h"
#include "wire/config_document.h"

// From an opened store to a core that decides: what the store knows, what the epoch records say.
namespace farshore::controller {

namespace {

constexpr Duration kBootRetry = std::chrono::seconds{1};

[[noreturn]] void give_up(const Error& error) {
    system::log_error("store", error.text, {{"remedy", error.remedy}});
    std::abort();
}

}  // namespace

void Controller::start() {
    tasks_.spawn("boot", [this] { return boot(); });
}

// The epoch records are asked before anything is decided: an epoch that was raised while we were
// away, or by somebody with another store, is never used again (INV-S2).
net::Task<> Controller::boot() {
    const Result<std::optional<core::AppRecord>> loaded = store_->load(config_.app);
    if (!loaded) {
        give_up(loaded.error());
    }
    if (*loaded) {
        const std::optional<core::EpochReading> survey = co_await epochs_->survey();
        if (!survey) {
            co_return;
        }
        if (!survey->has_majority()) {
            system::log_warning(
                "epochs", "no majority of the epoch records answers", {{"why", survey->detail}}
            );
        }
        begin(**loaded, *survey);
        co_return;
    }
    std::optional<core::AppRecord> record = co_await first_record();
    if (record) {
        begin(std::move(*record), {});
    }
}

// With an empty store: what a majority of the epoch records says, or epoch 1 in the preferred
// Region. nullopt: the controller is stopping.
net::Task<std::optional<core::AppRecord>> Controller::first_record() {
    while (true) {
        const core::Founding founding{
            .app = config_.app,
            .preferred = config_.preferred(),
            .users_can_be_shifted = config_.traffic.has_value(),
            .by = "controller:" + config_.controller.id.value()
        };
        Result<core::AppRecord> record = co_await epochs_->first_record(founding);
        if (record) {
            ports::Commit commit;
            commit.state = *record;
            const Status committed = co_await desk_->commit(std::move(commit));
            if (committed) {
                co_return *record;
            }
            record = std::unexpected(committed.error());
        }
        system::log_warning("boot", record.error().text, {{"remedy", record.error().remedy}});
        const bool slept = co_await net::sleep_for(io_, kBootRetry);
        if (!slept) {
            co_return std::nullopt;
        }
    }
}

// A drill under another configuration proves nothing about this one.
std::optional<UtcTime> Controller::drill_proven_at() {
    const auto drill = store_->last_drill(config_.app);
    if (!drill || !*drill || (*drill)->configuration_hash != config_.hash) {
        return std::nullopt;
    }
    return (*drill)->at;
}

core::AppCore::Start Controller::start_of(
    core::AppRecord record,
    const core::EpochReading& survey,
    std::vector<ports::RegisteredHost> hosts
) {
    core::AppCore::Start start;
    core::apply(rules_of(config_), start);
    std::vector<ports::RegisteredHost> voices = hosts;
    std::erase_if(voices, [this](const ports::RegisteredHost& host) {
        return !is_listed(host.host) || !credentials_->vouching(host.host);
    });
    start.observers = observers_of(config_, voices);
    start.record = std::move(record);
    for (const ports::RegisteredHost& host : hosts) {
        start.agents.emplace(host.host, host.region);
    }
    for (const HostId& host : config_.agents) {
        start.agents.try_emplace(host, RegionId{});
    }
    start.register_is_closed = !config_.agents.empty();
    start.register_id = register_id_;
    start.epochs = survey;
    start.longest_lease = epochs_->keeper().longest_lease();
    start.drill_proven_at = drill_proven_at();
    start.losses_open = losses_->open_writes();
    return start;
}

void Controller::begin(core::AppRecord record, const core::EpochReading& survey) {
    auto hosts = store_->hosts(config_.app);
    if (!hosts) {
        give_up(hosts.error());
    }
    if (const Status restored = losses_->restore(record.operation); !restored) {
        system::log_error("losses", restored.error().text);
    }
    core::Opening opening{
        .now = {clock_.now(), clock_.wall()},
        .start = start_of(std::move(record), survey, std::move(*hosts))
    };
    core::AppCore core(opening.start, opening.now);
    pump_ = std::make_unique<runtime::Pump>(
        std::move(core),
        runtime::Ports{
            .clock = clock_,
            .store = *desk_,
            .epoch_records = epochs_->keeper(),
            .host_records = *host_records_,
            .agents = *link_,
            .tables = *losses_,
            .traffic = *traffic_,
            .checks = *checks_,
            .commands = *commands_,
            .fleets = *fleets_,
            .notifier = announcer_,
            .timer = *wake_
        }
    );
    wake_->bind(*pump_);
    pump_->on_journal([this](const core::JournalEntry& entry) {
        system::log_info(
            "journal", entry.text, {{"operation", entry.operation.value()}, {"state", entry.doing}}
        );
        api_->journal_changed();
    });
    begin_recording(std::move(opening));
    start_tasks();
    pump_->start();
    api_->ready(*pump_);
    const core::AppRecord& in_force = pump_->core().record();
    note_life(
        "started",
        "epoch " + std::to_string(in_force.epoch.value()) + ", active " + in_force.active.value() +
            ", configuration " + config_.hash
    );
    system::log_info(
        "boot",
        "ready",
        {{"app", config_.app.value()},
         {"epoch", std::to_string(in_force.epoch.value())},
         {"active", in_force.active.value()},
         {"agents", std::to_string(pump_->core().agents().size())}}
    );
}

void Controller::begin_recording(core::Opening opening) {
    if (!config_.recording.keep_for) {
        return;
    }
    // The store needs little; what else stands on its disk is not ours.
    constexpr std::uint64_t kLeftToTheStore = std::uint64_t{64} << 20U;
    recorder_ = std::make_unique<recording::Recorder>(
        recording::Recorder::Options{
            .store_path = config_.store_path,
            .program = std::string{kVersion},
            .configuration = config::config_document(config_),
            .limits =
                {.bytes_max = static_cast<std::uint64_t>(config_.recording.mebibytes_max) << 20U,
                 .keep_for = *config_.recording.keep_for,
                 .room_left_bytes = kLeftToTheStore}
        },
        std::move(opening)
    );
    pump_->on_input([this](core::Now now, const core::Input& input, const core::Effects& effects) {
        recorder_->take(now, pump_->core(), input, effects);
    });
}

// One that begins without the end of the one before it tells of a crash.
void Controller::note_life(const char* what, std::string detail) {
    desk_->note_later(
        {.at = clock_.wall(),
         .who = "controller:" + config_.controller.id.value(),
         .what = what,
         .detail = std::move(detail)}
    );
}

void Controller::start_tasks() {
    tasks_.spawn("watch agents", [this] { return link_->watch(); });
    tasks_.spawn("watch hosts", [this] { return host_records_->watch(); });
    tasks_.spawn("watch files", [this] { return watch_files(); });
    if (closed_register_) {
        tasks_.spawn("close register", [this] { return closed_register_->run(); });
    }
    tasks_.spawn("learn records", [this] { return traffic_->learn(); });
    tasks_.spawn("look tables up", [this] { return table_watch_->watch(); });
    tasks_.spawn("settle losses", [this] { return losses_->settle(); });
    tasks_.spawn("watch epochs", [this] { return epochs_->watch(); });
    probes_->start();
}

}  // namespace farshore::controller
