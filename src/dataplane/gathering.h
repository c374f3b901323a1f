#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>

namespace farshore::dataplane {

// Runs `then` once the last of several loops has come here. Counts up what they bring.
template <class Sum>
class Gathering {
  public:
    Gathering(std::size_t expected, std::function<void(Sum)> then)
        : expected_(expected), then_(std::move(then)) {}

    template <class Add>
    void arrive(Add add) {
        bool last = false;
        {
            const std::lock_guard guard(mutex_);
            add(sum_);
            last = --expected_ == 0;
        }
        if (last && then_) {
            then_(sum_);
        }
    }

  private:
    std::mutex mutex_;
    std::size_t expected_;
    Sum sum_{};
    std::function<void(Sum)> then_;
};

}  // namespace farshore::dataplane
