#include "cli/rights_scope.h"

#include "aws_model/endpoint.h"

namespace farshore::cli {

core::RightsScope rights_scope(const config::Config& config, const std::string& account) {
    core::RightsScope scope{
        .partition =
            std::string{aws_model::partition_of(aws_model::model(), config.preferred().value())},
        .account = account,
        .app = config.app,
        .regions = {},
        .witness = config.witness,
        .tables = {},
        .epoch_table = config.fence.epoch_table,
        .heartbeat_table = config.detect.heartbeat_table,
        .zone = config.traffic ? config.traffic->zone : "",
        .application_actions = {}
    };
    for (const config::Region& region : config.regions) {
        scope.regions.push_back(region.id);
    }
    for (const config::Table& table : config.tables) {
        scope.tables.push_back(table.name);
    }
    return scope;
}

}  // namespace farshore::cli
