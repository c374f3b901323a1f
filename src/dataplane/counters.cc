#include "dataplane/counters.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace farshore::dataplane {

namespace {

constexpr std::size_t kErrorTextMax = 200;

}  // namespace

Duration LatencyHistogram::quantile(std::uint64_t thousandths) const {
    const std::uint64_t wanted = (count * thousandths + 999) / 1000;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kLatencyBounds.size(); ++i) {
        seen += buckets[i];
        if (seen >= wanted) {
            return kLatencyBounds[i];
        }
    }
    return kLatencyBounds.back();
}

void RegionCounters::succeeded(Path path, Duration latency) {
    PathCounters& counters = paths[static_cast<std::size_t>(path)];
    counters.ok.add();
    counters.latency_ns.set(static_cast<std::uint64_t>(latency.count()));
}

void RegionCounters::failed(Path path, Instant at, std::string_view why) {
    paths[static_cast<std::size_t>(path)].failed.add();
    const std::lock_guard guard(error_mutex_);
    last_error_.assign(beginning_of(why, kErrorTextMax));
    last_error_at_ = at;
}

void RegionCounters::observe_latency(Duration latency) {
    const auto* bound = std::ranges::lower_bound(kLatencyBounds, latency);
    latency_buckets[static_cast<std::size_t>(bound - kLatencyBounds.begin())].add();
    latency_sum_ns.add(static_cast<std::uint64_t>(latency.count()));
}

std::string RegionCounters::last_error() const {
    const std::lock_guard guard(error_mutex_);
    return last_error_;
}

void RegionCounters::add_to(RegionStatistics& statistics, Instant now) const {
    for (std::size_t i = 0; i < paths.size(); ++i) {
        statistics.paths[i].ok += paths[i].ok.get();
        statistics.paths[i].failed += paths[i].failed.get();
        const Duration latency{static_cast<Duration::rep>(paths[i].latency_ns.get())};
        statistics.paths[i].latency = std::max(statistics.paths[i].latency, latency);
    }
    statistics.acknowledged_writes += acknowledged_writes.get();
    statistics.answered_reads += answered_reads.get();
    statistics.unknown_outcomes += unknown_outcomes.get();
    statistics.newest_unknown_at = std::max(statistics.newest_unknown_at, newest_unknown.at());
    statistics.connections_opened += connections_opened.get();
    statistics.failed_here += failed_here.get();
    statistics.connections_idle += connections_idle.get();
    statistics.connections_busy += connections_busy.get();
    statistics.slow += slow.get();
    statistics.stalled = std::max(
        {statistics.stalled, oldest_request.age(now), probes[0].age(now), probes[1].age(now)}
    );
    for (std::size_t i = 0; i < latency_buckets.size(); ++i) {
        statistics.latency.buckets[i] += latency_buckets[i].get();
        statistics.latency.count += latency_buckets[i].get();
    }
    statistics.latency.sum += Duration{static_cast<Duration::rep>(latency_sum_ns.get())};
    const std::lock_guard guard(error_mutex_);
    if (last_error_at_ > statistics.last_error_at) {
        statistics.last_error = last_error_;
        statistics.last_error_at = last_error_at_;
    }
}

void LoopCounters::acknowledged(Epoch epoch, const RegionId& region) {
    const std::lock_guard guard(epochs_mutex_);
    if (!epochs_.empty() && epochs_.back().epoch == epoch && epochs_.back().region == region) {
        ++epochs_.back().acknowledged_writes;
        return;
    }
    if (epochs_.size() == kEpochsKept) {
        epochs_.erase(epochs_.begin());
    }
    epochs_.push_back({.epoch = epoch, .region = region, .acknowledged_writes = 1});
}

void LoopCounters::add_to(std::vector<EpochStatistics>& epochs) const {
    const std::lock_guard guard(epochs_mutex_);
    for (const EpochStatistics& mine : epochs_) {
        const auto same = std::ranges::find_if(epochs, [&mine](const EpochStatistics& other) {
            return other.epoch == mine.epoch && other.region == mine.region;
        });
        if (same == epochs.end()) {
            epochs.push_back(mine);
        } else {
            same->acknowledged_writes += mine.acknowledged_writes;
        }
    }
    std::ranges::sort(epochs, {}, [](const EpochStatistics& entry) {
        return std::pair{entry.epoch, entry.region};
    });
}

}  // namespace farshore::dataplane
