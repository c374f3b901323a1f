#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/time.h"

// Route 53's own things as values.
namespace farshore::lab::route53 {

enum class FailoverRole { none, primary, secondary };
inline constexpr std::array<std::string_view, 3> kFailoverRoleNames{"NONE", "PRIMARY", "SECONDARY"};

constexpr const auto& names_of(FailoverRole) {
    return kFailoverRoleNames;
}

struct AliasTarget {
    std::string zone;  // hosted zone id
    std::string name;  // canonical
    bool evaluate_health = false;

    friend bool operator==(const AliasTarget&, const AliasTarget&) = default;
};

struct RecordSet {
    std::string name;  // canonical: lower case, escaped, with the trailing dot
    std::string type;  // "A"
    std::string set_identifier;
    FailoverRole failover = FailoverRole::none;
    std::optional<int> weight;  // 0..255
    std::string region;         // latency routing
    std::int64_t ttl = 0;       // seconds; without meaning for an alias
    std::vector<std::string> values;
    std::optional<AliasTarget> alias;
    std::string health_check;

    friend bool operator==(const RecordSet&, const RecordSet&) = default;
};

enum class ChangeAction { create, upsert, erase };
inline constexpr std::array<std::string_view, 3> kChangeActionNames{"CREATE", "UPSERT", "DELETE"};

constexpr const auto& names_of(ChangeAction) {
    return kChangeActionNames;
}

struct RecordChange {
    ChangeAction action = ChangeAction::create;
    RecordSet record;
};

struct Zone {
    std::string id;  // "Z0123456789ABC"
    std::string name;
    std::string caller_reference;
    std::string comment;
    std::int64_t record_count = 0;
};

struct ChangeState {
    std::string id;  // "C0123456789ABC"
    bool in_sync = false;
    UtcTime submitted_at;
    std::string comment;
};

enum class CheckType {
    http,
    https,
    http_str_match,
    https_str_match,
    tcp,
    calculated,
    cloudwatch_metric
};
inline constexpr std::array<std::string_view, 7> kCheckTypeNames{
    "HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP", "CALCULATED", "CLOUDWATCH_METRIC"
};

constexpr const auto& names_of(CheckType) {
    return kCheckTypeNames;
}

[[nodiscard]] constexpr bool calls_an_endpoint(CheckType type) {
    return type != CheckType::calculated && type != CheckType::cloudwatch_metric;
}

enum class InsufficientData { healthy, unhealthy, last_known_status };
inline constexpr std::array<std::string_view, 3> kInsufficientDataNames{
    "Healthy", "Unhealthy", "LastKnownStatus"
};

constexpr const auto& names_of(InsufficientData) {
    return kInsufficientDataNames;
}

struct CheckConfig {
    CheckType type = CheckType::http;
    std::string ip_address;
    int port = 0;  // 0: not given
    std::string path;
    std::string domain_name;
    std::string search_string;
    int interval = 30;  // 10 or 30
    int failure_threshold = 3;
    bool measure_latency = false;
    bool inverted = false;
    bool disabled = false;
    std::optional<bool> sni;
    std::vector<std::string> regions;
    std::optional<int> health_threshold;
    std::vector<std::string> children;
    std::string alarm_region;
    std::string alarm_name;
    std::optional<InsufficientData> insufficient_data;

    friend bool operator==(const CheckConfig&, const CheckConfig&) = default;
};

struct Check {
    std::string id;  // a UUID
    std::string caller_reference;
    CheckConfig config;
    std::int64_t version = 1;
};

// What UpdateHealthCheck may change; empty members stay.
struct CheckUpdate {
    std::optional<std::int64_t> expected_version;
    std::optional<std::string> ip_address;
    std::optional<int> port;
    std::optional<std::string> path;
    std::optional<std::string> domain_name;
    std::optional<std::string> search_string;
    std::optional<int> failure_threshold;
    std::optional<bool> inverted;
    std::optional<bool> disabled;
    std::optional<int> health_threshold;
    std::optional<std::vector<std::string>> children;
    std::optional<bool> sni;
    std::optional<std::vector<std::string>> regions;
    std::optional<std::string> alarm_region;
    std::optional<std::string> alarm_name;
    std::optional<InsufficientData> insufficient_data;
    std::vector<std::string> reset;  // names of elements to empty
};

struct Tag {
    std::string key;
    std::string value;
};

}  // namespace farshore::lab::route53
