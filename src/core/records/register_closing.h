#pragma once

#include <optional>
#include <string>

#include "core/records/epoch_items.h"

namespace farshore::core {

// When a closed register may drop the hosts that it does not name. A closed register has a name of
// its own. From the moment on at which a majority of the epoch items carries it, no item confirms a
// host that an earlier register knew; a lease later none of them may write. Pure; one owner.
class RegisterClosing {
  public:
    struct Options {
        std::string register_id;  // of the closed register
        // Agents take permission from the epoch items too. Otherwise from controllers alone, and
        // none grants a lease to a host that the register does not name.
        bool by_items = true;
        Duration clock_error{};
    };

    explicit RegisterClosing(Options options) : options_(std::move(options)) {}

    // The controller begins to work. `longest_lease`, here and below: that an agent may hold now.
    void begun(Instant now, Duration longest_lease);

    // What a reading of the copies found, of all or of enough.
    void looked(Instant now, const EpochReading& reading, Duration longest_lease);

    // When no host of an earlier register may write any more; nullopt: that is not known yet.
    [[nodiscard]] std::optional<Instant> alone_from() const { return alone_from_; }

    // The epoch items of another register confirm no agent any more, nor do registrations for it.
    [[nodiscard]] bool is_alone(Instant now) const { return alone_from_ && *alone_from_ <= now; }

  private:
    Options options_;
    std::optional<Instant> alone_from_;
};

}  // namespace farshore::core
