#pragma once

#include <algorithm>
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
        std::uint32_t slot = 0;
        if (free_.empty()) {
            slot = static_cast<std::uint32_t>(jobs_.size());
            jobs_.push_back(std::move(job));
        } else {
            slot = free_.back();
            free_.pop_back();
            jobs_[slot] = std::move(job);
        }
        due_.push({std::max(when, now_), ++sequence_, slot});
    }

    void in(Duration delay, Job job) { at(now_ + delay, std::move(job)); }

    [[nodiscard]] Instant now() const { return now_; }

    // Runs all jobs due up to `end`; the clock stands at `end` afterwards.
    void run_until(Instant end) {
        while (!due_.empty() && due_.top().when <= end) {
            const Entry entry = due_.top();
            due_.pop();
            now_ = entry.when;
            const Job job = std::exchange(jobs_[entry.slot], nullptr);
            free_.push_back(entry.slot);
            job();
        }
        now_ = end;
    }

  private:
    // The job lies elsewhere: the queue moves its entries about all the time.
    struct Entry {
        Instant when;
        std::uint64_t sequence;
        std::uint32_t slot;
    };

    struct Later {
        bool operator()(const Entry& a, const Entry& b) const {
            return std::pair{a.when, a.sequence} > std::pair{b.when, b.sequence};
        }
    };

    Instant now_{std::chrono::seconds{1000}};
    std::uint64_t sequence_ = 0;
    std::priority_queue<Entry, std::vector<Entry>, Later> due_;
    std::vector<Job> jobs_;
    std::vector<std::uint32_t> free_;
};

}  // namespace farshore::sim
