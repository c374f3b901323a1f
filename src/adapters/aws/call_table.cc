#include "adapters/aws/call_table.h"

#include "base/assert.h"

namespace farshore::aws {
namespace {

using namespace std::chrono_literals;
using enum Plane;
using enum Idempotency;
using enum RetryClass;

constexpr Service kDdb = Service::dynamodb;
constexpr Service kR53 = Service::route53;

// Deadlines: 5 s for the data plane, so that a caller that must decide within the outage budget
// gets an answer; 10 s for control planes, which are slower on ordinary days. Route 53's API
// throttles at five requests a second, so its retries need the longer one.
// clang-format off
constexpr CallRow kRows[] = {
    // service name             target                            plane    idempotency   permission                                   deadline retry
    {kDdb, "GetItem",           "DynamoDB_20120810.GetItem",           data,    natural,      "dynamodb:GetItem",                          5s,  standard},
    {kDdb, "BatchGetItem",      "DynamoDB_20120810.BatchGetItem",      data,    natural,      "dynamodb:BatchGetItem",                     5s,  standard},
    {kDdb, "Query",             "DynamoDB_20120810.Query",             data,    natural,      "dynamodb:Query",                            5s,  standard},
    {kDdb, "Scan",              "DynamoDB_20120810.Scan",              data,    natural,      "dynamodb:Scan",                             10s, standard},
    {kDdb, "PutItem",           "DynamoDB_20120810.PutItem",           data,    by_read_back, "dynamodb:PutItem",                          5s,  standard},
    {kDdb, "UpdateItem",        "DynamoDB_20120810.UpdateItem",        data,    by_read_back, "dynamodb:UpdateItem",                       5s,  standard},
    {kDdb, "DeleteItem",        "DynamoDB_20120810.DeleteItem",        data,    by_read_back, "dynamodb:DeleteItem",                       5s,  standard},
    {kDdb, "BatchWriteItem",    "DynamoDB_20120810.BatchWriteItem",    data,    by_read_back, "dynamodb:BatchWriteItem",                   5s,  standard},
    {kDdb, "CreateTable",       "DynamoDB_20120810.CreateTable",       control, by_read_back, "dynamodb:CreateTable",                      10s, standard},
    {kDdb, "DescribeTable",     "DynamoDB_20120810.DescribeTable",     control, natural,      "dynamodb:DescribeTable",                    10s, standard},
    {kDdb, "UpdateTable",       "DynamoDB_20120810.UpdateTable",       control, by_read_back, "dynamodb:UpdateTable,dynamodb:CreateTableReplica,dynamodb:DeleteTableReplica", 10s, standard},
    {kDdb, "DeleteTable",       "DynamoDB_20120810.DeleteTable",       control, by_read_back, "dynamodb:DeleteTable",                      10s, standard},
    {kDdb, "ListTables",        "DynamoDB_20120810.ListTables",        control, natural,      "dynamodb:ListTables",                       10s, standard},
    {kR53, "CreateHostedZone",         "", control, by_read_back, "route53:CreateHostedZone",         10s, standard},
    {kR53, "ListHostedZones",          "", control, natural,      "route53:ListHostedZones",          10s, standard},
    {kR53, "DeleteHostedZone",         "", control, by_read_back, "route53:DeleteHostedZone",         10s, standard},
    {kR53, "ChangeResourceRecordSets", "", control, by_read_back, "route53:ChangeResourceRecordSets", 10s, standard},
    {kR53, "ListResourceRecordSets",   "", control, natural,      "route53:ListResourceRecordSets",   10s, standard},
    {kR53, "GetChange",                "", control, natural,      "route53:GetChange",                10s, standard},
    {kR53, "CreateHealthCheck",        "", control, by_token,     "route53:CreateHealthCheck",        10s, standard},
    {kR53, "GetHealthCheck",           "", control, natural,      "route53:GetHealthCheck",           10s, standard},
    {kR53, "ListHealthChecks",         "", control, natural,      "route53:ListHealthChecks",         10s, standard},
    {kR53, "UpdateHealthCheck",        "", control, by_read_back, "route53:UpdateHealthCheck",        10s, standard},
    {kR53, "DeleteHealthCheck",        "", control, by_read_back, "route53:DeleteHealthCheck",        10s, standard},
    {kR53, "GetHealthCheckStatus",     "", control, natural,      "route53:GetHealthCheckStatus",     10s, standard},
};
// clang-format on

}  // namespace

std::span<const CallRow> call_table() {
    return kRows;
}

const CallRow& call_row(Service service, std::string_view name) {
    for (const CallRow& row : kRows) {
        if (row.service == service && row.name == name) {
            return row;
        }
    }
    FARSHORE_ASSERT(false, "an AWS call without a row in the call table");
}

}  // namespace farshore::aws
