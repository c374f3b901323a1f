#include "cli/rights_checks.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/aws/members.h"
#include "base/text.h"
#include "cli/rights_scope.h"

namespace farshore::cli {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using State = LiveCheck::State;

constexpr Duration kPatience = 5s;
const RegionId kGlobalControl{"us-east-1"};  // where IAM has its one control plane

constexpr std::string_view kRemedy =
    "give it the controller's policy (docs/iam.md), or run doctor with the controller's role";

// The parts of "arn:aws:sts::123456789012:assumed-role/ROLE/SESSION".
constexpr std::size_t kPartition = 1;
constexpr std::size_t kAccount = 4;
constexpr std::size_t kName = 5;

std::string_view part_of(std::string_view arn, std::size_t part) {
    const std::vector<std::string_view> parts = split(arn, ':');
    return parts.size() > part ? parts[part] : std::string_view{};
}

// The role of a session; empty: it is none.
std::string role_in(std::string_view arn) {
    constexpr std::string_view kSession = "assumed-role/";
    const std::string_view name = part_of(arn, kName);
    return name.starts_with(kSession)
               ? std::string{split(name.substr(kSession.size()), '/').front()}
               : "";
}

aws::CallOptions patient() {
    aws::CallOptions options;
    options.total_timeout = kPatience;
    return options;
}

// Whose policies are simulated: a session has those of its role. STS's name of the session leaves
// the role's path out, so IAM is asked; without that right it is taken to have none.
net::Task<std::string> source_of(aws::AwsClient* client, RegionId region, std::string arn) {
    const std::string role = role_in(arn);
    if (role.empty()) {
        co_return arn;
    }
    aws::AwsCall call{
        .service = "iam",
        .name = "GetRole",
        .region = region,
        .input = json::object{{"RoleName", role}}
    };
    const auto reply = co_await client->call(std::move(call), patient());
    std::string known =
        reply ? aws::text_member(aws::object_member(reply->output, "Role"), "Arn") : "";
    co_return known.empty()
        ? fmt::format(
              "arn:{}:iam::{}:role/{}", part_of(arn, kPartition), part_of(arn, kAccount), role
          )
        : known;
}

json::array texts(const std::vector<std::string>& values) {
    return json::array(values.begin(), values.end());
}

// Each action on each resource that the simulation does not allow: "dynamodb:Scan on arn:...".
Result<std::vector<std::string>> denied_in(const json::object& output) {
    if (const Status whole = aws::must_have(output, "EvaluationResults", "IAM"); !whole) {
        return std::unexpected(whole.error());
    }
    std::vector<std::string> denied;
    const auto note = [&denied](const std::string& action, const std::string& resource) {
        denied.push_back(action + " on " + resource);
    };
    for (const json::object* result : aws::entries(output, "EvaluationResults")) {
        const std::string action = aws::text_member(*result, "EvalActionName");
        const auto resources = aws::entries(*result, "ResourceSpecificResults");
        for (const json::object* one : resources) {
            if (aws::text_member(*one, "EvalResourceDecision") != "allowed") {
                note(action, aws::text_member(*one, "EvalResourceName"));
            }
        }
        if (resources.empty() && aws::text_member(*result, "EvalDecision") != "allowed") {
            note(action, aws::text_member(*result, "EvalResourceName"));
        }
    }
    return denied;
}

net::Task<Result<std::vector<std::string>>> simulate(
    aws::AwsClient* client, RegionId region, std::string source, core::Right right
) {
    aws::AwsCall call{
        .service = "iam",
        .name = "SimulatePrincipalPolicy",
        .region = region,
        .input =
            json::object{
                {"PolicySourceArn", source},
                {"ActionNames", texts(right.actions)},
                {"ResourceArns", texts(right.resources)},
                // All at once: more would come with a marker.
                {"MaxItems", 1000}
            }
    };
    const auto reply = co_await client->call(std::move(call), patient());
    if (!reply) {
        co_return std::unexpected(reply.error());
    }
    co_return denied_in(reply->output);
}

LiveCheck simulated(const core::Right& right, const std::vector<std::string>& denied) {
    LiveCheck check{
        .what = "rights " + right.id,
        .text = joined(right.actions) + ": IAM's simulation allows them"
    };
    if (!denied.empty()) {
        check.state = State::wrong;
        check.text = "IAM's simulation refuses this principal " + joined(denied);
        check.remedy = std::string{kRemedy};
        check.code = "right_missing";
    }
    return check;
}

// A table of the programs' own, by its key.
struct OwnTable {
    TableName table;
    std::string key;
    RegionId region;
};

// A read of an item that nobody has, in a table of the programs' own: nullopt, or the refusal.
net::Task<Status> try_get(
    aws::AwsClient* client, RegionId region, TableName table, std::string key
) {
    aws::AwsCall call{
        .service = "dynamodb",
        .name = "GetItem",
        .region = region,
        .input =
            json::object{
                {"TableName", table.value()},
                {"Key", json::object{{key, json::object{{"S", "farshore-doctor"}}}}}
            }
    };
    const auto reply = co_await client->call(std::move(call), patient());
    if (!reply) {
        co_return std::unexpected(reply.error());
    }
    co_return Status{};
}

// What the calls that doctor makes anyway prove: core/lint's tables and try_rights.
const std::set<std::string> kProvenElsewhere{
    "dynamodb:DescribeTable",
    "dynamodb:BatchGetItem",
    "route53:ListResourceRecordSets",
    "route53:GetHealthCheck"
};

net::Task<std::vector<LiveCheck>> by_harmless_calls(
    const config::Config* config, RegionId without, aws::AwsClient* client, std::string why
) {
    std::vector<LiveCheck> checks;
    std::vector<OwnTable> places;
    for (const config::Region& region : config->regions) {
        places.push_back({config->fence.epoch_table, "app", region.id});
        places.push_back({config->detect.heartbeat_table, "id", region.id});
    }
    if (!config->witness.value().empty()) {
        places.push_back({config->fence.epoch_table, "app", config->witness});
    }
    std::erase_if(places, [&](const OwnTable& place) { return place.region == without; });
    for (const auto& [table, key, region] : places) {
        const Status read = co_await try_get(client, region, table, key);
        if (!read && read.error().kind == ErrorKind::denied) {
            checks.push_back(
                {.what = "right to read " + table.value(),
                 .state = State::wrong,
                 .text =
                     "dynamodb:GetItem is refused in " + region.value() + ": " + read.error().text,
                 .remedy = std::string{kRemedy},
                 .code = "right_missing"}
            );
        }
    }
    std::set<std::string> not_proven;
    for (const core::Right& right :
         core::rights_of(core::Principal::controller, rights_scope(*config, ""))) {
        not_proven.insert(right.actions.begin(), right.actions.end());
    }
    not_proven.erase("dynamodb:GetItem");
    for (const std::string& action : kProvenElsewhere) {
        not_proven.erase(action);
    }
    checks.push_back(
        {.what = "rights",
         .state = State::unchecked,
         .text = why + ". Tried by reads: dynamodb:GetItem, " + joined(kProvenElsewhere) +
                 ". Not proven: " + joined(not_proven),
         .remedy = "allow iam:SimulatePrincipalPolicy and iam:GetRole to this principal for the "
                   "time of the check"}
    );
    co_return checks;
}

}  // namespace

net::Task<std::vector<LiveCheck>> rights_checks(
    const config::Config* config, RegionId without, aws::AwsClient* client, std::string arn
) {
    if (without == kGlobalControl) {
        std::string why = "IAM is not asked: its control plane is in us-east-1";
        co_return co_await by_harmless_calls(config, without, client, std::move(why));
    }
    const RegionId region = config->preferred();
    const std::string source = co_await source_of(client, region, arn);
    std::vector<LiveCheck> checks;
    for (const core::Right& right : core::rights_of(
             core::Principal::controller, rights_scope(*config, std::string{part_of(arn, kAccount)})
         )) {
        const auto denied = co_await simulate(client, region, source, right);
        if (!denied) {
            std::string why = "IAM does not simulate: " + denied.error().text;
            co_return co_await by_harmless_calls(config, without, client, std::move(why));
        }
        checks.push_back(simulated(right, *denied));
    }
    co_return checks;
}

}  // namespace farshore::cli
