#include "runtime/loss_desk.h"

#include <utility>

namespace farshore::runtime {

LossDesk::LossDesk(
    const ports::Clock& clock, ports::Losses& world, core::LossLimits limits, Upcalls upcalls
)
    : clock_(clock), world_(world), upcalls_(std::move(upcalls)), settling_(limits) {}

core::LossMoment LossDesk::moment() const {
    return {.now = {clock_.now(), clock_.wall()}, .operation = upcalls_.operation()};
}

void LossDesk::step(core::LossInput input) {
    for (core::LossAction& action : settling_.step(moment(), std::move(input))) {
        start(std::move(action));
    }
    world_.wake_losses(settling_.next_deadline());
}

void LossDesk::start(core::LossAction action) {
    std::visit([this](auto& wanted) { start(std::move(wanted)); }, action);
}

void LossDesk::restore(const core::OperationRecord* newest, core::KeptBook kept) {
    const core::LossMoment now{.now = {clock_.now(), clock_.wall()}, .operation = newest};
    for (core::LossAction& action : settling_.step(now, std::move(kept))) {
        start(std::move(action));
    }
}

void LossDesk::fenced(core::HostFenced said, std::function<void()> heard) {
    said.number = ++hosts_;
    heard_.emplace(said.number, std::move(heard));
    step(std::move(said));
}

void LossDesk::start(const core::HostHeard& action) {
    if (const auto host = heard_.extract(action.number)) {
        host.mapped()();
    }
}

void LossDesk::due() {
    step(core::LossesDue{.answering = world_.answering()});
}

void LossDesk::start(core::ReadKeys action) {
    const std::uint64_t ticket = action.ticket;
    world_.read_keys(std::move(action), [this, ticket](core::KeysSeen seen) {
        step(core::KeysRead{.ticket = ticket, .seen = std::move(seen)});
    });
}

void LossDesk::start(const core::SaveLosses& action) {
    // The book is open until this is answered.
    world_.save_losses(
        action,
        *settling_.find(action.operation),
        [this, ticket = action.ticket](core::SaveEnd end) { saved(ticket, end); }
    );
}

void LossDesk::start(const core::FindBook& action) {
    step(core::BookSearched{.epoch = action.epoch, .found = world_.find_book(action.epoch)});
}

std::optional<core::SaveLosses> LossDesk::decide(core::LossDecision word) {
    std::optional<core::SaveLosses> save;
    for (core::LossAction& action : settling_.step(moment(), std::move(word))) {
        auto* wanted = std::get_if<core::SaveLosses>(&action);
        if (wanted != nullptr && wanted->decided > 0) {
            save = std::move(*wanted);
        } else {
            start(std::move(action));
        }
    }
    return save;
}

void LossDesk::saved(std::uint64_t ticket, core::SaveEnd end) {
    step(core::LossesSaved{.ticket = ticket, .end = end});
}

}  // namespace farshore::runtime
