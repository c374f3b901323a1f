#include "core/failover/app_core.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "base/assert.h"
#include "core/failover/announcements.h"
#include "core/plan/build_plan.h"

namespace farshore::core {

AppCore::AppCore(Start start, Now now)
    : policy_(std::move(start.policy)),
      evidence_(std::move(start.observers), start.quorum_needed, start.hysteresis),
      record_(std::move(start.record)),
      highest_seen_(record_.epoch),
      longest_lease_(std::max(policy_.timing.lease, start.longest_lease)),
      leases_until_(now.at + longest_lease_),
      superseded_(newer_in(start.epochs)),
      register_is_closed_(start.register_is_closed),
      register_id_(std::move(start.register_id)),
      drill_proven_at_(start.drill_proven_at),
      losses_(now.at),
      losses_open_(std::move(start.losses_open)) {
    learn(start.epochs);
    if (const auto agreed = judge(start.epochs).agreed) {
        register_is_ours_ =
            agreed->register_id == register_id_ && !names_another_register(start.epochs);
    }
    if (record_.register_lost_at) {
        // The date is all that an earlier life has left. From here on the boot clock counts: a step
        // of the other one ends nobody's permission.
        const auto ago = std::max<Duration>(Duration::zero(), now.wall - *record_.register_lost_at);
        strangers_until_ = now.at + longest_lease_ - std::min(ago, longest_lease_);
    }
    if (record_.in_force_by_word) {
        permission_.accept(record_.epoch);
    }
    for (auto& [host, region] : start.agents) {
        AgentState agent;
        agent.region = region;
        // This controller may have granted a lease just before it ended. When, and under which
        // configuration, is not stored.
        agent.granted_until = leases_until_;
        agents_.emplace(host, std::move(agent));
    }
}

// Hosts that may write without being in the register. With `verify` the epoch records confirm every
// host that registers itself, so the epoch tables are asked, even when the configuration names
// every host: the controller refuses a host that it does not name, but that host may write all the
// same. The hosts of a lost register count until the longest lease has run out, and so do the hosts
// of another controller's store. With `keep` leases do not run out: the hosts of a lost register
// count until the configuration names every host.
Strangers AppCore::strangers() const {
    const bool for_ever = policy_.on_controller_loss == OnControllerLoss::keep;
    Strangers strangers{
        .possible = policy_.on_controller_loss == OnControllerLoss::verify,
        .of_another_register = !for_ever && register_is_ours_ == false,
        .until = {}
    };
    if (!(for_ever && register_is_closed_)) {
        strangers.until = strangers_until_;
    }
    return strangers;
}

Effects AppCore::resume(Now now, std::string_view after) {
    Effects effects;
    const bool starts = !std::exchange(stalled_, false);
    if (starts && register_is_ours_ == false) {
        effects.actions.emplace_back(other_register_of(record_.app));
    }
    if (record_.operation && !record_.operation->ended()) {
        operation_.emplace(
            *record_.operation, policy_.timing, policy_.on_controller_loss, strangers()
        );
        take(operation_->resume(now, agents_, after, record_.users), effects, now);
    }
    if (routes_are_ours()) {
        for (const auto& [host, agent] : agents_) {
            if (agent.connected) {
                standing_route(host, effects);
            }
        }
    }
    return effects;
}

Effects AppCore::step(Now now, const Event& event) {
    Effects effects;
    evidence_.settle(now.at);
    reconsider_at_.reset();
    const bool was_running = operation_running();
    std::visit([&](const auto& happened) { apply(now, happened, effects); }, event);
    if (stalled_) {
        return effects;
    }
    if (operation_running()) {
        take(operation_->tick(now, surroundings(now)), effects, now);
    } else if (!was_running) {
        consider(now, effects);
    }
    if (was_running && !operation_running()) {
        // Its end must be in the store before another takes its place in the record.
        reconsider_at_ = now.at;
    }
    return effects;
}

Surroundings AppCore::surroundings(Now now) const {
    const Plan& plan = operation_->record().plan;
    return {
        .agents = agents_,
        .fresh_lag = losses_.lag(now.at, record_.active, plan.to, policy_.timing.lag_fresh_for),
        .still_called_for = is_impaired(evidence_.condition(now.at, plan.from)),
        .refused_by_now = refused_by_now(now)
    };
}

std::optional<std::string> AppCore::refused_by_now(Now now) const {
    const OperationRecord& operation = operation_->record();
    const Plan& plan = operation.plan;
    // Only steps of the operator's own in front of the raise take so long that it matters.
    if (!operation.runs_step(StepKind::raise) || plan.steps.front().slot != Slot::before) {
        return std::nullopt;
    }
    Situation situation = this->situation(now, plan.to, plan.levers);
    situation.operation_running = false;
    std::vector<GuardAnswer> guards;
    if (plan.automatic) {
        guards = guards_of_automatic_failover(situation, plan.to);
    } else {
        guards = guards_of_request(
            situation,
            {.id = plan.id,
             .verb = plan.verb,
             .to = plan.to,
             .by = plan.by,
             .reason = plan.reason,
             .accept_loss = plan.accept_loss,
             .accept_unfenced = plan.accept_unfenced,
             .accept_unknown = plan.accept_unknown,
             .levers = plan.levers,
             .expect_active = {},
             .expect_epoch = {}}
        );
    }
    const auto refused = std::ranges::find(guards, false, &GuardAnswer::passed);
    if (refused == guards.end()) {
        return std::nullopt;
    }
    return "guard " + std::string{to_string(refused->guard)} +
           " refuses it by now: " + refused->text;
}

bool AppCore::supersedes(const ChangeRequest& request) const {
    return request.verb == Verb::failover && operation_running() &&
           record_.operation->waits_for_person();
}

// Merges what the operation wants, and keeps the durable record in step with it.
void AppCore::take(Effects part, Effects& whole, Now now) {
    whole.save = whole.save || part.save;
    std::ranges::move(part.journal, std::back_inserter(whole.journal));
    std::ranges::move(part.actions, std::back_inserter(whole.actions));
    if (!operation_) {
        return;
    }
    record_.operation = operation_->record();
    const Plan& plan = record_.operation->plan;
    if (operation_->past_promotion() && record_.epoch < plan.epoch_after) {
        record_.epoch = plan.epoch_after;
        record_.active = plan.to;
        record_.in_force_by_word = record_.operation->raised_by_word;
        if (record_.in_force_by_word) {
            permission_.accept(record_.epoch);
        }
        highest_seen_ = std::max(highest_seen_, plan.epoch_after);
        whole.save = true;
    }
    if (operation_->users_are_sent() && record_.users != plan.to) {
        record_.users = plan.to;
        whole.save = true;
    }
    if (operation_->ended()) {
        // The cool-down starts at completion.
        const Duration quiet = quiet_after(*record_.operation);
        const UtcTime until = record_.operation->ended_at.value_or(now.wall) +
                              std::chrono::duration_cast<WallClock::duration>(quiet);
        if (quiet > Duration::zero() && record_.cooldown_until.value_or(UtcTime{}) < until) {
            record_.cooldown_until = until;
            whole.save = true;
        }
    }
}

// How long automation leaves the app alone after an operation.
Duration AppCore::quiet_after(const OperationRecord& operation) const {
    // What could not be done now is not tried again in the same breath, yet the outage goes on.
    constexpr Duration kAfterFailure = std::chrono::seconds{30};
    const bool automatic = operation.plan.automatic;
    switch (operation.outcome) {
        case Outcome::done:
        case Outcome::partly_done: return policy_.cooldown;
        // An operator who stops automation means it.
        case Outcome::aborted: return automatic ? policy_.cooldown : Duration::zero();
        case Outcome::failed:
            return automatic ? std::min(kAfterFailure, policy_.cooldown) : Duration::zero();
        case Outcome::running: return Duration::zero();
    }
    std::unreachable();
}

Situation AppCore::situation(Now now, const RegionId& to, std::vector<Lever> levers) const {
    Situation situation{
        .now = now,
        .policy = policy_,
        .evidence = evidence_,
        .record = record_,
        .agents = agents_,
        .levers = std::move(levers),
        .loss_window = loss_window(to),
        .fresh_lag = losses_.lag(now.at, record_.active, to, policy_.timing.lag_fresh_for),
        .losses_open = 0,
        .tables_unlike = tables_unlike_,
        .drill_proven_at = drill_proven_at_,
        .superseded = superseded_,
        .highest_epoch = highest_epoch(),
        .operation_running = operation_running(),
        .with_words = true
    };
    situation.strangers_for_ever = policy_.on_controller_loss == OnControllerLoss::keep &&
                                   record_.register_lost_at && !register_is_closed_;
    for (const auto& [operation, writes] : losses_open_) {
        situation.losses_open += writes;
    }
    return situation;
}

std::optional<Duration> AppCore::loss_window(const RegionId& to) const {
    const bool everybody_reported =
        std::ranges::all_of(agents_, [](const auto& entry) { return entry.second.reported; });
    return losses_.forecast(record_.active, to, everybody_reported);
}

std::optional<Duration> AppCore::loss_window() const {
    // Without evidence every standby is as good; the one that has got most is told.
    std::optional<Duration> least;
    for (const RegionId& region : policy_.regions) {
        const auto window = region == record_.active ? std::nullopt : loss_window(region);
        if (window && (!least || *window < *least)) {
            least = window;
        }
    }
    return least;
}

std::optional<std::string> AppCore::why_not_armed(Now now) const {
    return core::why_not_armed(situation(now, RegionId{}, {}));
}

Readiness AppCore::readiness(Now now, std::vector<Finding> from_outside) const {
    const std::optional<RegionId> to = choose_target(situation(now, RegionId{}, {}));
    ReadinessFacts facts{.from_outside = std::move(from_outside)};
    if (permission_begun_.at != Instant{}) {
        facts.records_read_ago = now.at - permission_begun_.at;
    }
    if (!to) {
        return judge_readiness(situation(now, RegionId{}, {}), to, std::move(facts));
    }
    facts.heartbeat_ago = losses_.silent_for(now.at, record_.active, *to);
    ChangeRequest request;
    request.verb = Verb::failover;
    request.to = *to;
    return judge_readiness(
        situation(now, *to, levers_of_request(policy_, record_, request)), to, std::move(facts)
    );
}

std::optional<std::string> AppCore::why_not_abort(Now now) const {
    return operation_running() ? operation_->why_not_abort(now) : std::nullopt;
}

std::optional<std::string> AppCore::why_not_as_expected(Now now, const ChangeRequest& request)
    const {
    if (auto why = core::why_not_as_expected(record_, superseded_, request)) {
        return why;
    }
    const bool known = std::ranges::find(policy_.regions, request.to) != policy_.regions.end();
    if (request.expect_plan.empty() || !known) {
        return std::nullopt;
    }
    const Plan plan = complete(now, plan_of(request, levers_of_request(policy_, record_, request)));
    if (plan.fingerprint == request.expect_plan) {
        return std::nullopt;
    }
    return "the plan is another one by now: its fingerprint is " + plan.fingerprint + ", not " +
           request.expect_plan;
}

std::optional<std::string> AppCore::why_not_answer(const StepAnswered& event) const {
    return operation_ ? operation_->why_not_answer(event)
                      : std::optional<std::string>{"no operation runs"};
}

// Does the evidence call for a failover, without an operator's request?
void AppCore::consider(Now now, Effects& effects) {
    if (policy_.mode == Mode::observe) {
        return;
    }
    const Condition condition = evidence_.condition(now.at, record_.active);
    if (!is_impaired(condition)) {
        consider_users(now, effects);
        return;
    }
    const std::vector<Lever>& levers = levers_for(policy_, condition);
    const std::optional<RegionId> to = choose_target(this->situation(now, RegionId{}, levers));
    if (!to) {
        return;
    }
    Situation situation = this->situation(now, *to, levers);
    situation.with_words = false;
    if (!all_passed(guards_of_automatic_failover(situation, *to))) {
        return;
    }
    situation.with_words = true;
    Plan plan = automatic_plan(now, situation, guards_of_automatic_failover(situation, *to));
    plan.to = *to;
    plan.reason = record_.active.value() + " is " + std::string{to_string(condition)};
    const Tally tally = evidence_.tally(now.at, record_.active, impaired_part(condition));
    for (const Vote& vote : tally.votes) {
        if (vote.since) {
            const UtcTime since =
                now.wall - std::chrono::duration_cast<WallClock::duration>(now.at - *vote.since);
            plan.first_failure_at =
                plan.first_failure_at ? std::min(*plan.first_failure_at, since) : since;
        }
    }
    start_operation(now, std::move(plan), effects);
}

// Users were left where they are when the tables moved; if their stack dies, they follow.
void AppCore::consider_users(Now now, Effects& effects) {
    if (record_.users == record_.active || is_raised_beyond(record_, superseded_)) {
        return;
    }
    Situation situation = this->situation(now, record_.active, {Lever::shift});
    situation.with_words = false;
    if (!all_passed(guards_of_following_users(situation))) {
        return;
    }
    situation.with_words = true;
    Plan plan = automatic_plan(now, situation, guards_of_following_users(situation));
    plan.to = record_.active;
    plan.reason = "the stack of " + record_.users.value() + ", where users are, is down";
    start_operation(now, std::move(plan), effects);
}

Plan AppCore::automatic_plan(
    Now now, const Situation& situation, const std::vector<GuardAnswer>& guards
) {
    Plan plan;
    plan.id = OperationId{
        "op-" + std::to_string(to_ms(now.wall)) + "-" + std::to_string(++automatic_operations_)
    };
    plan.verb = Verb::failover;
    plan.levers = situation.levers;
    plan.automatic = true;
    plan.by = "automatic";
    for (const GuardAnswer& answer : guards) {
        if (answer.guard == Guard::quorum) {
            plan.evidence = answer.text;
        }
    }
    return plan;
}

// The highest epoch that this controller has seen, or that its last operation may have raised
// without an answer (INV-S2).
Epoch AppCore::highest_epoch() const {
    Epoch highest = std::max(record_.epoch, highest_seen_);
    if (record_.operation) {
        const bool raised = record_.operation->has_begun(StepKind::raise);
        highest = raised ? std::max(highest, record_.operation->plan.epoch_after) : highest;
    }
    return highest;
}

// Where most of the connected hosts that are not older than the record have users; else where the
// record has them. Most: a host that follows the epoch records alone only guesses.
RegionId AppCore::users_by_agents() const {
    std::map<RegionId, std::size_t> told;
    std::size_t all = 0;
    for (const auto& [host, agent] : agents_) {
        if (agent.connected && agent.epoch >= record_.epoch && !agent.users.value().empty()) {
            ++told[agent.users];
            ++all;
        }
    }
    for (const auto& [region, hosts] : told) {
        if (hosts * 2 > all) {
            return region;
        }
    }
    return record_.users;
}

// What a plan stands on, beside the request that is in it already; and its steps.
Plan AppCore::complete(Now now, Plan plan) const {
    const bool users_only = moves_users_only(record_, superseded_, plan.to);
    // A store that is older than the world does not know where users are.
    plan.users_before = superseded_ > record_.epoch ? users_by_agents() : record_.users;
    plan.app = record_.app;
    plan.from = users_only ? plan.users_before : record_.active;
    plan.epoch_before = record_.epoch;
    plan.epoch_after = users_only ? record_.epoch : next(highest_epoch());
    plan.decided_at = now.wall;
    plan.loss_window = loss_window(plan.to).value_or(Duration::zero());
    std::vector<HostId> hosts;
    for (const auto& [host, agent] : agents_) {
        hosts.push_back(host);
    }
    std::vector<DeclaredStep> declared = policy_.steps;
    if (plan.automatic && policy_.mode == Mode::approve) {
        declared.insert(
            declared.begin(),
            {.name = "approval", .kind = StepKind::approve, .timeout = policy_.approve_within}
        );
    }
    const Status built = build_steps(
        plan,
        {.timing = policy_.timing,
         .on_controller_loss = policy_.on_controller_loss,
         .declared = declared,
         .hosts = std::move(hosts),
         .values =
             {.loss = loss_window(plan.to),
              .lag = losses_.lag(now.at, record_.active, plan.to, policy_.timing.lag_fresh_for),
              .verb = plan.verb,
              .from = plan.from,
              .to = plan.to,
              .automatic = plan.automatic,
              .verdict = std::string{to_string(evidence_.condition(now.at, plan.from))}}}
    );
    FARSHORE_ASSERT(built, "plan_proofs.h: every plan that the configuration admits is sound");
    return plan;
}

void AppCore::start_operation(Now now, Plan request, Effects& effects) {
    Plan plan = complete(now, std::move(request));
    FARSHORE_ASSERT(is_possible(plan.epoch_after), "a guard has asked whether an epoch is left");
    record_.users = plan.users_before;
    OperationRecord record;
    record.plan = std::move(plan);
    operation_.emplace(std::move(record), policy_.timing, policy_.on_controller_loss, strangers());
    take(operation_->begin(now, agents_), effects, now);
    if (const Plan& begun = record_.operation->plan; begun.automatic) {
        effects.actions.emplace_back(Announce{
            std::string{to_string(begun.verb)} + " of " + begun.app.value() + " " +
            begun.from.value() + " -> " + begun.to.value() + " started by itself (" +
            begun.id.value() + "): " + begun.reason + "; " + begun.evidence
        });
    }
}

std::optional<Instant> AppCore::next_deadline() const {
    std::optional<Instant> soonest = reconsider_at_ ? reconsider_at_ : evidence_.next_deadline();
    if (acts()) {
        const auto at = operation_->next_deadline();
        if (at && (!soonest || *at < *soonest)) {
            soonest = at;
        }
    }
    return soonest;
}

// nullopt: `epoch` is the one in force, and its end is not near.
std::optional<std::string> AppCore::why_no_grant(Now now, Epoch epoch) const {
    const bool running = operation_running();
    const Epoch next_epoch = running ? record_.operation->plan.epoch_after : record_.epoch;
    if (epoch > record_.epoch && epoch != next_epoch) {
        return "the agent knows a newer epoch than this controller";
    }
    // What was promoted before a restart is in force while the operation proves it again.
    const bool promoted = running && epoch == record_.epoch && epoch == next_epoch;
    if (running && !promoted && !operation_->may_grant(epoch)) {
        return "an operation is " + std::string{record_.operation->doing()};
    }
    if (!running && superseded_ > record_.epoch) {
        return "the epoch items carry a newer epoch than this controller's store";
    }
    if (!running && is_raised_beyond(record_, superseded_)) {
        return "the epoch was raised by an operation that did not finish: only its successor "
               "confirms hosts";
    }
    if (!running && epoch != record_.epoch) {
        return "the epoch is " + std::to_string(record_.epoch.value());
    }
    if (policy_.on_controller_loss == OnControllerLoss::keep) {
        return std::nullopt;
    }
    const Duration by_wall = now.wall - permission_begun_.wall;
    const Duration by_boot = now.at - permission_begun_.at;
    // An operator's word ends with no clock: no reading is behind it that could be older than it
    // looks.
    if (!permission_.is_accepted(epoch) && by_wall - by_boot > policy_.timing.clock_error) {
        return "this controller's clocks disagree: it may have stood still, and gives no "
               "permission "
               "before it has read the epoch items again";
    }
    if (permission_.left(epoch, now.at) == Duration::zero()) {
        return "this controller has not read epoch " + std::to_string(epoch.value()) +
               " in a majority of the epoch items for a lease, so another controller may have "
               "raised a newer one: it gives no permission";
    }
    return std::nullopt;
}

AppCore::LeaseAnswer AppCore::grant_lease(Now now, const HostId& host, Epoch epoch) {
    const auto found = agents_.find(host);
    if (found == agents_.end()) {
        return {std::nullopt, "the host is not in the register"};
    }
    if (std::optional<std::string> why = why_no_grant(now, epoch)) {
        return {std::nullopt, std::move(*why)};
    }
    // With `keep` no lease protects anything, so nothing limits it.
    const Duration length = policy_.on_controller_loss == OnControllerLoss::keep
                                ? policy_.timing.lease
                                : std::min(policy_.timing.lease, permission_.left(epoch, now.at));
    // The granter counts from the grant, the holder from the start of its request: never early.
    const Instant until = now.at + length;
    found->second.granted_until = std::max(found->second.granted_until.value_or(until), until);
    found->second.granted_under = std::max(found->second.granted_under, epoch);
    return {length, {}};
}

std::optional<std::string> AppCore::why_not_forget(Now now, const HostId& host) const {
    const auto found = agents_.find(host);
    if (found == agents_.end()) {
        return host.value() + " is not in the register";
    }
    if (operation_running()) {
        return "operation " + record_.operation->plan.id.value() + " is running";
    }
    if (found->second.connected) {
        return host.value() + " is connected: end its agent first";
    }
    if (!found->second.granted_until) {
        return std::nullopt;  // this controller has granted it nothing
    }
    const Instant certain = *found->second.granted_until + policy_.timing.clock_error;
    if (now.at <= certain) {
        return host.value() + " may hold permission to write for another " +
               std::to_string(to_ms(certain - now.at)) + " ms";
    }
    return std::nullopt;
}

Plan AppCore::plan_of(const ChangeRequest& request, std::vector<Lever> levers) {
    Plan plan;
    plan.id = request.id;
    plan.verb = request.verb;
    plan.to = request.to;
    plan.levers = std::move(levers);
    plan.accept_loss = request.accept_loss;
    plan.accept_unfenced = request.accept_unfenced;
    plan.accept_unknown = request.accept_unknown;
    plan.by = request.by;
    plan.reason = request.reason;
    return plan;
}

AppCore::Preview AppCore::preview_of(Situation situation, std::vector<GuardAnswer> guards) const {
    Preview preview;
    preview.guards = std::move(guards);
    preview.levers = std::move(situation.levers);
    preview.loss_window = situation.loss_window;
    for (const auto& [host, agent] : agents_) {
        preview.unproven += agent.unproven;
    }
    return preview;
}

AppCore::Preview AppCore::preview(Now now, const ChangeRequest& request) const {
    Situation situation =
        this->situation(now, request.to, levers_of_request(policy_, record_, request));
    situation.operation_running = situation.operation_running && !supersedes(request);
    std::vector<GuardAnswer> guards = guards_of_request(situation, request);
    Preview preview = preview_of(std::move(situation), std::move(guards));
    preview.to = request.to;
    if (std::ranges::find(policy_.regions, request.to) != policy_.regions.end()) {
        preview.plan = complete(now, plan_of(request, preview.levers));
    }
    return preview;
}

AppCore::Preview AppCore::preview_automatic(Now now) const {
    const std::vector<Lever>& levers =
        levers_for(policy_, evidence_.condition(now.at, record_.active));
    const std::optional<RegionId> to = choose_target(situation(now, RegionId{}, levers));
    Situation situation = this->situation(now, to.value_or(RegionId{}), levers);
    std::vector<GuardAnswer> guards =
        guards_of_automatic_failover(situation, to.value_or(RegionId{}));
    Preview preview = preview_of(std::move(situation), std::move(guards));
    preview.to = to;
    return preview;
}

}  // namespace farshore::core
