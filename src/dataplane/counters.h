#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/statistics.h"

// What the loops count. One writer (the loop) for each value, any reader; relaxed order, because a
// snapshot is a picture for people and for evidence, never a permission.
namespace farshore::dataplane {

class Counter {
  public:
    void add(std::uint64_t amount = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }

    void subtract(std::uint64_t amount = 1) {
        value_.store(value_.load(std::memory_order_relaxed) - amount, std::memory_order_relaxed);
    }

    void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }

    [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

// Since when something is under way; nothing when idle.
class Since {
  public:
    void set(Instant at) { at_.store(at.time_since_epoch().count(), std::memory_order_relaxed); }

    void clear() { at_.store(kNothing, std::memory_order_relaxed); }

    [[nodiscard]] std::optional<Instant> at() const {
        const std::int64_t at = at_.load(std::memory_order_relaxed);
        return at == kNothing ? std::nullopt : std::optional{Instant{Duration{at}}};
    }

    [[nodiscard]] Duration age(Instant now) const {
        const std::optional<Instant> since = at();
        return since ? now - *since : Duration::zero();
    }

  private:
    static constexpr std::int64_t kNothing = INT64_MIN;
    std::atomic<std::int64_t> at_{kNothing};
};

struct PathCounters {
    Counter ok;
    Counter failed;
    Counter latency_ns;
};

struct RegionCounters {
    std::array<PathCounters, kPathNames.size()> paths;
    Counter acknowledged_writes;
    Counter answered_reads;
    Counter unknown_outcomes;
    Since newest_unknown;
    Counter connections_opened;
    Counter failed_here;
    Counter connections_idle;
    Counter connections_busy;
    Counter slow;
    Since oldest_request;
    std::array<Since, 2> probes;  // fresh, reused
    std::array<Counter, kLatencyBounds.size() + 1> latency_buckets;
    Counter latency_sum_ns;

    void succeeded(Path path, Duration latency);
    void failed(Path path, Instant at, std::string_view why);
    void observe_latency(Duration latency);
    [[nodiscard]] std::string last_error() const;
    // Adds what this loop has counted.
    void add_to(RegionStatistics& statistics, Instant now) const;

  private:
    mutable std::mutex error_mutex_;
    std::string last_error_;
    std::optional<Instant> last_error_at_;
};

struct LoopCounters {
    Counter in_flight_writes;
    Counter parked;
    Counter parked_bytes;
    Counter clients;
    Counter refused_requests;
    Counter refused_foreign;
    Counter discovery;
    Counter refused_clients;
    Counter answered_unavailable;
    Counter answered_denied;

    void acknowledged(Epoch epoch, const RegionId& region);
    void add_to(std::vector<EpochStatistics>& epochs) const;

  private:
    static constexpr std::size_t kEpochsKept = 16;
    mutable std::mutex epochs_mutex_;
    std::vector<EpochStatistics> epochs_;
};

}  // namespace farshore::dataplane
