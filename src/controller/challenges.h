#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/enum_names.h"
#include "base/time.h"

namespace farshore::controller {

// Words that are good once, for a short time, at this process: a proof that is bound to one cannot
// be shown again, later or elsewhere. They are signed with a key that only this process has, so
// giving one out costs no memory; only those that were shown are remembered, until they have run
// out. Pure, but for the table.
class Challenges {
  public:
    enum class Answer : std::uint8_t { good, unknown, expired, used, too_many };
    static constexpr std::array<std::string_view, 5> kAnswerNames{
        "good", "unknown_challenge", "challenge_expired", "challenge_used", "too_many"
    };

    static constexpr Duration kValidFor = std::chrono::seconds{60};

    // How many may be shown in kValidFor: one address leaves room for the others.
    struct Limits {
        std::size_t used_max = 10'000;
        std::size_t used_from_one_max = 500;
    };

    // `key`: 32 random bytes.
    explicit Challenges(std::string key) : Challenges(std::move(key), Limits{}) {}

    Challenges(std::string key, Limits limits) : key_(std::move(key)), limits_(limits) {}

    // `random`: 16 random bytes, never the same twice.
    [[nodiscard]] std::string issue(std::string_view random, Instant now) const;

    // Shown by a client of that address (guessing_address()): it is not good again.
    [[nodiscard]] Answer take(std::string_view challenge, const std::string& from, Instant now);

    friend constexpr const auto& names_of(Answer) { return kAnswerNames; }

  private:
    [[nodiscard]] std::string signature(std::string_view text) const;
    void forget_until(Instant now);

    std::string key_;
    Limits limits_;
    // By the end of their time; of each, from where it was shown.
    std::map<std::pair<Instant, std::string>, std::string> used_;
    std::map<std::string, std::size_t> used_from_;
};

}  // namespace farshore::controller
