#include <algorithm>

#include "core/provision/rights_parts.h"

namespace farshore::core {

namespace {

// "arn:aws:sqs:eu-west-1:123456789012:farshore-shop-*", one for each of the Regions.
std::vector<std::string> named(
    const RightsScope& scope,
    const std::vector<RegionId>& regions,
    std::string_view service,
    std::string_view kind
) {
    std::vector<std::string> arns;
    for (const RegionId& region : regions) {
        arns.push_back(
            "arn:" + scope.partition + ":" + std::string{service} + ":" + region.value() + ":" +
            scope.account + ":" + std::string{kind} + "farshore-" + scope.app.value() + "-*"
        );
    }
    return arns;
}

std::vector<RegionId> with_queues(const RightsScope& scope) {
    std::vector<RegionId> regions = scope.regions;
    regions.insert(regions.end(), scope.queues.begin(), scope.queues.end());
    std::ranges::sort(regions);
    const auto again = std::ranges::unique(regions);
    regions.erase(again.begin(), again.end());
    return regions;
}

}  // namespace

void add_alarms(std::vector<Right>& out, const RightsScope& scope) {
    if (!scope.alarms) {
        return;
    }
    const std::vector<RegionId> queues = scope.queues.empty() ? scope.regions : scope.queues;
    out.push_back(
        {.id = "MakeAlarms",
         .actions =
             {"cloudwatch:ListTagsForResource",
              "cloudwatch:PutMetricAlarm",
              "cloudwatch:PutCompositeAlarm",
              "cloudwatch:TagResource"},
         .resources = named(scope, scope.regions, "cloudwatch", "alarm:"),
         .conditions = {}}
    );
    out.push_back(
        {.id = "MakeEventRules",
         .actions =
             {"events:DescribeRule",
              "events:ListTagsForResource",
              "events:ListTargetsByRule",
              "events:PutRule",
              "events:PutTargets",
              "events:TagResource"},
         .resources = named(scope, with_queues(scope), "events", "rule/"),
         .conditions = {}}
    );
    out.push_back(
        {.id = "MakeQueues",
         .actions =
             {"sqs:GetQueueUrl",
              "sqs:GetQueueAttributes",
              "sqs:ListQueueTags",
              "sqs:CreateQueue",
              "sqs:SetQueueAttributes",
              "sqs:TagQueue"},
         .resources = named(scope, queues, "sqs", ""),
         .conditions = {}}
    );
    // A rule that puts events on another bus does so by a role, which whoever makes the rule hands
    // to EventBridge.
    out.push_back(
        {.id = "MakeTheRulesRoles",
         .actions =
             {"iam:GetRole",
              "iam:GetRolePolicy",
              "iam:CreateRole",
              "iam:PutRolePolicy",
              "iam:UpdateAssumeRolePolicy",
              "iam:TagRole",
              "iam:PassRole"},
         .resources =
             {"arn:" + scope.partition + ":iam::" + scope.account + ":role/farshore-" +
              scope.app.value() + "-*"},
         .conditions = {}}
    );
}

}  // namespace farshore::core
