#include <utility>

#include "sim/controller_site.h"
#include "sim/director.h"
#include "sim/host.h"
#include "sim/store.h"

// What operators want, by the script, and what they answer when a step asks.
namespace farshore::sim {

namespace {

// The first step that waits for an operator's word, also one that another step runs.
std::optional<std::size_t> question_of(const core::OperationRecord& operation) {
    for (std::size_t i = 0; !operation.ended() && i < operation.runs.size(); ++i) {
        const core::StepLife life = operation.runs[i].life;
        const bool of_approval = operation.plan.steps[i].kind == core::StepKind::approve &&
                                 life == core::StepLife::running;
        if (of_approval || life == core::StepLife::waiting_for_person) {
            return i;
        }
    }
    return std::nullopt;
}

}  // namespace

void Director::give(const Command& command) {
    Controller* controller = scene_.controllers->controller();
    if (command.kind == CommandKind::reconfigure) {
        const auto which = static_cast<std::size_t>(command.amount);
        scene_.controllers->configure(scene_.script.others.at(which));
        scene_.controllers->kill();
        return;
    }
    ControllerSite* site = scene_.controllers.get();
    if (scene_.rival->is_up() && dice_.chance(1, 2)) {
        site = scene_.rival.get();
        controller = site->controller();
    }
    // An operator without a controller can do nothing; nor with one that cannot write.
    if (!site->is_up() || controller->has_trouble()) {
        return;
    }
    if (command.kind == CommandKind::abort) {
        const auto& operation = controller->core().record().operation;
        if (operation) {
            controller->ask(
                core::AbortRequest{.operation = operation->plan.id, .by = "operator:sim"}
            );
        }
    } else if (command.kind == CommandKind::pause) {
        core::Pause pause{.until = std::nullopt, .reason = "sim", .by = "operator:sim"};
        if (command.length > Duration{}) {
            pause.until = controller->wall() +
                          std::chrono::duration_cast<WallClock::duration>(command.length);
        }
        controller->ask(core::PauseRequest{pause});
    } else if (command.kind == CommandKind::resume) {
        controller->ask(core::ResumeRequest{.by = "operator:sim"});
    } else if (command.kind == CommandKind::skip) {
        const auto& operation = controller->core().record().operation;
        if (operation && !operation->ended() && operation->at < operation->plan.steps.size()) {
            controller->ask(core::StepAnswered{
                .operation = operation->plan.id,
                .step = operation->plan.steps[operation->at].id,
                .answer = core::Answer::skip,
                .by = "operator:sim"
            });
        }
    } else if (command.kind == CommandKind::forget) {
        for (const auto& host : scene_.hosts) {
            const bool meant = host->home() == command.to.value_or(0) && !host->is_running();
            if (meant) {
                controller->forget(host->index());
                return;
            }
        }
    } else {
        request(*controller, command);
    }
}

void Director::look_for_questions(const core::OperationRecord& operation) {
    if (question_of(operation) && !std::exchange(answering_, true)) {
        scene_.calendar.in(dice_.between(500ms, 25s), [this] { answer(); });
    }
}

void Director::answer() {
    answering_ = false;
    Controller* controller = scene_.controllers->controller();
    if (scene_.controllers->is_up() && !controller->has_trouble()) {
        // The core's own record changes with each answer.
        const auto operation = controller->core().record().operation;
        const auto index = operation ? question_of(*operation) : std::nullopt;
        if (index) {
            answer(*controller, *operation, *index);
        }
    }
    if (const auto& durable = scene_.store->durable().operation) {
        look_for_questions(*durable);
    }
}

void Director::answer(
    Controller& controller, const core::OperationRecord& operation, std::size_t index
) {
    using enum core::Answer;
    const bool of_approval = operation.runs[index].life == core::StepLife::running;
    constexpr std::uint64_t kAgrees = 4;
    const std::uint64_t word = scene_.script.answers_by_chance ? dice_.below(10) : kAgrees;
    if (word == 0) {
        controller.ask(core::AbortRequest{.operation = operation.plan.id, .by = "operator:sim"});
    } else if (word != 1 || !of_approval) {  // or it may run out
        const core::Answer answer = word == 2     ? skip
                                    : of_approval ? (word == 3 ? deny : approve)
                                                  : (word < 6 ? go_on : skip);
        controller.ask(core::StepAnswered{
            .operation = operation.plan.id,
            .step = operation.plan.steps[index].id,
            .answer = answer,
            .by = "operator:sim"
        });
    }
}

void Director::request(Controller& controller, const Command& command) {
    const core::AppRecord& record = controller.core().record();
    Place to = command.to.value_or(kPlaces);
    if (command.kind == CommandKind::failback) {
        to = 0;
    }
    for (Place place = 0; place < scene_.script.tables && to == kPlaces; ++place) {
        to = region_id(place) != record.active ? place : to;
    }
    core::ChangeRequest change;
    change.verb = command.kind == CommandKind::switchover ? core::Verb::switchover
                  : command.kind == CommandKind::failover ? core::Verb::failover
                                                          : core::Verb::failback;
    change.to = region_id(to);
    change.by = "operator:sim";
    change.reason = "by script";
    change.accept_loss = command.accept_loss;
    change.accept_unfenced = command.accept_unfenced;
    change.levers = command.levers;
    controller.request(std::move(change));
}

}  // namespace farshore::sim
