#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/failover/app_core.h"

namespace farshore::core {

// What came of one input: what a recording keeps beside it, and what a replay must find again.
struct Decided {
    // Journal entries, actions and the reply, in words, in their order. An effect that depends on
    // nothing but the program's version is told in the same words by every version.
    std::vector<std::string> said;
    // The Regions that are in another condition than before.
    std::vector<std::pair<RegionId, Condition>> conditions;

    [[nodiscard]] bool is_nothing() const { return said.empty() && conditions.empty(); }
};

using Conditions = std::map<RegionId, Condition>;

// Puts into words what the core has decided. Remembers the Regions' conditions from one input to
// the next. A value; one owner.
class Deciding {
  public:
    // Ask it after each input, at its moment.
    [[nodiscard]] Decided after(Now now, const AppCore& core, const Effects& effects);

    // The next answer names the condition of every Region.
    void begin_again() { conditions_.clear(); }

    [[nodiscard]] const Conditions& conditions() const { return conditions_; }

  private:
    Conditions conditions_;
};

}  // namespace farshore::core
