#include "core/plan/build_plan.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "core/plan/plan_proofs.h"
#include "core/plan/plan_words.h"

namespace farshore::core {

namespace {

// A day: what a person may take to answer. Longer is no bound any more.
constexpr Duration kBoundMax = std::chrono::hours{24};

Duration bound_of(StepKind kind, const PlanGround& ground) {
    const Timing& timing = ground.timing;
    switch (kind) {
        case StepKind::wait_lag: return timing.lag_wait_max;
        case StepKind::hold:
        case StepKind::release: return timing.order_timeout;
        case StepKind::drain: return timing.drain_timeout + timing.order_timeout;
        case StepKind::raise: return timing.raise_patience;
        case StepKind::fence:
            return ground.on_controller_loss == OnControllerLoss::keep
                       ? timing.fence_patience
                       : timing.lease + timing.clock_error;
        case StepKind::examine:
            return timing.examine_attempts * (timing.drain_timeout + timing.order_timeout);
        case StepKind::repoint:
        case StepKind::prove: return timing.repoint_patience;
        case StepKind::shift: return timing.shift_patience;
        case StepKind::verify: return timing.verify_patience;
        case StepKind::approve:
        case StepKind::command:
        case StepKind::ssm:
        case StepKind::asg:
        case StepKind::ecs:
        case StepKind::lambda:
        case StepKind::wait:
        case StepKind::parallel: return {};  // declared with it
    }
    std::unreachable();
}

std::string text_of_step(StepKind kind, const Plan& plan, const PlanGround& ground) {
    const Timing& timing = ground.timing;
    const std::string agents = std::to_string(ground.hosts.size()) + " agents";
    switch (kind) {
        case StepKind::wait_lag:
            return "wait until the lag is below " + to_text(timing.hold_when_lag_below);
        case StepKind::hold:
            return "hold new writes on " + agents + ", for " + to_text(timing.hold_max) +
                   " at most";
        case StepKind::drain:
            return "prove the drain: read recently written keys back in both Regions, within " +
                   to_text(timing.drain_timeout);
        case StepKind::release: return "let writes go on in " + plan.from.value();
        case StepKind::raise:
            return "raise the epoch records above " + std::to_string(plan.epoch_before.value()) +
                   " in a majority of Regions";
        case StepKind::fence:
            return "fence " + agents + ": acknowledgement, or the lease of " +
                   to_text(timing.lease) + " runs out";
        case StepKind::examine:
            return plan.verb == Verb::failover
                       ? "read unproven keys in " + plan.to.value() + " and open the loss book"
                       : "read in " + plan.to.value() + " what was written since the drain, if any";
        case StepKind::repoint:
            return "route writes to " + plan.to.value() + " and prove it on each agent";
        case StepKind::prove:
            return "prove on each agent that " + plan.to.value() + " takes writes";
        case StepKind::shift:
            return "send users to " + plan.to.value() +
                   " by health state, and see the record follow";
        case StepKind::verify: return "run the functional checks";
        case StepKind::approve:
        case StepKind::command:
        case StepKind::ssm:
        case StepKind::asg:
        case StepKind::ecs:
        case StepKind::lambda:
        case StepKind::wait:
        case StepKind::parallel: break;
    }
    return {};
}

// `fleet`: the step's own, with the plan's values.
std::string text_of_declared(const DeclaredStep& step, const FleetChange& fleet) {
    if (step.kind == StepKind::approve) {
        return "ask a person to approve, within " + to_text(step.timeout);
    }
    if (step.kind == StepKind::wait) {
        return "wait for " + to_text(step.timeout);
    }
    if (step.kind == StepKind::parallel) {
        return "run " + std::to_string(step.steps.size()) + " steps side by side";
    }
    std::string text = is_fleet(step.kind) ? text_of(step.kind, fleet) : "run";
    for (const std::string& word : step.run) {
        text += " " + word;
    }
    text += ", within " + to_text(step.timeout);
    for (const StepCall& call : step.calls) {
        text += std::string{&call == &step.calls.front() ? "; calls " : ", "} +
                std::string{to_string(call.need)} + " " + call.region;
    }
    return step.best_effort ? text + "; best effort" : text;
}

// ${to} and its like in a command's words.
std::string expanded(std::string word, const Plan& plan) {
    const std::array<std::string, kPlanWords.size()> values{
        plan.app.value(),
        plan.from.value(),
        plan.to.value(),
        std::string{to_string(plan.verb)},
        plan.id.value()
    };
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::string name = "${" + std::string{kPlanWords[i]} + "}";
        for (auto at = word.find(name); at != std::string::npos;
             at = word.find(name, at + values[i].size())) {
            word.replace(at, name.size(), values[i]);
        }
    }
    return word;
}

class Builder {
  public:
    Builder(Plan& plan, const PlanGround& ground) : plan_(plan), ground_(ground) {}

    void built_in(StepKind kind) {
        plan_.steps.push_back(
            {.id = std::string{to_string(kind)},
             .kind = kind,
             .bound = bound_of(kind, ground_),
             .on_failure = kind == StepKind::examine ? OnFailure::go_on : OnFailure::stop,
             .run = {},
             .fleet = {},
             .part_of = {},
             .text = text_of_step(kind, plan_, ground_)}
        );
    }

    void slot(Slot slot) {
        for (const DeclaredStep& step : ground_.declared) {
            const bool ours =
                step.verbs.empty() || std::ranges::find(step.verbs, plan_.verb) != step.verbs.end();
            const bool wanted = !step.when || step.when->holds(ground_.values);
            if (step.at == slot && ours && wanted) {
                declared(step, slot, std::nullopt);
            }
        }
    }

    // Of commands and fleets, as declared.
    [[nodiscard]] const std::vector<std::string>& words() const { return words_; }

  private:
    void declared(const DeclaredStep& step, Slot slot, const std::optional<std::string>& part_of) {
        std::string id = step.name;
        if (id.empty()) {
            id = std::string{to_string(slot)} + "." + std::to_string(++numbers_[slot]);
        }
        PlannedStep planned{
            .id = id,
            .kind = step.kind,
            .slot = slot,
            .bound = step.timeout,
            .on_failure = step.on_failure,
            .run = {},
            .fleet = step.fleet,
            .attempts = step.attempts,
            .part_of = part_of,
            .text = {}
        };
        for_each_text(planned.fleet, [this](std::string& text) {
            words_.push_back(text);
            text = expanded(std::move(text), plan_);
        });
        words_.push_back(step.fleet.script);
        planned.text = text_of_declared(step, planned.fleet);
        for (const std::string& word : step.run) {
            words_.push_back(word);
            planned.run.push_back(expanded(word, plan_));
        }
        plan_.steps.push_back(std::move(planned));
        for (const DeclaredStep& inner : step.steps) {
            declared(inner, slot, id);
        }
    }

    Plan& plan_;
    const PlanGround& ground_;
    std::map<Slot, int> numbers_;
    std::vector<std::string> words_;
};

// FNV-1a: it tells plans apart, and protects nothing.
class Fingerprint {
  public:
    void add(std::string_view text) {
        for (const char letter : text) {
            hash_ = (hash_ ^ static_cast<unsigned char>(letter)) * 0x100000001b3U;
        }
        hash_ = (hash_ ^ 0xffU) * 0x100000001b3U;  // where one ends, and the next begins
    }

    [[nodiscard]] std::string text() const {
        constexpr std::string_view kDigits = "0123456789abcdef";
        std::string text;
        for (int shift = 60; shift >= 0; shift -= 4) {
            text += kDigits[(hash_ >> static_cast<unsigned>(shift)) & 0xfU];
        }
        return text;
    }

  private:
    std::uint64_t hash_ = 0xcbf29ce484222325U;
};

// Of the ground a plan stands on: another operation, another Region in front, other hosts or other
// steps make another one. The operator's name, the time and the reason do not.
// `declared`: the words of commands and fleets before the operation's name is put in.
std::string fingerprint_of(
    const Plan& plan, const PlanGround& ground, const std::vector<std::string>& declared
) {
    Fingerprint print;
    for (const std::string& word : declared) {
        print.add(word);
    }
    for (const std::string& text :
         {plan.app.value(),
          std::string{to_string(plan.verb)},
          plan.from.value(),
          plan.to.value(),
          plan.users_before.value(),
          std::to_string(plan.epoch_before.value()),
          std::to_string(plan.epoch_after.value())}) {
        print.add(text);
    }
    for (const Lever lever : plan.levers) {
        print.add(to_string(lever));
    }
    for (const PlannedStep& step : plan.steps) {
        print.add(step.id);
        print.add(to_string(step.kind));
        print.add(to_string(step.on_failure));
        print.add(std::to_string(to_ms(step.bound)));
        print.add(std::to_string(step.attempts));
    }
    for (const HostId& host : ground.hosts) {
        print.add(host.value());
    }
    return print.text();
}

Status check(const Plan& plan, const PlanGround& ground) {
    const bool by_itself = plan.automatic && plan.verb == Verb::failover;
    const std::vector<std::string> unstable =
        by_itself ? unstable_in(ground.declared, plan.from, plan.to) : std::vector<std::string>{};
    if (!unstable.empty()) {
        return fail(ErrorKind::malformed, unstable.front());
    }
    std::vector<StepKind> kinds;
    for (const PlannedStep& step : plan.steps) {
        if (step.bound <= Duration::zero() || step.bound > kBoundMax) {
            return fail(
                ErrorKind::malformed,
                "step " + step.id + " has no bound between 1 ms and " + to_text(kBoundMax)
            );
        }
        kinds.push_back(step.kind);
    }
    if (const auto violation = plan_rules::first_violation(kinds)) {
        return fail(
            ErrorKind::malformed,
            "step " + std::string{to_string(violation->step)} + " breaks the rule " +
                std::string{to_string(violation->rule)}
        );
    }
    return {};
}

void find_wrong(const DeclaredStep& step, Slot slot, bool inside, std::vector<std::string>& wrong) {
    const std::string name =
        "step " + (step.name.empty() ? std::string{to_string(step.kind)} : step.name);
    if (!templates::admits(slot, step.kind)) {
        wrong.push_back(
            name + ": a step of kind " + std::string{to_string(step.kind)} + " cannot stand at `" +
            std::string{to_string(slot)} + "`"
        );
    }
    if (inside && step.kind == StepKind::parallel) {
        wrong.push_back(name + ": a parallel step cannot hold another one");
    }
    const bool before_the_raise = slot == Slot::before || slot == Slot::with_hold;
    if (step.on_failure == OnFailure::undo && !before_the_raise) {
        wrong.push_back(
            name + ": `on_failure: undo` stands behind the raise, where nothing can be undone"
        );
    }
    if (step.best_effort && step.on_failure != OnFailure::go_on) {
        wrong.push_back(
            name + ": a step of best effort goes on when it fails: `on_failure: continue`"
        );
    }
    if (step.kind == StepKind::command && step.run.empty()) {
        wrong.push_back(name + ": `run` names no program");
    }
    if (const std::string of_fleet = wrong_with(step.kind, step.fleet); !of_fleet.empty()) {
        wrong.push_back(name + ": " + of_fleet);
    }
    if (step.kind == StepKind::parallel && step.steps.empty()) {
        wrong.push_back(name + ": `steps` is empty");
    }
    if (step.timeout <= Duration::zero() || step.timeout > kBoundMax) {
        wrong.push_back(name + ": `timeout` must lie between 1 ms and " + to_text(kBoundMax));
    }
    for (const DeclaredStep& inner : step.steps) {
        find_wrong(inner, slot, true, wrong);
    }
}

}  // namespace

Status build_steps(Plan& plan, const PlanGround& ground) {
    plan.steps.clear();
    Builder builder(plan, ground);
    const bool shifts = plan.has(Lever::shift);
    for (const templates::Entry& entry : templates::of(plan.verb, plan.promotes())) {
        const bool with_users = entry.kind == StepKind::shift || entry.slot == Slot::beside_shift ||
                                entry.slot == Slot::behind_shift;
        if (with_users && !shifts) {
            continue;
        }
        if (entry.is_slot()) {
            builder.slot(entry.slot);
        } else {
            builder.built_in(entry.kind);
        }
    }
    plan.fingerprint = fingerprint_of(plan, ground, builder.words());
    return check(plan, ground);
}

void build_bare_steps(Plan& plan) {
    const Timing timing;
    const Status built = build_steps(
        plan,
        {.timing = timing,
         .on_controller_loss = OnControllerLoss::verify,
         .declared = {},
         .hosts = {},
         .values = {}}
    );
    FARSHORE_ASSERT(built, "plan_proofs.h: a plan without declared steps is sound");
}

std::vector<std::string> wrong_with(std::span<const DeclaredStep> declared) {
    std::vector<std::string> wrong;
    for (const DeclaredStep& step : declared) {
        find_wrong(step, step.at, false, wrong);
    }
    return wrong;
}

}  // namespace farshore::core
