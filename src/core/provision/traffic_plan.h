#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/ids.h"
#include "core/provision/table_plan.h"

// What has to be done until Route 53 moves users by health state alone (decision 5): four checks
// and two failover records. Pure; what Route 53 says comes as a value. Nothing here deletes
// anything.
namespace farshore::core {

// What each check says. The first three ask an endpoint; `primary` is healthy while both of
// serving_preferred and takeover are.
enum class CheckRole {
    serving_preferred,  // the preferred Region's stack serves
    serving_standby,    // the other one's does
    takeover,           // inverted: the standby's agents do not say that users were moved to it
    primary,
};
inline constexpr std::array<std::string_view, 4> kCheckRoleNames{
    "serving_preferred", "serving_standby", "takeover", "primary"
};

constexpr const auto& names_of(CheckRole) {
    return kCheckRoleNames;
}

// What an endpoint check asks.
struct CheckTarget {
    bool tls = false;
    std::string host;  // a name or an address
    int port = 0;
    std::string path;

    friend bool operator==(const CheckTarget&, const CheckTarget&) = default;
};

// "https://lb.example.com/healthz"; a port that is the scheme's own is left out.
[[nodiscard]] std::string text_of(const CheckTarget& target);

// An alias needs the zone of what it leads to; of an AWS load balancer its Region says it.
struct RecordAnswer {
    std::vector<std::string> addresses;  // of an A record; or:
    std::string name;                    // of a load balancer (alias), or of another host (CNAME)
    std::string alias_zone;              // the load balancer's; empty: a CNAME

    friend bool operator==(const RecordAnswer&, const RecordAnswer&) = default;
};

struct TrafficSide {
    RegionId region;
    std::optional<CheckTarget> serving;  // nullopt: the configuration names no health URL
    std::optional<RecordAnswer> answer;  // nullopt: as the record answers today
};

struct TrafficWish {
    AppId app;
    std::string zone;  // id
    std::string record;
    std::int64_t ttl = 30;  // seconds
    TrafficSide preferred;
    TrafficSide standby;
    std::optional<CheckTarget> takeover;
    // Of the checks of stacks; that of the takeover flips at the first failure, as it is the lever.
    int failure_threshold = 3;
};

struct CheckSeen {
    std::string id;
    std::optional<CheckTarget> target;  // nullopt: calculated, or of another type
    bool inverted = false;
    bool disabled = false;
    bool matches_text = false;
    int interval = 30;  // seconds
    int failure_threshold = 3;
    int threshold = 0;  // of a calculated one: how many children
    std::vector<std::string> children;
};

// One record set of the record's name.
struct RecordSeen {
    std::string type;
    std::string set_identifier;
    std::string role;    // "primary", "secondary"; empty: no failover record
    std::string policy;  // "weighted", "latency"…; empty: simple or failover
    std::int64_t ttl = 0;
    RecordAnswer answer;
    bool evaluates_target = false;  // of an alias
    std::string check;
};

struct ZoneSeen {
    std::string zone_name;  // empty: the account has no such zone
    bool zone_is_private = false;
    std::vector<RecordSeen> records;
    std::vector<CheckSeen> checks;
};

enum class TrafficChangeKind { create_check, update_check, set_records };
inline constexpr std::array<std::string_view, 3> kTrafficChangeKindNames{
    "create_check", "update_check", "set_records"
};

constexpr const auto& names_of(TrafficChangeKind) {
    return kTrafficChangeKindNames;
}

// A record set as it is to be; `check` is known when its role's has been made.
struct RecordWish {
    std::string role;
    std::string type;
    std::string set_identifier;
    std::int64_t ttl = 0;
    RecordAnswer answer;
    CheckRole check{};

    friend bool operator==(const RecordWish&, const RecordWish&) = default;
};

struct TrafficChange {
    TrafficChangeKind kind{};
    CheckRole role{};                 // of a check
    std::string check;                // of update_check: its id
    std::string what;                 // for people: what it asks, or where the records lead
    std::vector<RecordWish> records;  // of set_records: both
    std::string why;                  // for people

    // The same change, whatever the words for it.
    friend bool operator==(const TrafficChange& a, const TrafficChange& b) {
        return a.kind == b.kind && a.role == b.role && a.check == b.check && a.what == b.what;
    }
};

// "make the health check `takeover`: https://…, inverted".
[[nodiscard]] std::string text_of(const TrafficChange& change);

struct TrafficPlan {
    std::vector<TrafficChange> changes;  // in the order in which they must be made
    std::vector<Obstacle> obstacles;
    std::vector<std::string> notes;
    std::map<CheckRole, std::string> checks;  // those that are there
};

[[nodiscard]] TrafficPlan plan_traffic(const TrafficWish& wish, const ZoneSeen& seen);

// What a check of that role is to be; nullopt: it cannot be made yet, as the wish has no target for
// it or a child of it is missing in `checks`.
[[nodiscard]] std::optional<CheckSeen> wished_check(
    const TrafficWish& wish, CheckRole role, const std::map<CheckRole, std::string>& checks
);

}  // namespace farshore::core
