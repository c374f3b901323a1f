#include "sim/check/replay.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace farshore::sim {

namespace {

constexpr std::size_t kKeptMax = 40'000;
constexpr std::size_t kLookAtEvery = 50;

ObserverId agents_of(const RegionId& region) {
    return ObserverId{"agents:" + region.value()};
}

bool is_evidence(const core::Event& event) {
    return std::holds_alternative<core::Observation>(event) ||
           std::holds_alternative<core::AgentConnected>(event) ||
           std::holds_alternative<core::AgentForgotten>(event);
}

}  // namespace

void EvidenceReplay::core_started(
    const core::AppCore&, std::vector<core::Observer> observers, core::Hysteresis hysteresis
) {
    observers_ = std::move(observers);
    hysteresis_ = hysteresis;
    told_.clear();
}

std::uint64_t EvidenceReplay::verdicts(Instant at, const core::Evidence& evidence) const {
    std::uint64_t sum = 1;
    for (Place region = 0; region < scene_.script.tables; ++region) {
        for (const core::Component component :
             {core::Component::dynamodb, core::Component::stack}) {
            sum = sum * 3 +
                  static_cast<std::uint64_t>(evidence.verdict(at, region_id(region), component));
        }
        sum = sum * 2 + (evidence.hosts_see_errors(at, region_id(region)) ? 1U : 0U);
        sum = sum * 2 + (evidence.hosts_are_heard(at, region_id(region)) ? 1U : 0U);
    }
    return sum;
}

void EvidenceReplay::told(Instant at, const core::AppCore& core, const core::Event& event) {
    if (!on_ || !is_evidence(event) || told_.size() >= kKeptMax) {
        return;
    }
    const bool looked_at = told_.size() % kLookAtEvery == 0;
    told_.push_back(
        {.at = at, .event = event, .verdicts = looked_at ? verdicts(at, core.evidence()) : 0}
    );
}

void EvidenceReplay::replay() {
    if (told_.empty()) {
        return;
    }
    core::Evidence fresh(observers_, static_cast<int>(observers_.size() / 2 + 1), hysteresis_);
    std::map<HostId, RegionId> homes;
    for (const core::Observer& observer : observers_) {
        for (const HostId& host : observer.hosts) {
            homes.emplace(host, observer.stands_in);
        }
    }
    for (const Told& told : std::exchange(told_, {})) {
        if (told.verdicts != 0 && verdicts(told.at, fresh) != told.verdicts) {
            violations_.add("INV-S14", "the recorded evidence gives another verdict");
            return;
        }
        if (const auto* seen = std::get_if<core::Observation>(&told.event)) {
            fresh.observe(told.at, *seen);
        } else if (const auto* connected = std::get_if<core::AgentConnected>(&told.event)) {
            const auto known = homes.find(connected->host);
            if (known != homes.end() && known->second != connected->region) {
                fresh.remove_host(agents_of(known->second), connected->host);
            }
            homes[connected->host] = connected->region;
            fresh.add_host(agents_of(connected->region), connected->host);
        } else if (const auto* forgotten = std::get_if<core::AgentForgotten>(&told.event)) {
            const auto known = homes.find(forgotten->host);
            if (known != homes.end()) {
                fresh.remove_host(agents_of(known->second), forgotten->host);
                homes.erase(known);
            }
        }
    }
}

}  // namespace farshore::sim
