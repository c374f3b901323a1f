#include <fmt/format.h>

#include "adapters/aws/fleet_kinds.h"
#include "adapters/aws/members.h"

// A group's capacity. It is only ever raised: what an autoscaler or a person made more of stays.
namespace farshore::aws {

namespace {

namespace json = boost::json;

net::Task<Result<json::object>> group_of(const FleetWork& work) {
    const std::string& name = work.change().group;
    const Result<json::object> output = co_await work.call(
        "autoscaling",
        "DescribeAutoScalingGroups",
        {{"AutoScalingGroupNames", json::array{name}}}
    );
    if (!output) {
        co_return std::unexpected(output.error());
    }
    const auto groups = entries(*output, "AutoScalingGroups");
    if (groups.empty()) {
        co_return fail(
            ErrorKind::not_found,
            "there is no Auto Scaling group " + name + " in " + work.change().region,
            "is `group` right, and is it this account's?"
        );
    }
    co_return *groups.front();
}

std::int64_t in_service(const json::object& group) {
    std::int64_t count = 0;
    for (const json::object* instance : entries(group, "Instances")) {
        const bool serves = text_member(*instance, "LifecycleState") == "InService" &&
                            text_member(*instance, "HealthStatus") == "Healthy";
        count += serves ? 1 : 0;
    }
    return count;
}

// Why instances do not come: what the group itself says of its last try.
net::Task<std::string> last_trouble(const FleetWork& work) {
    const Result<json::object> output = co_await work.call(
        "autoscaling",
        "DescribeScalingActivities",
        {{"AutoScalingGroupName", work.change().group}, {"MaxRecords", 1}}
    );
    const auto activities =
        output ? entries(*output, "Activities") : std::vector<const json::object*>{};
    co_return activities.empty() ? "" : text_member(*activities.front(), "StatusMessage");
}

// The members that change; empty: it has as much already.
json::object update_of(const core::FleetChange& change, const json::object& group) {
    json::object input;
    if (change.minimum && number_member(group, "MinSize") < *change.minimum) {
        input["MinSize"] = *change.minimum;
    }
    const std::int64_t wanted = std::max(change.desired.value_or(0), change.minimum.value_or(0));
    if (number_member(group, "DesiredCapacity") < wanted) {
        input["DesiredCapacity"] = wanted;
    }
    return input;
}

}  // namespace

net::Task<FleetEnd> raise_capacity(const FleetWork& work) {
    const core::FleetChange& change = work.change();
    const Result<json::object> group = co_await group_of(work);
    if (!group) {
        co_return fleet_failed(group.error());
    }
    const std::int64_t wanted = std::max(change.desired.value_or(0), change.minimum.value_or(0));
    if (const std::int64_t most = number_member(*group, "MaxSize"); wanted > most) {
        co_return fleet_failed(fmt::format(
            "group {} in {} may have {} instances at most, and {} are wanted; remedy: raise its "
            "maximum",
            change.group,
            change.region,
            most,
            wanted
        ));
    }
    json::object update = update_of(change, *group);
    if (!update.empty()) {
        update["AutoScalingGroupName"] = change.group;
        // Absolute values: a second execution changes nothing.
        const Result<json::object> updated = co_await work.call(
            "autoscaling", "UpdateAutoScalingGroup", std::move(update), {.idempotent = true}
        );
        if (!updated) {
            co_return fleet_failed(updated.error());
        }
    }
    std::string missing;
    const auto look = [&work, &missing, wanted]() -> net::Task<FleetLook> {
        const Result<json::object> now = co_await group_of(work);
        if (!now) {
            co_return std::unexpected(now.error());
        }
        const std::int64_t serving = in_service(*now);
        if (serving >= wanted) {
            co_return fleet_done(fmt::format("{} instances are in service", serving));
        }
        missing = fmt::format("{} of {} instances are in service", serving, wanted);
        co_return std::nullopt;
    };
    FleetEnd end = co_await work.watch(look, missing);
    if (end.how == FleetEnd::How::timed_out) {
        const std::string trouble = co_await last_trouble(work);
        end.text += trouble.empty() ? "" : "; the group says: " + trouble;
    }
    co_return end;
}

}  // namespace farshore::aws
