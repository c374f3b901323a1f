#include "core/operation/steps/children.h"

#include "core/operation/steps/make_step.h"

namespace farshore::core {

void Children::start(const StepContext& at, std::size_t index) {
    const StepLife before = at.record.runs[index].life;
    Child child{
        .index = index,
        .number = ++at.record.steps,
        .step = make_step(at.plan().steps[index].kind, at.findings)
    };
    StepContext scene = at.for_step(index, child.number);
    if (before != StepLife::waiting_for_person) {
        scene.live(LifeEvent::begins, {});
    }
    take(scene, child, child.step->start(scene));
    if (!child.ended) {
        children_.push_back(std::move(child));
    }
}

StepContext Children::scene(const StepContext& at, const Child& child) {
    return at.for_step(child.index, child.number);
}

void Children::take(const StepContext& scene, Child& child, const Progress& progress) {
    if (!progress) {
        return;
    }
    scene.tell(scene.planned().kind, *progress);
    switch (progress->event) {
        case StepEvent::succeeded: scene.live(LifeEvent::succeeds, progress->detail); break;
        case StepEvent::skipped: scene.live(LifeEvent::is_skipped, progress->detail); break;
        case StepEvent::exhausted: scene.live(LifeEvent::fails, progress->detail); break;
        case StepEvent::undecided: scene.live(LifeEvent::is_unknown, progress->detail); break;
        case StepEvent::failed:
        case StepEvent::abort_requested:
        case StepEvent::resumed: return;
    }
    child.ended = true;
}

void Children::drop_ended() {
    std::erase_if(children_, [](const Child& child) { return child.ended; });
}

bool Children::answers_to(std::uint64_t number) const {
    return std::ranges::any_of(children_, [number](const Child& child) {
        return child.step->answers_to(number);
    });
}

// Is the step of that id this child, or one that it runs? An empty id: the one that asks.
bool Children::is_meant(const OperationRecord& record, const Child& child, const std::string& id) {
    for (std::size_t i = 0; i < record.runs.size(); ++i) {
        const PlannedStep& step = record.plan.steps[i];
        const bool ours = i == child.index || step.part_of == record.plan.steps[child.index].id;
        const bool named =
            id.empty() ? record.runs[i].life == StepLife::waiting_for_person : step.id == id;
        if (ours && named) {
            return true;
        }
    }
    return false;
}

bool Children::has(const OperationRecord& record, const std::string& id) const {
    return std::ranges::any_of(children_, [&](const Child& child) {
        return is_meant(record, child, id);
    });
}

void Children::on(const StepContext& at, const CommandEnded& event) {
    for (Child& child : children_) {
        if (child.step->answers_to(event.step.number)) {
            StepContext scene = Children::scene(at, child);
            take(scene, child, child.step->on(scene, event));
        }
    }
    drop_ended();
}

void Children::on(const StepContext& at, const StepAnswered& event) {
    for (Child& child : children_) {
        if (is_meant(at.record, child, event.step)) {
            StepContext scene = Children::scene(at, child);
            take(scene, child, child.step->on(scene, event));
        }
    }
    drop_ended();
}

std::optional<std::string> Children::why_not(
    const OperationRecord& record, const StepAnswered& event
) const {
    for (const Child& child : children_) {
        if (is_meant(record, child, event.step)) {
            return child.step->why_not(record, event);
        }
    }
    return "none of its steps asks";
}

void Children::tick(const StepContext& at, const Surroundings& around) {
    for (Child& child : children_) {
        StepContext scene = Children::scene(at, child);
        take(scene, child, child.step->tick(scene, around));
    }
    drop_ended();
}

void Children::leave(const StepContext& at) {
    for (Child& child : children_) {
        StepContext scene = Children::scene(at, child);
        child.step->leave(scene);
        scene.live(LifeEvent::fails, "the plan was given up");
    }
    children_.clear();
}

std::optional<Instant> Children::next_deadline() const {
    std::optional<Instant> soonest;
    for (const Child& child : children_) {
        const auto at = child.step->next_deadline();
        if (at && (!soonest || *at < *soonest)) {
            soonest = at;
        }
    }
    return soonest;
}

Progress Parallel::begin(StepContext& at) {
    at.intend(at.planned().text);
    for (std::size_t i = 0; i < at.plan().steps.size(); ++i) {
        if (at.plan().steps[i].part_of == at.planned().id && !has_ended(at.record.runs[i].life)) {
            children_.start(at, i);
        }
    }
    return check(at);
}

Progress Parallel::check(const StepContext& at) const {
    if (children_.running()) {
        return {};
    }
    for (std::size_t i = 0; i < at.plan().steps.size(); ++i) {
        const PlannedStep& step = at.plan().steps[i];
        const StepLife life = at.record.runs[i].life;
        const bool lost = life == StepLife::failed || life == StepLife::unknown;
        if (step.part_of == at.planned().id && lost && step.on_failure != OnFailure::go_on) {
            return StepResult{StepEvent::exhausted, step.id + ": " + at.record.runs[i].why};
        }
    }
    return StepResult{StepEvent::succeeded, {}};
}

bool Parallel::answers_to(std::uint64_t number) const {
    return RunningStep::answers_to(number) || children_.answers_to(number);
}

Progress Parallel::on(StepContext& at, const CommandEnded& event) {
    children_.on(at, event);
    return check(at);
}

Progress Parallel::on(StepContext& at, const StepAnswered& event) {
    children_.on(at, event);
    return check(at);
}

std::optional<std::string> Parallel::why_not(
    const OperationRecord& record, const StepAnswered& event
) const {
    return children_.why_not(record, event);
}

Progress Parallel::tick(StepContext& at, const Surroundings& around) {
    children_.tick(at, around);
    return check(at);
}

void Parallel::leave(StepContext& at) {
    children_.leave(at);
}

std::optional<Instant> Parallel::next_deadline() const {
    return children_.next_deadline();
}

}  // namespace farshore::core
