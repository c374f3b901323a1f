#include <algorithm>

#include <fmt/format.h>

#include "adapters/aws/fleet_kinds.h"
#include "adapters/aws/members.h"

// The environment of a service's containers: a new revision of its task definition, and a rollout
// that is watched to its end.
namespace farshore::aws {

namespace {

namespace json = boost::json;

// Members of a task definition that AWS gives and does not take.
constexpr std::string_view kGivenOnly[] = {
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "deregisteredAt",
    "registeredBy",
    "deleteRequestedAt",
};

net::Task<Result<json::object>> service_of(const FleetWork& work) {
    const core::FleetChange& change = work.change();
    const Result<json::object> output = co_await work.call(
        "ecs",
        "DescribeServices",
        {{"cluster", change.cluster}, {"services", json::array{change.service}}}
    );
    if (!output) {
        co_return std::unexpected(output.error());
    }
    for (const json::object* service : entries(*output, "services")) {
        if (text_member(*service, "status") != "INACTIVE") {
            co_return *service;
        }
    }
    co_return fail(
        ErrorKind::not_found,
        "there is no service " + change.service + " in cluster " + change.cluster + " of " +
            change.region,
        "are `cluster` and `service` right, and are they this account's?"
    );
}

// Puts the variables into the environment of one container; false: they are there.
bool set_in(json::object& container, const core::NamedTexts& variables) {
    json::array environment;
    if (const json::value* given = container.if_contains("environment")) {
        environment = given->as_array();
    }
    bool changed = false;
    for (const core::NamedText& variable : variables) {
        const auto same_name = std::ranges::find_if(environment, [&](const json::value& each) {
            return text_member(each.as_object(), "name") == variable.name;
        });
        const bool there = same_name != environment.end();
        if (there && text_member(same_name->as_object(), "value") == variable.value) {
            continue;
        }
        json::object wanted{{"name", variable.name}, {"value", variable.value}};
        if (there) {
            *same_name = std::move(wanted);
        } else {
            environment.push_back(std::move(wanted));
        }
        changed = true;
    }
    container["environment"] = std::move(environment);
    return changed;
}

// The ARN of a revision with the variables; that of today's when it has them.
net::Task<Result<std::string>> revision_with(const FleetWork& work, std::string today) {
    const Result<json::object> described = co_await work.call(
        "ecs",
        "DescribeTaskDefinition",
        {{"taskDefinition", today}, {"include", json::array{"TAGS"}}},
        {.whole = true}
    );
    if (!described) {
        co_return std::unexpected(described.error());
    }
    json::object definition = object_member(*described, "taskDefinition");
    bool changed = false;
    if (json::value* containers = definition.if_contains("containerDefinitions")) {
        for (json::value& container : containers->as_array()) {
            changed = set_in(container.as_object(), work.change().set) || changed;
        }
    }
    if (!changed) {
        co_return today;
    }
    for (const std::string_view member : kGivenOnly) {
        definition.erase(member);
    }
    if (const json::value* tags = described->if_contains("tags");
        tags != nullptr && !tags->as_array().empty()) {
        definition["tags"] = *tags;
    }
    const Result<json::object> registered =
        co_await work.call("ecs", "RegisterTaskDefinition", std::move(definition));
    if (!registered) {
        co_return std::unexpected(registered.error());
    }
    co_return text_member(object_member(*registered, "taskDefinition"), "taskDefinitionArn");
}

// Of the deployment of that revision; nullopt: it is under way, as `missing` says.
std::optional<FleetEnd> rollout_of(
    const json::object& service, const std::string& revision, std::string& missing
) {
    const auto deployments = entries(service, "deployments");
    const auto ours = std::ranges::find_if(deployments, [&](const json::object* each) {
        return text_member(*each, "taskDefinition") == revision;
    });
    if (ours == deployments.end()) {
        return fleet_failed(
            "another deployment took the service over while " + revision + " was rolled out"
        );
    }
    const std::string state = text_member(**ours, "rolloutState");
    const std::int64_t running = number_member(**ours, "runningCount");
    const std::int64_t desired = number_member(**ours, "desiredCount");
    if (state == "FAILED") {
        return fleet_failed(
            "the rollout of " + revision + " failed: " + text_member(**ours, "rolloutStateReason")
        );
    }
    // Without a state (CodeDeploy, or an external controller) the counts say it.
    const bool alone = deployments.size() == 1 && running >= desired;
    if (state == "COMPLETED" || (state.empty() && alone)) {
        return fleet_done(fmt::format("{} runs with {} of {} tasks", revision, running, desired));
    }
    missing = fmt::format("the rollout of {} has {} of {} tasks", revision, running, desired);
    return std::nullopt;
}

}  // namespace

net::Task<FleetEnd> roll_out(const FleetWork& work) {
    const core::FleetChange& change = work.change();
    const Result<json::object> service = co_await service_of(work);
    if (!service) {
        co_return fleet_failed(service.error());
    }
    const std::string today = text_member(*service, "taskDefinition");
    const Result<std::string> revision = co_await revision_with(work, today);
    if (!revision) {
        co_return fleet_failed(revision.error());
    }
    if (*revision != today) {
        // The revision is absolute: a second execution changes nothing.
        const Result<json::object> updated = co_await work.call(
            "ecs",
            "UpdateService",
            {{"cluster", change.cluster},
             {"service", change.service},
             {"taskDefinition", *revision}},
            {.idempotent = true}
        );
        if (!updated) {
            co_return fleet_failed(updated.error());
        }
    }
    std::string missing;
    const auto look = [&work, &missing, &revision]() -> net::Task<FleetLook> {
        const Result<json::object> now = co_await service_of(work);
        if (!now) {
            co_return std::unexpected(now.error());
        }
        co_return rollout_of(*now, *revision, missing);
    };
    const FleetEnd end = co_await work.watch(look, missing);
    co_return end;
}

}  // namespace farshore::aws
