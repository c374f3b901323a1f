#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

#include "dataplane/exchange.h"

namespace farshore::dataplane {

// UpdateItem does not tell the item it makes, unless it is asked. These turn a request that does
// not ask into one that does, and its answer back into the one that the application expects.

struct LearningPlan {
    Learning learning = Learning::none;
    std::string asked_body;  // when asked_by_us
};

// `body` is the application's UpdateItem request.
[[nodiscard]] LearningPlan plan_learning(std::string_view body);

// Tables whose updates are left alone, because an IAM policy refuses to tell what they make of the
// item. Bounded. One thread.
class UnlearnedTables {
  public:
    // `body` is an UpdateItem request.
    void add(std::string_view body, Instant now);
    [[nodiscard]] bool has(std::string_view body, Instant now);

  private:
    std::map<std::string, Instant, std::less<>> until_;
};

// The answer without the "Attributes" that the application did not ask for. nullopt: not readable.
[[nodiscard]] std::optional<std::string> without_attributes(std::string_view answer);

}  // namespace farshore::dataplane
