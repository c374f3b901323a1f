#include <algorithm>
#include <charconv>
#include <pugixml.hpp>
#include <sstream>
#include <utility>

#include "adapters/aws/route53.h"
#include "base/text.h"

namespace farshore::aws {
namespace {

constexpr char kNamespace[] = "https://route53.amazonaws.com/doc/2013-04-01/";

// AWS's words, in the order of the enumerators.
constexpr std::array<const char*, 6> kTypeWords{
    "HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP", "CALCULATED"
};
constexpr std::array<const char*, 3> kActionWords{"CREATE", "UPSERT", "DELETE"};
constexpr std::array<const char*, 3> kFailoverWords{"", "PRIMARY", "SECONDARY"};

template <class Enum, std::size_t N>
const char* word_of(const std::array<const char*, N>& words, Enum value) {
    return words.at(static_cast<std::size_t>(std::to_underlying(value)));
}

template <class Enum, std::size_t N>
std::optional<Enum> from_word(const std::array<const char*, N>& words, std::string_view word) {
    const auto found = std::ranges::find_if(words, [&](const char* one) { return word == one; });
    if (found == words.end()) {
        return std::nullopt;
    }
    return static_cast<Enum>(found - words.begin());
}

// --- writing
// ----------------------------------------------------------------------------------------

void add(pugi::xml_node parent, const char* name, const std::string& text) {
    parent.append_child(name).text().set(text.c_str());
}

void add(pugi::xml_node parent, const char* name, std::int64_t number) {
    parent.append_child(name).text().set(static_cast<long long>(number));
}

void add_bool(pugi::xml_node parent, const char* name, bool value) {
    parent.append_child(name).text().set(value ? "true" : "false");
}

void add_text(pugi::xml_node parent, const char* name, const std::string& text) {
    if (!text.empty()) {
        add(parent, name, text);
    }
}

pugi::xml_node begin(pugi::xml_document& document, const char* root) {
    pugi::xml_node declaration = document.append_child(pugi::node_declaration);
    declaration.append_attribute("version") = "1.0";
    declaration.append_attribute("encoding") = "UTF-8";
    pugi::xml_node node = document.append_child(root);
    node.append_attribute("xmlns") = kNamespace;
    return node;
}

std::string finish(const pugi::xml_document& document) {
    std::ostringstream out;
    document.save(out, "", pugi::format_raw);
    return out.str();
}

void add_list(
    pugi::xml_node parent,
    const char* list,
    const char* entry,
    const std::vector<std::string>& values
) {
    const pugi::xml_node node = parent.append_child(list);
    for (const std::string& value : values) {
        add(node, entry, value);
    }
}

void add_record(pugi::xml_node parent, const RecordSet& record) {
    pugi::xml_node set = parent.append_child("ResourceRecordSet");
    add(set, "Name", record.name);
    add(set, "Type", record.type);
    add_text(set, "SetIdentifier", record.set_identifier);
    add_text(set, "Failover", word_of(kFailoverWords, record.failover));
    if (record.alias) {
        const pugi::xml_node alias = set.append_child("AliasTarget");
        add(alias, "HostedZoneId", record.alias->zone);
        add(alias, "DNSName", record.alias->name);
        add_bool(alias, "EvaluateTargetHealth", record.alias->evaluate_health);
    } else {
        add(set, "TTL", record.ttl);
        pugi::xml_node values = set.append_child("ResourceRecords");
        for (const std::string& value : record.values) {
            add(values.append_child("ResourceRecord"), "Value", value);
        }
    }
    add_text(set, "HealthCheckId", record.health_check);
}

// In the order of the service's schema.
void add_config(pugi::xml_node parent, const HealthCheckConfig& config) {
    const pugi::xml_node node = parent.append_child("HealthCheckConfig");
    const bool endpoint = config.type != HealthCheckType::calculated;
    add_text(node, "IPAddress", config.ip_address);
    if (config.port > 0) {
        add(node, "Port", config.port);
    }
    add(node, "Type", std::string{word_of(kTypeWords, config.type)});
    add_text(node, "ResourcePath", config.path);
    add_text(node, "FullyQualifiedDomainName", config.domain_name);
    add_text(node, "SearchString", config.search_string);
    if (endpoint) {
        add(node, "RequestInterval", config.interval);
        add(node, "FailureThreshold", config.failure_threshold);
    }
    if (config.measure_latency) {
        add_bool(node, "MeasureLatency", true);
    }
    add_bool(node, "Inverted", config.inverted);
    add_bool(node, "Disabled", config.disabled);
    if (!endpoint) {
        add(node, "HealthThreshold", config.threshold);
        add_list(node, "ChildHealthChecks", "ChildHealthCheck", config.children);
    }
    if (config.sni) {
        add_bool(node, "EnableSNI", *config.sni);
    }
    if (!config.regions.empty()) {
        add_list(node, "Regions", "Region", config.regions);
    }
}

// --- reading
// ----------------------------------------------------------------------------------------

std::unexpected<Error> not_understood(std::string_view what) {
    return fail(
        ErrorKind::malformed,
        "Route 53's answer holds no " + std::string{what},
        "Check that the endpoint is Route 53."
    );
}

// Entities are decoded by the parser; it expands none that a document defines.
Status load(pugi::xml_document& document, std::string_view body) {
    if (!document.load_buffer(body.data(), body.size())) {
        return fail(
            ErrorKind::malformed,
            "Route 53's answer is not XML",
            "Check that the endpoint is Route 53."
        );
    }
    return {};
}

std::string text_of(pugi::xml_node node, const char* name) {
    return node.child_value(name);
}

std::int64_t number_of(pugi::xml_node node, const char* name, std::int64_t otherwise = 0) {
    const std::string text = node.child_value(name);
    std::int64_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size() ? out : otherwise;
}

int int_of(pugi::xml_node node, const char* name, int otherwise = 0) {
    return static_cast<int>(std::clamp<std::int64_t>(number_of(node, name, otherwise), 0, 1'000'000)
    );
}

bool bool_of(pugi::xml_node node, const char* name) {
    return std::string_view{node.child_value(name)} == "true";
}

std::string without_prefix(std::string text, std::string_view prefix) {
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

// "Magento.Example.COM." to "magento.example.com"; "\052" is how the service writes a star.
std::string plain_name(std::string name) {
    if (name.ends_with('.')) {
        name.pop_back();
    }
    if (name.starts_with("\\052")) {
        name.replace(0, 4, "*");
    }
    return to_lower(name);
}

std::vector<std::string> list_of(pugi::xml_node node, const char* list, const char* entry) {
    std::vector<std::string> out;
    for (const pugi::xml_node one : node.child(list).children(entry)) {
        out.emplace_back(one.text().get());
    }
    return out;
}

HostedZone zone_from(pugi::xml_node node) {
    return {
        .id = without_prefix(text_of(node, "Id"), "/hostedzone/"),
        .name = plain_name(text_of(node, "Name")),
        .caller_reference = text_of(node, "CallerReference"),
        .private_zone = bool_of(node.child("Config"), "PrivateZone"),
        .record_count = number_of(node, "ResourceRecordSetCount")
    };
}

RecordSet record_from(pugi::xml_node node) {
    RecordSet out;
    out.name = plain_name(text_of(node, "Name"));
    out.type = text_of(node, "Type");
    out.set_identifier = text_of(node, "SetIdentifier");
    out.failover = from_word<FailoverRole>(kFailoverWords, node.child_value("Failover"))
                       .value_or(FailoverRole::none);
    out.ttl = number_of(node, "TTL");
    for (const pugi::xml_node record : node.child("ResourceRecords").children("ResourceRecord")) {
        out.values.emplace_back(record.child_value("Value"));
    }
    if (const pugi::xml_node alias = node.child("AliasTarget")) {
        out.alias = AliasTarget{
            .zone = text_of(alias, "HostedZoneId"),
            .name = plain_name(text_of(alias, "DNSName")),
            .evaluate_health = bool_of(alias, "EvaluateTargetHealth")
        };
    }
    out.health_check = text_of(node, "HealthCheckId");
    return out;
}

Result<HealthCheck> check_from(pugi::xml_node node) {
    const pugi::xml_node config = node.child("HealthCheckConfig");
    const auto type = from_word<HealthCheckType>(kTypeWords, config.child_value("Type"));
    if (!config || !type) {
        // CLOUDWATCH_METRIC and RECOVERY_CONTROL exist. A caller that lists all health checks meets
        // them and goes on.
        return fail(
            ErrorKind::malformed,
            "health check of type '" + text_of(config, "Type") + "' is not understood"
        );
    }
    HealthCheck out;
    out.id = text_of(node, "Id");
    out.caller_reference = text_of(node, "CallerReference");
    out.version = number_of(node, "HealthCheckVersion", 1);
    out.config = HealthCheckConfig{
        .type = *type,
        .ip_address = text_of(config, "IPAddress"),
        .port = int_of(config, "Port"),
        .path = text_of(config, "ResourcePath"),
        .domain_name = text_of(config, "FullyQualifiedDomainName"),
        .search_string = text_of(config, "SearchString"),
        .interval = int_of(config, "RequestInterval", 30),
        .failure_threshold = int_of(config, "FailureThreshold", 3),
        .measure_latency = bool_of(config, "MeasureLatency"),
        .inverted = bool_of(config, "Inverted"),
        .disabled = bool_of(config, "Disabled"),
        .sni = std::nullopt,
        .regions = list_of(config, "Regions", "Region"),
        .threshold = int_of(config, "HealthThreshold"),
        .children = list_of(config, "ChildHealthChecks", "ChildHealthCheck")
    };
    if (!config.child("EnableSNI").empty()) {
        out.config.sni = bool_of(config, "EnableSNI");
    }
    return out;
}

std::string next_marker_of(pugi::xml_node root) {
    return bool_of(root, "IsTruncated") ? text_of(root, "NextMarker") : std::string{};
}

}  // namespace

namespace route53_xml {

std::string create_hosted_zone(std::string_view name, std::string_view caller_reference) {
    pugi::xml_document document;
    const pugi::xml_node root = begin(document, "CreateHostedZoneRequest");
    add(root, "Name", std::string{name});
    add(root, "CallerReference", std::string{caller_reference});
    return finish(document);
}

std::string change_record_sets(const std::vector<RecordChange>& changes, std::string_view comment) {
    pugi::xml_document document;
    pugi::xml_node batch =
        begin(document, "ChangeResourceRecordSetsRequest").append_child("ChangeBatch");
    add_text(batch, "Comment", std::string{comment});
    pugi::xml_node list = batch.append_child("Changes");
    for (const RecordChange& change : changes) {
        const pugi::xml_node node = list.append_child("Change");
        add(node, "Action", std::string{word_of(kActionWords, change.action)});
        add_record(node, change.record);
    }
    return finish(document);
}

std::string create_health_check(
    const HealthCheckConfig& config, std::string_view caller_reference
) {
    pugi::xml_document document;
    const pugi::xml_node root = begin(document, "CreateHealthCheckRequest");
    add(root, "CallerReference", std::string{caller_reference});
    add_config(root, config);
    return finish(document);
}

std::string update_health_check(const HealthCheckUpdate& update) {
    pugi::xml_document document;
    const pugi::xml_node root = begin(document, "UpdateHealthCheckRequest");
    const auto number = [&](const char* name, const auto& value) {
        if (value) {
            add(root, name, static_cast<std::int64_t>(*value));
        }
    };
    const auto text = [&](const char* name, const std::optional<std::string>& value) {
        if (value) {
            add(root, name, *value);
        }
    };
    number("HealthCheckVersion", update.expected_version);
    text("IPAddress", update.ip_address);
    number("Port", update.port);
    text("ResourcePath", update.path);
    text("FullyQualifiedDomainName", update.domain_name);
    text("SearchString", update.search_string);
    number("FailureThreshold", update.failure_threshold);
    if (update.inverted) {
        add_bool(root, "Inverted", *update.inverted);
    }
    if (update.disabled) {
        add_bool(root, "Disabled", *update.disabled);
    }
    number("HealthThreshold", update.threshold);
    if (update.children) {
        add_list(root, "ChildHealthChecks", "ChildHealthCheck", *update.children);
    }
    return finish(document);
}

Result<HostedZone> hosted_zone(std::string_view body) {
    pugi::xml_document document;
    const Status loaded = load(document, body);
    if (!loaded) {
        return std::unexpected(loaded.error());
    }
    const pugi::xml_node zone = document.document_element().child("HostedZone");
    if (!zone) {
        return not_understood("HostedZone");
    }
    return zone_from(zone);
}

Result<MarkerPage<HostedZone>> hosted_zones(std::string_view body) {
    pugi::xml_document document;
    const Status loaded = load(document, body);
    if (!loaded) {
        return std::unexpected(loaded.error());
    }
    const pugi::xml_node root = document.document_element();
    if (!root.child("HostedZones")) {
        return not_understood("HostedZones");
    }
    MarkerPage<HostedZone> out;
    for (const pugi::xml_node zone : root.child("HostedZones").children("HostedZone")) {
        out.entries.push_back(zone_from(zone));
    }
    out.next_marker = next_marker_of(root);
    return out;
}

Result<RecordPage> record_sets(std::string_view body) {
    pugi::xml_document document;
    const Status loaded = load(document, body);
    if (!loaded) {
        return std::unexpected(loaded.error());
    }
    const pugi::xml_node root = document.document_element();
    if (!root.child("ResourceRecordSets")) {
        return not_understood("ResourceRecordSets");
    }
    RecordPage out;
    for (const pugi::xml_node record :
         root.child("ResourceRecordSets").children("ResourceRecordSet")) {
        out.records.push_back(record_from(record));
    }
    out.truncated = bool_of(root, "IsTruncated");
    out.next_name = text_of(root, "NextRecordName");
    out.next_type = text_of(root, "NextRecordType");
    out.next_identifier = text_of(root, "NextRecordIdentifier");
    return out;
}

Result<ChangeState> change(std::string_view body) {
    pugi::xml_document document;
    const Status loaded = load(document, body);
    if (!loaded) {
        return std::unexpected(loaded.error());
    }
    const pugi::xml_node node = document.document_element().child("ChangeInfo");
    if (!node) {
        return not_understood("ChangeInfo");
    }
    return ChangeState{
        .id = without_prefix(text_of(node, "Id"), "/change/"),
        .in_sync = text_of(node, "Status") == "INSYNC"
    };
}

Result<HealthCheck> health_check(std::string_view body) {
    pugi::xml_document document;
    const Status loaded = load(document, body);
    if (!loaded) {
        return std::unexpected(loaded.error());
    }
    const pugi::xml_node node = document.document_element().child("HealthCheck");
    if (!node) {
        return not_understood("HealthCheck");
    }
    return check_from(node);
}

Result<MarkerPage<HealthCheck>> health_checks(std::string_view body) {
    pugi::xml_document document;
    const Status loaded = load(document, body);
    if (!loaded) {
        return std::unexpected(loaded.error());
    }
    const pugi::xml_node root = document.document_element();
    if (!root.child("HealthChecks")) {
        return not_understood("HealthChecks");
    }
    MarkerPage<HealthCheck> out;
    for (const pugi::xml_node node : root.child("HealthChecks").children("HealthCheck")) {
        Result<HealthCheck> check = check_from(node);
        if (check) {
            out.entries.push_back(*std::move(check));
        }
    }
    out.next_marker = next_marker_of(root);
    return out;
}

Result<std::vector<CheckerObservation>> health_check_status(std::string_view body) {
    pugi::xml_document document;
    const Status loaded = load(document, body);
    if (!loaded) {
        return std::unexpected(loaded.error());
    }
    const pugi::xml_node list = document.document_element().child("HealthCheckObservations");
    if (!list) {
        return not_understood("HealthCheckObservations");
    }
    std::vector<CheckerObservation> out;
    for (const pugi::xml_node node : list.children("HealthCheckObservation")) {
        const pugi::xml_node report = node.child("StatusReport");
        out.push_back(
            {.region = text_of(node, "Region"),
             .address = text_of(node, "IPAddress"),
             .status = text_of(report, "Status"),
             .checked_at = text_of(report, "CheckedTime")}
        );
    }
    return out;
}

}  // namespace route53_xml
}  // namespace farshore::aws
