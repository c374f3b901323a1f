#include <algorithm>

#include "sim/chronicle.h"
#include "sim/controller.h"
#include "sim/dns.h"
#include "sim/host.h"
#include "sim/quiet.h"

// The controller's ports for losses, users and the functional check.
namespace farshore::sim {

namespace {

constexpr Duration kAskFor = 2s;
constexpr Duration kAskEvery = 100ms;
constexpr Duration kSettleEvery = 500ms;

}  // namespace

// The book that writes belong to is that of the operation that runs, or ran last.
void Controller::fenced(const OperationId&, const Ack& ack) {
    const auto& current = core().record().operation;
    if (!current || ack.entries.empty()) {
        return;
    }
    LossBook& book = scene_.store->books()[current->plan.id];
    if (book.entries.empty()) {
        book.from = place_of(current->plan.from);
        book.to = place_of(current->plan.to);
    }
    for (const LedgerEntry& entry : ack.entries) {
        book.add(entry);
    }
    tell_losses(current->plan.id, book);
}

void Controller::tell_losses(const OperationId& operation, LossBook& book) {
    if (book.open() != book.told) {
        book.told = book.open();
        deliver(core::LossesOpen{.operation = operation, .writes = book.told});
    }
}

void Controller::examine(const core::ExamineLosses& action) {
    if (is_silenced()) {
        return;
    }
    scene_.chronicle->effect(action.step, action);
    const Place to = place_of(action.to);
    const bool readable =
        scene_.network.ask({.from = kWitness, .to = to}, {.fresh = false}) == Answer::served &&
        !scene_.weather.is(FaultKind::losses_unreadable, to);
    later(readable ? 60ms : action.budget, [this, action, to, readable] {
        std::uint32_t at_risk = 0;
        std::size_t unread = 0;
        const auto found = scene_.store->books().find(action.step.operation);
        if (found != scene_.store->books().end()) {
            found->second.examined = true;
            for (LossBook::Entry& entry : found->second.entries) {
                if (!readable) {
                    ++unread;
                    at_risk += entry.write.acknowledged ? 1 : 0;
                } else if (scene_.tables.holds(to, entry.write.key, entry.write.id)) {
                    entry.settled = true;
                } else {
                    at_risk += entry.write.acknowledged ? 1 : 0;
                }
            }
            tell_losses(action.step.operation, found->second);
        }
        deliver(core::LossesExamined{
            .step = action.step,
            .complete = unread == 0,
            .at_risk = at_risk,
            .detail = std::to_string(at_risk) + " at risk"
        });
    });
}

// A write that no agent could prove is settled when the controller sees it in the target, or when
// neither Region holds it any more: something newer has suppressed it.
void Controller::settle_losses() {
    later(kSettleEvery, [this] { settle_losses(); });
    const auto& current = core().record().operation;
    for (auto& [operation, book] : scene_.store->books()) {
        const bool running = current && current->plan.id == operation && core().operation_running();
        if (book.open() == 0 || running) {
            continue;
        }
        const auto served = [this](Place place) {
            return scene_.network.ask({.from = kWitness, .to = place}, {.fresh = false}) ==
                   Answer::served;
        };
        if (!served(book.from) || !served(book.to)) {
            continue;
        }
        for (LossBook::Entry& entry : book.entries) {
            entry.settled = entry.settled ||
                            scene_.tables.holds(book.to, entry.write.key, entry.write.id) ||
                            !scene_.tables.holds(book.from, entry.write.key, entry.write.id);
        }
        tell_losses(operation, book);
    }
}

void Controller::serve(const core::ServeUsers& action) {
    if (is_silenced()) {
        return;
    }
    scene_.chronicle->effect(action.step, action);
    later(kAskEvery, [this, action, until = now() + kAskFor] { watch_users(action, until); });
}

// Health state moves the record, and the agents' stored routes are that state: here it is only
// waited for.
void Controller::watch_users(const core::ServeUsers& action, Instant until) {
    const bool there = scene_.dns->answer() == place_of(action.to);
    if (!there && now() < until) {
        later(kAskEvery, [this, action, until] { watch_users(action, until); });
        return;
    }
    deliver(core::TrafficServed{
        .step = action.step,
        .done = there,
        .detail = "the record answers " + region_id(scene_.dns->answer()).value()
    });
}

void Controller::run(const core::RunCommand& action) {
    if (is_silenced()) {
        return;
    }
    scene_.chronicle->effect(action.step, action);
    later(300ms, [this, action] {
        deliver(core::CommandEnded{
            .step = action.step, .end = core::CommandEnd::exited, .status = 0, .output = {}
        });
    });
}

void Controller::verify(const core::VerifyFunction& action) {
    if (is_silenced()) {
        return;
    }
    scene_.chronicle->effect(action.step, action);
    later(120ms, [this, action] {
        const Place in = place_of(action.in);
        // The deep check writes.
        const bool passed = scene_.stack_answers({.from = kWitness, .to = in}) &&
                            !scene_.weather.is(FaultKind::checks_fail, in) &&
                            std::ranges::any_of(scene_.hosts, [in](const auto& host) {
                                return host->home() == in && host->may_write();
                            });
        deliver(core::FunctionVerified{
            .step = action.step, .passed = passed, .detail = passed ? "200" : "503"
        });
    });
}

}  // namespace farshore::sim
