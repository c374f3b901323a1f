#pragma once

#include <functional>
#include <optional>
#include <set>

#include "core/loss/settling_words.h"

namespace farshore::ports {

// What the loss books need of the world. Answers come once, from inside the call or later, on the
// caller's thread; never, when the process ends first.
class Losses {
  public:
    virtual ~Losses() = default;
    // Of a Region's tables, consistently, within the budget.
    virtual void read_keys(core::ReadKeys wanted, std::function<void(core::KeysSeen)> answered) = 0;
    // These chains as the book has them now, and what it says as a whole, in one commit.
    virtual void save_losses(
        const core::SaveLosses& wanted,
        const core::LossBook& book,
        std::function<void(core::SaveEnd)> answered
    ) = 0;
    // The book of the newest operation that ended this epoch (core::ends_epoch). nullopt: the store
    // has none, or cannot read it.
    [[nodiscard]] virtual std::optional<core::KeptBook> find_book(Epoch epoch) = 0;
    // The Regions whose tables answered when they were last asked.
    [[nodiscard]] virtual std::set<RegionId> answering() = 0;
    // LossDesk::due() is to be called then. Replaces the earlier moment; nullopt: not at all.
    virtual void wake_losses(std::optional<Instant> at) = 0;
    // For people.
    virtual void note(const core::TableUnreadable& found) = 0;
    virtual void note(const core::WritesWithoutBook& found) = 0;
};

}  // namespace farshore::ports
