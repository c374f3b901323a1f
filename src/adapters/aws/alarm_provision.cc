#include "adapters/aws/alarm_provision.h"

#include <utility>

#include <boost/json.hpp>

#include "adapters/aws/alarm_resources.h"
#include "adapters/aws/members.h"

namespace farshore::aws {
namespace {

namespace json = boost::json;
using enum core::AlarmResourceKind;

net::Task<SeenResource> see(AwsClient& client, AppId app, core::AlarmResource wished) {
    switch (wished.kind) {
        case metric_alarm:
        case composite_alarm: co_return co_await see_alarm(client, std::move(wished));
        case rule: co_return co_await see_rule(client, std::move(wished));
        case queue: co_return co_await see_queue(client, std::move(wished));
        case role: co_return co_await see_role(client, std::move(app), std::move(wished));
    }
    std::unreachable();
}

net::Task<Result<bool>> is_ours(AwsClient& client, AppId app, core::AlarmResource wished) {
    switch (wished.kind) {
        case metric_alarm:
        case composite_alarm:
            co_return co_await alarm_is_ours(client, std::move(app), std::move(wished));
        case rule: co_return co_await rule_is_ours(client, std::move(app), std::move(wished));
        case queue: co_return co_await queue_is_ours(client, std::move(app), std::move(wished));
        case role: co_return false;  // see_role has said it
    }
    std::unreachable();
}

}  // namespace

net::Task<Result<json::object>> ask(
    AwsClient& client, std::string service, std::string name, RegionId region, json::object input
) {
    AwsCall asked{
        .service = std::move(service),
        .name = std::move(name),
        .region = std::move(region),
        .input = std::move(input)
    };
    Result<AwsReply> reply = co_await client.call(std::move(asked), {});
    if (!reply) {
        co_return std::unexpected(std::move(reply.error()));
    }
    co_return std::move(reply->output);
}

std::string as_wished(std::string_view wished, std::string seen) {
    boost::system::error_code error;
    const json::value is = json::parse(seen, error);
    return !error && is == json::parse(wished) ? std::string{wished} : seen;
}

json::array tags_of(const AppId& app) {
    return {json::object{{"Key", core::kAppTag}, {"Value", app.value()}}};
}

bool has_tag(const json::object& output, std::string_view list, const AppId& app) {
    for (const json::object* tag : entries(output, list)) {
        if (text_member(*tag, "Key") == core::kAppTag &&
            text_member(*tag, "Value") == app.value()) {
            return true;
        }
    }
    return false;
}

net::Task<Result<Account>> account_of(AwsClient& client, RegionId region) {
    const auto said = co_await ask(client, "sts", "GetCallerIdentity", std::move(region), {});
    if (!said) {
        co_return std::unexpected(said.error());
    }
    // "arn:aws:iam::123456789012:user/someone"
    const std::string arn = text_member(*said, "Arn");
    const std::size_t begin = arn.find(':') + 1;
    co_return Account{
        .partition = arn.substr(begin, arn.find(':', begin) - begin),
        .number = text_member(*said, "Account")
    };
}

net::Task<Result<std::vector<core::AlarmResource>>> see_alarms(
    AwsClient& client, AppId app, std::vector<core::AlarmResource> wished
) {
    std::vector<core::AlarmResource> out;
    for (const core::AlarmResource& one : wished) {
        SeenResource seen = co_await see(client, app, one);
        if (!seen) {
            co_return std::unexpected(std::move(seen.error()));
        }
        if (!*seen) {
            continue;
        }
        core::AlarmResource there = std::move(**seen);
        if (!there.ours && there.fields != one.fields) {
            const Result<bool> ours = co_await is_ours(client, app, one);
            if (!ours) {
                co_return std::unexpected(ours.error());
            }
            there.ours = *ours;
        }
        out.push_back(std::move(there));
    }
    co_return out;
}

net::Task<Status> make_change(AwsClient& client, AppId app, core::AlarmChange change) {
    switch (change.wished.kind) {
        case metric_alarm:
        case composite_alarm:
            co_return co_await put_alarm(client, std::move(app), std::move(change.wished));
        case rule: co_return co_await put_rule(client, std::move(app), std::move(change.wished));
        case queue: co_return co_await put_queue(client, std::move(app), std::move(change.wished));
        case role: co_return co_await put_role(client, std::move(app), std::move(change.wished));
    }
    std::unreachable();
}

}  // namespace farshore::aws
