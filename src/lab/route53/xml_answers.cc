#include "lab/route53/xml_answers.h"

#include <pugixml.hpp>
#include <sstream>

#include "base/text.h"
#include "lab/route53/api_error.h"
#include "lab/route53/zone_book.h"

namespace farshore::lab::route53 {

namespace {

constexpr const char* kNamespace = "https://route53.amazonaws.com/doc/2013-04-01/";

// A document under construction.
class Answer {
  public:
    explicit Answer(const std::string& root) {
        auto declaration = document_.append_child(pugi::node_declaration);
        declaration.append_attribute("version") = "1.0";
        declaration.append_attribute("encoding") = "UTF-8";
        root_ = document_.append_child(root.c_str());
        root_.append_attribute("xmlns") = kNamespace;
    }

    [[nodiscard]] pugi::xml_node root() const { return root_; }

    [[nodiscard]] std::string str() const {
        std::ostringstream out;
        document_.save(out, "", pugi::format_raw);
        return out.str();
    }

  private:
    pugi::xml_document document_;
    pugi::xml_node root_;
};

void put(pugi::xml_node node, const char* name, std::string_view text) {
    node.append_child(name).text().set(std::string{text}.c_str());
}

void put(pugi::xml_node node, const char* name, std::int64_t number) {
    put(node, name, std::to_string(number));
}

void put_truth(pugi::xml_node node, const char* name, bool value) {
    put(node, name, value ? std::string_view{"true"} : std::string_view{"false"});
}

void put_some(pugi::xml_node node, const char* name, std::string_view text) {
    if (!text.empty()) {
        put(node, name, text);
    }
}

void put_zone(pugi::xml_node parent, const Zone& zone) {
    auto node = parent.append_child("HostedZone");
    put(node, "Id", "/hostedzone/" + zone.id);
    put(node, "Name", zone.name);
    put(node, "CallerReference", zone.caller_reference);
    auto config = node.append_child("Config");
    put_some(config, "Comment", zone.comment);
    put_truth(config, "PrivateZone", false);
    put(node, "ResourceRecordSetCount", zone.record_count);
}

void put_delegation_set(pugi::xml_node parent) {
    auto servers = parent.append_child("DelegationSet").append_child("NameServers");
    for (std::string server : ZoneBook::name_servers()) {
        server.pop_back();
        put(servers, "NameServer", server);
    }
}

void put_change(pugi::xml_node parent, const ChangeState& change) {
    auto node = parent.append_child("ChangeInfo");
    put(node, "Id", "/change/" + change.id);
    put(node, "Status", change.in_sync ? std::string_view{"INSYNC"} : std::string_view{"PENDING"});
    put(node, "SubmittedAt", to_iso8601(change.submitted_at));
    put_some(node, "Comment", change.comment);
}

void put_record(pugi::xml_node parent, const RecordSet& record) {
    auto node = parent.append_child("ResourceRecordSet");
    put(node, "Name", record.name);
    put(node, "Type", record.type);
    put_some(node, "SetIdentifier", record.set_identifier);
    if (record.weight) {
        put(node, "Weight", *record.weight);
    }
    put_some(node, "Region", record.region);
    if (record.failover != FailoverRole::none) {
        put(node, "Failover", to_string(record.failover));
    }
    if (record.alias) {
        auto alias = node.append_child("AliasTarget");
        put(alias, "HostedZoneId", record.alias->zone);
        put(alias, "DNSName", record.alias->name);
        put_truth(alias, "EvaluateTargetHealth", record.alias->evaluate_health);
    } else {
        put(node, "TTL", record.ttl);
        auto values = node.append_child("ResourceRecords");
        for (const std::string& value : record.values) {
            put(values.append_child("ResourceRecord"), "Value", value);
        }
    }
    put_some(node, "HealthCheckId", record.health_check);
}

void put_list(
    pugi::xml_node node, const char* list, const char* item, const std::vector<std::string>& texts
) {
    auto parent = node.append_child(list);
    for (const std::string& text : texts) {
        put(parent, item, text);
    }
}

void put_endpoint(pugi::xml_node node, const CheckConfig& config) {
    put_some(node, "IPAddress", config.ip_address);
    if (config.port != 0) {
        put(node, "Port", config.port);
    }
    put(node, "Type", to_string(config.type));
    put_some(node, "ResourcePath", config.path);
    put_some(node, "FullyQualifiedDomainName", config.domain_name);
    put_some(node, "SearchString", config.search_string);
    put(node, "RequestInterval", config.interval);
    put(node, "FailureThreshold", config.failure_threshold);
    put_truth(node, "MeasureLatency", config.measure_latency);
    if (config.sni) {
        put_truth(node, "EnableSNI", *config.sni);
    }
    if (!config.regions.empty()) {
        put_list(node, "Regions", "Region", config.regions);
    }
}

void put_check(pugi::xml_node parent, const Check& check) {
    auto node = parent.append_child("HealthCheck");
    put(node, "Id", check.id);
    put(node, "CallerReference", check.caller_reference);
    const CheckConfig& config = check.config;
    auto into = node.append_child("HealthCheckConfig");
    if (calls_an_endpoint(config.type)) {
        put_endpoint(into, config);
    } else {
        put(into, "Type", to_string(config.type));
    }
    put_truth(into, "Inverted", config.inverted);
    put_truth(into, "Disabled", config.disabled);
    if (config.type == CheckType::calculated) {
        put(into, "HealthThreshold", config.health_threshold.value_or(0));
        put_list(into, "ChildHealthChecks", "ChildHealthCheck", config.children);
    }
    if (config.type == CheckType::cloudwatch_metric) {
        auto alarm = into.append_child("AlarmIdentifier");
        put(alarm, "Region", config.alarm_region);
        put(alarm, "Name", config.alarm_name);
        if (config.insufficient_data) {
            put(into, "InsufficientDataHealthStatus", to_string(*config.insufficient_data));
        }
    }
    put(node, "HealthCheckVersion", check.version);
}

}  // namespace

std::string error_xml(const Error& error, std::string_view request_id) {
    const Answer answer{"ErrorResponse"};
    auto node = answer.root().append_child("Error");
    put(node, "Type", "Sender");
    put(node, "Code", error.code);
    put(node, "Message", error.text);
    put(answer.root(), "RequestId", request_id);
    return answer.str();
}

std::string create_zone_xml(const Zone& zone, const ChangeState& change) {
    const Answer answer{"CreateHostedZoneResponse"};
    put_zone(answer.root(), zone);
    put_change(answer.root(), change);
    put_delegation_set(answer.root());
    return answer.str();
}

std::string get_zone_xml(const Zone& zone) {
    const Answer answer{"GetHostedZoneResponse"};
    put_zone(answer.root(), zone);
    put_delegation_set(answer.root());
    return answer.str();
}

std::string zone_count_xml(std::size_t count) {
    const Answer answer{"GetHostedZoneCountResponse"};
    put(answer.root(), "HostedZoneCount", static_cast<std::int64_t>(count));
    return answer.str();
}

std::string list_zones_xml(const ZonePage& page) {
    const Answer answer{"ListHostedZonesResponse"};
    auto zones = answer.root().append_child("HostedZones");
    for (const Zone& zone : page.zones) {
        put_zone(zones, zone);
    }
    put_some(answer.root(), "Marker", page.marker);
    put_truth(answer.root(), "IsTruncated", !page.next_marker.empty());
    put_some(answer.root(), "NextMarker", page.next_marker);
    put(answer.root(), "MaxItems", static_cast<std::int64_t>(page.items_max));
    return answer.str();
}

std::string list_zones_by_name_xml(const ZonesByNamePage& page) {
    const Answer answer{"ListHostedZonesByNameResponse"};
    auto zones = answer.root().append_child("HostedZones");
    for (const Zone& zone : page.zones) {
        put_zone(zones, zone);
    }
    put_some(answer.root(), "DNSName", page.dns_name);
    put_some(answer.root(), "HostedZoneId", page.zone_id);
    put_truth(answer.root(), "IsTruncated", !page.next_id.empty());
    put_some(answer.root(), "NextDNSName", page.next_name);
    put_some(answer.root(), "NextHostedZoneId", page.next_id);
    put(answer.root(), "MaxItems", static_cast<std::int64_t>(page.items_max));
    return answer.str();
}

std::string list_records_xml(const RecordsPage& page) {
    const Answer answer{"ListResourceRecordSetsResponse"};
    auto records = answer.root().append_child("ResourceRecordSets");
    for (const RecordSet& record : page.records) {
        put_record(records, record);
    }
    put_truth(answer.root(), "IsTruncated", page.next != nullptr);
    if (page.next != nullptr) {
        put(answer.root(), "NextRecordName", page.next->name);
        put(answer.root(), "NextRecordType", page.next->type);
        put_some(answer.root(), "NextRecordIdentifier", page.next->set_identifier);
    }
    put(answer.root(), "MaxItems", static_cast<std::int64_t>(page.items_max));
    return answer.str();
}

std::string change_xml(std::string_view operation, const ChangeState& change) {
    const Answer answer{std::string{operation} + "Response"};
    put_change(answer.root(), change);
    return answer.str();
}

std::string check_xml(std::string_view operation, const Check& check) {
    const Answer answer{std::string{operation} + "Response"};
    put_check(answer.root(), check);
    return answer.str();
}

std::string list_checks_xml(const ChecksPage& page) {
    const Answer answer{"ListHealthChecksResponse"};
    auto checks = answer.root().append_child("HealthChecks");
    for (const Check& check : page.checks) {
        put_check(checks, check);
    }
    put_some(answer.root(), "Marker", page.marker);
    put_truth(answer.root(), "IsTruncated", !page.next_marker.empty());
    put_some(answer.root(), "NextMarker", page.next_marker);
    put(answer.root(), "MaxItems", static_cast<std::int64_t>(page.items_max));
    return answer.str();
}

std::string check_count_xml(std::size_t count) {
    const Answer answer{"GetHealthCheckCountResponse"};
    put(answer.root(), "HealthCheckCount", static_cast<std::int64_t>(count));
    return answer.str();
}

std::string check_status_xml(const std::vector<Observation>& observations) {
    const Answer answer{"GetHealthCheckStatusResponse"};
    auto list = answer.root().append_child("HealthCheckObservations");
    for (const Observation& observation : observations) {
        auto node = list.append_child("HealthCheckObservation");
        put(node, "Region", observation.region);
        put(node, "IPAddress", observation.address);
        auto report = node.append_child("StatusReport");
        put(report, "Status", observation.text);
        put(report, "CheckedTime", to_iso8601(observation.at));
    }
    return answer.str();
}

std::string delete_check_xml() {
    return Answer{"DeleteHealthCheckResponse"}.str();
}

std::string tags_xml(std::string_view type, std::string_view id, const std::vector<Tag>& tags) {
    const Answer answer{"ListTagsForResourceResponse"};
    auto set = answer.root().append_child("ResourceTagSet");
    put(set, "ResourceType", type);
    put(set, "ResourceId", id);
    auto list = set.append_child("Tags");
    for (const Tag& tag : tags) {
        auto node = list.append_child("Tag");
        put(node, "Key", tag.key);
        put(node, "Value", tag.value);
    }
    return answer.str();
}

std::string change_tags_xml() {
    return Answer{"ChangeTagsForResourceResponse"}.str();
}

}  // namespace farshore::lab::route53
