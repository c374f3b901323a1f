#include "cli/account_checks.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/aws/members.h"
#include "base/text.h"
#include "cli/aws_world.h"
#include "cli/rights_checks.h"
#include "core/lint/quotas.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;
using State = LiveCheck::State;

constexpr Duration kPatience = 5s;
// AWS refuses a signature that is five minutes off; a host's clock should not come near.
constexpr Duration kSkewMax = 1min;
constexpr int kPagesMax = 20;

std::string remedy_of(const Error& error, std::string_view action) {
    if (error.kind == ErrorKind::denied) {
        return "allow " + std::string{action} + " on `*` to this principal";
    }
    if (error.kind == ErrorKind::throttled) {
        return "AWS throttles this account's calls: try again later";
    }
    return error.remedy.empty() ? "try again" : error.remedy;
}

net::Task<LiveCheck> who_asks(aws::AwsClient* client, RegionId region) {
    aws::AwsCall call{.service = "sts", .name = "GetCallerIdentity", .region = region};
    aws::CallOptions options;
    options.total_timeout = kPatience;
    const auto reply = co_await client->call(std::move(call), options);
    LiveCheck check{.what = "identity in " + region.value()};
    if (reply) {
        check.text = aws::text_member(reply->output, "Arn");
        co_return check;
    }
    const ErrorKind kind = reply.error().kind;
    // Keys that AWS does not take are wrong in whatever Region.
    check.state = kind == ErrorKind::denied ? State::wrong : State::unchecked;
    check.text = "AWS does not say who this is: " + reply.error().text;
    check.remedy = reply.error().remedy.empty() ? "try again" : reply.error().remedy;
    co_return check;
}

net::Task<Result<core::RegionQuotas>> quotas_of(aws::AwsClient* client, RegionId region) {
    core::RegionQuotas out{.region = region};
    json::object input{{"ServiceCode", "dynamodb"}};
    aws::CallOptions options;
    options.total_timeout = kPatience;
    for (int page = 0; page < kPagesMax; ++page) {
        aws::AwsCall call{
            .service = "service-quotas",
            .name = "ListServiceQuotas",
            .region = region,
            .input = input
        };
        const auto reply = co_await client->call(std::move(call), options);
        if (!reply) {
            co_return std::unexpected(reply.error());
        }
        for (const json::object* quota : aws::entries(reply->output, "Quotas")) {
            const json::value* value = quota->if_contains("Value");
            if (value != nullptr && value->is_number()) {
                out.quotas.push_back(
                    {.code = aws::text_member(*quota, "QuotaCode"),
                     .name = aws::text_member(*quota, "QuotaName"),
                     .value = value->to_number<double>()}
                );
            }
        }
        const std::string next = aws::text_member(reply->output, "NextToken");
        if (next.empty()) {
            break;
        }
        input["NextToken"] = next;
    }
    co_return out;
}

LiveCheck clock_check(const aws::AwsClient& client) {
    const Duration skew = client.clock_skew();
    LiveCheck check{.what = "clock", .text = "AWS takes this machine's time"};
    if (std::chrono::abs(skew) > kSkewMax) {
        check.state = State::wrong;
        check.text = "AWS's clock is " + to_text(std::chrono::abs(skew)) +
                     (skew > Duration{} ? " ahead of" : " behind") + " this machine's";
        check.remedy = "set the clock, by chrony or the Amazon Time Sync Service";
    }
    return check;
}

void add_quota_checks(std::vector<LiveCheck>& checks, const std::vector<core::RegionQuotas>& all) {
    const auto apart = core::quotas_apart(all);
    for (const core::QuotaFinding& finding : apart) {
        checks.push_back(
            {.what = "quota of DynamoDB",
             .state = State::wrong,
             .text = finding.text,
             .remedy = "ask for the same in " + finding.region.value() +
                       ": `aws service-quotas request-service-quota-increase --service-code "
                       "dynamodb --quota-code " +
                       finding.code + " --region " + finding.region.value() + " ...`"}
        );
    }
    if (apart.empty() && all.size() > 1) {
        checks.push_back(
            {.what = "quotas of DynamoDB",
             .text = fmt::format("{} are the same in each Region", all.front().quotas.size())}
        );
    }
}

net::Task<std::vector<LiveCheck>> look_at_account(
    const config::Config* config, RegionId without, aws::AwsClient* client
) {
    std::vector<LiveCheck> checks;
    std::vector<core::RegionQuotas> quotas;
    std::string arn;  // empty: STS has not said
    for (const config::Region& region : config->regions) {
        if (region.id == without) {
            continue;
        }
        checks.push_back(co_await who_asks(client, region.id));
        if (checks.back().state == State::good) {
            arn = checks.back().text;
        }
        auto found = co_await quotas_of(client, region.id);
        if (found) {
            quotas.push_back(*std::move(found));
        } else {
            checks.push_back(
                {.what = "quotas of DynamoDB",
                 .state = State::unchecked,
                 .text = "not known in " + region.id.value() + ": " + found.error().text,
                 .remedy = remedy_of(found.error(), "servicequotas:ListServiceQuotas")}
            );
        }
    }
    checks.push_back(clock_check(*client));
    add_quota_checks(checks, quotas);
    if (!arn.empty()) {
        auto rights = co_await rights_checks(config, without, client, arn);
        std::ranges::move(rights, std::back_inserter(checks));
    }
    co_return checks;
}

}  // namespace

std::vector<LiveCheck> account_checks(const config::Config& config, const RegionId& without) {
    AwsWorld world{config};
    return world.run(look_at_account(&config, without, &world.client()));
}

}  // namespace farshore::cli
