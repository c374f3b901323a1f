#include "adapters/aws/traffic_survey.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "wire/url.h"

namespace farshore::aws {

namespace {

core::CheckKind kind_of(HealthCheckType type) {
    switch (type) {
        case HealthCheckType::http:
        case HealthCheckType::https: return core::CheckKind::endpoint;
        case HealthCheckType::http_str_match:
        case HealthCheckType::https_str_match: return core::CheckKind::string_match;
        case HealthCheckType::tcp: return core::CheckKind::tcp;
        case HealthCheckType::calculated: return core::CheckKind::calculated;
        case HealthCheckType::cloudwatch_metric: return core::CheckKind::metric;
        case HealthCheckType::recovery_control: return core::CheckKind::routing_control;
    }
    std::unreachable();
}

std::string_view scheme_of(HealthCheckType type) {
    switch (type) {
        case HealthCheckType::http:
        case HealthCheckType::http_str_match: return "http";
        case HealthCheckType::https:
        case HealthCheckType::https_str_match: return "https";
        case HealthCheckType::tcp: return "tcp";
        case HealthCheckType::calculated:
        case HealthCheckType::cloudwatch_metric:
        case HealthCheckType::recovery_control: return "";
    }
    std::unreachable();
}

std::string endpoint_of(const HealthCheckConfig& config) {
    const std::string_view scheme = scheme_of(config.type);
    if (scheme.empty()) {
        return "";
    }
    const int usual = scheme == "https" ? 443 : 80;
    const std::string& host = config.ip_address.empty() ? config.domain_name : config.ip_address;
    return std::string{scheme} + "://" + wire::bracketed(to_lower(host)) + ":" +
           std::to_string(config.port == 0 ? usual : config.port) + config.path;
}

// Reads the check into `seen`, and says which others it is calculated from.
net::Task<Result<std::vector<std::string>>> look_at_check(
    Route53& route53, std::string id, core::TrafficSeen& seen, CallOptions options
) {
    const Result<HealthCheck> check = co_await route53.get_health_check(id, options);
    if (check) {
        seen.checks.emplace(id, seen_check(*check));
        co_return check->config.children;
    }
    if (check.error().kind != ErrorKind::not_found) {
        co_return std::unexpected(in_context("health check " + id, check.error()));
    }
    seen.absent_checks.insert(id);
    co_return std::vector<std::string>{};
}

}  // namespace

core::SeenRecord seen_record(const RecordSet& record) {
    core::SeenRecord seen{
        .type = record.type,
        .routing = record.failover == FailoverRole::none
                       ? record.other_routing.value_or(core::Routing::simple)
                       : core::Routing::failover,
        .primary = record.failover == FailoverRole::primary,
        .ttl = std::chrono::seconds{record.ttl},
        .targets = record.values,
        .check = record.health_check
    };
    if (record.alias) {
        seen.alias = true;
        seen.evaluates_target = record.alias->evaluate_health;
        seen.targets = {record.alias->name};
    }
    return seen;
}

core::SeenCheck seen_check(const HealthCheck& check) {
    const HealthCheckConfig& config = check.config;
    return {
        .id = check.id,
        .kind = kind_of(config.type),
        .endpoint = endpoint_of(config),
        .looked_up = config.ip_address.empty() ? config.domain_name : "",
        .inverted = config.inverted,
        .disabled = config.disabled,
        .every = std::chrono::seconds{config.interval},
        .failures = config.failure_threshold,
        .threshold = config.threshold,
        .children = config.children,
        .keeps_last = config.keeps_last
    };
}

net::Task<Result<core::TrafficSeen>> survey_traffic(
    Route53& route53, std::string zone, std::string record, Duration patience
) {
    CallOptions options;
    options.connect_timeout = patience;
    options.total_timeout = patience;
    const Result<HostedZone> found = co_await route53.get_hosted_zone(zone, options);
    if (!found) {
        co_return std::unexpected(in_context("hosted zone " + zone, found.error()));
    }
    const auto records = co_await route53.list_record_sets(zone, options);
    if (!records) {
        co_return std::unexpected(in_context("the records of zone " + zone, records.error()));
    }
    core::TrafficSeen seen;
    seen.private_zone = found->private_zone;
    std::vector<std::string> wanted;
    for (const RecordSet& one : *records) {
        if (one.name == record) {
            seen.records.push_back(seen_record(one));
            wanted.push_back(one.health_check);
        }
    }
    while (!wanted.empty()) {
        const std::string id = std::move(wanted.back());
        wanted.pop_back();
        if (id.empty() || seen.checks.contains(id) || seen.absent_checks.contains(id)) {
            continue;
        }
        const auto children = co_await look_at_check(route53, id, seen, options);
        if (!children) {
            co_return std::unexpected(children.error());
        }
        wanted.insert(wanted.end(), children->begin(), children->end());
    }
    co_return seen;
}

}  // namespace farshore::aws
