#include "adapters/aws/traffic_provision.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "adapters/aws/members.h"
#include "adapters/aws/route53.h"
#include "base/assert.h"
#include "wire/url.h"

namespace farshore::aws {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

// AWS: changes are at every name server within 60 seconds ("How quickly do changes…", Route 53
// FAQ).
constexpr int kLooksMax = 240;
constexpr Duration kBetweenLooks = 1s;
// A check of every 10 s is asked by each checker within that time; twice that, and some.
constexpr int kHealthLooksMax = 30;
// Most checkers failed so often in a row: it is no single lost packet.
constexpr int kFailedLooksMax = 3;

// What Route 53 checks of all kinds that stand on one endpoint.
core::CheckSeen seen_check(const HealthCheck& check) {
    using enum HealthCheckType;
    const HealthCheckConfig& config = check.config;
    core::CheckSeen out{
        .id = check.id,
        .target = {},
        .inverted = config.inverted,
        .disabled = config.disabled,
        .matches_text = config.type == http_str_match || config.type == https_str_match,
        .interval = config.interval,
        .failure_threshold = config.failure_threshold,
        .threshold = config.threshold,
        .children = config.children
    };
    if (config.type != calculated && config.type != tcp) {
        const bool tls = config.type == https || config.type == https_str_match;
        out.target = core::CheckTarget{
            .tls = tls,
            .host = config.domain_name.empty() ? config.ip_address : config.domain_name,
            .port = config.port != 0 ? config.port
                    : tls            ? 443
                                     : 80,
            .path = config.path
        };
    }
    return out;
}

core::RecordSeen seen_record(const RecordSet& record) {
    core::RecordSeen out{
        .type = record.type,
        .set_identifier = record.set_identifier,
        .role =
            record.failover == FailoverRole::none ? "" : std::string{to_string(record.failover)},
        .policy = record.other_routing ? std::string{to_string(*record.other_routing)} : "",
        .ttl = record.ttl,
        .answer = {},
        .check = record.health_check
    };
    if (record.alias) {
        out.answer.name = record.alias->name;
        out.answer.alias_zone = record.alias->zone;
        out.evaluates_target = record.alias->evaluate_health;
    } else if (record.type == "CNAME") {
        out.answer.name = record.values.empty() ? "" : record.values.front();
    } else {
        out.answer.addresses = record.values;
    }
    return out;
}

HealthCheckConfig config_of(const core::CheckSeen& check) {
    HealthCheckConfig config;
    config.inverted = check.inverted;
    if (!check.target) {
        config.type = HealthCheckType::calculated;
        config.threshold = check.threshold;
        config.children = check.children;
        return config;
    }
    config.type = check.target->tls ? HealthCheckType::https : HealthCheckType::http;
    (wire::is_ip_address(check.target->host) ? config.ip_address : config.domain_name) =
        check.target->host;
    config.port = check.target->port;
    config.path = check.target->path;
    config.interval = check.interval;
    config.failure_threshold = check.failure_threshold;
    return config;
}

// Unlike for each role and each thing that is asked, and the same in each run. AWS remembers the
// reference of a check that was deleted, so the error of that case names it.
std::string reference_of(
    const core::TrafficWish& wish, core::CheckRole role, const core::CheckSeen& check
) {
    std::string asked = check.target ? core::text_of(*check.target) : "";
    for (const std::string& child : check.children) {
        asked += " " + child;
    }
    // FNV-1a: a name, not a protection; the same on every machine.
    std::uint64_t sum = 14695981039346656037ULL;
    for (const char byte : asked) {
        sum = (sum ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
    }
    return "farshore " + wish.app.value().substr(0, 16) + " " +
           std::string{to_string(role)}.substr(0, 17) + " " + std::to_string(sum);
}

net::Task<Status> make_check(
    Route53& route53,
    core::TrafficWish wish,
    core::TrafficChange change,
    std::map<core::CheckRole, std::string>& checks
) {
    const std::optional<core::CheckSeen> wished = core::wished_check(wish, change.role, checks);
    FARSHORE_ASSERT(wished.has_value(), "a plan makes the children of a check before it");
    if (change.kind == core::TrafficChangeKind::update_check) {
        HealthCheckUpdate update;
        update.disabled = false;
        if (wished->target) {
            update.failure_threshold = wished->failure_threshold;
        }
        const auto updated = co_await route53.update_health_check(change.check, update);
        co_return updated ? Status{} : std::unexpected(updated.error());
    }
    const auto made = co_await route53.create_health_check(
        config_of(*wished), reference_of(wish, change.role, *wished)
    );
    if (!made) {
        Error error = made.error();
        if (error.kind == ErrorKind::conflict) {
            error.remedy =
                "a check of this reference was deleted or changed by hand: AWS keeps "
                "its reference for a while. Change `health` by a query of its own, as in "
                "/healthz?2, or try again tomorrow";
        }
        co_return std::unexpected(std::move(error));
    }
    checks[change.role] = made->id;
    co_return Status{};
}

net::Task<Status> wait_in_sync(AwsClient& client, Route53& route53, std::string change) {
    for (int look = 0; look < kLooksMax; ++look) {
        const auto state = co_await route53.get_change(change);
        if (!state) {
            co_return std::unexpected(state.error());
        }
        if (state->in_sync) {
            co_return Status{};
        }
        // The lab is in sync within milliseconds, AWS within a minute.
        const bool waited = co_await client.pause(look < 20 ? 50ms : kBetweenLooks);
        if (!waited) {
            break;
        }
    }
    co_return fail(ErrorKind::timed_out, "change " + change + " of the records stays pending");
}

net::Task<Status> set_records(
    AwsClient& client,
    Route53& route53,
    core::TrafficWish wish,
    core::TrafficChange change,
    std::map<core::CheckRole, std::string>& checks
) {
    std::vector<RecordChange> batch;
    for (const core::RecordWish& record : change.records) {
        RecordSet set;
        set.name = wish.record;
        set.type = record.type;
        set.set_identifier = record.set_identifier;
        set.failover = record.role == "primary" ? FailoverRole::primary : FailoverRole::secondary;
        set.ttl = record.ttl;
        set.health_check = checks[record.check];
        if (!record.answer.alias_zone.empty()) {
            set.alias = AliasTarget{
                .zone = record.answer.alias_zone,
                .name = record.answer.name,
                .evaluate_health = true
            };
        } else if (record.answer.name.empty()) {
            set.values = record.answer.addresses;
        } else {
            set.values = {record.answer.name};
        }
        batch.push_back({.action = ChangeAction::upsert, .record = std::move(set)});
    }
    const auto changed = co_await route53.change_record_sets(
        wish.zone, std::move(batch), "farshore: users of " + wish.app.value() + " move by health"
    );
    if (!changed) {
        co_return std::unexpected(changed.error());
    }
    const Status in_sync = co_await wait_in_sync(client, route53, changed->id);
    co_return in_sync;
}

// What Route 53's checkers say of one check: empty while they say too little.
struct CheckersWord {
    bool healthy = false;
    std::string last;  // "Failure: HTTP Status Code 404, Not Found."
};

CheckersWord word_of(const std::vector<CheckerObservation>& observations) {
    CheckersWord word;
    std::size_t good = 0;
    for (const CheckerObservation& observation : observations) {
        good += observation.success() ? 1U : 0U;
        if (!observation.success()) {
            word.last = observation.status;
        }
    }
    word.healthy = good * 2 > observations.size();
    return word;
}

net::Task<Status> is_healthy(AwsClient& client, core::CheckRole role, std::string check) {
    Route53 route53{client};
    CheckersWord word;
    int failed = 0;
    for (int look = 0; look < kHealthLooksMax; ++look) {
        const auto observations = co_await route53.get_health_check_status(check);
        if (!observations) {
            co_return std::unexpected(observations.error());
        }
        word = word_of(*observations);
        if (word.healthy) {
            co_return Status{};
        }
        failed = word.last.empty() ? 0 : failed + 1;
        if (failed == kFailedLooksMax) {
            break;
        }
        const bool waited = co_await client.pause(kBetweenLooks);
        if (!waited) {
            break;
        }
    }
    co_return fail(
        ErrorKind::conflict,
        "health check " + check + " (`" + std::string{to_string(role)} + "`) is not healthy: " +
            (word.last.empty() ? "Route 53's checkers have said nothing of it yet" : word.last),
        "the records are left as they are, since they would lead users away from a stack whose "
        "check fails. Let the page that it asks answer 200 to everybody, and apply again; or "
        "--skip-health"
    );
}

}  // namespace

net::Task<Status> stacks_are_healthy(
    AwsClient& client, std::map<core::CheckRole, std::string> checks
) {
    for (const auto& [role, check] : checks) {
        const bool of_a_stack =
            role == core::CheckRole::serving_preferred || role == core::CheckRole::serving_standby;
        if (of_a_stack) {
            const Status healthy = co_await is_healthy(client, role, check);
            if (!healthy) {
                co_return healthy;
            }
        }
    }
    co_return Status{};
}

net::Task<Result<core::ZoneSeen>> see_traffic(AwsClient& client, core::TrafficWish wish) {
    Route53 route53{client};
    core::ZoneSeen seen;
    const auto zones = co_await route53.list_hosted_zones();
    if (!zones) {
        co_return std::unexpected(zones.error());
    }
    const auto zone = std::ranges::find(*zones, wish.zone, &HostedZone::id);
    if (zone == zones->end()) {
        co_return seen;
    }
    seen.zone_name = zone->name;
    seen.zone_is_private = zone->private_zone;
    const auto records = co_await route53.list_record_sets(wish.zone);
    if (!records) {
        co_return std::unexpected(records.error());
    }
    for (const RecordSet& record : *records) {
        const bool leads = record.type == "A" || record.type == "AAAA" || record.type == "CNAME";
        if (record.name == wish.record && leads) {
            seen.records.push_back(seen_record(record));
        }
    }
    const auto checks = co_await route53.list_health_checks();
    if (!checks) {
        co_return std::unexpected(checks.error());
    }
    std::ranges::transform(*checks, std::back_inserter(seen.checks), seen_check);
    co_return seen;
}

net::Task<Result<std::string>> balancer_zone(
    AwsClient& client, RegionId region, std::string dns_name
) {
    json::object input;
    while (true) {
        AwsCall asked{
            .service = "elbv2", .name = "DescribeLoadBalancers", .region = region, .input = input
        };
        const Result<AwsReply> page = co_await client.call(std::move(asked), {});
        if (!page) {
            co_return std::unexpected(page.error());
        }
        for (const json::object* balancer : entries(page->output, "LoadBalancers")) {
            if (text_member(*balancer, "DNSName") == dns_name) {
                co_return text_member(*balancer, "CanonicalHostedZoneId");
            }
        }
        const std::string next = text_member(page->output, "NextMarker");
        if (next.empty()) {
            co_return std::string{};
        }
        input["Marker"] = next;
    }
}

net::Task<Status> make_change(
    AwsClient& client,
    core::TrafficWish wish,
    core::TrafficChange change,
    std::map<core::CheckRole, std::string>& checks
) {
    Route53 route53{client};
    if (change.kind == core::TrafficChangeKind::set_records) {
        const Status set = co_await set_records(client, route53, wish, change, checks);
        co_return set;
    }
    const Status made = co_await make_check(route53, wish, change, checks);
    co_return made;
}

}  // namespace farshore::aws
