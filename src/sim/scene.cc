#include "sim/scene.h"

#include <algorithm>

#include "sim/chronicle.h"
#include "sim/controller_site.h"
#include "sim/director.h"
#include "sim/dns.h"
#include "sim/host.h"
#include "sim/intruder.h"
#include "sim/quiet.h"
#include "sim/shoppers.h"
#include "sim/store.h"

namespace farshore::sim {

namespace {

std::vector<Place> table_places_of(const Script& script) {
    std::vector<Place> places;
    for (Place place = 0; place < script.tables; ++place) {
        places.push_back(place);
    }
    return places;
}

std::vector<Place> record_places_of(const Script& script) {
    std::vector<Place> places = table_places_of(script);
    places.push_back(kWitness);
    return places;
}

}  // namespace

Scene::Scene(const Script& of)
    : script(of),
      table_regions(regions_at(table_places_of(of))),
      record_places(record_places_of(of)),
      network(calendar, weather, of.seed),
      tables(calendar, weather, of) {
    quiet = std::make_unique<Quiet>(*this);
    chronicle = std::make_unique<Chronicle>(*this);
    store = std::make_unique<Store>(*this, 0);
    rival_store = std::make_unique<Store>(*this, 1);
    dns = std::make_unique<Dns>(*this);
    std::size_t index = 0;
    for (Place home = 0; home < script.tables; ++home) {
        for (std::size_t number = 0; number < script.hosts[home]; ++number) {
            hosts.push_back(std::make_unique<Host>(
                *this, Host::Name{.index = index++, .number = number, .home = home}
            ));
        }
    }
    for (const Place place : record_places) {
        small.records[place] = core::EpochItem{
            .epoch = Epoch{1},
            .active = region_id(0),
            .terms = {.lease = script.configuration.lease},
            .register_id = store->register_id()
        };
    }
    controllers = std::make_unique<ControllerSite>(*this, 0);
    rival = std::make_unique<ControllerSite>(*this, 1);
    shoppers = std::make_unique<Shoppers>(*this);
    intruder = std::make_unique<Intruder>(*this);
    director = std::make_unique<Director>(*this);
}

Scene::~Scene() = default;

UtcTime Scene::wall() const {
    constexpr std::int64_t kDayOne = 1'700'000'000'000;
    return utc_from_ms(kDayOne + to_ms(calendar.story()));
}

// The index behind the last host is the controller's, as a source of evidence.
HostId Scene::id_of(std::size_t host) const {
    return is_real(host) ? hosts[host]->id() : HostId{"ghost-" + std::to_string(host)};
}

Place Scene::home_of(std::size_t host) const {
    return is_real(host) ? hosts[host]->home() : ghosts.at(host - hosts.size() - 1);
}

Host* Scene::find_host(const HostId& id) const {
    const auto found = std::ranges::find(hosts, id, [](const auto& host) { return host->id(); });
    return found == hosts.end() ? nullptr : found->get();
}

Host* Scene::host_behind(Place region, Dice& dice) const {
    const auto lives = [region](const auto& host) {
        return host->home() == region && host->runs();
    };
    auto left = static_cast<std::uint64_t>(std::ranges::count_if(hosts, lives));
    if (left == 0) {
        return nullptr;
    }
    left = dice.below(left);
    return std::ranges::find_if(
               hosts, [&](const auto& host) { return lives(host) && left-- == 0; }
    )->get();
}

// The load balancer answers while one host behind it can read through the active Region. Hosts
// without an agent read in their own.
bool Scene::stack_answers(Way way) {
    return network.stack_reachable(way) &&
           (agentless_live(way.to) || std::ranges::any_of(hosts, [&](const auto& host) {
                return host->home() == way.to && host->serves();
            }));
}

bool Scene::agentless_live(Place region) const {
    return script.agentless[region] && !weather.is(FaultKind::hosts_dead, region);
}

}  // namespace farshore::sim
