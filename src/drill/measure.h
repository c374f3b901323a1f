#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "wire/client_log.h"

// What users saw, computed from the client log alone: pure, and the same for a drill, a demo and a
// log from elsewhere.
namespace farshore::drill {

using Log = std::vector<wire::ClientRequest>;

struct Span {
    UtcTime from{};
    UtcTime until{};  // exclusive

    [[nodiscard]] bool holds(UtcTime time) const { return time >= from && time < until; }
};

// From the intended start of the first failed request to the intended start of the first request
// after which `stable_for` passes without a failure.
struct Outage {
    UtcTime first_failed{};
    std::optional<UtcTime> stable_from;  // nullopt: it did not become stable within the span
    std::uint64_t failed = 0;            // all failed requests of the span
    std::uint64_t failed_after_stable = 0;

    [[nodiscard]] std::optional<Duration> rto() const;
};

// nullopt: no request intended in the span failed.
[[nodiscard]] std::optional<Outage> measure_outage(
    const Log& log, Span span, Duration stable_for = std::chrono::seconds{3}
);

struct Traffic {
    std::uint64_t requests = 0;
    std::uint64_t failed = 0;
    std::uint64_t writes_acknowledged = 0;
    Duration median{};
    Duration p99{};
    Duration longest{};
    std::map<std::string, std::uint64_t> by_region;  // served by
};

[[nodiscard]] Traffic measure_traffic(const Log& log, Span span);

// From `switched` (the moment the record began to answer with the new Region) to the last request
// that a host of the old Region still served or failed: clients overstay the TTL.
[[nodiscard]] std::optional<Duration> measure_dns_tail(
    const Log& log, UtcTime switched, UtcTime until, const std::string& old_region
);

// An open-loop load starts its requests by the clock, numbered without gaps from 0: what is not in
// its log was not written down, or never started.
[[nodiscard]] std::uint64_t missing_numbers(const Log& log);

// Far fewer requests than the rate promises: the load, or its log, was not there. A machine that
// stood still for a moment, or a span cut in the middle of a step, is no such thing.
[[nodiscard]] bool falls_short(std::uint64_t requests, Span span, int rate);

// Requests per slice of time, for the chart.
struct Slice {
    UtcTime from{};
    std::uint64_t ok = 0;
    std::uint64_t failed = 0;
};

[[nodiscard]] std::vector<Slice> slices(const Log& log, Duration width);

}  // namespace farshore::drill
