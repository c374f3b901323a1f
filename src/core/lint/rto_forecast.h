#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

// How long a failover would take, from intervals, thresholds, leases and TTLs. Pure.
namespace farshore::core {

// What an answer of DNS may live in a client beside its TTL: libcurl, and so PHP, keeps addresses
// for 60 s (CURLOPT_DNS_CACHE_TIMEOUT's default).
inline constexpr Duration kClientsKeep = std::chrono::seconds{60};
// The fastest check that Route 53 sells: each 10 s, one failure ("Values that you specify when you
// create or update health checks").
inline constexpr Duration kFastestCheck = std::chrono::seconds{10};

struct RtoInput {
    Duration probe_every{};
    Duration probe_timeout{};
    Duration unhealthy_for{};
    Duration lease{};
    Duration clock_error{};
    Duration steps_before{};  // of the operator's own, in front of the raise
    // Until the takeover's check has flipped: its interval times its threshold; nullopt: users are
    // not moved by DNS.
    std::optional<Duration> check;
    Duration ttl{};
};

struct RtoPart {
    std::string_view what;
    Duration takes{};
};

struct RtoForecast {
    std::vector<RtoPart> repoint;  // until hosts in place use the other Region's tables
    std::vector<RtoPart> shift;    // what moving users takes beside; empty: they are not moved

    [[nodiscard]] Duration repointed() const;
    [[nodiscard]] Duration shifted() const;  // without what clients keep of their own accord
};

// Each part at its longest, when nothing has to be tried twice and no agent acknowledges its fence.
[[nodiscard]] RtoForecast forecast_rto(const RtoInput& input);

// "3s detection + 3.5s fence = 6.5s".
[[nodiscard]] std::string in_words(const std::vector<RtoPart>& parts);

}  // namespace farshore::core
