#include "adapters/aws/call_table.h"

#include <algorithm>

#include "base/assert.h"

namespace farshore::aws {
namespace {

using namespace std::chrono_literals;
using enum Plane;
using enum Idempotency;
using enum RetryClass;

// Deadlines: 5 s for the data plane, so that a caller that must decide within the outage budget
// gets an answer; 10 s for control planes, which are slower on ordinary days. Route 53's API
// throttles at five requests a second, so its retries need the longer one. A ReceiveMessage waits
// up to 20 s for a message.
// clang-format off
constexpr CallRow kRows[] = {
    {"dynamodb", "BatchGetItem", data, natural, "dynamodb:BatchGetItem", 5s, standard},
    {"dynamodb", "BatchWriteItem", data, by_read_back, "dynamodb:BatchWriteItem", 5s, standard},
    {"dynamodb", "CreateGlobalTable", control, by_read_back, "dynamodb:CreateGlobalTable", 10s, standard},
    {"dynamodb", "CreateTable", control, by_read_back, "dynamodb:CreateTable", 10s, standard},
    {"dynamodb", "DeleteItem", data, by_read_back, "dynamodb:DeleteItem", 5s, standard},
    {"dynamodb", "DeleteTable", control, by_read_back, "dynamodb:DeleteTable", 10s, standard},
    {"dynamodb", "DescribeContinuousBackups", control, natural, "dynamodb:DescribeContinuousBackups", 10s, standard},
    {"dynamodb", "DescribeEndpoints", control, natural, "dynamodb:DescribeEndpoints", 10s, standard},
    {"dynamodb", "DescribeGlobalTable", control, natural, "dynamodb:DescribeGlobalTable", 10s, standard},
    {"dynamodb", "DescribeGlobalTableSettings", control, natural, "dynamodb:DescribeGlobalTableSettings", 10s, standard},
    {"dynamodb", "DescribeKinesisStreamingDestination", control, natural, "dynamodb:DescribeKinesisStreamingDestination", 10s, standard},
    {"dynamodb", "DescribeLimits", control, natural, "dynamodb:DescribeLimits", 10s, standard},
    {"dynamodb", "DescribeTable", control, natural, "dynamodb:DescribeTable", 10s, standard},
    {"dynamodb", "DescribeTableReplicaAutoScaling", control, natural, "dynamodb:DescribeTableReplicaAutoScaling", 10s, standard},
    {"dynamodb", "DescribeTimeToLive", control, natural, "dynamodb:DescribeTimeToLive", 10s, standard},
    {"dynamodb", "GetItem", data, natural, "dynamodb:GetItem", 5s, standard},
    {"dynamodb", "ListGlobalTables", control, natural, "dynamodb:ListGlobalTables", 10s, standard},
    {"dynamodb", "ListTables", control, natural, "dynamodb:ListTables", 10s, standard},
    {"dynamodb", "ListTagsOfResource", control, natural, "dynamodb:ListTagsOfResource", 10s, standard},
    {"dynamodb", "PutItem", data, by_read_back, "dynamodb:PutItem", 5s, standard},
    {"dynamodb", "Query", data, natural, "dynamodb:Query", 5s, standard},
    {"dynamodb", "Scan", data, natural, "dynamodb:Scan", 10s, standard},
    {"dynamodb", "TagResource", control, natural, "dynamodb:TagResource", 10s, standard},
    {"dynamodb", "TransactGetItems", data, natural, "dynamodb:GetItem", 5s, standard},
    {"dynamodb", "TransactWriteItems", data, by_token, "dynamodb:PutItem,dynamodb:UpdateItem,dynamodb:DeleteItem,dynamodb:ConditionCheckItem", 5s, standard},
    {"dynamodb", "UpdateContinuousBackups", control, by_read_back, "dynamodb:UpdateContinuousBackups", 10s, standard},
    {"dynamodb", "UpdateGlobalTable", control, by_read_back, "dynamodb:UpdateGlobalTable", 10s, standard},
    {"dynamodb", "UpdateItem", data, by_read_back, "dynamodb:UpdateItem", 5s, standard},
    {"dynamodb", "UpdateTable", control, by_read_back, "dynamodb:UpdateTable,dynamodb:CreateTableReplica,dynamodb:DeleteTableReplica", 10s, standard},
    {"dynamodb", "UpdateTableReplicaAutoScaling", control, by_read_back, "dynamodb:UpdateTableReplicaAutoScaling", 10s, standard},
    {"dynamodb", "UpdateTimeToLive", control, by_read_back, "dynamodb:UpdateTimeToLive", 10s, standard},

    {"route53", "ChangeResourceRecordSets", control, by_read_back, "route53:ChangeResourceRecordSets", 10s, standard},
    {"route53", "ChangeTagsForResource", control, natural, "route53:ChangeTagsForResource", 10s, standard},
    {"route53", "CreateHealthCheck", control, by_token, "route53:CreateHealthCheck", 10s, standard},
    {"route53", "CreateHostedZone", control, by_read_back, "route53:CreateHostedZone", 10s, standard},
    {"route53", "DeleteHealthCheck", control, by_read_back, "route53:DeleteHealthCheck", 10s, standard},
    {"route53", "DeleteHostedZone", control, by_read_back, "route53:DeleteHostedZone", 10s, standard},
    {"route53", "GetChange", control, natural, "route53:GetChange", 10s, standard},
    {"route53", "GetHealthCheck", control, natural, "route53:GetHealthCheck", 10s, standard},
    {"route53", "GetHealthCheckLastFailureReason", control, natural, "route53:GetHealthCheckLastFailureReason", 10s, standard},
    {"route53", "GetHealthCheckStatus", control, natural, "route53:GetHealthCheckStatus", 10s, standard},
    {"route53", "GetHostedZone", control, natural, "route53:GetHostedZone", 10s, standard},
    {"route53", "ListHealthChecks", control, natural, "route53:ListHealthChecks", 10s, standard},
    {"route53", "ListHostedZones", control, natural, "route53:ListHostedZones", 10s, standard},
    {"route53", "ListHostedZonesByName", control, natural, "route53:ListHostedZonesByName", 10s, standard},
    {"route53", "ListResourceRecordSets", control, natural, "route53:ListResourceRecordSets", 10s, standard},
    {"route53", "ListTagsForResource", control, natural, "route53:ListTagsForResource", 10s, standard},
    {"route53", "ListTagsForResources", control, natural, "route53:ListTagsForResources", 10s, standard},
    {"route53", "UpdateHealthCheck", control, by_read_back, "route53:UpdateHealthCheck", 10s, standard},

    {"cloudwatch", "DeleteAlarms", control, natural, "cloudwatch:DeleteAlarms", 10s, standard},
    {"cloudwatch", "DescribeAlarmHistory", control, natural, "cloudwatch:DescribeAlarmHistory", 10s, standard},
    {"cloudwatch", "DescribeAlarms", control, natural, "cloudwatch:DescribeAlarms", 10s, standard},
    {"cloudwatch", "DescribeAlarmsForMetric", control, natural, "cloudwatch:DescribeAlarmsForMetric", 10s, standard},
    {"cloudwatch", "GetMetricData", data, natural, "cloudwatch:GetMetricData", 5s, standard},
    {"cloudwatch", "GetMetricStatistics", data, natural, "cloudwatch:GetMetricStatistics", 5s, standard},
    {"cloudwatch", "ListMetrics", data, natural, "cloudwatch:ListMetrics", 5s, standard},
    {"cloudwatch", "ListTagsForResource", control, natural, "cloudwatch:ListTagsForResource", 10s, standard},
    {"cloudwatch", "PutCompositeAlarm", control, natural, "cloudwatch:PutCompositeAlarm", 10s, standard},
    {"cloudwatch", "PutMetricAlarm", control, natural, "cloudwatch:PutMetricAlarm", 10s, standard},
    {"cloudwatch", "PutMetricData", data, by_read_back, "cloudwatch:PutMetricData", 5s, standard},
    {"cloudwatch", "SetAlarmState", control, natural, "cloudwatch:SetAlarmState", 10s, standard},
    {"cloudwatch", "TagResource", control, natural, "cloudwatch:TagResource", 10s, standard},

    {"events", "CreateApiDestination", control, by_read_back, "events:CreateApiDestination", 10s, standard},
    {"events", "CreateConnection", control, by_read_back, "events:CreateConnection", 10s, standard},
    {"events", "DeleteApiDestination", control, by_read_back, "events:DeleteApiDestination", 10s, standard},
    {"events", "DeleteConnection", control, by_read_back, "events:DeleteConnection", 10s, standard},
    {"events", "DeleteRule", control, natural, "events:DeleteRule", 10s, standard},
    {"events", "DescribeApiDestination", control, natural, "events:DescribeApiDestination", 10s, standard},
    {"events", "DescribeConnection", control, natural, "events:DescribeConnection", 10s, standard},
    {"events", "DescribeEventBus", control, natural, "events:DescribeEventBus", 10s, standard},
    {"events", "DescribeRule", control, natural, "events:DescribeRule", 10s, standard},
    {"events", "ListRules", control, natural, "events:ListRules", 10s, standard},
    {"events", "ListTagsForResource", control, natural, "events:ListTagsForResource", 10s, standard},
    {"events", "ListTargetsByRule", control, natural, "events:ListTargetsByRule", 10s, standard},
    {"events", "PutEvents", data, by_read_back, "events:PutEvents", 5s, standard},
    {"events", "PutPermission", control, natural, "events:PutPermission", 10s, standard},
    {"events", "PutRule", control, natural, "events:PutRule", 10s, standard},
    {"events", "PutTargets", control, natural, "events:PutTargets", 10s, standard},
    {"events", "RemoveTargets", control, natural, "events:RemoveTargets", 10s, standard},
    {"events", "TagResource", control, natural, "events:TagResource", 10s, standard},

    {"sqs", "ChangeMessageVisibility", data, natural, "sqs:ChangeMessageVisibility", 5s, standard},
    {"sqs", "CreateQueue", data, natural, "sqs:CreateQueue", 5s, standard},
    {"sqs", "DeleteMessage", data, natural, "sqs:DeleteMessage", 5s, standard},
    {"sqs", "DeleteMessageBatch", data, natural, "sqs:DeleteMessage", 5s, standard},
    {"sqs", "DeleteQueue", data, by_read_back, "sqs:DeleteQueue", 5s, standard},
    {"sqs", "GetQueueAttributes", data, natural, "sqs:GetQueueAttributes", 5s, standard},
    {"sqs", "GetQueueUrl", data, natural, "sqs:GetQueueUrl", 5s, standard},
    {"sqs", "ListQueueTags", data, natural, "sqs:ListQueueTags", 5s, standard},
    {"sqs", "ListQueues", data, natural, "sqs:ListQueues", 5s, standard},
    {"sqs", "ReceiveMessage", data, natural, "sqs:ReceiveMessage", 25s, standard},
    {"sqs", "SendMessage", data, by_read_back, "sqs:SendMessage", 5s, standard},
    {"sqs", "SetQueueAttributes", data, natural, "sqs:SetQueueAttributes", 5s, standard},
    {"sqs", "TagQueue", data, natural, "sqs:TagQueue", 5s, standard},

    {"sns", "CreateTopic", control, natural, "sns:CreateTopic", 10s, standard},
    {"sns", "DeleteTopic", control, natural, "sns:DeleteTopic", 10s, standard},
    {"sns", "GetTopicAttributes", control, natural, "sns:GetTopicAttributes", 10s, standard},
    {"sns", "ListSubscriptionsByTopic", control, natural, "sns:ListSubscriptionsByTopic", 10s, standard},
    {"sns", "ListTopics", control, natural, "sns:ListTopics", 10s, standard},
    {"sns", "Publish", data, by_read_back, "sns:Publish", 5s, standard},
    {"sns", "SetTopicAttributes", control, natural, "sns:SetTopicAttributes", 10s, standard},
    {"sns", "Subscribe", control, by_read_back, "sns:Subscribe", 10s, standard},
    {"sns", "TagResource", control, natural, "sns:TagResource", 10s, standard},
    {"sns", "Unsubscribe", control, natural, "sns:Unsubscribe", 10s, standard},

    {"ssm", "CancelCommand", control, natural, "ssm:CancelCommand", 10s, standard},
    {"ssm", "DescribeInstanceInformation", control, natural, "ssm:DescribeInstanceInformation", 10s, standard},
    {"ssm", "GetCommandInvocation", control, natural, "ssm:GetCommandInvocation", 10s, standard},
    {"ssm", "GetParameter", control, natural, "ssm:GetParameter", 10s, standard},
    {"ssm", "GetParametersByPath", control, natural, "ssm:GetParametersByPath", 10s, standard},
    {"ssm", "ListCommandInvocations", control, natural, "ssm:ListCommandInvocations", 10s, standard},
    {"ssm", "ListCommands", control, natural, "ssm:ListCommands", 10s, standard},
    {"ssm", "PutParameter", control, by_read_back, "ssm:PutParameter", 10s, standard},
    {"ssm", "SendCommand", control, by_read_back, "ssm:SendCommand", 10s, standard},

    {"ec2", "CreateLaunchTemplateVersion", control, by_token, "ec2:CreateLaunchTemplateVersion", 10s, standard},
    {"ec2", "DescribeAvailabilityZones", control, natural, "ec2:DescribeAvailabilityZones", 10s, standard},
    {"ec2", "DescribeInstances", control, natural, "ec2:DescribeInstances", 10s, standard},
    {"ec2", "DescribeLaunchTemplateVersions", control, natural, "ec2:DescribeLaunchTemplateVersions", 10s, standard},
    {"ec2", "DescribeLaunchTemplates", control, natural, "ec2:DescribeLaunchTemplates", 10s, standard},
    {"ec2", "DescribeRegions", control, natural, "ec2:DescribeRegions", 10s, standard},
    {"ec2", "ModifyLaunchTemplate", control, by_token, "ec2:ModifyLaunchTemplate", 10s, standard},

    {"autoscaling", "CancelInstanceRefresh", control, by_read_back, "autoscaling:CancelInstanceRefresh", 10s, standard},
    {"autoscaling", "CompleteLifecycleAction", control, natural, "autoscaling:CompleteLifecycleAction", 10s, standard},
    {"autoscaling", "DescribeAutoScalingGroups", control, natural, "autoscaling:DescribeAutoScalingGroups", 10s, standard},
    {"autoscaling", "DescribeInstanceRefreshes", control, natural, "autoscaling:DescribeInstanceRefreshes", 10s, standard},
    {"autoscaling", "DescribeScalingActivities", control, natural, "autoscaling:DescribeScalingActivities", 10s, standard},
    {"autoscaling", "PutLifecycleHook", control, natural, "autoscaling:PutLifecycleHook", 10s, standard},
    {"autoscaling", "ResumeProcesses", control, natural, "autoscaling:ResumeProcesses", 10s, standard},
    {"autoscaling", "SetDesiredCapacity", control, natural, "autoscaling:SetDesiredCapacity", 10s, standard},
    {"autoscaling", "StartInstanceRefresh", control, by_read_back, "autoscaling:StartInstanceRefresh", 10s, standard},
    {"autoscaling", "SuspendProcesses", control, natural, "autoscaling:SuspendProcesses", 10s, standard},
    {"autoscaling", "UpdateAutoScalingGroup", control, by_read_back, "autoscaling:UpdateAutoScalingGroup", 10s, standard},

    {"ecs", "DescribeClusters", control, natural, "ecs:DescribeClusters", 10s, standard},
    {"ecs", "DescribeServices", control, natural, "ecs:DescribeServices", 10s, standard},
    {"ecs", "DescribeTaskDefinition", control, natural, "ecs:DescribeTaskDefinition", 10s, standard},
    {"ecs", "DescribeTasks", control, natural, "ecs:DescribeTasks", 10s, standard},
    {"ecs", "ListClusters", control, natural, "ecs:ListClusters", 10s, standard},
    {"ecs", "ListServices", control, natural, "ecs:ListServices", 10s, standard},
    {"ecs", "ListTasks", control, natural, "ecs:ListTasks", 10s, standard},
    {"ecs", "RegisterTaskDefinition", control, by_read_back, "ecs:RegisterTaskDefinition", 10s, standard},
    {"ecs", "UpdateService", control, by_read_back, "ecs:UpdateService", 10s, standard},

    {"eks", "DescribeCluster", control, natural, "eks:DescribeCluster", 10s, standard},
    {"eks", "DescribeNodegroup", control, natural, "eks:DescribeNodegroup", 10s, standard},
    {"eks", "ListClusters", control, natural, "eks:ListClusters", 10s, standard},
    {"eks", "ListNodegroups", control, natural, "eks:ListNodegroups", 10s, standard},
    {"eks", "UpdateNodegroupConfig", control, natural, "eks:UpdateNodegroupConfig", 10s, standard},

    {"elbv2", "DescribeListeners", control, natural, "elasticloadbalancing:DescribeListeners", 10s, standard},
    {"elbv2", "DescribeLoadBalancers", control, natural, "elasticloadbalancing:DescribeLoadBalancers", 10s, standard},
    {"elbv2", "DescribeRules", control, natural, "elasticloadbalancing:DescribeRules", 10s, standard},
    {"elbv2", "DescribeTags", control, natural, "elasticloadbalancing:DescribeTags", 10s, standard},
    {"elbv2", "DescribeTargetGroups", control, natural, "elasticloadbalancing:DescribeTargetGroups", 10s, standard},
    {"elbv2", "DescribeTargetHealth", control, natural, "elasticloadbalancing:DescribeTargetHealth", 10s, standard},

    {"rds", "DescribeDBClusters", control, natural, "rds:DescribeDBClusters", 10s, standard},
    {"rds", "DescribeDBInstances", control, natural, "rds:DescribeDBInstances", 10s, standard},
    {"rds", "DescribeDBProxies", control, natural, "rds:DescribeDBProxies", 10s, standard},
    {"rds", "DescribeEvents", control, natural, "rds:DescribeEvents", 10s, standard},
    {"rds", "DescribeGlobalClusters", control, natural, "rds:DescribeGlobalClusters", 10s, standard},
    {"rds", "FailoverGlobalCluster", control, by_read_back, "rds:FailoverGlobalCluster", 10s, standard},
    {"rds", "PromoteReadReplica", control, by_read_back, "rds:PromoteReadReplica", 10s, standard},
    {"rds", "PromoteReadReplicaDBCluster", control, by_read_back, "rds:PromoteReadReplicaDBCluster", 10s, standard},
    {"rds", "SwitchoverGlobalCluster", control, by_read_back, "rds:SwitchoverGlobalCluster", 10s, standard},
    {"rds", "SwitchoverReadReplica", control, by_read_back, "rds:SwitchoverReadReplica", 10s, standard},

    {"elasticache", "DescribeGlobalReplicationGroups", control, natural, "elasticache:DescribeGlobalReplicationGroups", 10s, standard},
    {"elasticache", "DescribeReplicationGroups", control, natural, "elasticache:DescribeReplicationGroups", 10s, standard},
    {"elasticache", "FailoverGlobalReplicationGroup", control, by_read_back, "elasticache:FailoverGlobalReplicationGroup", 10s, standard},

    {"lambda", "AddPermission", control, by_read_back, "lambda:AddPermission", 10s, standard},
    {"lambda", "CreateEventSourceMapping", control, by_read_back, "lambda:CreateEventSourceMapping", 10s, standard},
    {"lambda", "CreateFunction", control, by_read_back, "lambda:CreateFunction", 10s, standard},
    {"lambda", "DeleteFunction", control, by_read_back, "lambda:DeleteFunction", 10s, standard},
    {"lambda", "GetFunction", control, natural, "lambda:GetFunction", 10s, standard},
    {"lambda", "GetFunctionConfiguration", control, natural, "lambda:GetFunctionConfiguration", 10s, standard},
    {"lambda", "Invoke", data, by_read_back, "lambda:InvokeFunction", 5s, standard},
    {"lambda", "ListEventSourceMappings", control, natural, "lambda:ListEventSourceMappings", 10s, standard},
    {"lambda", "ListFunctions", control, natural, "lambda:ListFunctions", 10s, standard},
    {"lambda", "UpdateEventSourceMapping", control, natural, "lambda:UpdateEventSourceMapping", 10s, standard},
    {"lambda", "UpdateFunctionCode", control, by_read_back, "lambda:UpdateFunctionCode", 10s, standard},
    {"lambda", "UpdateFunctionConfiguration", control, by_read_back, "lambda:UpdateFunctionConfiguration", 10s, standard},

    {"iam", "AttachRolePolicy", control, natural, "iam:AttachRolePolicy", 10s, standard},
    {"iam", "CreatePolicy", control, by_read_back, "iam:CreatePolicy", 10s, standard},
    {"iam", "CreatePolicyVersion", control, by_read_back, "iam:CreatePolicyVersion", 10s, standard},
    {"iam", "CreateRole", control, by_read_back, "iam:CreateRole", 10s, standard},
    {"iam", "DeleteRolePolicy", control, by_read_back, "iam:DeleteRolePolicy", 10s, standard},
    {"iam", "GetPolicy", control, natural, "iam:GetPolicy", 10s, standard},
    {"iam", "GetPolicyVersion", control, natural, "iam:GetPolicyVersion", 10s, standard},
    {"iam", "GetRole", control, natural, "iam:GetRole", 10s, standard},
    {"iam", "GetRolePolicy", control, natural, "iam:GetRolePolicy", 10s, standard},
    {"iam", "ListAttachedRolePolicies", control, natural, "iam:ListAttachedRolePolicies", 10s, standard},
    {"iam", "ListRolePolicies", control, natural, "iam:ListRolePolicies", 10s, standard},
    {"iam", "PutRolePolicy", control, natural, "iam:PutRolePolicy", 10s, standard},
    {"iam", "SimulatePrincipalPolicy", control, natural, "iam:SimulatePrincipalPolicy", 10s, standard},
    {"iam", "TagRole", control, natural, "iam:TagRole", 10s, standard},
    {"iam", "UpdateAssumeRolePolicy", control, natural, "iam:UpdateAssumeRolePolicy", 10s, standard},

    {"sts", "AssumeRole", data, natural, "sts:AssumeRole", 5s, standard},
    {"sts", "AssumeRoleWithWebIdentity", data, natural, "", 5s, standard},
    {"sts", "GetCallerIdentity", data, natural, "", 5s, standard},

    {"sso", "GetRoleCredentials", data, natural, "", 5s, standard},

    {"sso-oidc", "CreateToken", data, by_read_back, "", 5s, standard},

    {"fis", "CreateExperimentTemplate", control, by_token, "fis:CreateExperimentTemplate", 10s, standard},
    {"fis", "GetExperiment", control, natural, "fis:GetExperiment", 10s, standard},
    {"fis", "ListExperimentTemplates", control, natural, "fis:ListExperimentTemplates", 10s, standard},
    {"fis", "ListExperiments", control, natural, "fis:ListExperiments", 10s, standard},
    {"fis", "StartExperiment", control, by_token, "fis:StartExperiment", 10s, standard},
    {"fis", "StopExperiment", control, by_read_back, "fis:StopExperiment", 10s, standard},

    {"cloudformation", "CreateStack", control, by_read_back, "cloudformation:CreateStack", 10s, standard},
    {"cloudformation", "DescribeStackEvents", control, natural, "cloudformation:DescribeStackEvents", 10s, standard},
    {"cloudformation", "DescribeStacks", control, natural, "cloudformation:DescribeStacks", 10s, standard},
    {"cloudformation", "ListStackResources", control, natural, "cloudformation:ListStackResources", 10s, standard},
    {"cloudformation", "UpdateStack", control, by_read_back, "cloudformation:UpdateStack", 10s, standard},
    {"cloudformation", "ValidateTemplate", control, natural, "cloudformation:ValidateTemplate", 10s, standard},

    {"service-quotas", "GetServiceQuota", control, natural, "servicequotas:GetServiceQuota", 10s, standard},
    {"service-quotas", "ListServiceQuotas", control, natural, "servicequotas:ListServiceQuotas", 10s, standard},

    {"resourcegroupstaggingapi", "GetResources", control, natural, "tag:GetResources", 10s, standard},

    {"route53-recovery-cluster", "GetRoutingControlState", data, natural, "route53-recovery-cluster:GetRoutingControlState", 5s, standard},
    {"route53-recovery-cluster", "ListRoutingControls", data, natural, "route53-recovery-cluster:ListRoutingControls", 5s, standard},
    {"route53-recovery-cluster", "UpdateRoutingControlState", data, by_read_back, "route53-recovery-cluster:UpdateRoutingControlState", 5s, standard},
    {"route53-recovery-cluster", "UpdateRoutingControlStates", data, by_read_back, "route53-recovery-cluster:UpdateRoutingControlStates", 5s, standard},

    {"route53-recovery-control-config", "DescribeCluster", control, natural, "route53-recovery-control-config:DescribeCluster", 10s, standard},
    {"route53-recovery-control-config", "DescribeRoutingControl", control, natural, "route53-recovery-control-config:DescribeRoutingControl", 10s, standard},
    {"route53-recovery-control-config", "ListClusters", control, natural, "route53-recovery-control-config:ListClusters", 10s, standard},
    {"route53-recovery-control-config", "ListControlPanels", control, natural, "route53-recovery-control-config:ListControlPanels", 10s, standard},
    {"route53-recovery-control-config", "ListRoutingControls", control, natural, "route53-recovery-control-config:ListRoutingControls", 10s, standard},

    {"arc-region-switch", "GetPlan", control, natural, "arc-region-switch:GetPlan", 10s, standard},
    {"arc-region-switch", "GetPlanExecution", control, natural, "arc-region-switch:GetPlanExecution", 10s, standard},
    {"arc-region-switch", "ListPlans", control, natural, "arc-region-switch:ListPlans", 10s, standard},
    {"arc-region-switch", "StartPlanExecution", control, by_token, "arc-region-switch:StartPlanExecution", 10s, standard},
};
// clang-format on

}  // namespace

std::span<const CallRow> call_table() {
    return kRows;
}

const CallRow& call_row(std::string_view service, std::string_view name) {
    const CallRow* row = std::ranges::find_if(kRows, [&](const CallRow& one) {
        return one.service == service && one.name == name;
    });
    FARSHORE_ASSERT(row != std::end(kRows), "an AWS call without a row in the call table");
    return *row;
}

}  // namespace farshore::aws
