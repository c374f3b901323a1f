#include "core/provision/rights.h"

#include <algorithm>
#include <utility>

#include "core/provision/rights_parts.h"

namespace farshore::core {

std::vector<std::string> tables_in(
    const RightsScope& scope,
    const std::vector<RegionId>& regions,
    const std::vector<TableName>& tables
) {
    std::vector<std::string> arns;
    for (const RegionId& region : regions) {
        for (const TableName& table : tables) {
            arns.push_back(
                "arn:" + scope.partition + ":dynamodb:" + region.value() + ":" + scope.account +
                ":table/" + table.value()
            );
        }
    }
    return arns;
}

std::vector<RegionId> with_witness(const RightsScope& scope) {
    std::vector<RegionId> regions = scope.regions;
    if (!scope.witness.value().empty() &&
        std::ranges::find(regions, scope.witness) == regions.end()) {
        regions.push_back(scope.witness);
    }
    return regions;
}

namespace {

// Only items with this key. A call that names no key would pass ForAllValues, so it is refused.
std::vector<RightCondition> only_key(std::string key) {
    return {
        {.comparison = "ForAllValues:StringEquals",
         .key = "dynamodb:LeadingKeys",
         .values = {std::move(key)}},
        {.comparison = "Null", .key = "dynamodb:LeadingKeys", .values = {"false"}}
    };
}

void add_zone(std::vector<Right>& out, const RightsScope& scope) {
    if (scope.zone.empty()) {
        return;
    }
    const std::string route53 = "arn:" + scope.partition + ":route53:::";
    out.push_back(
        {.id = "SeeTheRecord",
         .actions = {"route53:ListResourceRecordSets"},
         .resources = {route53 + "hostedzone/" + scope.zone},
         .conditions = {}}
    );
    out.push_back(
        {.id = "SeeItsHealthChecks",
         .actions = {"route53:GetHealthCheck", "route53:GetHealthCheckStatus"},
         .resources = {route53 + "healthcheck/*"},
         .conditions = {}}
    );
}

std::vector<Right> of_controller(const RightsScope& scope) {
    std::vector<Right> out{
        {.id = "EpochItemsAndRegister",
         .actions =
             {"dynamodb:DescribeTable",
              "dynamodb:GetItem",
              "dynamodb:UpdateItem",
              "dynamodb:Scan",
              "dynamodb:DeleteItem"},
         .resources = tables_in(scope, with_witness(scope), {scope.epoch_table}),
         .conditions = {}},
        {.id = "Heartbeats",
         .actions = {"dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem"},
         .resources = tables_in(scope, scope.regions, {scope.heartbeat_table}),
         .conditions = {}},
        {.id = "ReadBackWhatMayBeLost",
         .actions = {"dynamodb:DescribeTable", "dynamodb:BatchGetItem"},
         .resources = tables_in(scope, scope.regions, scope.tables),
         .conditions = {}}
    };
    add_zone(out, scope);
    add_fleets(out, scope);
    return out;
}

std::vector<Right> of_agent(const RightsScope& scope) {
    const std::vector<std::string> epoch_tables =
        tables_in(scope, with_witness(scope), {scope.epoch_table});
    std::vector<std::string> actions{"dynamodb:DescribeTable", "dynamodb:BatchGetItem"};
    for (const std::string& action : scope.application_actions) {
        if (std::ranges::find(actions, action) == actions.end()) {
            actions.push_back(action);
        }
    }
    return {
        {.id = "ReadTheEpochItem",
         .actions = {"dynamodb:GetItem"},
         .resources = epoch_tables,
         .conditions = only_key(scope.app.value())},
        {.id = "RegisterThisHostOnly",
         .actions = {"dynamodb:PutItem", "dynamodb:DeleteItem"},
         .resources = epoch_tables,
         .conditions = only_key(scope.app.value() + "#host#" + scope.host)},
        {.id = "Heartbeats",
         .actions = {"dynamodb:GetItem", "dynamodb:PutItem"},
         .resources = tables_in(scope, scope.regions, {scope.heartbeat_table}),
         .conditions = {}},
        {.id = "TheApplicationAndItsProofs",
         .actions = std::move(actions),
         .resources = tables_in(scope, scope.regions, scope.tables),
         .conditions = {}}
    };
}

}  // namespace

std::vector<Right> rights_of(Principal principal, const RightsScope& scope) {
    switch (principal) {
        case Principal::controller: return of_controller(scope);
        case Principal::agent: return of_agent(scope);
        case Principal::provisioning: return rights_of_provisioning(scope);
    }
    std::unreachable();
}

}  // namespace farshore::core
