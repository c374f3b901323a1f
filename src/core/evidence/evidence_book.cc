#include "core/evidence/evidence_book.h"

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace farshore::core {

namespace {

constexpr std::size_t kErrorBytesMax = 256;
// A request without an answer for so long is worth telling, before it fails.
constexpr Duration kStalledIsNews = std::chrono::milliseconds{500};

// The core counts in 32 bits; more is as bad as the most.
std::uint32_t small(std::uint64_t count) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(count, std::numeric_limits<std::uint32_t>::max())
    );
}

}  // namespace

Observation observation_of(const EvidenceCounts& counts, const HostId& source) {
    return {
        .observer = {},
        .source = source,
        .region = counts.region,
        .component = counts.component,
        .path = counts.path,
        .ok = small(counts.ok),
        .failed = small(counts.failed),
        .stalled = counts.stalled,
        .why = counts.last_error
    };
}

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

void EvidenceBook::take_in(const Key& key, const Counted& counted) {
    Seen& seen = seen_[key];
    const bool failed_more = counted.counters.failed > seen.counters.failed;
    const bool more_ok = counted.counters.ok > seen.counters.ok;
    seen.counters = counted.counters;
    seen.latency = counted.latency;
    if (failed_more) {
        seen.last_error = as_utf8(counted.last_error, kErrorBytesMax);
    }
    const bool stalled = seen.stalled >= kStalledIsNews;
    if (failed_more || (more_ok && !stalled)) {
        judge(seen, failed_more);
    }
}

void EvidenceBook::stall(const Key& key, Duration age) {
    Seen& seen = seen_[key];
    seen.stalled = age;
    if (age >= kStalledIsNews) {
        judge(seen, true);
    }
}

std::vector<EvidenceCounts> EvidenceBook::since(const Cursor& cursor) const {
    std::vector<EvidenceCounts> out;
    out.reserve(std::min(seen_.size(), kNewsMax));
    for (const auto& [key, seen] : seen_) {
        const auto found = cursor.find(key);
        const Counters before = found == cursor.end() ? Counters{} : found->second;
        const std::uint64_t ok = seen.counters.ok - before.ok;
        const std::uint64_t failed = seen.counters.failed - before.failed;
        if (ok == 0 && failed == 0 && seen.stalled == Duration::zero()) {
            continue;
        }
        if (out.size() == kNewsMax) {
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
        cursor.emplace_hint(cursor.end(), key, seen.counters);
    }
    return cursor;
}

}  // namespace farshore::core
