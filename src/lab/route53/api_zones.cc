#include <algorithm>

#include "lab/route53/api.h"
#include "lab/route53/api_error.h"
#include "lab/route53/api_parts.h"
#include "lab/route53/domain_name.h"
#include "lab/route53/xml_answers.h"
#include "lab/route53/xml_requests.h"

namespace farshore::lab::route53 {

namespace {

constexpr std::size_t kRecordsPageMax = 300;

}  // namespace

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
        std::move(request->name),
        std::move(request->caller_reference),
        std::move(request->comment),
        call.now
    );
    if (!created) {
        return std::unexpected(created.error());
    }
    auto response = xml(201, create_zone_xml(created->zone, created->change));
    response.headers.push_back(
        {"Location", std::string{kEndpoint} + "hostedzone/" + created->zone.id}
    );
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
            return api_error(
                "InvalidDomainName", "The domain name " + page.dns_name + " is not valid"
            );
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
        return api_error(
            "InvalidInput", "A start type needs a start name, an identifier needs a type"
        );
    }
    if (name) {
        const auto canonical = canonical_name(*name);
        if (!canonical) {
            return api_error(
                "InvalidInput", "FATAL problem: DomainLabelInvalid in '" + *name + "'"
            );
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

}  // namespace farshore::lab::route53
