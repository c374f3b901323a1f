#include "cli/rights_scope.h"

#include "base/text.h"

#include "aws_model/endpoint.h"

namespace farshore::cli {

namespace {

void add_fleets_of(const core::DeclaredStep& step, core::RightsScope& scope) {
    if (core::is_fleet(step.kind)) {
        scope.fleets.push_back({.kind = step.kind, .change = step.fleet});
    }
    for (const core::DeclaredStep& inner : step.steps) {
        add_fleets_of(inner, scope);
    }
}

}  // namespace

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
        .record = config.traffic ? to_lower(config.traffic->record) : "",
        .fleets = {},
        .alarms = config.detect.alarms.provision,
        .queues = config.detect.alarms.queues,
        .application_actions = {}
    };
    scope.regions = {config.preferred()};
    for (const config::Region& region : config.regions) {
        if (!region.preferred) {
            scope.regions.push_back(region.id);
        }
    }
    for (const config::Table& table : config.tables) {
        scope.tables.push_back(table.name);
    }
    for (const core::DeclaredStep& step : config.steps) {
        add_fleets_of(step, scope);
    }
    return scope;
}

}  // namespace farshore::cli
