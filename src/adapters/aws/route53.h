#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "adapters/aws/client.h"
#include "adapters/net/task.h"
#include "base/enum_names.h"
#include "base/result.h"
#include "core/lint/traffic_seen.h"

// Route 53: hosted zones, failover records, health checks. Names are without the trailing dot and
// lower case, whatever the service answers.
namespace farshore::aws {

struct HostedZone {
    std::string id;  // "Z123", without "/hostedzone/"
    std::string name;
    std::string caller_reference;
    bool private_zone = false;
    std::int64_t record_count = 0;
};

enum class FailoverRole { none, primary, secondary };
inline constexpr std::array<std::string_view, 3> kFailoverRoleNames{"none", "primary", "secondary"};

constexpr const auto& names_of(FailoverRole) {
    return kFailoverRoleNames;
}

struct AliasTarget {
    std::string zone;
    std::string name;
    bool evaluate_health = false;

    friend bool operator==(const AliasTarget&, const AliasTarget&) = default;
};

struct RecordSet {
    std::string name;
    std::string type = "A";
    std::string set_identifier;  // needed with a failover role
    FailoverRole failover = FailoverRole::none;
    std::int64_t ttl = 60;  // seconds; not sent with an alias
    std::vector<std::string> values;
    std::optional<AliasTarget> alias;
    std::string health_check;  // id; empty: none
    // Read, never sent: that it is neither a simple record nor one of failover, but what.
    std::optional<core::Routing> other_routing;

    friend bool operator==(const RecordSet&, const RecordSet&) = default;
};

enum class ChangeAction { create, upsert, erase };
inline constexpr std::array<std::string_view, 3> kChangeActionNames{"create", "upsert", "erase"};

constexpr const auto& names_of(ChangeAction) {
    return kChangeActionNames;
}

struct RecordChange {
    ChangeAction action = ChangeAction::upsert;
    RecordSet record;
};

struct ChangeState {
    std::string id;  // without "/change/"
    bool in_sync = false;
};

enum class HealthCheckType {
    http,
    https,
    http_str_match,
    https_str_match,
    tcp,
    calculated,
    cloudwatch_metric,
    recovery_control,
};
inline constexpr std::array<std::string_view, 8> kHealthCheckTypeNames{
    "http",
    "https",
    "http_str_match",
    "https_str_match",
    "tcp",
    "calculated",
    "cloudwatch_metric",
    "recovery_control",
};

constexpr const auto& names_of(HealthCheckType) {
    return kHealthCheckTypeNames;
}

struct HealthCheckConfig {
    HealthCheckType type = HealthCheckType::http;
    // Endpoint checks: an address, a name, or both (then the name is the Host header).
    std::string ip_address;
    int port = 0;  // 0: the type's own
    std::string path;
    std::string domain_name;
    std::string search_string;
    int interval = 30;          // seconds: 10 or 30
    int failure_threshold = 3;  // 1 to 10
    bool measure_latency = false;
    bool inverted = false;
    bool disabled = false;  // a disabled check counts as healthy
    std::optional<bool> sni;
    std::vector<std::string> regions;  // of checkers; empty: all
    // Calculated checks: healthy while at least `threshold` children are.
    int threshold = 0;
    std::vector<std::string> children;
    // Of a CloudWatch metric; read, never sent: without data it keeps its last status.
    bool keeps_last = false;

    friend bool operator==(const HealthCheckConfig&, const HealthCheckConfig&) = default;
};

struct HealthCheck {
    std::string id;
    std::string caller_reference;
    HealthCheckConfig config;
    std::int64_t version = 1;
};

// What may be changed in a check that exists; empty members stay as they are.
struct HealthCheckUpdate {
    std::optional<std::string> ip_address;
    std::optional<int> port;
    std::optional<std::string> path;
    std::optional<std::string> domain_name;
    std::optional<std::string> search_string;
    std::optional<int> failure_threshold;
    std::optional<bool> inverted;
    std::optional<bool> disabled;
    std::optional<int> threshold;
    std::optional<std::vector<std::string>> children;
    // Set: refused with HealthCheckVersionMismatch (conflict) when another writer was first.
    std::optional<std::int64_t> expected_version;
};

struct CheckerObservation {
    std::string region;
    std::string address;
    std::string status;  // "Success: HTTP Status Code 200, OK"

    [[nodiscard]] bool success() const { return status.starts_with("Success"); }
};

struct RecordPage {
    std::vector<RecordSet> records;
    bool truncated = false;
    std::string next_name;
    std::string next_type;
    std::string next_identifier;
};

template <class T>
struct MarkerPage {
    std::vector<T> entries;
    std::string next_marker;  // empty: this was the last page
};

// Members of requests and of answers, pure. Errors of readers: malformed.
namespace route53_members {
[[nodiscard]] boost::json::object change_record_sets(
    std::string_view zone, const std::vector<RecordChange>& changes, std::string_view comment
);
[[nodiscard]] boost::json::object create_health_check(
    const HealthCheckConfig& config, std::string_view caller_reference
);
[[nodiscard]] boost::json::object update_health_check(
    std::string_view id, const HealthCheckUpdate& update
);

[[nodiscard]] Result<HostedZone> hosted_zone(const boost::json::object& output);
[[nodiscard]] Result<MarkerPage<HostedZone>> hosted_zones(const boost::json::object& output);
[[nodiscard]] Result<RecordPage> record_sets(const boost::json::object& output);
[[nodiscard]] Result<ChangeState> change(const boost::json::object& output);
[[nodiscard]] Result<HealthCheck> health_check(const boost::json::object& output);
[[nodiscard]] Result<MarkerPage<HealthCheck>> health_checks(const boost::json::object& output);
[[nodiscard]] Result<std::vector<CheckerObservation>> health_check_status(
    const boost::json::object& output
);
}  // namespace route53_members

// Errors: AwsClient's; `not_found` for NoSuchHostedZone, NoSuchHealthCheck and NoSuchChange,
// `conflict` for what exists already or changed meanwhile, `malformed` for an InvalidChangeBatch.
// Listing stops after 10,000 entries with `exhausted`.
class Route53 {
  public:
    // `client` must outlive us and all calls.
    explicit Route53(AwsClient& client) : client_(&client) {}

    net::Task<Result<HostedZone>> create_hosted_zone(
        std::string name, std::string caller_reference, CallOptions options = {}
    );
    net::Task<Result<std::vector<HostedZone>>> list_hosted_zones(CallOptions options = {});
    net::Task<Result<HostedZone>> get_hosted_zone(std::string zone, CallOptions options = {});
    net::Task<Status> delete_hosted_zone(std::string zone, CallOptions options = {});

    // All changes take effect together or not at all.
    net::Task<Result<ChangeState>> change_record_sets(
        std::string zone,
        std::vector<RecordChange> changes,
        std::string comment,
        CallOptions options = {}
    );
    net::Task<Result<std::vector<RecordSet>>> list_record_sets(
        std::string zone, CallOptions options = {}
    );
    net::Task<Result<ChangeState>> get_change(std::string change, CallOptions options = {});

    // Idempotent by its caller reference.
    net::Task<Result<HealthCheck>> create_health_check(
        HealthCheckConfig config, std::string caller_reference, CallOptions options = {}
    );
    net::Task<Result<HealthCheck>> get_health_check(std::string id, CallOptions options = {});
    net::Task<Result<std::vector<HealthCheck>>> list_health_checks(CallOptions options = {});
    // Absolute values: a second execution changes nothing (but the version grows).
    net::Task<Result<HealthCheck>> update_health_check(
        std::string id, HealthCheckUpdate update, CallOptions options = {}
    );
    net::Task<Status> delete_health_check(std::string id, CallOptions options = {});
    net::Task<Result<std::vector<CheckerObservation>>> get_health_check_status(
        std::string id, CallOptions options = {}
    );

  private:
    // Sends a call and reads its answer.
    template <class Answer>
    net::Task<Result<Answer>> ask(
        std::string name,
        boost::json::object input,
        Result<Answer> (*read)(const boost::json::object&),
        CallOptions options
    );
    template <class Entry>
    net::Task<Result<std::vector<Entry>>> list_pages(
        std::string name,
        Result<MarkerPage<Entry>> (*read)(const boost::json::object&),
        CallOptions options
    );
    net::Task<Status> erase(std::string name, boost::json::object input, CallOptions options);

    AwsClient* client_;
};

}  // namespace farshore::aws
