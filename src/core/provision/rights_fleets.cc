#include <algorithm>

#include "core/provision/rights_parts.h"

namespace farshore::core {

namespace {

// The Regions that a step may mean: ${to} and ${from} are any with tables.
std::vector<std::string> regions_of(const RightsScope& scope, const FleetChange& change) {
    if (!change.region.starts_with("${")) {
        return {change.region};
    }
    std::vector<std::string> out;
    for (const RegionId& region : scope.regions) {
        out.push_back(region.value());
    }
    return out;
}

// A name in which ${to} and its like stand may be any that fits around them.
std::string pattern_of(std::string name) {
    for (auto at = name.find("${"); at != std::string::npos; at = name.find("${", at + 1)) {
        const auto end = name.find('}', at);
        name.replace(at, end == std::string::npos ? end : end - at + 1, "*");
    }
    return name;
}

// One right for all steps of a kind; what they ask is added up.
class Rights {
  public:
    explicit Rights(std::vector<Right>& out) : out_(out) {}

    void allow(std::string id, std::vector<std::string> actions, const std::string& resource) {
        auto found = std::ranges::find(out_, id, &Right::id);
        if (found == out_.end()) {
            out_.push_back(
                {.id = std::move(id),
                 .actions = std::move(actions),
                 .resources = {},
                 .conditions = {}}
            );
            found = out_.end() - 1;
        }
        if (std::ranges::find(found->resources, resource) == found->resources.end()) {
            found->resources.push_back(resource);
        }
    }

    void require(const std::string& id, RightCondition condition) {
        const auto found = std::ranges::find(out_, id, &Right::id);
        if (found != out_.end() && found->conditions.empty()) {
            found->conditions.push_back(std::move(condition));
        }
    }

  private:
    std::vector<Right>& out_;
};

struct Where {
    std::string partition;
    std::string region;
    std::string account;

    // "arn:aws:ecs:eu-west-1:123456789012:service/shop/web".
    [[nodiscard]] std::string arn(std::string_view service, const std::string& rest) const {
        return "arn:" + partition + ":" + std::string{service} + ":" + region + ":" + account +
               ":" + rest;
    }
};

void add_ssm(Rights& rights, const Where& where) {
    const std::string id = "RunScriptsOnInstances";
    rights.allow(id, {"ssm:SendCommand"}, where.arn("ec2", "instance/*"));
    rights.allow(
        id,
        {"ssm:SendCommand"},
        "arn:" + where.partition + ":ssm:" + where.region + "::document/AWS-RunShellScript"
    );
    rights.allow(
        "SeeInstancesAndScripts",
        {"ec2:DescribeInstances",
         "ssm:DescribeInstanceInformation",
         "ssm:ListCommands",
         "ssm:ListCommandInvocations",
         "ssm:GetCommandInvocation"},
        "*"
    );
}

void add_asg(Rights& rights, const Where& where, const FleetChange& change) {
    rights.allow(
        "RaiseCapacity",
        {"autoscaling:UpdateAutoScalingGroup"},
        where.arn(
            "autoscaling", "autoScalingGroup:*:autoScalingGroupName/" + pattern_of(change.group)
        )
    );
    rights.allow(
        "SeeGroups",
        {"autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeScalingActivities"},
        "*"
    );
}

void add_ecs(Rights& rights, const Where& where, const FleetChange& change) {
    rights.allow(
        "RollServicesOut",
        {"ecs:DescribeServices", "ecs:UpdateService"},
        where.arn("ecs", "service/" + pattern_of(change.cluster) + "/" + pattern_of(change.service))
    );
    rights.allow(
        "ReviseTaskDefinitions", {"ecs:DescribeTaskDefinition", "ecs:RegisterTaskDefinition"}, "*"
    );
    const std::string id = "PassTheTasksRoles";
    rights.allow(
        id, {"iam:PassRole"}, "arn:" + where.partition + ":iam::" + where.account + ":role/*"
    );
    rights.require(
        id,
        {.comparison = "StringEquals",
         .key = "iam:PassedToService",
         .values = {"ecs-tasks.amazonaws.com"}}
    );
}

void add_lambda(Rights& rights, const Where& where, const FleetChange& change) {
    const std::string function = where.arn("lambda", "function:" + pattern_of(change.function));
    if (!change.set.empty()) {
        rights.allow(
            "ChangeFunctions",
            {"lambda:GetFunctionConfiguration", "lambda:UpdateFunctionConfiguration"},
            function
        );
    }
    if (change.event_sources != EventSources::as_they_are) {
        rights.allow("SeeEventSources", {"lambda:ListEventSourceMappings"}, "*");
        rights.allow(
            "TurnEventSources",
            {"lambda:UpdateEventSourceMapping"},
            where.arn("lambda", "event-source-mapping:*")
        );
    }
}

}  // namespace

void add_fleets(std::vector<Right>& out, const RightsScope& scope) {
    Rights rights{out};
    for (const FleetRight& fleet : scope.fleets) {
        for (const std::string& region : regions_of(scope, fleet.change)) {
            const Where where{
                .partition = scope.partition, .region = region, .account = scope.account
            };
            if (fleet.kind == StepKind::ssm) {
                add_ssm(rights, where);
            } else if (fleet.kind == StepKind::asg) {
                add_asg(rights, where, fleet.change);
            } else if (fleet.kind == StepKind::ecs) {
                add_ecs(rights, where, fleet.change);
            } else {
                add_lambda(rights, where, fleet.change);
            }
        }
    }
}

}  // namespace farshore::core
