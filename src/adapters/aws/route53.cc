#include "adapters/aws/route53.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace farshore::aws {
namespace {

namespace json = boost::json;

constexpr std::size_t kEntriesMax = 10'000;

std::unexpected<Error> too_many(std::string_view what) {
    return fail(
        ErrorKind::exhausted,
        std::string{what} + " has more than " + std::to_string(kEntriesMax) + " entries",
        "Farshore reads no longer list; use an account or a zone of its own."
    );
}

AwsCall call_of(std::string name, json::object input) {
    return {
        .service = "route53",
        .name = std::move(name),
        .region = RegionId{"us-east-1"},
        .input = std::move(input)
    };
}

}  // namespace

template <class Answer>
net::Task<Result<Answer>> Route53::ask(
    std::string name,
    json::object input,
    Result<Answer> (*read)(const json::object&),
    CallOptions options
) {
    AwsCall asked = call_of(std::move(name), std::move(input));
    const Result<AwsReply> reply = co_await client_->call(std::move(asked), options);
    if (!reply) {
        co_return std::unexpected(reply.error());
    }
    co_return read(reply->output);
}

// Every page of a list, in the order that Route 53 gives.
template <class Entry>
net::Task<Result<std::vector<Entry>>> Route53::list_pages(
    std::string name, Result<MarkerPage<Entry>> (*read)(const json::object&), CallOptions options
) {
    std::vector<Entry> out;
    std::string marker;
    while (out.size() <= kEntriesMax) {
        json::object input;
        if (!marker.empty()) {
            input["Marker"] = marker;
        }
        Result<MarkerPage<Entry>> page = co_await ask(name, std::move(input), read, options);
        if (!page) {
            co_return std::unexpected(page.error());
        }
        std::ranges::move(page->entries, std::back_inserter(out));
        if (page->next_marker.empty() || page->next_marker == marker) {
            co_return out;
        }
        marker = page->next_marker;
    }
    co_return too_many("the answer of " + name);
}

net::Task<Status> Route53::erase(std::string name, json::object input, CallOptions options) {
    AwsCall asked = call_of(std::move(name), std::move(input));
    const Result<AwsReply> reply = co_await client_->call(std::move(asked), options);
    co_return reply ? Status{} : std::unexpected(reply.error());
}

net::Task<Result<HostedZone>> Route53::create_hosted_zone(
    std::string name, std::string caller_reference, CallOptions options
) {
    return ask(
        "CreateHostedZone",
        {{"Name", name}, {"CallerReference", caller_reference}},
        route53_members::hosted_zone,
        options
    );
}

net::Task<Result<std::vector<HostedZone>>> Route53::list_hosted_zones(CallOptions options) {
    return list_pages("ListHostedZones", route53_members::hosted_zones, options);
}

net::Task<Result<HostedZone>> Route53::get_hosted_zone(std::string zone, CallOptions options) {
    return ask("GetHostedZone", {{"Id", zone}}, route53_members::hosted_zone, options);
}

net::Task<Status> Route53::delete_hosted_zone(std::string zone, CallOptions options) {
    return erase("DeleteHostedZone", {{"Id", zone}}, options);
}

net::Task<Result<ChangeState>> Route53::change_record_sets(
    std::string zone, std::vector<RecordChange> changes, std::string comment, CallOptions options
) {
    const auto is_upsert = [](const RecordChange& change) {
        return change.action == ChangeAction::upsert;
    };
    options.idempotent = options.idempotent || std::ranges::all_of(changes, is_upsert);
    return ask(
        "ChangeResourceRecordSets",
        route53_members::change_record_sets(zone, changes, comment),
        route53_members::change,
        options
    );
}

net::Task<Result<std::vector<RecordSet>>> Route53::list_record_sets(
    std::string zone, CallOptions options
) {
    std::vector<RecordSet> out;
    json::object from{{"HostedZoneId", zone}};
    while (out.size() <= kEntriesMax) {
        Result<RecordPage> page =
            co_await ask("ListResourceRecordSets", from, route53_members::record_sets, options);
        if (!page) {
            co_return std::unexpected(page.error());
        }
        std::ranges::move(page->records, std::back_inserter(out));
        json::object next{
            {"HostedZoneId", zone},
            {"StartRecordName", page->next_name},
            {"StartRecordType", page->next_type}
        };
        if (!page->next_identifier.empty()) {
            next["StartRecordIdentifier"] = page->next_identifier;
        }
        if (!page->truncated || next == from) {
            co_return out;
        }
        from = std::move(next);
    }
    co_return too_many("hosted zone " + zone);
}

net::Task<Result<ChangeState>> Route53::get_change(std::string change, CallOptions options) {
    return ask("GetChange", {{"Id", change}}, route53_members::change, options);
}

net::Task<Result<HealthCheck>> Route53::create_health_check(
    HealthCheckConfig config, std::string caller_reference, CallOptions options
) {
    return ask(
        "CreateHealthCheck",
        route53_members::create_health_check(config, caller_reference),
        route53_members::health_check,
        options
    );
}

net::Task<Result<HealthCheck>> Route53::get_health_check(std::string id, CallOptions options) {
    return ask("GetHealthCheck", {{"HealthCheckId", id}}, route53_members::health_check, options);
}

net::Task<Result<std::vector<HealthCheck>>> Route53::list_health_checks(CallOptions options) {
    return list_pages("ListHealthChecks", route53_members::health_checks, options);
}

net::Task<Result<HealthCheck>> Route53::update_health_check(
    std::string id, HealthCheckUpdate update, CallOptions options
) {
    // With an expected version a second execution is refused, which would look like a conflict.
    options.idempotent = options.idempotent || !update.expected_version;
    return ask(
        "UpdateHealthCheck",
        route53_members::update_health_check(id, update),
        route53_members::health_check,
        options
    );
}

net::Task<Status> Route53::delete_health_check(std::string id, CallOptions options) {
    return erase("DeleteHealthCheck", {{"HealthCheckId", id}}, options);
}

net::Task<Result<std::vector<CheckerObservation>>> Route53::get_health_check_status(
    std::string id, CallOptions options
) {
    return ask(
        "GetHealthCheckStatus",
        {{"HealthCheckId", id}},
        route53_members::health_check_status,
        options
    );
}

}  // namespace farshore::aws
