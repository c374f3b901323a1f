#include "drill/measure.h"

#include <algorithm>
#include <set>

namespace farshore::drill {

namespace {

std::vector<const wire::ClientRequest*> in_order(const Log& log, Span span) {
    std::vector<const wire::ClientRequest*> requests;
    for (const wire::ClientRequest& request : log) {
        if (span.holds(request.intended)) {
            requests.push_back(&request);
        }
    }
    std::ranges::sort(requests, {}, [](const auto* request) {
        return std::pair{request->intended, request->number};
    });
    return requests;
}

Duration percentile(const std::vector<Duration>& sorted, std::size_t percent) {
    return sorted.empty() ? Duration::zero() : sorted[(sorted.size() - 1) * percent / 100];
}

}  // namespace

std::optional<Duration> Outage::rto() const {
    if (!stable_from) {
        return std::nullopt;
    }
    return *stable_from - first_failed;
}

std::optional<Outage> measure_outage(const Log& log, Span span, Duration stable_for) {
    const auto requests = in_order(log, span);
    std::optional<Outage> outage;
    UtcTime last_failed{};
    for (const auto* request : requests) {
        if (request->ok) {
            continue;
        }
        if (!outage) {
            outage = Outage{
                .first_failed = request->intended,
                .stable_from = {},
                .failed = 0,
                .failed_after_stable = 0
            };
        }
        ++outage->failed;
    }
    if (!outage) {
        return std::nullopt;
    }
    // Walk on from failure to failure: the first gap of at least `stable_for` ends the outage.
    last_failed = outage->first_failed;
    for (const auto* request : requests) {
        if (request->intended <= last_failed) {
            continue;
        }
        if (!request->ok) {
            if (outage->stable_from && request->intended - *outage->stable_from >= stable_for) {
                break;
            }
            outage->stable_from.reset();
            last_failed = request->intended;
        } else if (!outage->stable_from) {
            outage->stable_from = request->intended;
        }
    }
    // The span must show the whole quiet time, or nothing is known yet.
    if (outage->stable_from && span.until - *outage->stable_from < stable_for) {
        outage->stable_from.reset();
    }
    if (outage->stable_from) {
        outage->failed_after_stable =
            static_cast<std::uint64_t>(std::ranges::count_if(requests, [&](const auto* request) {
                return !request->ok && request->intended > *outage->stable_from;
            }));
    }
    return outage;
}

Traffic measure_traffic(const Log& log, Span span) {
    Traffic traffic;
    std::vector<Duration> latencies;
    for (const auto* request : in_order(log, span)) {
        ++traffic.requests;
        latencies.emplace_back(request->ended - request->intended);
        if (!request->ok) {
            ++traffic.failed;
            continue;
        }
        traffic.writes_acknowledged += request->kind == "add" ? 1U : 0U;
        if (!request->region.empty()) {
            ++traffic.by_region[request->region];
        }
    }
    std::ranges::sort(latencies);
    traffic.median = percentile(latencies, 50);
    traffic.p99 = percentile(latencies, 99);
    traffic.longest = percentile(latencies, 100);
    return traffic;
}

std::optional<Duration> measure_dns_tail(
    const Log& log, UtcTime switched, UtcTime until, const std::string& old_region
) {
    std::optional<UtcTime> last;
    for (const wire::ClientRequest& request : log) {
        const bool old = request.region == old_region || (!request.ok && request.region.empty());
        if (old && request.intended >= switched && request.intended < until) {
            last = last ? std::max(*last, request.intended) : request.intended;
        }
    }
    if (!last) {
        return std::nullopt;
    }
    return *last - switched;
}

std::uint64_t missing_numbers(const Log& log) {
    std::set<std::int64_t> numbers;
    for (const wire::ClientRequest& request : log) {
        numbers.insert(request.number);
    }
    const std::uint64_t wanted =
        numbers.empty() ? 0 : static_cast<std::uint64_t>(*numbers.rbegin()) + 1;
    return wanted - numbers.size();
}

bool falls_short(std::uint64_t requests, Span span, int rate) {
    constexpr std::int64_t kStandstill = 2;  // seconds
    const std::int64_t expected = to_ms(Duration{span.until - span.from}) * rate / 1000;
    return static_cast<std::int64_t>(requests) < expected * 9 / 10 - kStandstill * rate;
}

std::vector<Slice> slices(const Log& log, Duration width) {
    std::map<std::int64_t, Slice> by_start;
    const std::int64_t width_ms = std::max<std::int64_t>(1, to_ms(width));
    for (const wire::ClientRequest& request : log) {
        const std::int64_t start = to_ms(request.intended) / width_ms * width_ms;
        Slice& slice = by_start[start];
        slice.from = utc_from_ms(start);
        ++(request.ok ? slice.ok : slice.failed);
    }
    std::vector<Slice> out;
    for (const auto& [start, slice] : by_start) {
        out.push_back(slice);
    }
    return out;
}

}  // namespace farshore::drill
