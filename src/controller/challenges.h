#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
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

    // `key`: 32 random bytes. `used_max`: how many may be shown in kValidFor.
    explicit Challenges(std::string key, std::size_t used_max = 10'000)
        : key_(std::move(key)), used_max_(used_max) {}

    // `random`: 16 random bytes, never the same twice.
    [[nodiscard]] std::string issue(std::string_view random, Instant now) const;

    // Shown: it is not good again.
    [[nodiscard]] Answer take(std::string_view challenge, Instant now);

    friend constexpr const auto& names_of(Answer) { return kAnswerNames; }

  private:
    [[nodiscard]] std::string signature(std::string_view text) const;

    std::string key_;
    std::size_t used_max_;
    std::set<std::pair<Instant, std::string>> used_;  // by the end of their time
};

}  // namespace farshore::controller
