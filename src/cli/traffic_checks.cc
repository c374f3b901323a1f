#include "cli/traffic_checks.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "adapters/aws/traffic_survey.h"
#include "base/text.h"
#include "core/lint/traffic_lint.h"
#include "wire/config_rules.h"

namespace farshore::cli {

namespace {

using namespace std::chrono_literals;
using State = LiveCheck::State;

constexpr Duration kPatience = 3s;

LiveCheck unread(const config::Route53& traffic, const Error& error) {
    const bool missing = error.kind == ErrorKind::not_found;
    return {
        .what = "record " + traffic.record,
        .state = missing ? State::wrong : State::unchecked,
        .text = (missing ? "there is no hosted zone " + traffic.zone + ": "
                         : "it could not be looked at: ") +
                error.text,
        .remedy = missing ? "correct traffic.route53.zone"
                  : error.kind == ErrorKind::denied
                      ? "allow route53:GetHostedZone and route53:ListResourceRecordSets on the "
                        "zone, and route53:GetHealthCheck, to this principal"
                      : "try again"
    };
}

// Until the slowest check below the PRIMARY records has flipped. What is not asked by Route 53's
// checkers takes the time of the alarm behind it, which is not seen here.
Duration flips_within(const core::TrafficSeen& seen) {
    Duration longest{};
    const auto take = [&](const std::string& id) {
        const auto check = seen.checks.find(id);
        if (check != seen.checks.end() && !check->second.endpoint.empty()) {
            longest = std::max(longest, check->second.every * check->second.failures);
        }
    };
    for (const core::SeenRecord& record : seen.records) {
        const auto top = seen.checks.find(record.check);
        if (record.primary && top != seen.checks.end()) {
            take(record.check);
            std::ranges::for_each(top->second.children, take);
        }
    }
    return longest == Duration{} ? core::kFastestCheck : longest;
}

Duration longest_ttl(const core::TrafficSeen& seen, Duration configured) {
    Duration longest{};
    for (const core::SeenRecord& record : seen.records) {
        longest = std::max(longest, record.ttl);
    }
    return longest == Duration{} ? configured : longest;
}

}  // namespace

std::vector<LiveCheck> traffic_checks(const config::Config& config, const core::TrafficSeen& seen) {
    const config::Route53& traffic = *config.traffic;
    const std::string what = "record " + traffic.record;
    const core::TrafficWish wish{.record = to_lower(traffic.record), .ttl = traffic.ttl};
    std::vector<LiveCheck> checks;
    bool broken = false;
    for (const core::TrafficFinding& finding : core::lint_traffic(wish, seen)) {
        const core::TrafficRow& row = core::row_of(finding.fault);
        broken = broken || row.weight == core::LintWeight::broken;
        checks.push_back(
            {.what = what,
             .state = row.weight == core::LintWeight::broken ? State::wrong : State::advice,
             .text = fmt::format("{}: {}", finding.text, row.explanation),
             .remedy = std::string{row.remedy},
             .code = std::string{to_string(finding.fault)}}
        );
    }
    if (!broken) {
        checks.insert(
            checks.begin(),
            {.what = what,
             .text = "a PRIMARY and a SECONDARY record, each with what tells of its own Region"}
        );
    }
    checks.push_back(rto_check(config, rto_of(config, &seen)));
    return checks;
}

net::Task<std::vector<LiveCheck>> look_at_traffic(
    const config::Config* config, aws::AwsClient* client
) {
    aws::Route53 route53{*client};
    const config::Route53& traffic = *config->traffic;
    const auto seen =
        co_await aws::survey_traffic(route53, traffic.zone, to_lower(traffic.record), kPatience);
    if (!seen) {
        std::vector<LiveCheck> checks{unread(traffic, seen.error())};
        checks.push_back(rto_check(*config, rto_of(*config)));
        co_return checks;
    }
    co_return traffic_checks(*config, *seen);
}

core::RtoForecast rto_of(const config::Config& config, const core::TrafficSeen* seen) {
    core::RtoInput input = config::rto_input(config);
    if (input.check && seen != nullptr) {
        input.check = flips_within(*seen);
        input.ttl = longest_ttl(*seen, input.ttl);
    }
    return core::forecast_rto(input);
}

LiveCheck rto_check(const config::Config& config, const core::RtoForecast& forecast) {
    const bool shifts = !forecast.shift.empty();
    const Duration longest = shifts ? forecast.shifted() : forecast.repointed();
    LiveCheck check{
        .what = "RTO",
        .text = fmt::format(
            "a failover may take {} until hosts use the other Region ({})",
            to_text(forecast.repointed()),
            core::in_words(forecast.repoint)
        )
    };
    if (shifts) {
        check.text += fmt::format(
            ", {} until users are moved ({} more), and {} for clients that keep an address for {}",
            to_text(forecast.shifted()),
            core::in_words(forecast.shift),
            to_text(forecast.shifted() + core::kClientsKeep),
            to_text(core::kClientsKeep)
        );
    }
    check.text += fmt::format("; objectives.rto is {}", to_text(config.rto));
    if (longest > config.rto) {
        check.state = State::advice;
        check.code = std::string{to_string(core::TrafficFault::rto_exceeded)};
        check.remedy = std::string{core::row_of(core::TrafficFault::rto_exceeded).remedy};
    }
    return check;
}

}  // namespace farshore::cli
