#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/evidence/observation.h"

namespace farshore::core {

// What a host saw of one thing since its last report.
struct EvidenceCounts {
    RegionId region;
    Component component{};
    Path path{};
    std::uint64_t ok = 0;
    std::uint64_t failed = 0;
    Duration stalled{};  // the oldest request still without an answer
    Duration latency{};  // of the last success
    std::string last_error;

    friend bool operator==(const EvidenceCounts&, const EvidenceCounts&) = default;
};

// As the controller's core takes it; from that host.
[[nodiscard]] Observation observation_of(const EvidenceCounts& counts, const HostId& source);

// What this host saw of Regions, as counters that only grow. Each controller's reports send the
// difference to what it has received, so that a lost report loses no evidence. Pure; one owner.
class EvidenceBook {
  public:
    static constexpr std::size_t kNewsMax = 64;  // of one report

    struct Key {
        RegionId region;
        Component component{};
        Path path{};

        friend auto operator<=>(const Key&, const Key&) = default;
    };

    struct Counters {
        std::uint64_t ok = 0;
        std::uint64_t failed = 0;
    };

    using Cursor = std::map<Key, Counters>;

    // One observation of ours.
    void count(const Key& key, bool ok, Duration latency, std::string_view error);

    // What the endpoint has counted by itself since it began.
    struct Counted {
        Counters counters;
        Duration latency{};
        std::string_view last_error;
    };

    void take_in(const Key& key, const Counted& counted);
    // The age of the oldest request without an answer; zero: none waits.
    void stall(const Key& key, Duration age);

    // What is new since `cursor`; entries without anything new are left out.
    [[nodiscard]] std::vector<EvidenceCounts> since(const Cursor& cursor) const;
    [[nodiscard]] Cursor now() const;

    // Grows when something that was fine fails, stalls, or is fine again: worth a report at once.
    [[nodiscard]] std::uint64_t turns() const { return turns_; }

  private:
    struct Seen {
        Counters counters;
        Duration stalled{};
        Duration latency{};
        std::string last_error;
        bool failing = false;
    };

    void judge(Seen& seen, bool failing);

    std::map<Key, Seen> seen_;
    std::uint64_t turns_ = 0;
};

}  // namespace farshore::core
