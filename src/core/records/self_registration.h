#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/time.h"

namespace farshore::core {

// The agent's side of the register: makes sure that no fence overlooks this host. A host that takes
// permission to write from the epoch items must be in the register that they name: either a
// controller of that register has heard its hello, or it has written a registration of its own into
// a majority of the epoch tables. Errands out, answers in. Not thread-safe.
class SelfRegistration {
  public:
    // `tables`: how many hold a copy of the epoch item.
    SelfRegistration(Instant started, std::size_t tables);

    // A controller of this register has accepted the host's hello.
    void enrolled(Instant now, const std::string& register_id);

    // May items of this register, read from `started` on, confirm the host? What was read before it
    // was known may come from before a fence that did not wait for it.
    [[nodiscard]] bool covers(const std::string& register_id, Instant started) const;

    // The epoch items name this register, and would confirm the host if it knew it.
    void want(Instant now, const std::string& register_id);

    // Every table is to be asked, and each answer told under this number.
    struct Errand {
        std::uint64_t number = 0;
        bool add = true;  // false: what the host registered is to be taken back
        std::string register_id{};
    };

    [[nodiscard]] std::optional<Errand> due(Instant now);

    enum class News : std::uint8_t { none, registered, not_registered };

    // One table has done it, or not.
    [[nodiscard]] News take(Instant now, std::uint64_t number, bool done);

    // When due() may have something to do.
    [[nodiscard]] Instant next_deadline() const;

    // "by hello" or "by itself"; empty: no register knows this host.
    [[nodiscard]] std::string state() const;

  private:
    // Which register has the host, and since when.
    struct Known {
        std::string register_id;
        Instant since{};
    };

    struct Running {
        Errand errand;
        Instant begun{};
        std::size_t ended = 0;
        std::size_t done = 0;
    };

    [[nodiscard]] bool is_known(const std::string& register_id) const;
    [[nodiscard]] Errand begin(Instant now, bool add, std::string register_id);
    void rest(Instant now, Duration for_so_long);

    std::size_t tables_;
    Instant not_before_;
    Instant next_at_;
    std::optional<Known> by_hello_;
    std::optional<Known> by_itself_;
    std::optional<std::string> wanted_;
    std::optional<Running> running_;
    bool again_ = false;  // something changed while an errand ran
    std::uint64_t errands_ = 0;
};

}  // namespace farshore::core
