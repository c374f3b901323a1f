#include "core/provision/rights_parts.h"

namespace farshore::core {

namespace {

void add_traffic(std::vector<Right>& out, const RightsScope& scope) {
    if (scope.zone.empty()) {
        return;
    }
    const std::string route53 = "arn:" + scope.partition + ":route53:::";
    const std::string zone = route53 + "hostedzone/" + scope.zone;
    out.push_back(
        {.id = "Record",
         .actions =
             {"route53:GetHostedZone",
              "route53:ListResourceRecordSets",
              "route53:ChangeResourceRecordSets"},
         .resources = {zone},
         .conditions = {}}
    );
    out.push_back(
        {.id = "SeeTheRecordChange",
         .actions = {"route53:GetChange"},
         .resources = {route53 + "change/*"},
         .conditions = {}}
    );
    out.push_back(
        {.id = "HealthChecks",
         .actions =
             {"route53:GetHealthCheck", "route53:GetHealthCheckStatus", "route53:UpdateHealthCheck"
             },
         .resources = {route53 + "healthcheck/*"},
         .conditions = {}}
    );
    // These take no resource.
    out.push_back(
        {.id = "ListAndMakeInRoute53",
         .actions =
             {"route53:ListHostedZones", "route53:ListHealthChecks", "route53:CreateHealthCheck"},
         .resources = {"*"},
         .conditions = {}}
    );
    out.push_back(
        {.id = "ZonesOfLoadBalancers",
         .actions = {"elasticloadbalancing:DescribeLoadBalancers"},
         .resources = {"*"},
         .conditions = {}}
    );
}

}  // namespace

std::vector<Right> rights_of_provisioning(const RightsScope& scope) {
    std::vector<TableName> global = scope.tables;
    global.push_back(scope.heartbeat_table);
    std::vector<Right> out{
        {.id = "EpochTables",
         .actions =
             {"dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive", "dynamodb:CreateTable"},
         .resources = tables_in(scope, with_witness(scope), {scope.epoch_table}),
         .conditions = {}},
        // Those that DynamoDB asks of whoever makes a replica: UpdateTable where the table is, the
        // others where the replica will be ("Using IAM with DynamoDB global tables", DynamoDB
        // Developer Guide).
        {.id = "GlobalTables",
         .actions =
             {"dynamodb:DescribeTable",
              "dynamodb:DescribeTimeToLive",
              "dynamodb:UpdateTable",
              "dynamodb:CreateTable",
              "dynamodb:CreateTableReplica",
              "dynamodb:Scan",
              "dynamodb:Query",
              "dynamodb:UpdateItem",
              "dynamodb:PutItem",
              "dynamodb:GetItem",
              "dynamodb:DeleteItem",
              "dynamodb:BatchWriteItem"},
         .resources = tables_in(scope, scope.regions, global),
         .conditions = {}},
        {.id = "ReplicationsOwnRole",
         .actions = {"iam:CreateServiceLinkedRole"},
         .resources =
             {"arn:" + scope.partition + ":iam::" + scope.account +
              ":role/aws-service-role/replication.dynamodb.amazonaws.com/"
              "AWSServiceRoleForDynamoDBReplication"},
         .conditions =
             {{.comparison = "StringEquals",
               .key = "iam:AWSServiceName",
               .values = {"replication.dynamodb.amazonaws.com"}}}}
    };
    add_traffic(out, scope);
    return out;
}

}  // namespace farshore::core
