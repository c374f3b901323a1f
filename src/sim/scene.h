#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/calendar.h"
#include "sim/network.h"
#include "sim/tables.h"
#include "sim/weather.h"

namespace farshore::sim {

class Chronicle;
class ControllerSite;
class Director;
class Dns;
class Host;
class Intruder;
class Quiet;
class Shoppers;
class Store;

inline const AppId kApp{"shop"};

// Everything of one run. The parts find each other here; none of them is a part of Farshore but
// what the hosts' machines and the controller's core and runtime are.
struct Scene {
    explicit Scene(const Script& script);
    ~Scene();
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;

    // Wall time of a machine whose clock is right.
    [[nodiscard]] UtcTime wall() const;

    // Does the stack of the Region `way.to` answer a request from `way.from`?
    [[nodiscard]] bool stack_answers(Way way);

    // Hosts without an agent stand there, and live.
    [[nodiscard]] bool agentless_live(Place region) const;

    // Hosts by index; beyond those that there are, the ones that an intruder has invented.
    [[nodiscard]] HostId id_of(std::size_t host) const;
    [[nodiscard]] Place home_of(std::size_t host) const;
    // Null: there is none of that name.
    [[nodiscard]] Host* find_host(const HostId& id) const;

    [[nodiscard]] bool is_real(std::size_t host) const { return host < hosts.size(); }

    // One of the Region's hosts that live; null: there is none.
    [[nodiscard]] Host* host_behind(Place region, Dice& dice) const;

    const Script script;
    const std::vector<RegionId> table_regions;
    const std::vector<Place> record_places;  // where a copy of the epoch record lies
    Calendar calendar;
    Weather weather;
    Network network;
    Tables tables;
    SmallTables small;
    std::unique_ptr<Quiet> quiet;
    std::unique_ptr<Chronicle> chronicle;
    std::unique_ptr<Store> store;
    std::unique_ptr<Store> rival_store;
    std::unique_ptr<Dns> dns;
    std::vector<std::unique_ptr<Host>> hosts;
    std::vector<Place> ghosts;  // where each invented host says that it stands
    std::unique_ptr<ControllerSite> controllers;
    std::unique_ptr<ControllerSite> rival;  // a second controller of the app
    std::unique_ptr<Shoppers> shoppers;
    std::unique_ptr<Intruder> intruder;
    std::unique_ptr<Director> director;
};

}  // namespace farshore::sim
