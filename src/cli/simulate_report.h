#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "cli/simulate_worlds.h"

// What simulated worlds came to, for people and for programs (docs/simulate.md). Pure.
namespace farshore::cli {

struct SimulateReport {
    Simulated wanted;
    std::vector<std::string> files;  // of the configurations, in their order: one or two
    std::vector<config::Config> configs;
    Played played;
    bool interrupted = false;
};

[[nodiscard]] std::string simulate_text(const SimulateReport& report);
[[nodiscard]] boost::json::object simulate_document(const SimulateReport& report);

// The assumed kinds of weather, with how often a year, how long and what.
[[nodiscard]] std::string weather_text();

}  // namespace farshore::cli
