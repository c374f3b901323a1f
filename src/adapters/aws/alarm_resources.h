#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "adapters/aws/client.h"
#include "adapters/net/task.h"
#include "core/provision/alarm_plan.h"

// Each kind of resource between an alarm and a queue: what is there by a name, and making it. For
// alarm_provision.cc.
namespace farshore::aws {

// What is there in the fields that `wished` has; nullopt: nothing of that name.
using SeenResource = Result<std::optional<core::AlarmResource>>;

[[nodiscard]] net::Task<SeenResource> see_alarm(AwsClient& client, core::AlarmResource wished);
[[nodiscard]] net::Task<SeenResource> see_rule(AwsClient& client, core::AlarmResource wished);
[[nodiscard]] net::Task<SeenResource> see_queue(AwsClient& client, core::AlarmResource wished);
// Says whose it is, too: IAM tells it in the same answer.
[[nodiscard]] net::Task<SeenResource> see_role(
    AwsClient& client, AppId app, core::AlarmResource wished
);

[[nodiscard]] net::Task<Result<bool>> alarm_is_ours(
    AwsClient& client, AppId app, core::AlarmResource wished
);
[[nodiscard]] net::Task<Result<bool>> rule_is_ours(
    AwsClient& client, AppId app, core::AlarmResource wished
);
[[nodiscard]] net::Task<Result<bool>> queue_is_ours(
    AwsClient& client, AppId app, core::AlarmResource wished
);

[[nodiscard]] net::Task<Status> put_alarm(AwsClient& client, AppId app, core::AlarmResource wished);
[[nodiscard]] net::Task<Status> put_rule(AwsClient& client, AppId app, core::AlarmResource wished);
[[nodiscard]] net::Task<Status> put_queue(AwsClient& client, AppId app, core::AlarmResource wished);
[[nodiscard]] net::Task<Status> put_role(AwsClient& client, AppId app, core::AlarmResource wished);

// One call and its answer's members.
[[nodiscard]] net::Task<Result<boost::json::object>> ask(
    AwsClient& client,
    std::string service,
    std::string name,
    RegionId region,
    boost::json::object input
);

// `wished`, when both are the same document: services give documents back in their own spelling.
[[nodiscard]] std::string as_wished(std::string_view wished, std::string seen);

// [{"Key": "farshore:app", "Value": APP}], as most services take tags.
[[nodiscard]] boost::json::array tags_of(const AppId& app);
[[nodiscard]] bool has_tag(
    const boost::json::object& output, std::string_view list, const AppId& app
);

}  // namespace farshore::aws
