#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "base/time.h"

namespace farshore::sim {

// Virtual time: what is due, in order. Ties are broken by the order of asking, so that a run is a
// function of its seed.
class Calendar {
  public:
    using Job = std::function<void()>;

    void at(Instant when, Job job) {
        jobs_.push({std::max(when, now_), ++sequence_, std::move(job)});
    }

    void in(Duration delay, Job job) { at(now_ + delay, std::move(job)); }

    [[nodiscard]] Instant now() const { return now_; }

    // Runs all jobs due up to `end`; the clock stands at `end` afterwards.
    void run_until(Instant end) {
        while (!jobs_.empty() && jobs_.top().when <= end) {
            const Entry entry = jobs_.top();
            jobs_.pop();
            now_ = entry.when;
            entry.job();
        }
        now_ = end;
    }

  private:
    struct Entry {
        Instant when;
        std::uint64_t sequence;
        Job job;
    };

    struct Later {
        bool operator()(const Entry& a, const Entry& b) const {
            return std::pair{a.when, a.sequence} > std::pair{b.when, b.sequence};
        }
    };

    Instant now_{std::chrono::seconds{1000}};
    std::uint64_t sequence_ = 0;
    std::priority_queue<Entry, std::vector<Entry>, Later> jobs_;
};

}  // namespace farshore::sim
