#include "sim/check/automation.h"

#include <algorithm>

#include "sim/controller_site.h"
#include "sim/host.h"

namespace farshore::sim {

namespace {

constexpr double kServedWell = 0.9;
constexpr Duration kAfterFailure = 30s;

// A decision that became durable later than it was made is not judged by a later moment.
constexpr WallClock::duration kJudgedWithin{50};

// Messages that are under way while the window is worked out.
constexpr Duration kGateTolerance = 100ms;

WallClock::duration on_wall(Duration length) {
    return std::chrono::duration_cast<WallClock::duration>(length);
}

}  // namespace

std::size_t AutomationChecks::quorum() const {
    return truth_.vantages().size() / 2 + 1;
}

// A vantage is bad when most of its sources that were heard saw failure after failure.
std::size_t AutomationChecks::vantages_failing(Place region, core::Component component) const {
    return static_cast<std::size_t>(std::ranges::count_if(truth_.vantages(), [&](Place vantage) {
        const TruthBook::Sight sight = truth_.sight(vantage, region, component);
        return sight.failing * 2 > sight.surely_heard;
    }));
}

std::size_t AutomationChecks::vantages_working(Place region, core::Component component) const {
    return static_cast<std::size_t>(std::ranges::count_if(truth_.vantages(), [&](Place vantage) {
        return truth_.sight(vantage, region, component).working > 0;
    }));
}

void AutomationChecks::violate(
    std::string_view invariant, const core::Plan& plan, const std::string& text
) {
    violations_.add(
        invariant,
        plan.id.value() + " (" + plan.from.value() + " to " + plan.to.value() + ", by " + plan.by +
            "): " + text
    );
}

void AutomationChecks::told(const core::Event& event, UtcTime wall) {
    if (const auto* pause = std::get_if<core::PauseRequest>(&event)) {
        pause_ = pause->pause;
    } else if (std::holds_alternative<core::ResumeRequest>(event)) {
        pause_.reset();
        const UtcTime quiet = wall + on_wall(core::kQuietAfterPause);
        cooldown_until_ = std::max(cooldown_until_.value_or(quiet), quiet);
    }
}

// A pause that never became durable died with the controller that was told of it.
void AutomationChecks::controller_began(const core::AppRecord& durable) {
    pause_ = durable.pause;
    cooldown_until_ = durable.cooldown_until;
}

bool AutomationChecks::must_keep_still(UtcTime wall) const {
    if (cooldown_until_ && wall < *cooldown_until_) {
        return true;
    }
    return pause_ && (!pause_->until || wall < *pause_->until + on_wall(core::kQuietAfterPause));
}

void AutomationChecks::saved(const core::AppRecord& record, UtcTime wall) {
    if (!record.operation) {
        return;
    }
    const core::OperationRecord& operation = *record.operation;
    if (operation.plan.id != last_begun_) {
        last_begun_ = operation.plan.id;
        began(record, wall);
    }
    if (operation.ended() && operation.plan.id != last_ended_) {
        last_ended_ = operation.plan.id;
        ended(operation);
    }
}

// The cool-down starts at completion.
void AutomationChecks::ended(const core::OperationRecord& operation) {
    const Duration cooldown = scene_.controllers->configuration().cooldown;
    const bool automatic = operation.plan.automatic;
    Duration quiet{};
    if (operation.outcome == core::Outcome::failed) {
        quiet = automatic ? std::min(kAfterFailure, cooldown) : Duration{};
    } else if (operation.outcome == core::Outcome::aborted) {
        quiet = automatic ? cooldown : Duration{};
    } else {
        quiet = cooldown;
    }
    if (operation.ended_at && quiet > Duration{}) {
        const UtcTime until = *operation.ended_at + on_wall(quiet);
        cooldown_until_ = std::max(cooldown_until_.value_or(until), until);
    }
}

void AutomationChecks::began(const core::AppRecord& record, UtcTime wall) {
    const core::Plan& plan = record.operation->plan;
    const bool asked = asked_.contains(plan.id);
    const bool resumed = plan.by.starts_with("controller:");  // a raise that a lost store had begun
    if (!plan.automatic) {
        if (!asked && !resumed) {
            violate("INV-S12", plan, "a change that no operator has asked for");
        }
        if (asked && wall - plan.decided_at <= kJudgedWithin) {
            check_target(plan);
        }
        return;
    }
    failovers_ += plan.promotes() ? 1 : 0;
    if (plan.verb != core::Verb::failover) {
        violate("INV-S12", plan, "automation chose the verb of a person");
    }
    if (must_keep_still(wall)) {
        violate("INV-S7", plan, "automation acts while it is paused or cooling down");
    }
    if (wall - plan.decided_at > kJudgedWithin) {
        return;
    }
    check_quorum(plan);
    check_target(plan);
    if (plan.promotes()) {
        check_gate(plan);
    } else {
        check_real_loss(plan);
    }
}

void AutomationChecks::raised(Epoch epoch, const core::AppRecord& durable) {
    // A copy that carries what a majority carries already is healed: the change has been made,
    // perhaps minutes ago, and by a controller with a store of its own.
    const auto carried = std::ranges::count_if(scene_.record_places, [&](Place place) {
        const std::optional<core::EpochItem>& copy = scene_.small.records[place];
        return copy && copy->epoch == epoch;
    });
    if (static_cast<std::size_t>(carried) >= core::majority_of(scene_.record_places.size())) {
        return;
    }
    // A plan that moves only users raises nothing: that copy is healed too.
    if (!durable.operation || !durable.operation->plan.promotes() ||
        durable.operation->plan.epoch_after != epoch ||
        durable.operation->plan.id == last_raised_) {
        return;
    }
    last_raised_ = durable.operation->plan.id;
    if (durable.operation->plan.automatic) {
        check_real_loss(durable.operation->plan);
    }
}

// A failover was false when the Region's tables answered its own hosts and a vantage elsewhere, and
// its stack answered a vantage elsewhere, nine times in ten.
void AutomationChecks::check_real_loss(const core::Plan& plan) {
    const Place from = place_of(plan.from);
    const auto well = [&](Place vantage, TruthBook::Requests requests) {
        return truth_.share_served(vantage, from, requests).value_or(0.0) >= kServedWell;
    };
    // Where no new connection can be made, the old ones do not make it well.
    const auto data_well = [&](Place vantage) {
        return well(vantage, TruthBook::Requests::fresh_looks) &&
               well(vantage, TruthBook::Requests::data_at_all);
    };
    bool tables_elsewhere = false;
    bool stack = false;
    for (const Place vantage : truth_.vantages()) {
        if (vantage != from) {
            tables_elsewhere = tables_elsewhere || data_well(vantage);
            stack = stack || well(vantage, TruthBook::Requests::stack);
        }
    }
    const bool tables = data_well(from) && tables_elsewhere;
    if (stack && (tables || !plan.promotes())) {
        violate("INV-A1", plan, "nothing was lost: its tables and its stack answered");
    }
}

void AutomationChecks::check_quorum(const core::Plan& plan) {
    const Place from = place_of(plan.from);
    const std::size_t tables = vantages_failing(from, core::Component::dynamodb);
    const std::size_t stack = vantages_failing(from, core::Component::stack);
    const std::size_t most = plan.promotes() ? std::max(tables, stack) : stack;
    if (most < quorum()) {
        violate(
            "INV-S6",
            plan,
            std::to_string(most) + " vantages saw it fail, of " +
                std::to_string(truth_.vantages().size()) + "; " + plan.evidence
        );
    }
}

void AutomationChecks::check_target(const core::Plan& plan) {
    const Place to = place_of(plan.to);
    const std::size_t well = vantages_working(to, core::Component::dynamodb);
    // A plan that only moves users sends them where the tables are already.
    if (plan.promotes() && well < quorum()) {
        violate(
            "INV-S11", plan, "the target's tables answered " + std::to_string(well) + " vantages"
        );
    }
    const bool excused =
        vantages_failing(place_of(plan.from), core::Component::dynamodb) > 0 || !plan.automatic;
    if (plan.has(core::Lever::shift) && !excused &&
        vantages_working(to, core::Component::stack) == 0) {
        violate("INV-S11", plan, "the target's stack answered no vantage");
    }
    // A second controller on the same store may be the one that leads.
    const bool somebody = std::ranges::any_of(scene_.hosts, [&](const auto& host) {
        const auto hears = [&](const ControllerSite& site) {
            return site.controller() != nullptr && &site.store() == scene_.store.get() &&
                   site.controller()->link().is_connected(host->id());
        };
        return region_id(host->home()) == plan.serves_in() &&
               (hears(*scene_.controllers) || hears(*scene_.rival));
    });
    if (!somebody) {
        violate("INV-S11", plan, "no host is there who could serve");
    }
}

void AutomationChecks::report_taken(const Report& report, Epoch in_force) {
    const core::AgentReported& said = report.said.said;
    const Place active = place_of(said.active);
    if (report.truly_acknowledged_at && said.last_acknowledged_ago && said.epoch == in_force &&
        active < kTablesMax) {
        Instant& last = acknowledged_[active];
        last = std::max(last, *report.truly_acknowledged_at);
    }
}

void AutomationChecks::heartbeat_acknowledged(Place region, const Heartbeat& heartbeat) {
    Instant& last = acknowledged_[region];
    last = std::max(last, heartbeat.true_time);
}

std::optional<Duration> AutomationChecks::loss_window(Way way) const {
    const auto& arrived = scene_.small.heartbeats[0][way.from][way.to];
    const auto last = acknowledged_.find(way.from);
    if (!arrived || last == acknowledged_.end()) {
        return std::nullopt;
    }
    return std::max(Duration{}, last->second - arrived->true_time);
}

void AutomationChecks::check_gate(const core::Plan& plan) {
    const Way way{.from = place_of(plan.from), .to = place_of(plan.to)};
    const std::optional<Duration> window = loss_window(way);
    const Duration allowed = scene_.controllers->configuration().max_loss;
    // What an earlier life wrote is dated by the wall clock, which was set meanwhile.
    const auto& arrived = scene_.small.heartbeats[0][way.from][way.to];
    if (arrived && wall_stepped_at_ && arrived->true_time <= *wall_stepped_at_) {
        return;
    }
    if (window && *window > allowed + kGateTolerance) {
        violate(
            "INV-S10",
            plan,
            "it would lose " + std::to_string(to_ms(*window)) + " ms, allowed are " +
                std::to_string(to_ms(allowed))
        );
    }
}

}  // namespace farshore::sim
