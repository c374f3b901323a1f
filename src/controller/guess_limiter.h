#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"

namespace farshore::controller {

// Slows down clients that guess tokens, by the address that guesses come from. A right token is
// never asked about here: hosts behind one address do not pay for each other. Its memory is
// bounded: of too many addresses the one that has been quiet for longest is forgotten. Pure, but
// for the table; single-threaded.
class GuessLimiter {
  public:
    struct Limits {
        std::size_t free = 10;  // slips of a person, or of hosts with an old token
        Duration forgiven_after = std::chrono::minutes{1};
        Duration pause_first = std::chrono::milliseconds{100};
        Duration pause_max = std::chrono::seconds{60};
        std::size_t addresses_max = 4096;
    };

    GuessLimiter() = default;

    explicit GuessLimiter(Limits limits) : limits_(limits) {}

    // One more wrong token from there: how long the caller is to wait before it tries again. Zero:
    // no matter.
    [[nodiscard]] Duration wrong(std::string_view address, Instant now);

    // How much of that wait is left. A right token is not asked about it.
    [[nodiscard]] Duration left(std::string_view address, Instant now) const;

    [[nodiscard]] std::uint64_t guesses() const { return guesses_; }

    [[nodiscard]] std::size_t addresses() const { return recent_.size(); }

  private:
    struct Address {
        std::string name;
        std::size_t guesses = 0;
        Instant last{};
        Instant until{};  // it is to wait
    };

    Limits limits_{};
    std::list<Address> recent_;  // the newest first
    std::unordered_map<std::string, std::list<Address>::iterator> by_name_;
    std::uint64_t guesses_ = 0;
};

// What counts as one address: an IPv4 address, or the /64 that an IPv6 one lies in, as one customer
// has all of it. Pure.
[[nodiscard]] std::string guessing_address(std::string_view peer);

}  // namespace farshore::controller
