#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace farshore::lab {

// Which targets of a load balancer take connections: pure. A target starts healthy, is out after
// so many failed checks in a row, and in again after one that succeeds.
class TargetHealth {
  public:
    TargetHealth(std::size_t targets, int failures_max)
        : failures_(targets, 0), failures_max_(failures_max) {}

    void heard(std::size_t target, bool success) {
        failures_[target] = success ? 0 : std::min(failures_[target] + 1, failures_max_);
    }

    [[nodiscard]] bool healthy(std::size_t target) const {
        return failures_[target] < failures_max_;
    }

    // The targets to try in this order, from a drawn one on. All of them when none is healthy.
    // Drawn, not in strict turn: a balancer that asks for the order more than once per connection
    // would otherwise always send to the same target.
    [[nodiscard]] std::vector<std::size_t> order(std::uint64_t draw) const {
        std::vector<std::size_t> all;
        std::vector<std::size_t> healthy_ones;
        for (std::size_t i = 0; i < failures_.size(); ++i) {
            const std::size_t target = (draw + i) % failures_.size();
            all.push_back(target);
            if (healthy(target)) {
                healthy_ones.push_back(target);
            }
        }
        return healthy_ones.empty() ? all : healthy_ones;
    }

  private:
    std::vector<int> failures_;
    int failures_max_;
};

}  // namespace farshore::lab
