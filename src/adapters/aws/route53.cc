#include "adapters/aws/route53.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "adapters/net/http_message.h"

namespace farshore::aws {
namespace {

constexpr std::string_view kVersion = "/2013-04-01";
constexpr std::size_t kEntriesMax = 10'000;

std::string path_of(
    std::string_view collection, std::string_view id = {}, std::string_view part = {}
) {
    std::string out{kVersion};
    out.append("/").append(collection);
    if (!id.empty()) {
        out.append("/").append(net::percent_encode(id));
    }
    if (!part.empty()) {
        out.append("/").append(part);
    }
    return out;
}

std::unexpected<Error> too_many(std::string_view what) {
    return fail(
        ErrorKind::exhausted,
        std::string{what} + " has more than " + std::to_string(kEntriesMax) + " entries",
        "Farshore reads no longer list; use an account or a zone of its own."
    );
}

std::string marker_query(const std::string& marker) {
    return marker.empty() ? "" : "marker=" + net::percent_encode(marker);
}

std::string record_query(const RecordPage& page) {
    std::string out = "name=" + net::percent_encode(page.next_name) +
                      "&type=" + net::percent_encode(page.next_type);
    if (!page.next_identifier.empty()) {
        out += "&identifier=" + net::percent_encode(page.next_identifier);
    }
    return out;
}

}  // namespace

net::Task<Result<std::string>> Route53::send(Send what, CallOptions options) {
    AwsRequest request;
    request.row = &call_row(Service::route53, what.name);
    request.region = RegionId{"us-east-1"};
    request.method = std::move(what.method);
    request.path = std::move(what.path);
    request.query = std::move(what.query);
    request.body = std::move(what.body);
    request.content_type = request.body.empty() ? "" : "text/xml";
    Result<AwsReply> reply = co_await client_->call(std::move(request), options);
    if (!reply) {
        co_return std::unexpected(reply.error());
    }
    co_return std::move(reply->body);
}

// Every page of a list, in the order that Route 53 gives.
template <class Entry>
net::Task<Result<std::vector<Entry>>> Route53::list_pages(
    std::string call,
    std::string path,
    Result<MarkerPage<Entry>> (*parse)(std::string_view),
    CallOptions options
) {
    std::vector<Entry> out;
    std::string marker;
    while (out.size() <= kEntriesMax) {
        Send what{.name = call, .method = "GET", .path = path};
        what.query = marker_query(marker);
        Result<std::string> answer = co_await send(std::move(what), options);
        if (!answer) {
            co_return std::unexpected(answer.error());
        }
        Result<MarkerPage<Entry>> page = parse(*answer);
        if (!page) {
            co_return std::unexpected(page.error());
        }
        std::ranges::move(page->entries, std::back_inserter(out));
        if (page->next_marker.empty() || page->next_marker == marker) {
            co_return out;
        }
        marker = page->next_marker;
    }
    co_return too_many("the answer of " + call);
}

net::Task<Result<HostedZone>> Route53::create_hosted_zone(
    std::string name, std::string caller_reference, CallOptions options
) {
    Send what{.name = "CreateHostedZone", .method = "POST", .path = path_of("hostedzone")};
    what.body = route53_xml::create_hosted_zone(name, caller_reference);
    Result<std::string> answer = co_await send(std::move(what), options);
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    co_return route53_xml::hosted_zone(*answer);
}

net::Task<Result<std::vector<HostedZone>>> Route53::list_hosted_zones(CallOptions options) {
    return list_pages<HostedZone>(
        "ListHostedZones", path_of("hostedzone"), route53_xml::hosted_zones, options
    );
}

net::Task<Status> Route53::delete_hosted_zone(std::string zone, CallOptions options) {
    Send what{.name = "DeleteHostedZone", .method = "DELETE", .path = path_of("hostedzone", zone)};
    Result<std::string> answer = co_await send(std::move(what), options);
    co_return answer ? Status{} : std::unexpected(answer.error());
}

net::Task<Result<ChangeState>> Route53::change_record_sets(
    std::string zone, std::vector<RecordChange> changes, std::string comment, CallOptions options
) {
    const auto is_upsert = [](const RecordChange& change) {
        return change.action == ChangeAction::upsert;
    };
    options.idempotent = options.idempotent || std::ranges::all_of(changes, is_upsert);
    // The service's path ends with a slash.
    Send what{
        .name = "ChangeResourceRecordSets",
        .method = "POST",
        .path = path_of("hostedzone", zone, "rrset/")
    };
    what.body = route53_xml::change_record_sets(changes, comment);
    Result<std::string> answer = co_await send(std::move(what), options);
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    co_return route53_xml::change(*answer);
}

net::Task<Result<std::vector<RecordSet>>> Route53::list_record_sets(
    std::string zone, CallOptions options
) {
    std::vector<RecordSet> out;
    std::string from;
    while (out.size() <= kEntriesMax) {
        Send what{
            .name = "ListResourceRecordSets",
            .method = "GET",
            .path = path_of("hostedzone", zone, "rrset")
        };
        what.query = from;
        Result<std::string> answer = co_await send(std::move(what), options);
        if (!answer) {
            co_return std::unexpected(answer.error());
        }
        Result<RecordPage> page = route53_xml::record_sets(*answer);
        if (!page) {
            co_return std::unexpected(page.error());
        }
        std::ranges::move(page->records, std::back_inserter(out));
        std::string next = record_query(*page);
        if (!page->truncated || next == from) {
            co_return out;
        }
        from = std::move(next);
    }
    co_return too_many("hosted zone " + zone);
}

net::Task<Result<ChangeState>> Route53::get_change(std::string change, CallOptions options) {
    Send what{.name = "GetChange", .method = "GET", .path = path_of("change", change)};
    Result<std::string> answer = co_await send(std::move(what), options);
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    co_return route53_xml::change(*answer);
}

net::Task<Result<HealthCheck>> Route53::create_health_check(
    HealthCheckConfig config, std::string caller_reference, CallOptions options
) {
    Send what{.name = "CreateHealthCheck", .method = "POST", .path = path_of("healthcheck")};
    what.body = route53_xml::create_health_check(config, caller_reference);
    Result<std::string> answer = co_await send(std::move(what), options);
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    co_return route53_xml::health_check(*answer);
}

net::Task<Result<HealthCheck>> Route53::get_health_check(std::string id, CallOptions options) {
    Send what{.name = "GetHealthCheck", .method = "GET", .path = path_of("healthcheck", id)};
    Result<std::string> answer = co_await send(std::move(what), options);
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    co_return route53_xml::health_check(*answer);
}

net::Task<Result<std::vector<HealthCheck>>> Route53::list_health_checks(CallOptions options) {
    return list_pages<HealthCheck>(
        "ListHealthChecks", path_of("healthcheck"), route53_xml::health_checks, options
    );
}

net::Task<Result<HealthCheck>> Route53::update_health_check(
    std::string id, HealthCheckUpdate update, CallOptions options
) {
    // With an expected version a second execution is refused, which would look like a conflict.
    options.idempotent = options.idempotent || !update.expected_version;
    Send what{.name = "UpdateHealthCheck", .method = "POST", .path = path_of("healthcheck", id)};
    what.body = route53_xml::update_health_check(update);
    Result<std::string> answer = co_await send(std::move(what), options);
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    co_return route53_xml::health_check(*answer);
}

net::Task<Status> Route53::delete_health_check(std::string id, CallOptions options) {
    Send what{.name = "DeleteHealthCheck", .method = "DELETE", .path = path_of("healthcheck", id)};
    Result<std::string> answer = co_await send(std::move(what), options);
    co_return answer ? Status{} : std::unexpected(answer.error());
}

net::Task<Result<std::vector<CheckerObservation>>> Route53::get_health_check_status(
    std::string id, CallOptions options
) {
    Send what{
        .name = "GetHealthCheckStatus",
        .method = "GET",
        .path = path_of("healthcheck", id, "status")
    };
    Result<std::string> answer = co_await send(std::move(what), options);
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    co_return route53_xml::health_check_status(*answer);
}

}  // namespace farshore::aws
