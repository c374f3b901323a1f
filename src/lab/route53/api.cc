#include "lab/route53/api.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/text.h"
#include "lab/route53/api_error.h"
#include "lab/route53/domain_name.h"
#include "lab/route53/xml_answers.h"
#include "lab/route53/xml_requests.h"

namespace farshore::lab::route53 {

namespace {

constexpr std::string_view kVersion = "2013-04-01";
constexpr std::string_view kEndpoint = "https://route53.amazonaws.com/2013-04-01/";
constexpr std::size_t kPageMax = 100;
constexpr std::size_t kRecordsPageMax = 300;
constexpr std::size_t kTagsMax = 50;

net::HttpResponse xml(int status, std::string body) {
    net::HttpResponse response;
    response.status = status;
    response.headers = {{"Content-Type", "text/xml"}};
    response.body = std::move(body);
    return response;
}

// Clients may send "/hostedzone/Z1" or "/change/C1" for an id.
std::vector<std::string> decoded_path(std::string_view path) {
    std::vector<std::string> parts;
    for (const std::string_view part : split(path, '/')) {
        if (!part.empty()) {
            parts.push_back(net::percent_decode(part).value_or(std::string{part}));
        }
    }
    return parts;
}

Result<std::size_t> page_size(const net::HttpRequest& request, std::size_t most) {
    const auto text = request.query_value("maxitems");
    if (!text) {
        return most;
    }
    std::size_t number = 0;
    const char* end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, number);
    if (error != std::errc{} || stop != end || number == 0) {
        return api_error("InvalidInput", "Invalid value '" + *text + "' of maxitems");
    }
    return std::min(number, most);
}

Error sigv4_error(Error error) {
    if (error.code == "InvalidSignatureException" || error.code == "RequestTimeTooSkewed") {
        error.code = "SignatureDoesNotMatch";
    } else if (error.code == "UnrecognizedClientException") {
        error.code = "InvalidClientTokenId";
    } else {
        error.code = "IncompleteSignature";
    }
    return error;
}

std::unexpected<Error> unknown_operation(const net::HttpRequest& request) {
    return api_error(
        "UnknownOperationException", "Route 53 has no " + request.method + " " + std::string{request.path()}
    );
}

}  // namespace

net::HttpResponse Api::answer(const net::HttpRequest& request, ZoneBook::Now now) {
    const std::string request_id = fmt::format("lab-{:08x}-route53", ++requests_);
    zones_.settle(now.instant);
    Answered answered = [&]() -> Answered {
        if (const Status admitted = admit(request, now.wall); !admitted) {
            return std::unexpected(admitted.error());
        }
        auto path = decoded_path(request.path());
        if (path.size() < 2 || path[0] != kVersion) {
            return unknown_operation(request);
        }
        path.erase(path.begin());
        return route({.request = request, .path = std::move(path), .now = now});
    }();
    net::HttpResponse response =
        answered ? std::move(*answered)
                 : xml(row_of(answered.error().code).status, error_xml(answered.error(), request_id));
    response.headers.push_back({"x-amzn-RequestId", request_id});
    return response;
}

Status Api::admit(const net::HttpRequest& request, UtcTime now) const {
    if (credentials_.empty()) {
        return {};
    }
    const auto authorization = request.header("authorization");
    if (!authorization) {
        return api_error("MissingAuthenticationToken", "Missing Authentication Token");
    }
    std::vector<sigv4::Header> headers;
    headers.reserve(request.headers.size());
    for (const net::HttpHeader& header : request.headers) {
        headers.push_back({header.name, header.value});
    }
    const std::string hash = sigv4::sha256_hex(request.body);
    const sigv4::Request signed_request{
        .method = request.method,
        .path = request.path(),
        .query = request.query(),
        .headers = headers,
        .payload_hash = hash
    };
    const auto verified = sigv4::verify(signed_request, credentials_, now);
    if (!verified) {
        return std::unexpected(sigv4_error(verified.error()));
    }
    // Route 53 is a global service: every request is signed for us-east-1.
    if (verified->service != "route53" || verified->region != "us-east-1") {
        return api_error(
            "SignatureDoesNotMatch",
            "Credential should be scoped to a valid Region, not '" + verified->region +
                "', and to the service route53"
        );
    }
    return {};
}

Api::Answered Api::route(const Call& call) {
    const std::string& what = call.path[0];
    const std::string& method = call.request.method;
    const std::size_t parts = call.path.size();
    if (what == "hostedzone") {
        return route_zone(call);
    }
    if (what == "healthcheck") {
        return route_check(call);
    }
    if (what == "hostedzonesbyname" && parts == 1 && method == "GET") {
        return list_zones_by_name(call);
    }
    if (what == "hostedzonecount" && parts == 1 && method == "GET") {
        return xml(200, zone_count_xml(zones_.zones().size()));
    }
    if (what == "healthcheckcount" && parts == 1 && method == "GET") {
        return xml(200, check_count_xml(checks_.size()));
    }
    if (what == "change" && parts >= 2 && method == "GET") {
        const auto state = zones_.change_state(call.path.back(), call.now);
        if (!state) {
            return std::unexpected(state.error());
        }
        return xml(200, change_xml("GetChange", *state));
    }
    if (what == "tags" && parts == 3) {
        return tags(call);
    }
    return unknown_operation(call.request);
}

Api::Answered Api::route_zone(const Call& call) {
    const std::string& method = call.request.method;
    const std::size_t parts = call.path.size();
    if (parts == 1) {
        if (method == "POST") {
            return create_zone(call);
        }
        return method == "GET" ? list_zones(call) : Answered{unknown_operation(call.request)};
    }
    if (parts == 2 && method == "GET") {
        const auto zone = zones_.zone(call.path[1]);
        if (!zone) {
            return std::unexpected(zone.error());
        }
        return xml(200, get_zone_xml(*zone));
    }
    if (parts == 2 && method == "DELETE") {
        const auto change = zones_.erase(call.path[1], call.now);
        if (!change) {
            return std::unexpected(change.error());
        }
        tags_.erase({"hostedzone", call.path[1]});
        return xml(200, change_xml("DeleteHostedZone", *change));
    }
    if (parts == 3 && call.path[2] == "rrset") {
        if (method == "POST") {
            return change_records(call);
        }
        return method == "GET" ? list_records(call) : Answered{unknown_operation(call.request)};
    }
    return unknown_operation(call.request);
}

Api::Answered Api::create_zone(const Call& call) {
    auto request = create_zone_from_xml(call.request.body);
    if (!request) {
        return std::unexpected(request.error());
    }
    const auto created = zones_.create(
        std::move(request->name), std::move(request->caller_reference),
        std::move(request->comment), call.now
    );
    if (!created) {
        return std::unexpected(created.error());
    }
    auto response = xml(201, create_zone_xml(created->zone, created->change));
    response.headers.push_back({"Location", std::string{kEndpoint} + "hostedzone/" + created->zone.id});
    return response;
}

Api::Answered Api::list_zones(const Call& call) const {
    const auto size = page_size(call.request, kPageMax);
    if (!size) {
        return std::unexpected(size.error());
    }
    ZonePage page{.marker = call.request.query_value("marker").value_or(""), .items_max = *size};
    for (Zone& zone : zones_.zones()) {
        if (zone.id < page.marker) {
            continue;
        }
        if (page.zones.size() == *size) {
            page.next_marker = zone.id;
            break;
        }
        page.zones.push_back(std::move(zone));
    }
    return xml(200, list_zones_xml(page));
}

Api::Answered Api::list_zones_by_name(const Call& call) const {
    const auto size = page_size(call.request, kPageMax);
    if (!size) {
        return std::unexpected(size.error());
    }
    ZonesByNamePage page{
        .dns_name = call.request.query_value("dnsname").value_or(""),
        .zone_id = call.request.query_value("hostedzoneid").value_or(""),
        .items_max = *size
    };
    std::string from;
    if (!page.dns_name.empty()) {
        const auto canonical = canonical_name(page.dns_name);
        if (!canonical) {
            return api_error("InvalidDomainName", "The domain name " + page.dns_name + " is not valid");
        }
        from = listing_key(*canonical);
        page.dns_name = *canonical;
    }
    auto zones = zones_.zones();
    std::ranges::sort(zones, {}, [](const Zone& zone) {
        return std::pair{listing_key(zone.name), zone.id};
    });
    for (Zone& zone : zones) {
        if (std::pair{listing_key(zone.name), zone.id} < std::pair{from, page.zone_id}) {
            continue;
        }
        if (page.zones.size() == *size) {
            page.next_name = zone.name;
            page.next_id = zone.id;
            break;
        }
        page.zones.push_back(std::move(zone));
    }
    return xml(200, list_zones_by_name_xml(page));
}

Api::Answered Api::change_records(const Call& call) {
    // The zone first: a client with a wrong id is told so whatever it sent.
    if (const auto zone = zones_.zone(call.path[1]); !zone) {
        return std::unexpected(zone.error());
    }
    auto request = changes_from_xml(call.request.body);
    if (!request) {
        return std::unexpected(request.error());
    }
    for (const RecordChange& change : request->changes) {
        if (change.action != ChangeAction::erase && !change.record.health_check.empty() &&
            !checks_.has(change.record.health_check)) {
            return api_error(
                "NoSuchHealthCheck",
                "A health check with id " + change.record.health_check + " does not exist."
            );
        }
    }
    const auto state =
        zones_.change(call.path[1], request->changes, std::move(request->comment), call.now);
    if (!state) {
        return std::unexpected(state.error());
    }
    return xml(200, change_xml("ChangeResourceRecordSets", *state));
}

Api::Answered Api::list_records(const Call& call) const {
    const auto size = page_size(call.request, kRecordsPageMax);
    if (!size) {
        return std::unexpected(size.error());
    }
    const auto records = zones_.records(call.path[1]);
    if (!records) {
        return std::unexpected(records.error());
    }
    RecordKey from;
    const auto name = call.request.query_value("name");
    const auto type = call.request.query_value("type");
    const auto identifier = call.request.query_value("identifier");
    if ((type && !name) || (identifier && !type)) {
        return api_error("InvalidInput", "A start type needs a start name, an identifier needs a type");
    }
    if (name) {
        const auto canonical = canonical_name(*name);
        if (!canonical) {
            return api_error("InvalidInput", "FATAL problem: DomainLabelInvalid in '" + *name + "'");
        }
        from = {
            .name_key = listing_key(*canonical),
            .type = type.value_or(""),
            .set_identifier = identifier.value_or("")
        };
    }
    RecordsPage page{.items_max = *size};
    for (auto at = (*records)->lower_bound(from); at != (*records)->end(); ++at) {
        if (page.records.size() == *size) {
            page.next = &at->second;
            break;
        }
        page.records.push_back(at->second);
    }
    return xml(200, list_records_xml(page));
}

Api::Answered Api::route_check(const Call& call) {
    const std::string& method = call.request.method;
    const std::size_t parts = call.path.size();
    if (parts == 1) {
        if (method == "POST") {
            return create_check(call);
        }
        return method == "GET" ? list_checks(call) : Answered{unknown_operation(call.request)};
    }
    if (parts == 3 && call.path[2] == "status" && method == "GET") {
        return check_status(call);
    }
    if (parts != 2) {
        return unknown_operation(call.request);
    }
    if (method == "GET") {
        const auto check = checks_.check(call.path[1]);
        if (!check) {
            return std::unexpected(check.error());
        }
        return xml(200, check_xml("GetHealthCheck", *check));
    }
    if (method == "POST") {
        const auto update = check_update_from_xml(call.request.body);
        if (!update) {
            return std::unexpected(update.error());
        }
        const auto check = checks_.update(call.path[1], *update);
        if (!check) {
            return std::unexpected(check.error());
        }
        return xml(200, check_xml("UpdateHealthCheck", *check));
    }
    if (method == "DELETE") {
        if (const Status erased = checks_.erase(call.path[1]); !erased) {
            return std::unexpected(erased.error());
        }
        tags_.erase({"healthcheck", call.path[1]});
        return xml(200, delete_check_xml());
    }
    return unknown_operation(call.request);
}

Api::Answered Api::create_check(const Call& call) {
    auto request = create_check_from_xml(call.request.body);
    if (!request) {
        return std::unexpected(request.error());
    }
    const auto check =
        checks_.create(std::move(request->caller_reference), std::move(request->config));
    if (!check) {
        return std::unexpected(check.error());
    }
    auto response = xml(201, check_xml("CreateHealthCheck", *check));
    response.headers.push_back({"Location", std::string{kEndpoint} + "healthcheck/" + check->id});
    return response;
}

Api::Answered Api::list_checks(const Call& call) const {
    const auto size = page_size(call.request, kPageMax);
    if (!size) {
        return std::unexpected(size.error());
    }
    ChecksPage page{.marker = call.request.query_value("marker").value_or(""), .items_max = *size};
    for (Check& check : checks_.checks()) {
        if (check.id < page.marker) {
            continue;
        }
        if (page.checks.size() == *size) {
            page.next_marker = check.id;
            break;
        }
        page.checks.push_back(std::move(check));
    }
    return xml(200, list_checks_xml(page));
}

Api::Answered Api::check_status(const Call& call) const {
    const auto check = checks_.check(call.path[1]);
    if (!check) {
        return std::unexpected(check.error());
    }
    if (!calls_an_endpoint(check->config.type)) {
        return api_error(
            "InvalidInput", "No checker observes a health check of type " +
                                std::string{to_string(check->config.type)}
        );
    }
    return xml(200, check_status_xml(checks_.observations(call.path[1])));
}

Api::Answered Api::tags(const Call& call) {
    const std::string& type = call.path[1];
    const std::string& id = call.path[2];
    if (type != "hostedzone" && type != "healthcheck") {
        return api_error("InvalidInput", "Invalid value '" + type + "' of resourceType");
    }
    if (type == "healthcheck" && !checks_.has(id)) {
        return std::unexpected(checks_.check(id).error());
    }
    if (type == "hostedzone") {
        if (const auto zone = zones_.zone(id); !zone) {
            return std::unexpected(zone.error());
        }
    }
    auto& tags = tags_[{type, id}];
    if (call.request.method == "GET") {
        return xml(200, tags_xml(type, id, tags));
    }
    if (call.request.method != "POST") {
        return unknown_operation(call.request);
    }
    const auto request = change_tags_from_xml(call.request.body);
    if (!request) {
        return std::unexpected(request.error());
    }
    auto after = tags;
    for (const std::string& key : request->remove) {
        std::erase_if(after, [&key](const Tag& tag) { return tag.key == key; });
    }
    for (const Tag& added : request->add) {
        std::erase_if(after, [&added](const Tag& tag) { return tag.key == added.key; });
        after.push_back(added);
    }
    if (after.size() > kTagsMax) {
        return api_error("InvalidInput", "A resource has at most 50 tags");
    }
    tags = std::move(after);
    return xml(200, change_tags_xml());
}

}  // namespace farshore::lab::route53
