#include "core/plan/templates.h"

#include "sim/random_author.h"

// The world's shape, and how its controllers are configured.
namespace farshore::sim {

namespace {

using core::Lever;

constexpr Duration kFirstEpisode = 40s;
// After the last fault the world has this long to end what it has begun.
constexpr Duration kLastCalm = 260s;

}  // namespace

Script Author::write() {
    draw_world();
    draw_configurations();
    Duration at = kFirstEpisode + seconds(0, 30);
    while (at < script_.length - kLastCalm - 200s) {
        begin_ = at;
        last_ = at;
        draw_episode();
        at = last_ + seconds(120, 1300);
    }
    return std::move(script_);
}

void Author::draw_world() {
    script_.tables = one_in(6) ? 3 : 2;
    const bool big = one_in(40);
    for (Place place = 0; place < script_.tables; ++place) {
        script_.hosts[place] = big ? 40 / script_.tables + below(6) : 1 + below(3);
    }
    if (script_.tables == 2) {
        script_.hosts[2] = 0;
    }
    for (Place place = 0; place < script_.tables; ++place) {
        script_.agentless[place] = one_in(12);
    }
    script_.lag = milliseconds(20, one_in(4) ? 160 : 70);
    script_.control_targets = !one_in(5);
    script_.slow_checks = one_in(6);
    constexpr std::array kLeases{Duration{3s}, Duration{3s}, Duration{6s}, Duration{2400ms}};
    script_.agents_lease = one_of(kLeases);
    const std::uint64_t rule = below(7);
    script_.agents_rule = rule == 0   ? core::OnControllerLoss::keep
                          : rule == 1 ? core::OnControllerLoss::fence
                                      : core::OnControllerLoss::verify;
}

void Author::draw_configurations() {
    Configuration& first = script_.configuration;
    first.on_controller_loss = script_.agents_rule;
    first.lease = script_.agents_lease;
    first.mode = mode(7);
    first.steps = steps();
    first.early = one_in(3);
    first.register_closed = one_in(3);
    first.users_can_be_shifted = !one_in(6);
    first.drills_required = one_in(5);
    constexpr std::array kCooldowns{
        Duration{20s}, Duration{60s}, Duration{60s}, Duration{600s}, Duration{3600s}
    };
    first.cooldown = one_of(kCooldowns);
    constexpr std::array kLosses{Duration{1s}, Duration{5s}, Duration{5s}, Duration{30s}};
    first.max_loss = one_of(kLosses);
    first.data_impaired = levers();
    first.region_lost = one_in(2) ? std::vector{Lever::shift} : levers();
    if (!first.users_can_be_shifted && one_in(2)) {
        first.data_impaired = {Lever::repoint};
        first.region_lost = {Lever::repoint};
    }
    for (int i = 0; i < 2; ++i) {
        Configuration other = first;
        other.mode = mode(3);
        other.steps = steps();
        other.early = one_in(2);
        other.data_impaired = levers();
        other.max_loss = one_of(kLosses);
        other.cooldown = one_of(kCooldowns);
        constexpr std::array kLeases{Duration{3s}, Duration{6s}, Duration{2400ms}};
        other.lease = one_of(kLeases);
        script_.others.push_back(std::move(other));
    }
}

core::Mode Author::mode(std::uint64_t one) {
    return one_in(one)  ? core::Mode::observe
           : one_in(12) ? core::Mode::approve
                        : core::Mode::automatic;
}

// Of the operator's own; none in most worlds.
std::vector<core::DeclaredStep> Author::steps() {
    std::vector<core::DeclaredStep> steps;
    const bool some = one_in(3);
    for (std::size_t slot = 1; some && slot < core::kSlotNames.size(); ++slot) {
        if (one_in(3)) {
            steps.push_back(step(static_cast<core::Slot>(slot), false));
        }
    }
    return steps;
}

core::DeclaredStep Author::step(core::Slot slot, bool inside) {
    using enum core::StepKind;
    constexpr std::array kKinds{approve, command, command, wait, parallel};
    core::DeclaredStep step{.at = slot};
    do {
        step.kind = one_of(kKinds);
    } while (!core::templates::admits(slot, step.kind) || (inside && step.kind == parallel));
    const bool hurried = slot == core::Slot::with_hold || slot == core::Slot::behind_fence;
    step.timeout = hurried                ? milliseconds(10, 150)
                   : step.kind == approve ? seconds(2, 40)
                                          : milliseconds(100, 4'000);
    // Nothing is undone behind the raise.
    step.on_failure = static_cast<core::OnFailure>(below(slot <= core::Slot::with_hold ? 4 : 3));
    step.attempts = 1 + static_cast<int>(below(3));
    if (step.kind == command && core::templates::admits(slot, ssm) && fleets_.below(2) == 0) {
        constexpr std::array kFleets{ssm, asg, ecs, lambda};
        step.kind = kFleets[fleets_.below(kFleets.size())];
        step.fleet.region = "${to}";
        // On the way of an automatic failover it has no place but as best effort. What stands
        // beside others has no verbs of its own.
        if (!inside && fleets_.below(4) > 0) {
            step.verbs = {core::Verb::switchover, core::Verb::failback};
        } else {
            step.best_effort = true;
            step.on_failure = core::OnFailure::go_on;
        }
    } else if (step.kind == command) {
        step.run = {"/bin/true"};
    } else if (step.kind == parallel) {
        step.steps = {this->step(slot, true), this->step(slot, true)};
    }
    return step;
}

std::vector<Lever> Author::levers() {
    constexpr std::array kRepoint{Lever::repoint};
    const std::uint64_t which = below(4);
    if (which == 0) {
        return {kRepoint.begin(), kRepoint.end()};
    }
    return which == 1 ? std::vector{Lever::shift} : std::vector{Lever::repoint, Lever::shift};
}

Script random_script(std::uint64_t seed, Duration length) {
    return Author(seed, length).write();
}

}  // namespace farshore::sim
