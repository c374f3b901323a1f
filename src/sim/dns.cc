#include "sim/dns.h"

#include <algorithm>

#include "sim/chronicle.h"
#include "sim/host.h"
#include "sim/quiet.h"

namespace farshore::sim {

Dns::Dns(Scene& scene) : scene_(scene), dice_(scene.calendar, scene.script.seed, 601) {}

void Dns::changed() {
    if (pending_ || wanted() == answer_) {
        return;
    }
    pending_ = true;
    scene_.quiet->disturb();
    // An interval of ten or thirty seconds and a threshold of one.
    const Duration interval = scene_.script.slow_checks ? 30s : 10s;
    scene_.calendar.in(dice_.between(1s, interval), [this] { look(); });
}

void Dns::look() {
    pending_ = false;
    const Place now = wanted();
    if (now == answer_) {
        return;
    }
    if (scene_.weather.anywhere(FaultKind::dns_stranded)) {
        pending_ = true;
        scene_.calendar.in(1s, [this] { look(); });
        return;
    }
    answer_ = now;
    scene_.quiet->disturb();
    scene_.chronicle->record_answers(answer_);
}

// The checkers stand outside of every Region of ours.
bool Dns::serves(Place region) const {
    if (scene_.weather.is(FaultKind::region_cut, region) ||
        scene_.weather.is(FaultKind::stack_down, region)) {
        return false;
    }
    return scene_.agentless_live(region) ||
           std::ranges::any_of(scene_.hosts, [region](const auto& host) {
               return host->home() == region && host->runs();
           });
}

bool Dns::takes_over(Place region) const {
    if (!serves(region)) {
        return false;
    }
    std::size_t asked = 0;
    std::size_t yes = 0;
    for (const auto& host : scene_.hosts) {
        if (host->home() == region && host->runs()) {
            ++asked;
            const auto& route = host->stored_route();
            yes += route && route->users == region_id(region) ? 1 : 0;
        }
    }
    return yes * 2 > asked;
}

Place Dns::wanted() const {
    constexpr Place kPreferred = 0;
    std::optional<Place> standby;
    bool taken_over = false;
    for (Place region = 1; region < scene_.script.tables; ++region) {
        const bool takes = takes_over(region);
        if (serves(region) && (!standby || (takes && !taken_over))) {
            standby = region;
        }
        taken_over = taken_over || takes;
    }
    const bool preferred_is_well = serves(kPreferred) && !taken_over;
    return preferred_is_well || !standby ? kPreferred : *standby;
}

}  // namespace farshore::sim
