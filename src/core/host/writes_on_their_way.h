#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace farshore::core {

// Above every write's: all of them.
inline constexpr Epoch kEveryEpoch{kEpochMax.value() + 1};

// Until when writes of `epoch` that are on their way may be.
struct WritesPermitted {
    Epoch epoch;
    Instant until;
};

// Of one sender: how many of its writes are on their way, by epoch, and until when each epoch's may
// be. A renewal of the lease covers what is on its way under its epoch, never an older one's. Pure;
// one owner.
class WritesOnTheirWay {
  public:
    void sent(Epoch epoch, Instant permitted_until);
    void left(Epoch epoch);

    [[nodiscard]] std::uint64_t count() const { return count_; }

    [[nodiscard]] std::uint64_t below(Epoch epoch) const;

    // `now` is the newest permission, here and below. Instant::max(): none of that epoch is on its
    // way.
    [[nodiscard]] Instant permitted_until(Epoch epoch, const WritesPermitted& now);
    // When the next permission ends that some write still needs; Instant::max(): none does.
    [[nodiscard]] Instant next_end(const WritesPermitted& now);

  private:
    struct OfEpoch {
        Epoch epoch;
        std::uint64_t count = 0;
        Instant permitted_until;
    };

    void renew(const WritesPermitted& now);

    std::uint64_t count_ = 0;
    std::vector<OfEpoch> epochs_;  // nearly always one
};

// What is waited for: that no write of an epoch below `below` is on its way, or the deadline.
struct QuietAwaited {
    Epoch below = kEveryEpoch;
    Instant deadline{};
    // At the deadline those left are cut, and the answer is that none is.
    bool cut = false;
};

// What came of it.
struct Quiet {
    std::uint64_t left = 0;  // still on their way
    std::uint64_t cut = 0;   // meanwhile
};

// Who waits for writes of one sender, and which of these are cut for it. `Who` is told by the
// owner. Pure; one owner.
template <class Who>
class QuietWaits {
  public:
    void add(QuietAwaited awaited, Who who) {
        waits_.push_back({.awaited = awaited, .cut = 0, .who = std::move(who)});
    }

    [[nodiscard]] bool empty() const { return waits_.empty(); }

    // Writes of epochs below this are to be cut now; Epoch{}: none is.
    [[nodiscard]] Epoch cut_below(Instant now) const {
        Epoch below;
        for (const Wait& wait : waits_) {
            if (wait.awaited.cut && now >= wait.awaited.deadline) {
                below = std::max(below, wait.awaited.below);
            }
        }
        return below;
    }

    // One is about to be cut, for whatever reason.
    void cuts(Epoch epoch) {
        for (Wait& wait : waits_) {
            wait.cut += epoch < wait.awaited.below ? 1 : 0;
        }
    }

    // Those that have waited long enough; without `now`, those alone for which all are answered.
    // INV-S1: one that has writes cut is answered when none is left, and never before: another
    // Region is opened on its word.
    [[nodiscard]] std::vector<std::pair<Who, Quiet>> settle(
        const WritesOnTheirWay& writes, std::optional<Instant> now
    ) {
        std::vector<std::pair<Who, Quiet>> settled;
        std::erase_if(waits_, [&](Wait& wait) {
            const std::uint64_t left = writes.below(wait.awaited.below);
            const bool overdue = now && *now >= wait.awaited.deadline && !wait.awaited.cut;
            if (left == 0 || overdue) {
                settled.emplace_back(std::move(wait.who), Quiet{.left = left, .cut = wait.cut});
            }
            return left == 0 || overdue;
        });
        return settled;
    }

    // Instant::max(): none.
    [[nodiscard]] Instant next_deadline() const {
        Instant next = Instant::max();
        for (const Wait& wait : waits_) {
            next = std::min(next, wait.awaited.deadline);
        }
        return next;
    }

  private:
    struct Wait {
        QuietAwaited awaited;
        std::uint64_t cut = 0;
        Who who;
    };

    std::vector<Wait> waits_;
};

}  // namespace farshore::core
