#include <utility>

#include <boost/json.hpp>

#include "adapters/aws/alarm_resources.h"
#include "adapters/aws/members.h"
#include "adapters/net/http_message.h"

namespace farshore::aws {
namespace {

namespace json = boost::json;

// Of our policy in the role.
constexpr std::string_view kPolicy = "farshore";
constexpr std::string_view kTrust = "AssumeRolePolicyDocument";
constexpr std::string_view kAllows = "PolicyDocument";

// IAM gives policies back percent-encoded (RFC 3986).
std::string decoded(const std::string& text) {
    return net::percent_decode(text).value_or(text);
}

net::Task<Result<json::object>> describe(AwsClient& client, core::AlarmResource wished) {
    json::object input{{"RoleName", wished.name}};
    const auto told = co_await ask(client, "iam", "GetRole", wished.region, std::move(input));
    if (told) {
        co_return object_member(*told, "Role");
    }
    if (told.error().kind == ErrorKind::not_found) {
        co_return json::object{};
    }
    co_return std::unexpected(told.error());
}

}  // namespace

net::Task<SeenResource> see_role(AwsClient& client, AppId app, core::AlarmResource wished) {
    const auto role = co_await describe(client, wished);
    if (!role) {
        co_return std::unexpected(role.error());
    }
    if (role->empty()) {
        co_return std::optional<core::AlarmResource>{};
    }
    json::object input{{"RoleName", wished.name}, {"PolicyName", kPolicy}};
    const auto policy =
        co_await ask(client, "iam", "GetRolePolicy", wished.region, std::move(input));
    if (!policy && policy.error().kind != ErrorKind::not_found) {
        co_return std::unexpected(policy.error());
    }
    core::AlarmResource seen = wished;
    std::string& trust = seen.fields[std::string{kTrust}];
    trust = as_wished(trust, decoded(text_member(*role, kTrust)));
    std::string& allows = seen.fields[std::string{kAllows}];
    allows = as_wished(allows, policy ? decoded(text_member(*policy, kAllows)) : "");
    seen.ours = has_tag(*role, "Tags", app);
    co_return std::optional{std::move(seen)};
}

net::Task<Status> put_role(AwsClient& client, AppId app, core::AlarmResource wished) {
    const auto role = co_await describe(client, wished);
    if (!role) {
        co_return std::unexpected(role.error());
    }
    const std::string trust = wished.fields[std::string{kTrust}];
    json::object made{{"RoleName", wished.name}};
    std::string call = "UpdateAssumeRolePolicy";
    if (role->empty()) {
        call = "CreateRole";
        made[kTrust] = trust;
        made["Tags"] = tags_of(app);
    } else {
        made[kAllows] = trust;  // UpdateAssumeRolePolicy calls the trust so
    }
    const auto trusted =
        co_await ask(client, "iam", std::move(call), wished.region, std::move(made));
    if (!trusted) {
        co_return std::unexpected(trusted.error());
    }
    json::object input{
        {"RoleName", wished.name},
        {"PolicyName", kPolicy},
        {kAllows, wished.fields[std::string{kAllows}]}
    };
    const auto allowed =
        co_await ask(client, "iam", "PutRolePolicy", wished.region, std::move(input));
    co_return allowed ? Status{} : std::unexpected(allowed.error());
}

}  // namespace farshore::aws
