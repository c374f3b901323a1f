#include <algorithm>
#include <utility>

#include "adapters/aws/members.h"
#include "adapters/aws/route53.h"
#include "base/text.h"

namespace farshore::aws {
namespace {

namespace json = boost::json;

// AWS's words, in the order of the enumerators.
constexpr std::array<std::string_view, 8> kTypeWords{
    "HTTP",
    "HTTPS",
    "HTTP_STR_MATCH",
    "HTTPS_STR_MATCH",
    "TCP",
    "CALCULATED",
    "CLOUDWATCH_METRIC",
    "RECOVERY_CONTROL",
};
constexpr std::array<std::string_view, 3> kActionWords{"CREATE", "UPSERT", "DELETE"};
constexpr std::array<std::string_view, 3> kFailoverWords{"", "PRIMARY", "SECONDARY"};

template <class Enum, std::size_t N>
std::string_view word_of(const std::array<std::string_view, N>& words, Enum value) {
    return words.at(static_cast<std::size_t>(std::to_underlying(value)));
}

template <class Enum, std::size_t N>
std::optional<Enum> from_word(const std::array<std::string_view, N>& words, std::string_view word) {
    const auto found = std::ranges::find(words, word);
    if (found == words.end()) {
        return std::nullopt;
    }
    return static_cast<Enum>(found - words.begin());
}

void add_text(json::object& out, std::string_view name, std::string_view text) {
    if (!text.empty()) {
        out[name] = text;
    }
}

json::array list(const std::vector<std::string>& values) {
    return json::array(values.begin(), values.end());
}

json::object record_members(const RecordSet& record) {
    json::object out{{"Name", record.name}, {"Type", record.type}};
    add_text(out, "SetIdentifier", record.set_identifier);
    add_text(out, "Failover", word_of(kFailoverWords, record.failover));
    if (record.alias) {
        out["AliasTarget"] = {
            {"HostedZoneId", record.alias->zone},
            {"DNSName", record.alias->name},
            {"EvaluateTargetHealth", record.alias->evaluate_health}
        };
    } else {
        out["TTL"] = record.ttl;
        json::array values;
        for (const std::string& value : record.values) {
            values.push_back({{"Value", value}});
        }
        out["ResourceRecords"] = std::move(values);
    }
    add_text(out, "HealthCheckId", record.health_check);
    return out;
}

json::object config_members(const HealthCheckConfig& config) {
    json::object out{
        {"Type", word_of(kTypeWords, config.type)},
        {"Inverted", config.inverted},
        {"Disabled", config.disabled}
    };
    add_text(out, "IPAddress", config.ip_address);
    add_text(out, "ResourcePath", config.path);
    add_text(out, "FullyQualifiedDomainName", config.domain_name);
    add_text(out, "SearchString", config.search_string);
    if (config.port > 0) {
        out["Port"] = config.port;
    }
    if (config.type == HealthCheckType::calculated) {
        out["HealthThreshold"] = config.threshold;
        out["ChildHealthChecks"] = list(config.children);
    } else {
        out["RequestInterval"] = config.interval;
        out["FailureThreshold"] = config.failure_threshold;
    }
    if (config.measure_latency) {
        out["MeasureLatency"] = true;
    }
    if (config.sni) {
        out["EnableSNI"] = *config.sni;
    }
    if (!config.regions.empty()) {
        out["Regions"] = list(config.regions);
    }
    return out;
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

HostedZone zone_from(const json::object& zone) {
    return {
        .id = without_prefix(text_member(zone, "Id"), "/hostedzone/"),
        .name = plain_name(text_member(zone, "Name")),
        .caller_reference = text_member(zone, "CallerReference"),
        .private_zone = flag_member(object_member(zone, "Config"), "PrivateZone"),
        .record_count = number_member(zone, "ResourceRecordSetCount")
    };
}

// Each routing has a member of its own; a set without any of them is a simple one. Failover is read
// apart, with its role.
struct RoutingMember {
    std::string_view name;
    core::Routing routing{};
};

constexpr RoutingMember kRoutingMembers[] = {
    {"Weight", core::Routing::weighted},
    {"Region", core::Routing::latency},
    {"GeoLocation", core::Routing::geolocation},
    {"GeoProximityLocation", core::Routing::geoproximity},
    {"MultiValueAnswer", core::Routing::multivalue},
    {"CidrRoutingConfig", core::Routing::cidr},
};

std::optional<core::Routing> other_routing_of(const json::object& set) {
    for (const RoutingMember& member : kRoutingMembers) {
        if (set.contains(member.name)) {
            return member.routing;
        }
    }
    return std::nullopt;
}

RecordSet record_from(const json::object& set) {
    RecordSet out;
    out.name = plain_name(text_member(set, "Name"));
    out.type = text_member(set, "Type");
    out.set_identifier = text_member(set, "SetIdentifier");
    out.failover = from_word<FailoverRole>(kFailoverWords, text_member(set, "Failover"))
                       .value_or(FailoverRole::none);
    out.ttl = number_member(set, "TTL");
    for (const json::object* record : entries(set, "ResourceRecords")) {
        out.values.push_back(text_member(*record, "Value"));
    }
    if (set.contains("AliasTarget")) {
        const json::object& alias = object_member(set, "AliasTarget");
        out.alias = AliasTarget{
            .zone = text_member(alias, "HostedZoneId"),
            .name = plain_name(text_member(alias, "DNSName")),
            .evaluate_health = flag_member(alias, "EvaluateTargetHealth")
        };
    }
    out.health_check = text_member(set, "HealthCheckId");
    out.other_routing = other_routing_of(set);
    return out;
}

int small_number(const json::object& config, std::string_view name, int otherwise = 0) {
    return static_cast<int>(
        std::clamp<std::int64_t>(number_member(config, name, otherwise), 0, 1'000'000)
    );
}

Result<HealthCheck> check_from(const json::object& check) {
    const json::object& config = object_member(check, "HealthCheckConfig");
    const auto type = from_word<HealthCheckType>(kTypeWords, text_member(config, "Type"));
    if (!type) {
        // A caller that lists all health checks goes on behind one of a type that is yet to come.
        return fail(
            ErrorKind::malformed,
            "health check of type '" + text_member(config, "Type") + "' is not understood"
        );
    }
    HealthCheck out;
    out.id = text_member(check, "Id");
    out.caller_reference = text_member(check, "CallerReference");
    out.version = number_member(check, "HealthCheckVersion", 1);
    out.config = HealthCheckConfig{
        .type = *type,
        .ip_address = text_member(config, "IPAddress"),
        .port = small_number(config, "Port"),
        .path = text_member(config, "ResourcePath"),
        .domain_name = text_member(config, "FullyQualifiedDomainName"),
        .search_string = text_member(config, "SearchString"),
        .interval = small_number(config, "RequestInterval", 30),
        .failure_threshold = small_number(config, "FailureThreshold", 3),
        .measure_latency = flag_member(config, "MeasureLatency"),
        .inverted = flag_member(config, "Inverted"),
        .disabled = flag_member(config, "Disabled"),
        .sni = std::nullopt,
        .regions = text_list(config, "Regions"),
        .threshold = small_number(config, "HealthThreshold"),
        .children = text_list(config, "ChildHealthChecks"),
        .keeps_last = text_member(config, "InsufficientDataHealthStatus") == "LastKnownStatus"
    };
    if (config.contains("EnableSNI")) {
        out.config.sni = flag_member(config, "EnableSNI");
    }
    return out;
}

// What `read` makes of an answer that has this member.
template <class Read>
auto reading(const json::object& output, std::string_view member, Read read)
    -> Result<decltype(read())> {
    if (Status status = must_have(output, member, "Route 53"); !status) {
        return std::unexpected(status.error());
    }
    return read();
}

std::string next_marker_of(const json::object& output) {
    return flag_member(output, "IsTruncated") ? text_member(output, "NextMarker") : std::string{};
}

}  // namespace

namespace route53_members {

json::object change_record_sets(
    std::string_view zone, const std::vector<RecordChange>& changes, std::string_view comment
) {
    json::array list;
    for (const RecordChange& change : changes) {
        list.push_back(
            {{"Action", word_of(kActionWords, change.action)},
             {"ResourceRecordSet", record_members(change.record)}}
        );
    }
    json::object batch{{"Changes", std::move(list)}};
    add_text(batch, "Comment", comment);
    return {{"HostedZoneId", zone}, {"ChangeBatch", std::move(batch)}};
}

json::object create_health_check(
    const HealthCheckConfig& config, std::string_view caller_reference
) {
    return {{"CallerReference", caller_reference}, {"HealthCheckConfig", config_members(config)}};
}

json::object update_health_check(std::string_view id, const HealthCheckUpdate& update) {
    json::object out{{"HealthCheckId", id}};
    const auto add = [&](std::string_view name, const auto& value) {
        if (value) {
            out[name] = *value;
        }
    };
    add("HealthCheckVersion", update.expected_version);
    add("IPAddress", update.ip_address);
    add("Port", update.port);
    add("ResourcePath", update.path);
    add("FullyQualifiedDomainName", update.domain_name);
    add("SearchString", update.search_string);
    add("FailureThreshold", update.failure_threshold);
    add("Inverted", update.inverted);
    add("Disabled", update.disabled);
    add("HealthThreshold", update.threshold);
    if (update.children) {
        out["ChildHealthChecks"] = list(*update.children);
    }
    return out;
}

Result<HostedZone> hosted_zone(const json::object& output) {
    return reading(output, "HostedZone", [&] {
        return zone_from(object_member(output, "HostedZone"));
    });
}

Result<MarkerPage<HostedZone>> hosted_zones(const json::object& output) {
    return reading(output, "HostedZones", [&] {
        MarkerPage<HostedZone> out{.entries = {}, .next_marker = next_marker_of(output)};
        for (const json::object* zone : entries(output, "HostedZones")) {
            out.entries.push_back(zone_from(*zone));
        }
        return out;
    });
}

Result<RecordPage> record_sets(const json::object& output) {
    return reading(output, "ResourceRecordSets", [&] {
        RecordPage out{
            .records = {},
            .truncated = flag_member(output, "IsTruncated"),
            .next_name = text_member(output, "NextRecordName"),
            .next_type = text_member(output, "NextRecordType"),
            .next_identifier = text_member(output, "NextRecordIdentifier")
        };
        for (const json::object* record : entries(output, "ResourceRecordSets")) {
            out.records.push_back(record_from(*record));
        }
        return out;
    });
}

Result<ChangeState> change(const json::object& output) {
    return reading(output, "ChangeInfo", [&] {
        const json::object& info = object_member(output, "ChangeInfo");
        return ChangeState{
            .id = without_prefix(text_member(info, "Id"), "/change/"),
            .in_sync = text_member(info, "Status") == "INSYNC"
        };
    });
}

Result<HealthCheck> health_check(const json::object& output) {
    if (Status status = must_have(output, "HealthCheck", "Route 53"); !status) {
        return std::unexpected(status.error());
    }
    return check_from(object_member(output, "HealthCheck"));
}

Result<MarkerPage<HealthCheck>> health_checks(const json::object& output) {
    return reading(output, "HealthChecks", [&] {
        MarkerPage<HealthCheck> out{.entries = {}, .next_marker = next_marker_of(output)};
        for (const json::object* one : entries(output, "HealthChecks")) {
            if (Result<HealthCheck> check = check_from(*one)) {
                out.entries.push_back(*std::move(check));
            }
        }
        return out;
    });
}

Result<std::vector<CheckerObservation>> health_check_status(const json::object& output) {
    return reading(output, "HealthCheckObservations", [&] {
        std::vector<CheckerObservation> out;
        for (const json::object* seen : entries(output, "HealthCheckObservations")) {
            out.push_back(
                {.region = text_member(*seen, "Region"),
                 .address = text_member(*seen, "IPAddress"),
                 .status = text_member(object_member(*seen, "StatusReport"), "Status")}
            );
        }
        return out;
    });
}

}  // namespace route53_members
}  // namespace farshore::aws
