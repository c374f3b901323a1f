#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include <fmt/format.h>

#include "adapters/aws/fleet_kinds.h"
#include "adapters/aws/members.h"
#include "base/text.h"

// A script on running instances by their tags, through SSM Run Command. It runs on each of them, or
// the step says on which it did not: an instance whose agent is away, one that was found by its
// tags and is gone, one whose script failed.
namespace farshore::aws {

namespace {

namespace json = boost::json;

// SSM takes so many ids in one command, and so long a comment.
constexpr std::size_t kInstancesMax = 50;
constexpr std::size_t kCommentMax = 100;
constexpr std::size_t kNamedMax = 3;  // instances that a text names
constexpr std::size_t kSaidMax = 200;
// SSM's bounds of `executionTimeout`, and its least time for a command to reach an instance.
constexpr std::int64_t kExecutionSecondsMax = 172'800;
constexpr std::int64_t kDeliverySecondsMin = 30;

// What became of the script on one instance.
struct Instance {
    std::string command;  // empty: it was sent to none
    std::string status;
    std::string detail;

    [[nodiscard]] bool ended() const {
        return command.empty() || (status != "Pending" && status != "InProgress" &&
                                   status != "Delayed" && status != "Cancelling");
    }

    [[nodiscard]] bool succeeded() const { return status == "Success"; }
};

using Instances = std::map<std::string, Instance>;

net::Task<Result<Instances>> running_instances(const FleetWork& work) {
    json::array filters{
        json::object{{"Name", "instance-state-name"}, {"Values", json::array{"running"}}}
    };
    for (const core::NamedText& tag : work.change().tags) {
        filters.push_back(
            json::object{{"Name", "tag:" + tag.name}, {"Values", json::array{tag.value}}}
        );
    }
    const auto reservations = co_await work.pages(
        "ec2",
        "DescribeInstances",
        {{"Filters", std::move(filters)}, {"MaxResults", 1000}},
        "Reservations",
        "NextToken",
        "NextToken"
    );
    if (!reservations) {
        co_return std::unexpected(reservations.error());
    }
    Instances found;
    for (const json::object& reservation : *reservations) {
        for (const json::object* instance : entries(reservation, "Instances")) {
            found[text_member(*instance, "InstanceId")];
        }
    }
    co_return found;
}

// Of those whose agent does not answer it is known beforehand that no script reaches them, and one
// that SSM does not know would refuse the whole command.
net::Task<Status> leave_out_absent(const FleetWork& work, Instances& instances) {
    const auto known = co_await work.pages(
        "ssm",
        "DescribeInstanceInformation",
        {{"MaxResults", 50}},
        "InstanceInformationList",
        "NextToken",
        "NextToken"
    );
    if (!known) {
        co_return std::unexpected(known.error());
    }
    std::map<std::string, std::string> pings;
    for (const json::object& one : *known) {
        pings[text_member(one, "InstanceId")] = text_member(one, "PingStatus");
    }
    for (auto& [id, instance] : instances) {
        const auto ping = pings.find(id);
        if (ping == pings.end()) {
            instance.status = "NotManaged";
            instance.detail = "SSM does not know it: it has no agent, or no role for SSM";
        } else if (ping->second != "Online") {
            instance.status = ping->second;
            instance.detail = "its SSM agent is not online";
        }
    }
    co_return Status{};
}

std::string quoted_for_sh(const std::string& value) {
    std::string out = "'";
    for (const char byte : value) {
        out += byte == '\'' ? "'\\''" : std::string{byte};
    }
    return out + "'";
}

std::string in_capitals(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char letter) {
        return static_cast<char>(std::toupper(letter));
    });
    return text;
}

json::array lines_of(const core::MoveFleet& order) {
    json::array lines;
    for (const auto& [name, value] : order.values) {
        lines.push_back(json::string{"export FARSHORE_" + in_capitals(name) + "=" + quoted_for_sh(value)});
    }
    for (const std::string_view line : split(order.change.script, '\n')) {
        lines.push_back(json::string{line});
    }
    return lines;
}

// By which a command that an earlier run of the controller sent is found again.
std::string comment_of(const core::MoveFleet& order) {
    const auto value = [&](std::string_view name) -> std::string {
        const auto found = std::ranges::find(order.values, name, [](const auto& each) {
            return std::string_view{each.first};
        });
        return found == order.values.end() ? "" : found->second;
    };
    return ("farshore " + value("operation") + " " + value("step") + " " + value("attempt"))
        .substr(0, kCommentMax);
}

std::int64_t seconds_left(const FleetWork& work) {
    const Duration left = work.deadline - work.client.clock().now();
    return std::max<std::int64_t>(to_ms(left) / 1000, 1);
}

net::Task<Result<std::string>> send(const FleetWork& work, json::array ids) {
    const std::int64_t seconds = std::min(seconds_left(work), kExecutionSecondsMax);
    const Result<json::object> sent = co_await work.call(
        "ssm",
        "SendCommand",
        {{"DocumentName", "AWS-RunShellScript"},
         {"InstanceIds", std::move(ids)},
         {"Comment", comment_of(work.order)},
         {"TimeoutSeconds", std::max(seconds, kDeliverySecondsMin)},
         {"MaxErrors", "100%"},
         {"Parameters",
          json::object{
              {"commands", lines_of(work.order)},
              {"executionTimeout", json::array{std::to_string(seconds)}}
          }}}
    );
    if (!sent) {
        co_return std::unexpected(sent.error());
    }
    co_return text_member(object_member(*sent, "Command"), "CommandId");
}

// Commands of this very step: sent by a controller that died, or whose answer was lost.
net::Task<Result<std::vector<std::string>>> sent_before(const FleetWork& work) {
    // A day: longer no step may take.
    const UtcTime since = work.client.clock().wall() - std::chrono::hours{24};
    const auto commands = co_await work.pages(
        "ssm",
        "ListCommands",
        {{"Filters",
          json::array{
              json::object{{"key", "DocumentName"}, {"value", "AWS-RunShellScript"}},
              json::object{{"key", "InvokedAfter"}, {"value", to_iso8601(since)}}
          }}},
        "Commands",
        "NextToken",
        "NextToken"
    );
    if (!commands) {
        co_return std::unexpected(commands.error());
    }
    std::vector<std::string> ids;
    for (const json::object& command : *commands) {
        if (text_member(command, "Comment") == comment_of(work.order)) {
            ids.push_back(text_member(command, "CommandId"));
        }
    }
    co_return ids;
}

net::Task<Status> look_at(const FleetWork& work, const std::string& command, Instances& instances) {
    const auto invocations = co_await work.pages(
        "ssm",
        "ListCommandInvocations",
        {{"CommandId", command}},
        "CommandInvocations",
        "NextToken",
        "NextToken"
    );
    if (!invocations) {
        co_return std::unexpected(invocations.error());
    }
    for (const json::object& invocation : *invocations) {
        const auto instance = instances.find(text_member(invocation, "InstanceId"));
        if (instance != instances.end()) {
            instance->second.command = command;
            instance->second.status = text_member(invocation, "Status");
            instance->second.detail = text_member(invocation, "StatusDetails");
        }
    }
    co_return Status{};
}

// To each instance that no command has reached yet, in as many commands as it takes.
net::Task<Status> send_to_the_rest(
    const FleetWork& work, Instances& instances, std::set<std::string>& commands
) {
    json::array ids;
    std::vector<Instance*> chosen;
    for (auto at = instances.begin(); at != instances.end();) {
        auto& [id, instance] = *at++;
        if (instance.command.empty() && instance.status.empty()) {
            ids.push_back(json::string{id});
            chosen.push_back(&instance);
        }
        if (!ids.empty() && (ids.size() == kInstancesMax || at == instances.end())) {
            const auto command = co_await send(work, std::exchange(ids, {}));
            if (!command) {
                co_return std::unexpected(command.error());
            }
            commands.insert(*command);
            for (Instance* each : std::exchange(chosen, {})) {
                each->command = *command;
                each->status = "Pending";
            }
        }
    }
    co_return Status{};
}

net::Task<std::string> said_by(const FleetWork& work, std::string id, Instance instance) {
    const Result<json::object> output = co_await work.call(
        "ssm", "GetCommandInvocation", {{"CommandId", instance.command}, {"InstanceId", id}}
    );
    if (!output) {
        co_return "";
    }
    std::string said = text_member(*output, "StandardErrorContent");
    said = said.empty() ? text_member(*output, "StandardOutputContent") : said;
    said = said.size() > kSaidMax ? said.substr(said.size() - kSaidMax) : said;
    co_return fmt::format("status {}: {}", number_member(*output, "ResponseCode"), trim(said));
}

// How many did not succeed, and what the first of them say.
net::Task<std::string> failures_of(const FleetWork& work, const Instances& instances) {
    std::size_t failed = 0;
    std::string named;
    for (const auto& [id, instance] : instances) {
        if (instance.succeeded() || !instance.ended() || ++failed > kNamedMax) {
            continue;
        }
        std::string detail = instance.detail;
        if (!instance.command.empty()) {
            const std::string said = co_await said_by(work, id, instance);
            detail += (detail.empty() || said.empty() ? "" : ", ") + said;
        }
        named += fmt::format("; {} {} ({})", id, instance.status, detail);
    }
    co_return failed == 0
        ? std::string{}
        : fmt::format("it failed on {} of {} instances{}", failed, instances.size(), named);
}

std::size_t count_failed(const Instances& instances) {
    return static_cast<std::size_t>(std::ranges::count_if(instances, [](const auto& each) {
        return each.second.ended() && !each.second.succeeded();
    }));
}

net::Task<FleetEnd> watch_commands(
    const FleetWork& work, Instances& instances, const std::set<std::string>& commands
) {
    std::string missing;
    const auto look = [&work, &instances, &commands, &missing]() -> net::Task<FleetLook> {
        for (const std::string& command : commands) {
            const Status seen = co_await look_at(work, command, instances);
            if (!seen) {
                co_return std::unexpected(seen.error());
            }
        }
        const auto open = std::ranges::count_if(instances, [](const auto& each) {
            return !each.second.ended();
        });
        if (open > 0) {
            missing = fmt::format("{} of {} instances have not ended", open, instances.size());
            co_return std::nullopt;
        }
        const std::size_t failed = count_failed(instances);
        const std::string failures = co_await failures_of(work, instances);
        if (failed > static_cast<std::size_t>(work.change().errors_max)) {
            co_return fleet_failed(failures);
        }
        co_return fleet_done(
            fmt::format("it ran on {} of {} instances", instances.size() - failed, instances.size()) +
            (failures.empty() ? "" : "; " + failures)
        );
    };
    const FleetEnd end = co_await work.watch(look, missing);
    co_return end;
}

std::string tags_in_words(const core::NamedTexts& tags) {
    std::string out;
    for (const core::NamedText& tag : tags) {
        out += (out.empty() ? "" : " and ") + tag.name + "=" + tag.value;
    }
    return out;
}

}  // namespace

net::Task<FleetEnd> run_script(const FleetWork& work) {
    const core::FleetChange& change = work.change();
    Result<Instances> instances = co_await running_instances(work);
    if (!instances) {
        co_return fleet_failed(instances.error());
    }
    if (instances->empty()) {
        const std::string none = "no running instance of " + change.region + " has " +
                                 tags_in_words(change.tags);
        co_return change.none_is_fine
            ? fleet_done(none)
            : fleet_failed(none + "; remedy: are `tags` and `region` right? `none_is_fine: true` "
                                  "says that there may be none");
    }
    const auto before = co_await sent_before(work);
    if (!before) {
        co_return fleet_failed(before.error());
    }
    std::set<std::string> commands{before->begin(), before->end()};
    for (const std::string& command : commands) {
        if (const Status seen = co_await look_at(work, command, *instances); !seen) {
            co_return fleet_failed(seen.error());
        }
    }
    if (const Status asked = co_await leave_out_absent(work, *instances); !asked) {
        co_return fleet_failed(asked.error());
    }
    if (const Status sent = co_await send_to_the_rest(work, *instances, commands); !sent) {
        co_return fleet_failed(sent.error());
    }
    const FleetEnd end = co_await watch_commands(work, *instances, commands);
    co_return end;
}

}  // namespace farshore::aws
