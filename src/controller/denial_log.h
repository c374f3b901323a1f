#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/time.h"

namespace farshore::controller {

// Which of many denied attempts are worth a row of the audit: the first of each caller, then one a
// minute with how many there were. A client that guesses tokens all day must not push the changes
// of operators out of the audit. Bounded; single-threaded.
class DenialLog {
  public:
    // nullopt: counted, and written down later. Otherwise how many attempts the row stands for.
    [[nodiscard]] std::optional<std::uint64_t> note(const std::string& caller, Instant now);

  private:
    struct Seen {
        Instant written_at{};
        std::uint64_t since = 0;
    };

    std::map<std::string, Seen> seen_;
};

}  // namespace farshore::controller
