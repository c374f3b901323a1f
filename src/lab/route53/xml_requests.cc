#include "lab/route53/xml_requests.h"

#include <utility>

#include "lab/route53/domain_name.h"
#include "lab/route53/xml_reader.h"

namespace farshore::lab::route53 {

namespace {

constexpr std::size_t kChangesMax = 1000;
constexpr std::size_t kTagsMax = 10;

// Parses `body`, whose root must be `root`, and gives it to `read`.
template <class Value, class Read>
Result<Value> from_xml(std::string_view body, std::string_view root, Read read) {
    pugi::xml_document document;
    const auto parsed =
        document.load_buffer(body.data(), body.size(), pugi::parse_default, pugi::encoding_utf8);
    if (!parsed) {
        return api_error("MalformedInput", std::string{"Invalid XML ; "} + parsed.description());
    }
    const pugi::xml_node node = document.document_element();
    if (root != node.name()) {
        return api_error(
            "MalformedInput",
            std::string{"Unexpected root element "} + node.name() + ", expected " +
                std::string{root}
        );
    }
    std::optional<Error> failure;
    Value value = read(ElementReader{node, failure});
    if (failure) {
        return std::unexpected(std::move(*failure));
    }
    return value;
}

std::string domain_name(ElementReader& reader, const char* name) {
    const std::string text = reader.required(name);
    auto canonical = canonical_name(text);
    if (!canonical) {
        reader.refuse("InvalidInput", "FATAL problem: DomainLabelInvalid in '" + text + "'");
        return {};
    }
    return std::move(*canonical);
}

AliasTarget alias_from(ElementReader reader) {
    reader.allow({"HostedZoneId", "DNSName", "EvaluateTargetHealth"});
    return {
        .zone = reader.required("HostedZoneId"),
        .name = domain_name(reader, "DNSName"),
        .evaluate_health = reader.truth("EvaluateTargetHealth").value_or(false)
    };
}

RecordSet record_from(ElementReader reader) {
    for (const char* policy :
         {"GeoLocation",
          "GeoProximityLocation",
          "CidrRoutingConfig",
          "MultiValueAnswer",
          "TrafficPolicyInstanceId"}) {
        if (reader.has(policy)) {
            reader.refuse("InvalidInput", std::string{"The lab's Route 53 has no "} + policy);
            return {};
        }
    }
    reader.allow(
        {"Name",
         "Type",
         "SetIdentifier",
         "Weight",
         "Region",
         "Failover",
         "TTL",
         "ResourceRecords",
         "AliasTarget",
         "HealthCheckId"}
    );
    RecordSet record;
    record.name = domain_name(reader, "Name");
    record.type = reader.required("Type");
    record.set_identifier = reader.text("SetIdentifier").value_or("");
    if (const auto weight = reader.whole("Weight")) {
        record.weight = static_cast<int>(*weight);
    }
    record.region = reader.text("Region").value_or("");
    record.failover = reader.word<FailoverRole>("Failover").value_or(FailoverRole::none);
    record.health_check = reader.text("HealthCheckId").value_or("");
    if (reader.has("AliasTarget")) {
        record.alias = alias_from(reader.child("AliasTarget"));
    }
    for (ElementReader& value : reader.children("ResourceRecords", "ResourceRecord")) {
        value.allow({"Value"});
        record.values.push_back(value.required("Value"));
    }
    const auto ttl = reader.whole("TTL");
    if (!ttl && !record.alias && !record.values.empty()) {
        reader.refuse(
            "InvalidInput",
            "Invalid request: Missing field 'TTL' in Change with [Name=" + record.name +
                ", Type=" + record.type + "]"
        );
    }
    record.ttl = ttl.value_or(0);
    return record;
}

RecordChange change_from(ElementReader reader) {
    reader.allow({"Action", "ResourceRecordSet"});
    const auto action = reader.word<ChangeAction>("Action");
    if (!action || !reader.has("ResourceRecordSet")) {
        reader.refuse("InvalidInput", "Missing field 'Action' or 'ResourceRecordSet' in Change");
        return {};
    }
    return {.action = *action, .record = record_from(reader.child("ResourceRecordSet"))};
}

std::optional<int> small(std::optional<std::int64_t> value) {
    return value ? std::optional{static_cast<int>(*value)} : std::nullopt;
}

void read_alarm(
    ElementReader& reader, std::optional<std::string>& region, std::optional<std::string>& name
) {
    if (!reader.has("AlarmIdentifier")) {
        return;
    }
    ElementReader alarm = reader.child("AlarmIdentifier");
    alarm.allow({"Region", "Name"});
    region = alarm.required("Region");
    name = alarm.required("Name");
}

CheckConfig config_from(ElementReader reader) {
    reader.allow(
        {"IPAddress",
         "Port",
         "Type",
         "ResourcePath",
         "FullyQualifiedDomainName",
         "SearchString",
         "RequestInterval",
         "FailureThreshold",
         "MeasureLatency",
         "Inverted",
         "Disabled",
         "HealthThreshold",
         "ChildHealthChecks",
         "EnableSNI",
         "Regions",
         "AlarmIdentifier",
         "InsufficientDataHealthStatus"}
    );
    CheckConfig config;
    const auto type = reader.word<CheckType>("Type");
    if (!type) {
        reader.refuse("InvalidInput", "Missing field 'Type' in HealthCheckConfig");
        return config;
    }
    config.type = *type;
    config.ip_address = reader.text("IPAddress").value_or("");
    const bool https = *type == CheckType::https || *type == CheckType::https_str_match;
    const bool http = *type == CheckType::http || *type == CheckType::http_str_match;
    config.port = small(reader.whole("Port")).value_or(http ? 80 : (https ? 443 : 0));
    config.path = reader.text("ResourcePath").value_or("");
    config.domain_name = reader.text("FullyQualifiedDomainName").value_or("");
    config.search_string = reader.text("SearchString").value_or("");
    config.interval = small(reader.whole("RequestInterval")).value_or(30);
    config.failure_threshold = small(reader.whole("FailureThreshold")).value_or(3);
    config.measure_latency = reader.truth("MeasureLatency").value_or(false);
    config.inverted = reader.truth("Inverted").value_or(false);
    config.disabled = reader.truth("Disabled").value_or(false);
    config.sni = reader.truth("EnableSNI");
    if (https && !config.sni) {
        config.sni = true;
    }
    config.regions = reader.list("Regions", "Region").value_or(std::vector<std::string>{});
    config.health_threshold = small(reader.whole("HealthThreshold"));
    config.children =
        reader.list("ChildHealthChecks", "ChildHealthCheck").value_or(std::vector<std::string>{});
    std::optional<std::string> alarm_region;
    std::optional<std::string> alarm_name;
    read_alarm(reader, alarm_region, alarm_name);
    config.alarm_region = alarm_region.value_or("");
    config.alarm_name = alarm_name.value_or("");
    config.insufficient_data = reader.word<InsufficientData>("InsufficientDataHealthStatus");
    return config;
}

CheckUpdate update_from(ElementReader reader) {
    reader.allow(
        {"HealthCheckVersion",
         "IPAddress",
         "Port",
         "ResourcePath",
         "FullyQualifiedDomainName",
         "SearchString",
         "FailureThreshold",
         "Inverted",
         "Disabled",
         "HealthThreshold",
         "ChildHealthChecks",
         "EnableSNI",
         "Regions",
         "AlarmIdentifier",
         "InsufficientDataHealthStatus",
         "ResetElements"}
    );
    CheckUpdate update;
    update.expected_version = reader.whole("HealthCheckVersion");
    update.ip_address = reader.text("IPAddress");
    update.port = small(reader.whole("Port"));
    update.path = reader.text("ResourcePath");
    update.domain_name = reader.text("FullyQualifiedDomainName");
    update.search_string = reader.text("SearchString");
    update.failure_threshold = small(reader.whole("FailureThreshold"));
    update.inverted = reader.truth("Inverted");
    update.disabled = reader.truth("Disabled");
    update.health_threshold = small(reader.whole("HealthThreshold"));
    update.children = reader.list("ChildHealthChecks", "ChildHealthCheck");
    update.sni = reader.truth("EnableSNI");
    update.regions = reader.list("Regions", "Region");
    read_alarm(reader, update.alarm_region, update.alarm_name);
    update.insufficient_data = reader.word<InsufficientData>("InsufficientDataHealthStatus");
    update.reset =
        reader.list("ResetElements", "ResettableElementName").value_or(std::vector<std::string>{});
    return update;
}

}  // namespace

Result<CreateZoneRequest> create_zone_from_xml(std::string_view body) {
    return from_xml<CreateZoneRequest>(body, "CreateHostedZoneRequest", [](ElementReader reader) {
        reader.allow({"Name", "CallerReference", "HostedZoneConfig", "DelegationSetId", "VPC"});
        if (reader.has("VPC") || reader.has("DelegationSetId")) {
            reader.refuse("InvalidInput", "The lab's Route 53 has public hosted zones only");
        }
        CreateZoneRequest request;
        request.name = reader.required("Name");
        request.caller_reference = reader.required("CallerReference");
        if (reader.has("HostedZoneConfig")) {
            ElementReader config = reader.child("HostedZoneConfig");
            config.allow({"Comment", "PrivateZone"});
            request.comment = config.text("Comment").value_or("");
            if (config.truth("PrivateZone").value_or(false)) {
                config.refuse("InvalidInput", "The lab's Route 53 has public hosted zones only");
            }
        }
        return request;
    });
}

Result<ChangeRequest> changes_from_xml(std::string_view body) {
    return from_xml<ChangeRequest>(
        body,
        "ChangeResourceRecordSetsRequest",
        [](ElementReader reader) {
            reader.allow({"ChangeBatch"});
            ElementReader batch = reader.child("ChangeBatch");
            batch.allow({"Comment", "Changes"});
            ChangeRequest request;
            request.comment = batch.text("Comment").value_or("");
            auto changes = batch.children("Changes", "Change");
            if (changes.empty() || changes.size() > kChangesMax) {
                batch.refuse("InvalidInput", "A ChangeBatch has 1 to 1000 changes");
                return request;
            }
            for (const ElementReader& change : changes) {
                request.changes.push_back(change_from(change));
            }
            return request;
        }
    );
}

Result<CreateCheckRequest> create_check_from_xml(std::string_view body) {
    return from_xml<CreateCheckRequest>(body, "CreateHealthCheckRequest", [](ElementReader reader) {
        reader.allow({"CallerReference", "HealthCheckConfig"});
        CreateCheckRequest request;
        request.caller_reference = reader.required("CallerReference");
        request.config = config_from(reader.child("HealthCheckConfig"));
        return request;
    });
}

Result<CheckUpdate> check_update_from_xml(std::string_view body) {
    return from_xml<CheckUpdate>(body, "UpdateHealthCheckRequest", update_from);
}

Result<ChangeTagsRequest> change_tags_from_xml(std::string_view body) {
    return from_xml<ChangeTagsRequest>(
        body,
        "ChangeTagsForResourceRequest",
        [](ElementReader reader) {
            reader.allow({"AddTags", "RemoveTagKeys"});
            ChangeTagsRequest request;
            for (ElementReader& tag : reader.children("AddTags", "Tag")) {
                tag.allow({"Key", "Value"});
                request.add.push_back(
                    {.key = tag.required("Key"), .value = tag.text("Value").value_or("")}
                );
            }
            request.remove =
                reader.list("RemoveTagKeys", "Key").value_or(std::vector<std::string>{});
            if (request.add.size() > kTagsMax || request.remove.size() > kTagsMax ||
                (request.add.empty() && request.remove.empty())) {
                reader.refuse("InvalidInput", "AddTags and RemoveTagKeys have 1 to 10 elements");
            }
            return request;
        }
    );
}

}  // namespace farshore::lab::route53
