#include "core/failover/loss_window.h"

#include <algorithm>

namespace farshore::core {

void LossWindow::arrived(
    Instant now, const RegionId& from, const RegionId& to, Instant written, Duration lag
) {
    Link& link = links_.try_emplace({from, to}, Link{.written = written}).first->second;
    link.written = std::max(link.written, written);
    link.lag = lag;
    link.measured_at = now;
}

void LossWindow::found(const RegionId& from, const RegionId& to, Instant written) {
    Link& link = links_.try_emplace({from, to}, Link{.written = written}).first->second;
    link.written = std::max(link.written, written);
}

void LossWindow::acknowledged(const RegionId& region, Instant at) {
    Instant& last = acknowledged_.try_emplace(region, at).first->second;
    last = std::max(last, at);
}

std::optional<Duration> LossWindow::forecast(
    const RegionId& from, const RegionId& to, bool everybody_reported
) const {
    const auto link = links_.find({from, to});
    if (link == links_.end()) {
        return std::nullopt;
    }
    const auto told = acknowledged_.find(from);
    Instant last = told == acknowledged_.end() ? link->second.written : told->second;
    if (!everybody_reported) {
        // What the silent ones may write later is as unknown as to a controller that never died.
        last = std::max(last, started_at_);
    }
    return std::max(Duration::zero(), last - link->second.written);
}

std::optional<Duration> LossWindow::lag(
    Instant now, const RegionId& from, const RegionId& to, Duration fresh_for
) const {
    const auto link = links_.find({from, to});
    if (link == links_.end() || !link->second.measured_at ||
        now - *link->second.measured_at > fresh_for) {
        return std::nullopt;
    }
    return link->second.lag;
}

std::vector<LossWindow::Measured> LossWindow::measured() const {
    std::vector<Measured> all;
    for (const auto& [way, link] : links_) {
        if (link.measured_at) {
            all.push_back(
                {.from = way.first, .to = way.second, .lag = link.lag, .at = *link.measured_at}
            );
        }
    }
    return all;
}

std::optional<Duration> LossWindow::silent_for(
    Instant now, const RegionId& from, const RegionId& to
) const {
    const auto link = links_.find({from, to});
    if (link == links_.end() || !link->second.measured_at) {
        return std::nullopt;
    }
    return now - *link->second.measured_at;
}

}  // namespace farshore::core
