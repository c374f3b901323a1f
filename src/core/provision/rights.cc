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

std::vector<RightCondition> only_in(const std::vector<RegionId>& regions) {
    RightCondition condition{
        .comparison = "StringEquals", .key = "aws:RequestedRegion", .values = {}
    };
    for (const RegionId& region : regions) {
        condition.values.push_back(region.value());
    }
    return {std::move(condition)};
}

std::string route53_arn(const RightsScope& scope, std::string_view resource) {
    return "arn:" + scope.partition + ":route53:::" + std::string{resource};
}

void add_zone(std::vector<Right>& out, const RightsScope& scope) {
    if (scope.zone.empty()) {
        return;
    }
    out.push_back(
        {.id = "SeeTheRecord",
         .actions = {"route53:ListResourceRecordSets"},
         .resources = {route53_arn(scope, "hostedzone/" + scope.zone)},
         .conditions = {}}
    );
    out.push_back(
        {.id = "SeeItsHealthChecks",
         .actions = {"route53:GetHealthCheck", "route53:GetHealthCheckStatus"},
         .resources = {route53_arn(scope, "healthcheck/*")},
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

std::vector<TableName> with_heartbeat(const RightsScope& scope) {
    std::vector<TableName> tables = scope.tables;
    tables.push_back(scope.heartbeat_table);
    return tables;
}

void append(std::vector<std::string>& to, const std::vector<std::string>& from) {
    to.insert(to.end(), from.begin(), from.end());
}

// A table is looked at and made Region by Region; its replicas are asked for in one Region and
// authorized in the other, with the calls that fill them ("Using IAM with global tables", DynamoDB
// developer guide). Which Region holds the table already is not known here.
void add_tables(std::vector<Right>& out, const RightsScope& scope) {
    const std::vector<std::string> replicated =
        tables_in(scope, scope.regions, with_heartbeat(scope));
    const std::vector<std::string> epochs =
        tables_in(scope, with_witness(scope), {scope.epoch_table});
    std::vector<std::string> all = replicated;
    append(all, epochs);
    std::vector<std::string> made = tables_in(scope, scope.regions, {scope.heartbeat_table});
    append(made, epochs);
    std::vector<std::string> old_global;
    for (const TableName& table : with_heartbeat(scope)) {
        old_global.push_back(
            "arn:" + scope.partition + ":dynamodb::" + scope.account + ":global-table/" +
            table.value()
        );
    }
    out.push_back(
        {.id = "SeeTables",
         .actions = {"dynamodb:DescribeTable"},
         .resources = std::move(all),
         .conditions = {}}
    );
    out.push_back(
        {.id = "SeeOldGlobalTables",
         .actions = {"dynamodb:DescribeGlobalTable"},
         .resources = std::move(old_global),
         .conditions = {}}
    );
    out.push_back(
        {.id = "MakeFarshoresTables",
         .actions = {"dynamodb:CreateTable"},
         .resources = std::move(made),
         .conditions = {}}
    );
    out.push_back(
        {.id = "MakeReplicas",
         .actions =
             {"dynamodb:UpdateTable",
              "dynamodb:CreateTable",
              "dynamodb:CreateTableReplica",
              "dynamodb:Scan",
              "dynamodb:Query",
              "dynamodb:UpdateItem",
              "dynamodb:PutItem",
              "dynamodb:GetItem",
              "dynamodb:DeleteItem",
              "dynamodb:BatchWriteItem"},
         .resources = replicated,
         .conditions = {}}
    );
    // The first global table of an account makes the role by which DynamoDB replicates.
    const std::string service = "replication.dynamodb.amazonaws.com";
    out.push_back(
        {.id = "LetDynamoDbReplicate",
         .actions = {"iam:CreateServiceLinkedRole"},
         .resources =
             {"arn:" + scope.partition + ":iam::" + scope.account + ":role/aws-service-role/" +
              service + "/AWSServiceRoleForDynamoDBReplication"},
         .conditions =
             {{.comparison = "StringEquals", .key = "iam:AWSServiceName", .values = {service}}}}
    );
}

// Lists know no resources in IAM, and a check has no name before it is made.
void add_traffic(std::vector<Right>& out, const RightsScope& scope) {
    if (scope.zone.empty()) {
        return;
    }
    const std::string zone = route53_arn(scope, "hostedzone/" + scope.zone);
    out.push_back(
        {.id = "SeeZonesAndHealthChecks",
         .actions = {"route53:ListHostedZones", "route53:ListHealthChecks"},
         .resources = {"*"},
         .conditions = {}}
    );
    out.push_back(
        {.id = "SeeTheZone",
         .actions = {"route53:GetHostedZone", "route53:ListResourceRecordSets"},
         .resources = {zone},
         .conditions = {}}
    );
    out.push_back(
        {.id = "MakeHealthChecks",
         .actions = {"route53:CreateHealthCheck"},
         .resources = {"*"},
         .conditions = {}}
    );
    out.push_back(
        {.id = "SeeAndMendHealthChecks",
         .actions =
             {"route53:GetHealthCheck", "route53:GetHealthCheckStatus", "route53:UpdateHealthCheck"
             },
         .resources = {route53_arn(scope, "healthcheck/*")},
         .conditions = {}}
    );
    const auto each_is = [](std::string key, std::vector<std::string> values) {
        return RightCondition{
            .comparison = "ForAllValues:StringEquals",
            .key = std::move(key),
            .values = std::move(values)
        };
    };
    out.push_back(
        {.id = "SetTheRecord",
         .actions = {"route53:ChangeResourceRecordSets"},
         .resources = {zone},
         .conditions =
             {each_is("route53:ChangeResourceRecordSetsNormalizedRecordNames", {scope.record}),
              each_is("route53:ChangeResourceRecordSetsRecordTypes", {"A", "CNAME"}),
              each_is("route53:ChangeResourceRecordSetsActions", {"UPSERT"})}}
    );
    out.push_back(
        {.id = "WaitForTheRecord",
         .actions = {"route53:GetChange"},
         .resources = {route53_arn(scope, "change/*")},
         .conditions = {}}
    );
    out.push_back(
        {.id = "SeeLoadBalancers",
         .actions = {"elasticloadbalancing:DescribeLoadBalancers"},
         .resources = {"*"},
         .conditions = only_in(scope.regions)}
    );
}

std::vector<Right> of_provisioning(const RightsScope& scope) {
    std::vector<Right> out;
    add_tables(out, scope);
    add_traffic(out, scope);
    add_alarms(out, scope);
    out.push_back(
        {.id = "Discover",
         .actions =
             {"autoscaling:DescribeAutoScalingGroups",
              "eks:ListClusters",
              "cloudwatch:DescribeAlarms",
              "ecs:ListClusters",
              "ecs:ListServices"},
         .resources = {"*"},
         .conditions = only_in(scope.regions)}
    );
    return out;
}

std::vector<Right> of_doctor(const RightsScope& scope) {
    std::vector<Right> out{
        {.id = "SeeEpochTables",
         .actions = {"dynamodb:DescribeTable"},
         .resources = tables_in(scope, with_witness(scope), {scope.epoch_table}),
         .conditions = {}},
        {.id = "SeeReplicatedTables",
         .actions = {"dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive"},
         .resources = tables_in(scope, scope.regions, with_heartbeat(scope)),
         .conditions = {}},
        {.id = "TryReading",
         .actions = {"dynamodb:BatchGetItem"},
         .resources = tables_in(scope, scope.regions, scope.tables),
         .conditions = {}},
        {.id = "SeeQuotas",
         .actions = {"servicequotas:ListServiceQuotas"},
         .resources = {"*"},
         .conditions = only_in(scope.regions)}
    };
    if (!scope.zone.empty()) {
        out.push_back(
            {.id = "SeeTheZone",
             .actions = {"route53:GetHostedZone", "route53:ListResourceRecordSets"},
             .resources = {route53_arn(scope, "hostedzone/" + scope.zone)},
             .conditions = {}}
        );
        out.push_back(
            {.id = "SeeHealthChecks",
             .actions = {"route53:GetHealthCheck"},
             .resources = {route53_arn(scope, "healthcheck/*")},
             .conditions = {}}
        );
    }
    return out;
}

}  // namespace

std::vector<Right> rights_of(Principal principal, const RightsScope& scope) {
    switch (principal) {
        case Principal::controller: return of_controller(scope);
        case Principal::agent: return of_agent(scope);
        case Principal::provisioning: return of_provisioning(scope);
        case Principal::doctor: return of_doctor(scope);
    }
    std::unreachable();
}

}  // namespace farshore::core
