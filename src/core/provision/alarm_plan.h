#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/ids.h"
#include "base/time.h"
#include "core/provision/table_plan.h"

// What has to be done until CloudWatch watches the tables in each Region, and until each change of
// such an alarm reaches a queue in another Region. Pure; what AWS says comes as values. Nothing
// here deletes anything.
namespace farshore::core {

enum class AlarmResourceKind {
    metric_alarm,
    composite_alarm,
    role,   // with which EventBridge puts events on another Region's bus
    queue,  // that controllers read, or that holds what they could not
    rule,   // with its one target
};
inline constexpr std::array<std::string_view, 5> kAlarmResourceKindNames{
    "metric_alarm", "composite_alarm", "role", "queue", "rule"
};

constexpr const auto& names_of(AlarmResourceKind) {
    return kAlarmResourceKindNames;
}

// "metric alarm".
[[nodiscard]] std::string_view text_of(AlarmResourceKind kind);

// A resource as it is to be, or as far as it is, in what its wish names. Fields have the names of
// AWS's API ("TreatMissingData"); those inside of another one follow it after a dot
// ("Dimensions.TableName"). Documents (policies, patterns) are JSON.
struct AlarmResource {
    AlarmResourceKind kind{};
    RegionId region;  // of a role: the one in which IAM is asked
    std::string name;
    std::map<std::string, std::string> fields;
    std::string why;    // for people
    bool ours = false;  // of one that is there: it has the app's tag

    friend bool operator==(const AlarmResource&, const AlarmResource&) = default;
};

// The tag that says whose a resource is; its value is the app.
inline constexpr std::string_view kAppTag = "farshore:app";

struct AlarmWish {
    std::string partition;  // "aws"
    std::string account;    // twelve digits
    AppId app;
    std::vector<RegionId> regions;  // with tables
    std::vector<TableName> tables;
    TableName heartbeat_table;
    std::vector<RegionId> queues;  // the Regions with one
    std::string role;              // ARN; empty: one is made for each Region with a queue
    Duration latency{};
    Duration replication_lag{};
};

// In the order in which they must be made.
[[nodiscard]] std::vector<AlarmResource> wished_alarm_resources(const AlarmWish& wish);

enum class AlarmChangeKind { create, update };
inline constexpr std::array<std::string_view, 2> kAlarmChangeKindNames{"create", "update"};

constexpr const auto& names_of(AlarmChangeKind) {
    return kAlarmChangeKindNames;
}

struct AlarmChange {
    AlarmChangeKind kind{};
    AlarmResourceKind what{};
    RegionId region;
    std::string name;
    std::string fields;  // for people: "Threshold 100, …", or "Threshold 100 (now 5), …"
    std::string why;     // for people
    AlarmResource wished;

    // The same change, whatever the words for it.
    friend bool operator==(const AlarmChange& a, const AlarmChange& b) {
        return a.kind == b.kind && a.what == b.what && a.region == b.region && a.name == b.name &&
               a.fields == b.fields;
    }
};

// "make metric alarm farshore-shop-errors in us-east-1: Threshold 5, …".
[[nodiscard]] std::string text_of(const AlarmChange& change);

struct AlarmPlan {
    std::vector<AlarmChange> changes;  // in the order in which they must be made
    std::vector<Obstacle> obstacles;
    std::vector<std::string> notes;
};

// `seen` has what exists of wished_alarm_resources(wish).
[[nodiscard]] AlarmPlan plan_alarms(const AlarmWish& wish, const std::vector<AlarmResource>& seen);

}  // namespace farshore::core
