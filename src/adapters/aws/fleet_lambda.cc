#include <fmt/format.h>

#include "adapters/aws/fleet_kinds.h"
#include "adapters/aws/members.h"

// A function's environment, and whether its queues and streams call it.
namespace farshore::aws {

namespace {

namespace json = boost::json;

net::Task<Result<json::object>> configuration_of(const FleetWork& work) {
    Result<json::object> output = co_await work.call(
        "lambda", "GetFunctionConfiguration", {{"FunctionName", work.change().function}}
    );
    co_return output;
}

// Today's variables with ours; nullopt: they are there.
std::optional<json::object> variables_with(
    const json::object& configuration, const core::NamedTexts& ours
) {
    json::object variables = object_member(object_member(configuration, "Environment"), "Variables");
    bool changed = false;
    for (const core::NamedText& each : ours) {
        changed = changed || text_member(variables, each.name) != each.value ||
                  !variables.contains(each.name);
        variables[each.name] = each.value;
    }
    return changed ? std::optional{std::move(variables)} : std::nullopt;
}

net::Task<FleetEnd> wait_for_update(const FleetWork& work) {
    std::string missing = "the update of the function is under way";
    const auto look = [&work]() -> net::Task<FleetLook> {
        const Result<json::object> now = co_await configuration_of(work);
        if (!now) {
            co_return std::unexpected(now.error());
        }
        const std::string status = text_member(*now, "LastUpdateStatus");
        if (status == "Failed") {
            co_return fleet_failed(
                "the update failed: " + text_member(*now, "LastUpdateStatusReason")
            );
        }
        co_return status == "InProgress" ? std::nullopt
                                         : std::optional{fleet_done("its environment is set")};
    };
    const FleetEnd end = co_await work.watch(look, missing);
    co_return end;
}

net::Task<FleetEnd> set_environment(const FleetWork& work) {
    const Result<json::object> today = co_await configuration_of(work);
    if (!today) {
        co_return fleet_failed(today.error());
    }
    auto variables = variables_with(*today, work.change().set);
    if (!variables) {
        const FleetEnd end = co_await wait_for_update(work);
        co_return end;
    }
    // By the revision that was read: another's update in between is not taken back.
    const Result<json::object> updated = co_await work.call(
        "lambda",
        "UpdateFunctionConfiguration",
        {{"FunctionName", work.change().function},
         {"Environment", json::object{{"Variables", *std::move(variables)}}},
         {"RevisionId", text_member(*today, "RevisionId")}}
    );
    if (!updated) {
        co_return fleet_failed(updated.error());
    }
    const FleetEnd end = co_await wait_for_update(work);
    co_return end;
}

net::Task<Result<std::vector<json::object>>> mappings_of(const FleetWork& work) {
    auto mappings = co_await work.pages(
        "lambda",
        "ListEventSourceMappings",
        {{"FunctionName", work.change().function}},
        "EventSourceMappings",
        "Marker",
        "NextMarker"
    );
    co_return mappings;
}

net::Task<FleetEnd> turn_event_sources(const FleetWork& work) {
    const bool on = work.change().event_sources == core::EventSources::on;
    const std::string wanted = on ? "Enabled" : "Disabled";
    const auto mappings = co_await mappings_of(work);
    if (!mappings) {
        co_return fleet_failed(mappings.error());
    }
    if (mappings->empty()) {
        co_return fleet_failed(
            "function " + work.change().function + " has no event sources in " +
            work.change().region
        );
    }
    for (const json::object& mapping : *mappings) {
        const std::string state = text_member(mapping, "State");
        if (state == wanted || state == (on ? "Enabling" : "Disabling")) {
            continue;
        }
        const Result<json::object> updated = co_await work.call(
            "lambda",
            "UpdateEventSourceMapping",
            {{"UUID", text_member(mapping, "UUID")}, {"Enabled", on}}
        );
        if (!updated) {
            co_return fleet_failed(updated.error());
        }
    }
    std::string missing;
    const auto look = [&work, &wanted, &missing]() -> net::Task<FleetLook> {
        const auto now = co_await mappings_of(work);
        if (!now) {
            co_return std::unexpected(now.error());
        }
        for (const json::object& mapping : *now) {
            if (text_member(mapping, "State") != wanted) {
                missing = "event source " + text_member(mapping, "EventSourceArn") + " is " +
                          text_member(mapping, "State");
                co_return std::nullopt;
            }
        }
        co_return fleet_done(
            fmt::format("{} event source{} {}", now->size(), now->size() == 1 ? " is" : "s are", wanted)
        );
    };
    const FleetEnd end = co_await work.watch(look, missing);
    co_return end;
}

}  // namespace

net::Task<FleetEnd> change_function(const FleetWork& work) {
    FleetEnd end = fleet_done({});
    if (!work.change().set.empty()) {
        end = co_await set_environment(work);
    }
    if (end.how != FleetEnd::How::done ||
        work.change().event_sources == core::EventSources::as_they_are) {
        co_return end;
    }
    const std::string first = end.text;
    end = co_await turn_event_sources(work);
    end.text = first + (first.empty() ? "" : "; ") + end.text;
    co_return end;
}

}  // namespace farshore::aws
