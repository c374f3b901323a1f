#include "core/lint/rto_forecast.h"

#include <numeric>

#include "base/text.h"
#include "core/failover/timing.h"

namespace farshore::core {

namespace {

Duration sum_of(const std::vector<RtoPart>& parts) {
    return std::accumulate(
        parts.begin(),
        parts.end(),
        Duration{},
        [](Duration sum, const RtoPart& part) { return sum + part.takes; }
    );
}

void add(std::vector<RtoPart>& parts, std::string_view what, Duration takes) {
    if (takes > Duration{}) {
        parts.push_back({.what = what, .takes = takes});
    }
}

}  // namespace

Duration RtoForecast::repointed() const {
    return sum_of(repoint);
}

Duration RtoForecast::shifted() const {
    return sum_of(repoint) + sum_of(shift);
}

RtoForecast forecast_rto(const RtoInput& input) {
    constexpr Timing kTiming;
    RtoForecast out;
    // The outage may begin right behind a probe, and the first one that meets it may hang.
    add(out.repoint, "detection", input.probe_every + input.probe_timeout + input.unhealthy_for);
    add(out.repoint, "declared steps", input.steps_before);
    add(out.repoint, "fence", input.lease + input.clock_error);
    add(out.repoint, "look at keys at risk", kTiming.examine_budget);
    add(out.repoint, "repoint", kTiming.order_timeout);
    if (input.check) {
        add(out.shift, "health check", *input.check);
        add(out.shift, "TTL", input.ttl);
    }
    return out;
}

std::string in_words(const std::vector<RtoPart>& parts) {
    std::string text;
    for (const RtoPart& part : parts) {
        text += (text.empty() ? "" : " + ") + to_text(part.takes) + " " + std::string{part.what};
    }
    return text;
}

}  // namespace farshore::core
