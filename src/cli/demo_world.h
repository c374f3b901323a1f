#pragma once

#include <cstdint>
#include <string>

#include <boost/json/value.hpp>

#include "base/result.h"
#include "cli/demo_books.h"
#include "cli/demo_watcher.h"
#include "cli/lab_children.h"

// A world as a demo sees it, read from what the lab says about itself.
namespace farshore::cli {

// What the world's configuration says.
struct DemoRegions {
    std::string preferred;
    std::string standby;
    std::string configuration_hash;
    Duration rto{};
    Duration rpo{};
};

// From the controller's own configuration file. Errors: load_config's.
[[nodiscard]] Result<DemoRegions> demo_regions(const boost::json::value& lab_status);

// What the controller's status says.
[[nodiscard]] bool demo_regions_healthy(
    const wire::StatusDocument& status, const DemoRegions& regions
);
[[nodiscard]] bool all_agents_open(const wire::StatusDocument& status);

[[nodiscard]] Result<Watcher::Options> watcher_options(
    const boost::json::value& lab_status, const std::string& client_log
);

[[nodiscard]] TableAccess table_access(
    const boost::json::value& lab_status, const DemoRegions& regions
);

struct ShoppersOptions {
    std::string client_log;
    std::string output;
    int rate = 0;
    std::string dns_habit;
    std::uint64_t seed = 0;
};

// The process that goes shopping.
[[nodiscard]] ChildSpec shoppers_process(
    const boost::json::value& lab_status, const ShoppersOptions& options
);

}  // namespace farshore::cli
