#include "sim/check/liveness.h"

#include <algorithm>

#include "sim/chronicle.h"
#include "sim/controller_site.h"
#include "sim/director.h"
#include "sim/host.h"
#include "sim/store.h"

namespace farshore::sim {

namespace {

// A switchover that needs all its attempts, and a record that follows slow checks.
constexpr Duration kEndsWithin = 120s;
constexpr Duration kHostsWriteWithin = 45s;
// A command that fails is run again, or an operator is asked, who answers within half a minute and
// may have it done again.
constexpr Duration kDeclaredStep = 120s;

// Three failed probes in a row, their timeout, silence of three seconds, a report and a look.
constexpr Duration kDetectedWithin = 9s;
// Raising, proving and repointing come on top of the lease.
constexpr Duration kMovedWithin = 12s;
// The standby has been well for longer than any observer needs to call it healthy.
constexpr Duration kStandbyWell = 20s;

}  // namespace

void LivenessChecks::saved(const core::AppRecord& record) {
    operation_saved_ = scene_.calendar.now();
    if (record.operation && record.operation->plan.id != operation_) {
        operation_ = record.operation->plan.id;
        operation_since_ = scene_.calendar.now();
        declared_ = {};
        for (const core::PlannedStep& step : record.operation->plan.steps) {
            declared_ += step.slot == core::Slot::none
                             ? Duration{}
                             : kDeclaredStep + step.bound * (step.attempts + 1);
        }
        if (plain_since_ && record.operation->plan.promotes() && declared_ == Duration{}) {
            acting_since_ = scene_.calendar.now();
            acting_to_ = record.operation->plan.epoch_after;
        }
    }
}

void LivenessChecks::look() {
    look_at_end();
    look_at_loss();
}

bool LivenessChecks::operator_needed(const core::AppRecord& record) const {
    return core::is_raised_beyond(record, scene_.controllers->controller()->core().superseded());
}

void LivenessChecks::look_at_end() {
    if (!scene_.controllers->is_up()) {
        return;
    }
    const Instant now = scene_.calendar.now();
    const std::optional<Duration> over = scene_.director->faults_over_since();
    if (!over) {
        return;
    }
    const Duration healthy = std::min(scene_.calendar.story() - *over, now - up_since_);
    const core::AppRecord& record = scene_.store->durable();
    const bool runs = record.operation && !record.operation->ended();
    const Duration running = runs ? now - operation_since_ : Duration{};
    if (runs && !told_end_ && std::min(running, healthy) > kEndsWithin + declared_) {
        told_end_ = true;
        violations_.add(
            "INV-L1",
            record.operation->plan.id.value() + " is still " +
                std::string{record.operation->doing()} + " long after the last fault"
        );
    }
    if (runs || healthy < kHostsWriteWithin || operator_needed(record) || told_hosts_ ||
        now - operation_saved_ < kHostsWriteWithin) {
        return;
    }
    for (const auto& host : scene_.hosts) {
        if (host->is_running() && (!host->may_write() || host->machine().epoch() != record.epoch)) {
            told_hosts_ = true;
            violations_.add(
                "INV-L1",
                host->id().value() + " is " + std::string{to_string(host->machine().state())} +
                    " in epoch " + std::to_string(host->machine().epoch().value()) +
                    ", in force is " + std::to_string(record.epoch.value())
            );
            return;
        }
    }
}

// A copy that a foreign writer has set far ahead takes no raise before a controller has healed it,
// for which it has to read a majority without it: the copy of the lost Region is missing for both.
bool LivenessChecks::can_be_raised(const core::AppRecord& record) const {
    const auto takes_it = std::ranges::count_if(scene_.record_places, [&](Place place) {
        const std::optional<core::EpochItem>& copy = scene_.small.records[place];
        return region_id(place) != record.active &&
               (!copy || copy->epoch <= core::furthest_beside(record.epoch));
    });
    return static_cast<std::size_t>(takes_it) >= core::majority_of(scene_.record_places.size());
}

bool LivenessChecks::is_plain_loss(const core::AppRecord& record) const {
    const auto& faults = scene_.weather.active();
    const Place active = place_of(record.active);
    const bool plain = !faults.empty() && std::ranges::all_of(faults, [&](const Fault* fault) {
        return fault->at == active &&
               (fault->kind == FaultKind::data_refuses || fault->kind == FaultKind::data_hangs ||
                fault->kind == FaultKind::region_cut);
    });
    const Controller* controller = scene_.controllers->controller();
    if (!plain || !well_before_ || !scene_.controllers->is_up() || controller->has_trouble() ||
        !scene_.chronicle->only_this_since(faults.front(), kStandbyWell)) {
        return false;
    }
    const Configuration& configuration = controller->configuration();
    const auto shifts = [](const std::vector<core::Lever>& levers) {
        return std::ranges::find(levers, core::Lever::shift) != levers.end();
    };
    const bool has_shift = shifts(configuration.data_impaired) || shifts(configuration.region_lost);
    // No host serves users who stay where all hosts are cut off, wherever the tables are.
    const bool helps =
        shifts(configuration.region_lost) || std::ranges::none_of(faults, [](const Fault* fault) {
            return fault->kind == FaultKind::region_cut;
        });
    const bool on = configuration.mode == core::Mode::automatic &&
                    configuration.on_controller_loss != core::OnControllerLoss::keep &&
                    (configuration.users_can_be_shifted || !has_shift) &&
                    !automation_.must_keep_still(scene_.controllers->wall()) &&
                    !operator_needed(record) && can_be_raised(record);
    const bool users_reachable = helps && record.users == record.active;
    std::optional<Duration> window;
    for (Place to = 0; to < scene_.script.tables; ++to) {
        if (to != active) {
            const auto other = automation_.loss_window({.from = active, .to = to});
            window = window ? std::max(window, other) : other;
        }
    }
    const bool gate = window && *window + 1s < configuration.max_loss;
    const bool hosts =
        std::ranges::all_of(scene_.hosts, [](const auto& host) { return host->runs(); });
    return on && users_reachable && gate && hosts;
}

// What the core says to that; for people, nothing is judged by it.
std::string LivenessChecks::why_not() const {
    const Controller& controller = *scene_.controllers->controller();
    std::string text;
    for (const core::GuardAnswer& answer :
         controller.core()
             .preview_automatic({.at = controller.now(), .wall = controller.wall()})
             .guards) {
        text += answer.passed ? "" : "; " + answer.text;
    }
    return text;
}

// A standby's stack that was broken before the tables failed stays broken for its observers, who
// see it through those tables (docs/decisions/0006-admission.md): it must have been well before.
void LivenessChecks::look_before_loss() {
    const auto& faults = scene_.weather.active();
    const Fault* one = faults.size() == 1 ? faults.front() : nullptr;
    if (!scene_.chronicle->only_this_since(one, kStandbyWell)) {
        well_before_ = false;
    } else if (faults.empty()) {
        well_before_ = true;
    }
}

void LivenessChecks::look_at_loss() {
    look_before_loss();
    const core::AppRecord& record = scene_.store->durable();
    const Instant now = scene_.calendar.now();
    const bool runs = record.operation && !record.operation->ended();
    if (!is_plain_loss(record)) {
        plain_since_.reset();
        if (!runs || !scene_.chronicle->only_this_since(nullptr, kStandbyWell)) {
            acting_since_.reset();
        }
    } else if (!plain_since_) {
        plain_since_ = now;
    }
    if (told_loss_) {
        return;
    }
    const bool acting = acting_since_.has_value();
    if (plain_since_ && !runs && !acting && now - *plain_since_ > kDetectedWithin) {
        told_loss_ = true;
        violations_.add(
            "INV-L2", record.active.value() + " is lost, and nothing is done" + why_not()
        );
    }
    const Duration lease =
        std::max(scene_.controllers->configuration().lease, scene_.script.agents_lease);
    if (acting && now - *acting_since_ > lease + kMovedWithin) {
        acting_since_.reset();
        if (!epochs_.first_landing(acting_to_)) {
            told_loss_ = true;
            violations_.add(
                "INV-L2",
                "a loss is acted on, and no Region takes a write under epoch " +
                    std::to_string(acting_to_.value())
            );
        }
    }
}

}  // namespace farshore::sim
