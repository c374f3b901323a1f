#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace farshore::lab {

// Which targets of a load balancer take connections: pure. A target starts healthy, is out after
// so many failed checks in a row, and in again after one that succeeds.
class TargetHealth {
  public:
    TargetHealth(std::size_t targets, int failures_max) :
        failures_(targets, 0), failures_max_(failures_max) {}

    void heard(std::size_t target, bool success) {
        failures_[target] = success ? 0 : std::min(failures_[target] + 1, failures_max_);
    }

    [[nodiscard]] bool healthy(std::size_t target) const { return failures_[target] < failures_max_; }

    // The targets to try, the next in turn first. All of them when none is healthy.
    [[nodiscard]] std::vector<std::size_t> in_turn() {
        std::vector<std::size_t> all;
        std::vector<std::size_t> healthy_ones;
        for (std::size_t i = 0; i < failures_.size(); ++i) {
            const std::size_t target = (turn_ + i) % failures_.size();
            all.push_back(target);
            if (healthy(target)) {
                healthy_ones.push_back(target);
            }
        }
        turn_ = failures_.empty() ? 0 : (turn_ + 1) % failures_.size();
        return healthy_ones.empty() ? all : healthy_ones;
    }

  private:
    std::vector<int> failures_;
    int failures_max_;
    std::size_t turn_ = 0;
};

}  // namespace farshore::lab
