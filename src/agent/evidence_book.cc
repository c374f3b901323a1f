#include "agent/evidence_book.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace farshore::agent {

namespace {

constexpr std::size_t kErrorBytesMax = wire::kTextBytesMax / 4;

// A request without an answer for so long is worth telling, before it fails.
constexpr Duration kStalledIsNews = std::chrono::milliseconds{500};

wire::EvidencePath to_wire(dataplane::Path path) {
    switch (path) {
        case dataplane::Path::fresh: return wire::EvidencePath::fresh;
        case dataplane::Path::reused: return wire::EvidencePath::reused;
        case dataplane::Path::passive: return wire::EvidencePath::passive;
    }
    std::unreachable();
}

}  // namespace

void EvidenceBook::judge(Seen& seen, bool failing) {
    if (seen.failing != failing) {
        seen.failing = failing;
        ++turns_;
    }
}

void EvidenceBook::count(const Key& key, bool ok, Duration latency, std::string_view error) {
    Seen& seen = seen_[key];
    if (ok) {
        ++seen.counters.ok;
        seen.latency = latency;
    } else {
        ++seen.counters.failed;
        seen.last_error = as_utf8(error, kErrorBytesMax);
    }
    judge(seen, !ok);
}

void EvidenceBook::take_in(const dataplane::Statistics& statistics) {
    for (const dataplane::RegionStatistics& region : statistics.regions) {
        for (const auto path :
             {dataplane::Path::fresh, dataplane::Path::reused, dataplane::Path::passive}) {
            const dataplane::PathStatistics& counted = region.by(path);
            Seen& seen = seen_[{region.region, wire::EvidenceComponent::dynamodb, to_wire(path)}];
            const bool failed_more = counted.failed > seen.counters.failed;
            const bool more_ok = counted.ok > seen.counters.ok;
            seen.counters = {.ok = counted.ok, .failed = counted.failed};
            seen.latency = counted.latency;
            // The oldest unanswered request of the Region is told once, with the traffic.
            seen.stalled = path == dataplane::Path::passive ? region.stalled : Duration::zero();
            const bool stalled = seen.stalled >= kStalledIsNews;
            if (failed_more) {
                seen.last_error = as_utf8(region.last_error, kErrorBytesMax);
            }
            if (failed_more || more_ok || stalled) {
                judge(seen, failed_more || stalled);
            }
        }
    }
}

std::vector<wire::EvidenceCounts> EvidenceBook::since(const Cursor& cursor) const {
    std::vector<wire::EvidenceCounts> out;
    for (const auto& [key, seen] : seen_) {
        const auto found = cursor.find(key);
        const Counters before = found == cursor.end() ? Counters{} : found->second;
        const std::uint64_t ok = seen.counters.ok - before.ok;
        const std::uint64_t failed = seen.counters.failed - before.failed;
        if (ok == 0 && failed == 0 && seen.stalled == Duration::zero()) {
            continue;
        }
        if (out.size() == wire::kEvidenceMax) {
            break;
        }
        out.push_back({
            .region = key.region,
            .component = key.component,
            .path = key.path,
            .ok = ok,
            .failed = failed,
            .stalled = seen.stalled,
            .latency = seen.latency,
            .last_error = failed > 0 ? seen.last_error : std::string{},
        });
    }
    return out;
}

EvidenceBook::Cursor EvidenceBook::now() const {
    Cursor cursor;
    for (const auto& [key, seen] : seen_) {
        cursor[key] = seen.counters;
    }
    return cursor;
}

}  // namespace farshore::agent
