#include "core/host/state_keeper.h"

namespace farshore::core {

namespace {

StoredState state_of(const HostMachine& machine) {
    return {
        .route = machine.route().value_or(HostRoute{}),
        .fenced = machine.fenced(),
        .adopted_alone = machine.adopted_alone()
    };
}

}  // namespace

HostLoaded loaded_from(const std::optional<StoredState>& stored) {
    if (!stored) {
        return {.route = std::nullopt, .fenced = Epoch{}};
    }
    if (stored->route.epoch == Epoch{}) {
        return {.route = std::nullopt, .fenced = stored->fenced};
    }
    return {
        .route = stored->route, .fenced = stored->fenced, .adopted_alone = stored->adopted_alone
    };
}

std::optional<StoredState> StateKeeper::changed(const HostMachine& machine) {
    if (writing_) {
        return std::nullopt;  // what is newest by its end is written next
    }
    writing_ = state_of(machine);
    return writing_;
}

std::optional<StoredState> StateKeeper::ended(
    Instant now, const Status& result, const HostMachine& machine
) {
    const std::optional<StoredState> written = std::exchange(writing_, std::nullopt);
    if (result) {
        on_disk_ = written;
        again_at_.reset();
        why_.clear();
    } else {
        again_at_ = now + kAgain;
        why_ = result.error().text;
    }
    return written == state_of(machine) ? std::nullopt : changed(machine);
}

std::optional<StoredState> StateKeeper::due(Instant now, const HostMachine& machine) {
    if (!again_at_ || now < *again_at_) {
        return std::nullopt;
    }
    again_at_.reset();
    return changed(machine);
}

}  // namespace farshore::core
