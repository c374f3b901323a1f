#pragma once

#include <cstddef>

namespace farshore::dataplane {

// Bytes that one loop holds for requests, from their first byte to the end of their answers.
struct MemoryBudget {
    std::size_t used = 0;
    std::size_t max = 0;
};

// One request's part of it, given back when this object ends. One thread.
class MemoryShare {
  public:
    explicit MemoryShare(MemoryBudget& budget) : budget_(&budget) {}

    ~MemoryShare() { budget_->used -= bytes_; }

    MemoryShare(const MemoryShare&) = delete;
    MemoryShare& operator=(const MemoryShare&) = delete;

    // False: there is no room for that much beside `kept_free`, and the share is as before.
    [[nodiscard]] bool fit(std::size_t bytes, std::size_t kept_free = 0) {
        if (bytes > bytes_ && budget_->used - bytes_ + bytes + kept_free > budget_->max) {
            return false;
        }
        take(bytes);
        return true;
    }

    // It is there already, room or not: others will find less.
    void take(std::size_t bytes) {
        budget_->used = budget_->used - bytes_ + bytes;
        bytes_ = bytes;
    }

    [[nodiscard]] std::size_t most() const { return budget_->max; }

  private:
    MemoryBudget* budget_;
    std::size_t bytes_ = 0;
};

}  // namespace farshore::dataplane
