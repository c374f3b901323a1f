#include "controller/traffic.h"

#include <algorithm>
#include <utility>

#include "adapters/system/log.h"
#include "base/text.h"
#include "wire/url.h"

namespace farshore::controller {

namespace {

constexpr Duration kAskEvery = std::chrono::milliseconds{100};
constexpr Duration kAskFor = std::chrono::seconds{2};
constexpr Duration kLearnEvery = std::chrono::minutes{1};
constexpr Duration kLearnRetry = std::chrono::seconds{5};
constexpr Duration kCheckTimeout = std::chrono::seconds{5};

}  // namespace

std::string check_text(
    const aws::HealthCheckConfig& check, const std::vector<aws::CheckerObservation>& seen
) {
    const bool tls = check.type == aws::HealthCheckType::https ||
                     check.type == aws::HealthCheckType::https_str_match;
    const std::string& host = check.domain_name.empty() ? check.ip_address : check.domain_name;
    const auto well = std::ranges::count_if(seen, &aws::CheckerObservation::success);
    return std::string{tls ? "https://" : "http://"} + wire::bracketed(host) +
           (check.port == 0 ? "" : ":" + std::to_string(check.port)) + check.path +
           (check.inverted ? " (inverted)" : "") + ": " + std::to_string(well) + " of " +
           std::to_string(seen.size()) + " checkers get a good answer";
}

void Traffic::serve(const core::ServeUsers& action) {
    edge_.tasks.spawn("serve users", [this, action] { return watch(action); });
}

// Which addresses the record should answer with: the Region's own record set, as last learned, and
// the load balancer that the Region's health is asked of.
net::Task<std::set<std::string>> Traffic::expected(RegionId region) {
    std::set<std::string> addresses;
    const bool preferred = edge_.config.preferred() == region;
    const auto records = records_;
    for (const aws::RecordSet& record : *records) {
        const bool ours = record.set_identifier == region.value() ||
                          (record.failover == aws::FailoverRole::primary && preferred) ||
                          (record.failover == aws::FailoverRole::secondary && !preferred);
        if (!ours) {
            continue;
        }
        addresses.insert(record.values.begin(), record.values.end());
        if (record.alias) {
            const Result<std::vector<std::string>> found =
                co_await addresses_of(edge_, record.alias->name);
            if (found) {
                addresses.insert(found->begin(), found->end());
            }
        }
    }
    const config::Region* known = edge_.config.region(region);
    const auto stack = wire::parse_url(known == nullptr ? std::string{} : known->health);
    if (stack) {
        const Result<std::vector<std::string>> found = co_await addresses_of(edge_, stack->host);
        if (found) {
            addresses.insert(found->begin(), found->end());
        }
    }
    co_return addresses;
}

net::Task<> Traffic::watch(core::ServeUsers action) {
    core::TrafficServed served{
        .step = action.step, .done = true, .detail = "no record is configured"
    };
    if (!edge_.config.traffic) {
        edge_.deliver(served);
        co_return;
    }
    const std::string name = edge_.config.traffic->record;
    const std::set<std::string> wanted = co_await expected(action.to);
    const Instant until = edge_.clock.now() + kAskFor;
    while (true) {
        const Result<std::vector<std::string>> answer = co_await addresses_of(edge_, name);
        const bool there =
            answer && !answer->empty() &&
            std::ranges::all_of(*answer, [&](const std::string& a) { return wanted.contains(a); });
        served.done = there;
        served.detail =
            name + (answer ? " answers " + joined(*answer) : ": " + answer.error().text);
        if (there || edge_.clock.now() >= until) {
            break;
        }
        const bool slept = co_await net::sleep_for(edge_.io, kAskEvery);
        if (!slept) {
            co_return;
        }
    }
    if (!served.done) {
        const std::string why = co_await why_not_yet();
        served.detail += ", not yet " + joined(wanted) + why;
    }
    edge_.deliver(served);
}

// What the health checkers say about the checks that the record follows, in words.
net::Task<std::string> Traffic::why_not_yet() {
    std::string text;
    aws::CallOptions options;
    options.total_timeout = std::chrono::seconds{1};
    options.attempts_max = 1;
    const auto deciding = deciding_;
    for (const aws::HealthCheck& check : *deciding) {
        const auto seen = co_await edge_.route53.get_health_check_status(check.id, options);
        if (!seen) {
            continue;
        }
        text += text.empty() ? "; it follows the checks of " + edge_.config.preferred().value() +
                                   ", of which "
                             : ", and ";
        text += check_text(check.config, *seen);
    }
    co_return text;
}

// A calculated check has no checkers of its own: what is learned are its children.
net::Task<std::optional<Traffic::HealthChecks>> Traffic::checks_behind(
    std::shared_ptr<const RecordSets> records
) {
    HealthChecks found;
    for (const aws::RecordSet& record : *records) {
        if (record.failover != aws::FailoverRole::primary || record.health_check.empty()) {
            continue;
        }
        const auto check = co_await edge_.route53.get_health_check(record.health_check);
        if (!check) {
            co_return std::nullopt;
        }
        if (check->config.type != aws::HealthCheckType::calculated) {
            found.push_back(*check);
        }
        for (const std::string& id : check->config.children) {
            const auto child = co_await edge_.route53.get_health_check(id);
            if (!child) {
                co_return std::nullopt;
            }
            found.push_back(*child);
        }
    }
    co_return found;
}

net::Task<> Traffic::learn() {
    if (!edge_.config.traffic) {
        co_return;
    }
    while (true) {
        const std::string zone = edge_.config.traffic->zone;
        const Result<RecordSets> all = co_await edge_.route53.list_record_sets(zone);
        if (all) {
            auto ours = std::make_shared<RecordSets>();
            const std::string wanted = to_lower(edge_.config.traffic->record);
            std::ranges::copy_if(
                *all,
                std::back_inserter(*ours),
                [&](const aws::RecordSet& record) {
                    return record.name == wanted && record.failover != aws::FailoverRole::none;
                }
            );
            records_ = ours;
            std::optional<HealthChecks> checks = co_await checks_behind(ours);
            if (checks) {  // or else what was learned before is still the best there is
                deciding_ = std::make_shared<HealthChecks>(std::move(*checks));
            }
        } else {
            system::log_warning(
                "traffic", "the record sets could not be read", {{"why", all.error().text}}
            );
        }
        const bool slept = co_await net::sleep_for(edge_.io, all ? kLearnEvery : kLearnRetry);
        if (!slept) {
            co_return;
        }
    }
}

void Checks::verify(const core::VerifyFunction& action) {
    edge_.tasks.spawn("functional check", [this, action] { return run(action); });
}

net::Task<> Checks::run(core::VerifyFunction action) {
    core::FunctionVerified verified{.step = action.step, .passed = false, .detail = {}};
    const config::Region* region = edge_.config.region(action.in);
    if (region == nullptr || region->health.empty()) {
        verified.passed = true;
        verified.detail = "no stack is configured to check";
        edge_.deliver(verified);
        co_return;
    }
    net::HttpCall call;
    const auto stack = wire::parse_url(region->health);
    call.url = (stack ? stack->origin() : region->health) + edge_.config.verify.path;
    call.total_timeout = std::min<Duration>(kCheckTimeout, edge_.config.verify.timeout);
    call.fresh_connection = true;
    call.body_bytes_max = 1024 * 1024;
    const Result<net::HttpReply> reply = co_await edge_.http.fetch(call);
    verified.passed = reply && reply->status >= 200 && reply->status < 300;
    verified.detail = call.url + (reply ? ": status " + std::to_string(reply->status)
                                        : ": " + reply.error().text);
    edge_.deliver(verified);
}

}  // namespace farshore::controller
