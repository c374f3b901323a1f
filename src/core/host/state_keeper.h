#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "core/host/host_machine.h"

namespace farshore::core {

// What one app's next process on this host has to know: it begins with no less than what was
// acknowledged to a controller.
struct StoredState {
    HostRoute route;  // epoch zero: none
    Epoch fenced;     // zero: none
    // The epoch was adopted from the epoch items, and no controller has routed the host since.
    bool adopted_alone = false;

    friend bool operator==(const StoredState&, const StoredState&) = default;
};

// As the machine begins with it; nullopt: nothing is stored.
[[nodiscard]] HostLoaded loaded_from(const std::optional<StoredState>& stored);

// When a host's state is written to disk: one write at a time, always of what is newest, and again
// when one has failed. Each call returns what is to be written now, or nullopt; ended() follows.
// Pure: no clock, no I/O; one owner.
class StateKeeper {
  public:
    static constexpr Duration kAgain = std::chrono::seconds{1};

    // `found`: what is on disk; nullopt: nothing.
    explicit StateKeeper(std::optional<StoredState> found) : on_disk_(std::move(found)) {}

    // The machine has changed what has to be stored.
    [[nodiscard]] std::optional<StoredState> changed(const HostMachine& machine);
    // The write has ended, well or not.
    [[nodiscard]] std::optional<StoredState> ended(
        Instant now, const Status& result, const HostMachine& machine
    );
    // To be called at next_deadline() or soon after it.
    [[nodiscard]] std::optional<StoredState> due(Instant now, const HostMachine& machine);

    // nullopt: nothing has failed.
    [[nodiscard]] std::optional<Instant> next_deadline() const { return again_at_; }

    // What a restart would find; nullopt: nothing.
    [[nodiscard]] const std::optional<StoredState>& on_disk() const { return on_disk_; }

    [[nodiscard]] bool is_writing() const { return writing_.has_value(); }

    // Why it is not newer, and is not being written either; empty: it has not failed.
    [[nodiscard]] std::string why_not_stored() const { return is_writing() ? std::string{} : why_; }

  private:
    std::optional<StoredState> on_disk_;
    std::optional<StoredState> writing_;
    std::optional<Instant> again_at_;
    std::string why_;
};

}  // namespace farshore::core
