#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "sim/calendar.h"

namespace farshore::sim {

// What the checkers found wrong. Bounded: a few of each rule are enough to look at, and one that
// breaks all the time hides no other.
class Violations {
  public:
    explicit Violations(const Calendar& calendar) : calendar_(calendar) {}

    void add(std::string_view invariant, const std::string& text) {
        constexpr std::ptrdiff_t kOfOneRuleMax = 4;
        const std::ptrdiff_t known = std::ranges::count_if(found_, [&](const std::string& other) {
            return other.starts_with(std::string{invariant} + " ");
        });
        if (known < kOfOneRuleMax) {
            found_.push_back(
                std::string{invariant} + " at " + std::to_string(to_ms(calendar_.story())) +
                " ms: " + text
            );
        }
    }

    [[nodiscard]] const std::vector<std::string>& found() const { return found_; }

  private:
    const Calendar& calendar_;
    std::vector<std::string> found_;
};

}  // namespace farshore::sim
