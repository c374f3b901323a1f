#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace farshore::sigv4 {

// "Mon, 23 Nov 2026 13:05:09 GMT"; nullopt: not of that form.
[[nodiscard]] std::optional<UtcTime> time_from_http_date(std::string_view text);

// Error codes of AWS's services, without namespace.

// The date of the signature may be what was refused.
[[nodiscard]] bool refuses_the_date(std::string_view code);
// The signature or the credentials were refused: a matter between us and AWS's identities, whatever
// was asked for.
[[nodiscard]] bool refuses_the_signer(std::string_view code);

// How far AWS's wall clock is from ours, learned from answers that refused our date. A host whose
// clock is wrong would be refused by every Region for ever. One owner.
class ClockSkew {
  public:
    // True when the difference was news: then a request that was refused for its date deserves
    // another try.
    bool learn(UtcTime service_time, UtcTime ours);

    [[nodiscard]] UtcTime corrected(UtcTime ours) const { return ours + skew_; }

    [[nodiscard]] WallClock::duration value() const { return skew_; }

  private:
    WallClock::duration skew_{};
};

}  // namespace farshore::sigv4
