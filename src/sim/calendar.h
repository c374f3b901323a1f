#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/time.h"

namespace farshore::sim {

// Virtual time: what is due, in order. Ties are broken by the order of asking, so that a run is a
// function of its script.
//
// Two axes. now() is the true time of all boot clocks: jobs run along it. story() is how far the
// story has come: it also counts quiet time that was skipped, in which nothing would have happened
// but the same again.
class Calendar {
  public:
    // A job that can be called off. An empty one, or one that has run, is called off without harm.
    struct Ticket {
        std::uint32_t slot = 0;
        std::uint32_t generation = 0;
    };

    template <class Job>
    Ticket at(Instant when, Job&& job) {
        const std::uint32_t number = take_slot();
        Slot& slot = slots_[number];
        slot.store(std::forward<Job>(job));
        push({std::max(when, now_), ++sequence_, number});
        return {number, slot.generation};
    }

    template <class Job>
    Ticket in(Duration delay, Job&& job) {
        return at(now_ + delay, std::forward<Job>(job));
    }

    void cancel(Ticket ticket) {
        if (ticket.generation != 0 && slots_[ticket.slot].generation == ticket.generation) {
            slots_[ticket.slot].clear();  // its entry is dropped when it comes up
        }
    }

    [[nodiscard]] Instant now() const { return now_; }

    [[nodiscard]] Duration story() const { return now_ - kBegin + skipped_; }

    [[nodiscard]] Duration skipped() const { return skipped_; }

    // The story goes on, and no clock does.
    void skip(Duration quiet) { skipped_ += quiet; }

    // Runs the next job unless it is due after `end`; false when there is none, and the clock
    // stands at `end` then.
    bool run_next(Instant end) {
        if (heap_.empty() || heap_.front().when > end) {
            now_ = std::max(now_, end);
            return false;
        }
        const Entry entry = pop();
        now_ = entry.when;
        Slot& slot = slots_[entry.slot];
        ++slot.generation;  // a job that calls itself off has begun already
        slot.run();
        slot.clear();
        free_.push_back(entry.slot);
        ++jobs_;
        return true;
    }

    [[nodiscard]] std::uint64_t jobs() const { return jobs_; }

    static constexpr Instant kBegin{std::chrono::seconds{1000}};

  private:
    // Small jobs lie in the slot itself; a slot never moves.
    class Slot {
      public:
        Slot() = default;
        Slot(const Slot&) = delete;
        Slot& operator=(const Slot&) = delete;

        ~Slot() { clear(); }

        template <class Job>
        void store(Job&& job) {
            using Kept = std::decay_t<Job>;
            if constexpr (sizeof(Kept) <= kInline && alignof(Kept) <= alignof(std::max_align_t)) {
                new (static_cast<void*>(bytes_)) Kept(std::forward<Job>(job));
                run_ = [](void* at) {
                    (*static_cast<Kept*>(at))();
                };
                end_ = [](void* at) {
                    static_cast<Kept*>(at)->~Kept();
                };
            } else {
                using Held = std::unique_ptr<Kept>;
                new (static_cast<void*>(bytes_))
                    Held(std::make_unique<Kept>(std::forward<Job>(job)));
                run_ = [](void* at) {
                    (**static_cast<Held*>(at))();
                };
                end_ = [](void* at) {
                    static_cast<Held*>(at)->~Held();
                };
            }
        }

        void run() {
            if (run_ != nullptr) {
                run_(static_cast<void*>(bytes_));
            }
        }

        void clear() {
            run_ = nullptr;
            if (end_ != nullptr) {
                std::exchange(end_, nullptr)(static_cast<void*>(bytes_));
            }
        }

        std::uint32_t generation = 1;

      private:
        static constexpr std::size_t kInline = 112;
        using Call = void (*)(void*);

        alignas(std::max_align_t) std::byte bytes_[kInline];
        Call run_ = nullptr;
        Call end_ = nullptr;
    };

    struct Entry {
        Instant when;
        std::uint64_t sequence;
        std::uint32_t slot;

        // One comparison without a branch.
        [[nodiscard]] bool before(const Entry& other) const { return key() < other.key(); }

        [[nodiscard]] __int128 key() const {
            return static_cast<__int128>(when.time_since_epoch().count()) << 64 | sequence;
        }
    };

    std::uint32_t take_slot() {
        if (free_.empty()) {
            slots_.emplace_back();
            return static_cast<std::uint32_t>(slots_.size() - 1);
        }
        const std::uint32_t slot = free_.back();
        free_.pop_back();
        return slot;
    }

    // Four children to a node: half the levels of a binary heap, and they lie side by side.
    static constexpr std::size_t kChildren = 4;

    void push(Entry entry) {
        std::size_t hole = heap_.size();
        heap_.push_back(entry);
        while (hole > 0) {
            const std::size_t parent = (hole - 1) / kChildren;
            if (!entry.before(heap_[parent])) {
                break;
            }
            heap_[hole] = heap_[parent];
            hole = parent;
        }
        heap_[hole] = entry;
    }

    Entry pop() {
        const Entry first = heap_.front();
        const Entry last = heap_.back();
        heap_.pop_back();
        if (heap_.empty()) {
            return first;
        }
        std::size_t hole = 0;
        while (true) {
            const std::size_t begin = hole * kChildren + 1;
            if (begin >= heap_.size()) {
                break;
            }
            const std::size_t end = std::min(begin + kChildren, heap_.size());
            const Entry* const children = heap_.data();
            std::size_t least = begin;
            for (std::size_t child = begin + 1; child < end; ++child) {
                least = children[child].before(children[least]) ? child : least;
            }
            if (!heap_[least].before(last)) {
                break;
            }
            heap_[hole] = heap_[least];
            hole = least;
        }
        heap_[hole] = last;
        return first;
    }

    Instant now_ = kBegin;
    Duration skipped_{};
    std::uint64_t sequence_ = 0;
    std::uint64_t jobs_ = 0;
    std::vector<Entry> heap_;
    std::deque<Slot> slots_;
    std::vector<std::uint32_t> free_;
};

}  // namespace farshore::sim
