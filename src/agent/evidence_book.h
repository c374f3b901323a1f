#pragma once

#include <compare>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "wire/agent_protocol.h"

#include "dataplane/statistics.h"

namespace farshore::agent {

// What this host saw of Regions, as counters that only grow. Each controller's reports send the
// difference to what it has received, so that a lost report loses no evidence. Control thread only.
class EvidenceBook {
  public:
    struct Key {
        RegionId region;
        wire::EvidenceComponent component{};
        wire::EvidencePath path{};

        friend auto operator<=>(const Key&, const Key&) = default;
    };

    struct Counters {
        std::uint64_t ok = 0;
        std::uint64_t failed = 0;
    };

    using Cursor = std::map<Key, Counters>;

    // One observation of ours.
    void count(const Key& key, bool ok, Duration latency, std::string_view error);
    // The endpoint's own probes and the applications' traffic.
    void take_in(const dataplane::Statistics& statistics);

    // What is new since `cursor`; entries without anything new are left out.
    [[nodiscard]] std::vector<wire::EvidenceCounts> since(const Cursor& cursor) const;
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

}  // namespace farshore::agent
