#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/operation/steps/step.h"

namespace farshore::core {

// What hosts have answered at once, for the journal: a line for each host while they are few, and
// one line for all of them when they are many.
class HostNotes {
  public:
    static constexpr std::size_t kFew = 8;

    // "use1-web-1" " is fenced: all done".
    void add(const HostId& host, std::string_view what);

    // `together`: what many hosts have answered, as in "200 hosts are fenced".
    void write(const StepContext& at, std::string_view together);

  private:
    std::vector<std::string> lines_;  // of the first ones
    std::vector<HostId> first_;
    std::size_t hosts_ = 0;
};

}  // namespace farshore::core
