#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

#include "dataplane/route_word.h"

namespace farshore::dataplane {

// Which way a result was seen: a connection opened for the purpose, one that was kept warm, or the
// applications' own requests. "Only new connections fail" is a different illness from "nothing
// answers".
enum class Path { fresh, reused, passive };
inline constexpr std::array<std::string_view, 3> kPathNames{"fresh", "reused", "passive"};

constexpr const auto& names_of(Path) {
    return kPathNames;
}

// Upper bounds of the latency buckets; the last bucket holds everything slower.
inline constexpr std::array<Duration, 14> kLatencyBounds{
    std::chrono::microseconds{250},
    std::chrono::microseconds{500},
    std::chrono::milliseconds{1},
    std::chrono::milliseconds{2},
    std::chrono::milliseconds{5},
    std::chrono::milliseconds{10},
    std::chrono::milliseconds{20},
    std::chrono::milliseconds{50},
    std::chrono::milliseconds{100},
    std::chrono::milliseconds{200},
    std::chrono::milliseconds{500},
    std::chrono::seconds{1},
    std::chrono::seconds{2},
    std::chrono::seconds{5},
};

struct LatencyHistogram {
    std::array<std::uint64_t, kLatencyBounds.size() + 1> buckets{};
    std::uint64_t count = 0;
    Duration sum{};

    // Upper bound of the bucket that holds the given fraction in thousandths (999: p99.9).
    [[nodiscard]] Duration quantile(std::uint64_t thousandths) const;
};

// All counters grow from the start of the endpoint; a reader keeps the last snapshot and subtracts.
struct PathStatistics {
    std::uint64_t ok = 0;      // an answer below 500 came, and our signature was taken
    std::uint64_t failed = 0;  // 5xx, refused, broken, timed out, name or signature not good
    Duration latency{};        // of the last ok one
};

struct RegionStatistics {
    RegionId region;
    std::array<PathStatistics, kPathNames.size()> paths;  // by Path
    std::uint64_t acknowledged_writes = 0;                // all epochs
    std::uint64_t answered_reads = 0;
    std::uint64_t unknown_outcomes = 0;        // writes that may or may not have taken effect
    std::optional<Instant> newest_unknown_at;  // when the newest of them was given up
    std::uint64_t connections_opened = 0;
    // Connections that this host could not open for want of its own: no failures of the Region.
    std::uint64_t failed_here = 0;
    std::size_t connections_idle = 0;
    std::size_t connections_busy = 0;
    std::size_t slow = 0;  // of them, those whose answer waits for its application
    // Age of the oldest request (applications' or probes') that still waits for its answer.
    Duration stalled{};
    std::string last_error;  // "" when there was none yet
    std::optional<Instant> last_error_at;
    LatencyHistogram latency;

    [[nodiscard]] const PathStatistics& by(Path path) const {
        return paths[static_cast<std::size_t>(path)];
    }
};

// Writes acknowledged under one epoch by one Region; the newest few epochs are kept.
struct EpochStatistics {
    Epoch epoch;
    RegionId region;
    std::uint64_t acknowledged_writes = 0;
};

struct Statistics {
    RouteWord route;  // with the effective state: an expired permission shows as unconfirmed
    Duration permission_left{};  // zero when there is none
    std::uint64_t in_flight_writes = 0;
    std::uint64_t held = 0;  // parked writes
    std::uint64_t held_bytes = 0;
    std::uint64_t clients = 0;
    std::uint64_t refused_requests = 0;      // malformed, too large, unsigned
    std::uint64_t refused_foreign = 0;       // of them, by a foreign Host or by a web page
    std::uint64_t discovery = 0;             // DescribeEndpoints, answered here
    std::uint64_t refused_clients = 0;       // above the connection limit
    std::uint64_t answered_unavailable = 0;  // own 503 answers
    std::uint64_t answered_denied = 0;       // own 400 AccessDenied answers after a fence
    std::vector<RegionStatistics> regions;   // in the order of Endpoint::Options::regions
    std::vector<EpochStatistics> epochs;     // oldest first
};

}  // namespace farshore::dataplane
