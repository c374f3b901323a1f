#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <utility>

#include "sim/network.h"

namespace farshore::sim {

// One connection's bytes in one direction: in order, late rather than lost, and gone with the
// connection.
class Stream {
  public:
    Stream(Calendar& calendar, Network& network, Way way)
        : calendar_(calendar), network_(network), way_(way) {}

    void send(std::function<void()> job) {
        const Instant due = calendar_.now() + network_.delay(way_);
        queue_.push_back({std::max(due, last_due_), std::move(job)});
        last_due_ = queue_.back().due;
        if (queue_.size() == 1) {
            wait(queue_.front().due);
        }
    }

    void reset() {
        queue_.clear();
        calendar_.cancel(timer_);
        again_ = kFirstAgain;
    }

  private:
    struct Piece {
        Instant due;
        std::function<void()> job;
    };

    // TCP's first timeout of a retransmission, and the longest that matters here.
    static constexpr Duration kFirstAgain = std::chrono::milliseconds{200};
    static constexpr Duration kLongestAgain = std::chrono::milliseconds{1600};

    void wait(Instant until) {
        timer_ = calendar_.at(until, [this] { deliver(); });
    }

    void deliver() {
        const bool stuck = !network_.weather().linked(way_) || network_.weather().clogged(way_) ||
                           network_.loses();
        if (stuck) {
            wait(calendar_.now() + again_);
            again_ = std::min(2 * again_, kLongestAgain);
            return;
        }
        again_ = kFirstAgain;
        const std::function<void()> job = std::move(queue_.front().job);
        queue_.pop_front();
        if (!queue_.empty()) {
            wait(std::max(queue_.front().due, calendar_.now() + Duration{1}));
        }
        job();
    }

    Calendar& calendar_;
    Network& network_;
    Way way_;
    std::deque<Piece> queue_;
    Instant last_due_{};
    Duration again_ = kFirstAgain;
    Calendar::Ticket timer_;
};

}  // namespace farshore::sim
