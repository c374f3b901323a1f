#include <array>
#include <utility>

#include <boost/json.hpp>

#include "adapters/aws/alarm_resources.h"
#include "adapters/aws/members.h"

namespace farshore::aws {
namespace {

namespace json = boost::json;

// Of our target in a rule: people may have added others.
constexpr std::string_view kTargetId = "farshore";
constexpr std::string_view kTarget = "Targets.";

// What a call that leaves it out would take away.
constexpr std::array<std::string_view, 2> kKept{"Description", "RoleArn"};

// Empty: there is no such rule.
net::Task<Result<json::object>> describe(AwsClient& client, core::AlarmResource wished) {
    json::object input{{"Name", wished.name}};
    const auto told =
        co_await ask(client, "events", "DescribeRule", wished.region, std::move(input));
    if (!told && told.error().kind == ErrorKind::not_found) {
        co_return json::object{};
    }
    co_return told;
}

}  // namespace

net::Task<SeenResource> see_rule(AwsClient& client, core::AlarmResource wished) {
    const auto told = co_await describe(client, wished);
    if (!told) {
        co_return std::unexpected(told.error());
    }
    if (told->empty()) {
        co_return std::optional<core::AlarmResource>{};
    }
    json::object input{{"Rule", wished.name}};
    const auto listed =
        co_await ask(client, "events", "ListTargetsByRule", wished.region, std::move(input));
    if (!listed) {
        co_return std::unexpected(listed.error());
    }
    json::object target;
    for (const json::object* one : entries(*listed, "Targets")) {
        if (text_member(*one, "Id") == kTargetId) {
            target = *one;
        }
    }
    core::AlarmResource seen = wished;
    for (auto& [name, value] : seen.fields) {
        if (name.starts_with(kTarget)) {
            value = text_member(target, name.substr(kTarget.size()));
        } else if (name == "EventPattern") {
            value = as_wished(value, text_member(*told, name));
        } else {
            value = text_member(*told, name);
        }
    }
    co_return std::optional{std::move(seen)};
}

net::Task<Result<bool>> rule_is_ours(AwsClient& client, AppId app, core::AlarmResource wished) {
    const auto rule = co_await describe(client, wished);
    if (!rule) {
        co_return std::unexpected(rule.error());
    }
    json::object input{{"ResourceARN", text_member(*rule, "Arn")}};
    const auto told =
        co_await ask(client, "events", "ListTagsForResource", wished.region, std::move(input));
    if (!told) {
        co_return std::unexpected(told.error());
    }
    co_return has_tag(*told, "Tags", app);
}

net::Task<Status> put_rule(AwsClient& client, AppId app, core::AlarmResource wished) {
    const auto there = co_await describe(client, wished);
    if (!there) {
        co_return std::unexpected(there.error());
    }
    json::object rule{{"Name", wished.name}};
    json::object target{{"Id", kTargetId}};
    for (const auto& [name, value] : wished.fields) {
        if (name.starts_with(kTarget)) {
            target[name.substr(kTarget.size())] = value;
        } else {
            rule[name] = value;
        }
    }
    for (const std::string_view name : kKept) {
        if (const json::value* member = there->if_contains(name)) {
            rule[name] = *member;
        }
    }
    if (there->empty()) {
        rule["Tags"] = tags_of(app);
    }
    const auto put = co_await ask(client, "events", "PutRule", wished.region, std::move(rule));
    if (!put) {
        co_return std::unexpected(put.error());
    }
    json::object input{{"Rule", wished.name}, {"Targets", json::array{std::move(target)}}};
    const auto aimed =
        co_await ask(client, "events", "PutTargets", wished.region, std::move(input));
    if (!aimed) {
        co_return std::unexpected(aimed.error());
    }
    // PutTargets answers 200 also when it took no target.
    for (const json::object* failed : entries(*aimed, "FailedEntries")) {
        co_return fail(
            ErrorKind::malformed,
            "events:PutTargets of rule " + wished.name + ": " + text_member(*failed, "ErrorCode") +
                ": " + text_member(*failed, "ErrorMessage"),
            "may this principal pass the role (iam:PassRole), and is the target there?"
        );
    }
    co_return Status{};
}

}  // namespace farshore::aws
