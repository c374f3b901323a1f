#include "sim/chronicle.h"
#include "sim/controller.h"

// What the loss books need of the world: keys from the Regions' tables, the store, and time.
namespace farshore::sim {

namespace {

constexpr Duration kReadTakes = 60ms;

std::size_t key_of(const core::LossBook::At& at) {
    return std::stoull(at.second);
}

}  // namespace

void Controller::restore_losses(const std::optional<core::OperationRecord>& newest) {
    for (core::KeptBook& kept : store().books()) {
        const core::OperationRecord* last = newest ? &*newest : nullptr;
        if (core::is_taken_up(last, kept.operation.plan.id, kept.book.settled())) {
            losses_.restore(last, std::move(kept));
        }
    }
}

void Controller::wake_losses(std::optional<Instant> at) {
    scene_.calendar.cancel(losses_due_);
    if (at) {
        losses_due_ = at_local(std::max(*at, now() + 1ms), [this] { losses_.due(); });
    }
}

std::set<RegionId> Controller::answering() {
    std::set<RegionId> regions;
    for (Place place = 0; place < scene_.script.tables; ++place) {
        if (scene_.network.ask({.from = kWitness, .to = place}, {.fresh = false}) ==
            Answer::served) {
            regions.insert(region_id(place));
        }
    }
    return regions;
}

void Controller::examine(const core::ExamineLosses& action) {
    if (begins(action.step)) {
        later(Duration{}, [this, action] { losses_.examine(action); });
    }
}

void Controller::read_keys(core::ReadKeys wanted, std::function<void(core::KeysSeen)> answered) {
    const Place place = place_of(wanted.region);
    const bool readable =
        scene_.network.ask({.from = kWitness, .to = place}, {.fresh = false}) == Answer::served &&
        !scene_.weather.is(FaultKind::losses_unreadable, place);
    later(readable ? kReadTakes : wanted.budget, [this, wanted, answered, place, readable] {
        core::KeysSeen seen;
        for (const core::LossBook::At& at :
             readable ? wanted.keys : std::vector<core::LossBook::At>{}) {
            seen.found.emplace(at, scene_.tables.digest(place, key_of(at)));
        }
        answered(std::move(seen));
    });
}

void Controller::save_losses(
    const core::SaveLosses& wanted,
    const core::LossBook& book,
    std::function<void(core::SaveEnd)> answered
) {
    store().keep_losses(
        *this,
        wanted,
        book,
        [self = shared_from_this(), answered](core::SaveEnd end) { answered(end); }
    );
}

std::optional<core::KeptBook> Controller::find_book(Epoch epoch) {
    std::optional<core::KeptBook> found;
    for (core::KeptBook& kept : store().books()) {
        if (core::ends_epoch(kept.operation, epoch)) {
            found = std::move(kept);
        }
    }
    return found;
}

}  // namespace farshore::sim
