#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/provision/alarm_plan.h"
#include "core/provision/table_plan.h"
#include "core/provision/traffic_plan.h"
#include "wire/config.h"
#include "wire/document_forms.h"

// `farshore provision plan` and `apply`: what an installation lacks in AWS, and making it.
// Blocking.
namespace farshore::cli {

// Tables, traffic and alarms together: the file of `provision plan --out`.
struct ProvisionPlan {
    std::string app;
    std::vector<core::TableChange> changes;
    std::vector<core::TrafficChange> traffic;  // made after those
    std::vector<core::AlarmChange> alarms;     // and these at last
    std::vector<core::Obstacle> obstacles;
    std::vector<std::string> notes;

    [[nodiscard]] std::size_t count() const {
        return changes.size() + traffic.size() + alarms.size();
    }
};

// What is needed to make its changes of traffic, beside the plan; nullopt: `traffic` is not
// configured, or it could not be looked at.
struct TrafficGround {
    core::TrafficWish wish;
    std::map<core::CheckRole, std::string> checks;
};

struct Looked {
    ProvisionPlan plan;
    std::optional<TrafficGround> traffic;
};

// Looks at every Region of the configuration; changes nothing.
[[nodiscard]] Looked look_at_installation(const config::Config& config);

// The first change that `now` takes and that nobody had looked at, for people; empty: none.
[[nodiscard]] std::string not_looked_at(const ProvisionPlan& looked_at, const ProvisionPlan& now);

// For people; `wide` has the reasons.
[[nodiscard]] std::string text_of(const ProvisionPlan& plan);

struct Applied {
    std::size_t made = 0;
    bool interrupted = false;  // by SIGINT or SIGTERM, between two changes
    Status status;             // of the change that failed
};

// Makes the changes one after the other. `begins` is told of each, for people, before it is made.
// Records are set when Route 53 finds both stacks healthy, unless `skips_health`.
[[nodiscard]] Applied apply_changes(
    const config::Config& config,
    const Looked& looked,
    bool skips_health,
    const std::function<void(const std::string&)>& begins
);

}  // namespace farshore::cli

template <>
inline constexpr auto farshore::wire::kFields<farshore::core::TableChange> = std::tuple{
    required("change", &farshore::core::TableChange::kind, Word{}),
    required("table", &farshore::core::TableChange::table, Id{}),
    required("region", &farshore::core::TableChange::region, Id{}),
    optional("replica", &farshore::core::TableChange::replica, Id{}),
    optional("key", &farshore::core::TableChange::key, Text{255}),
    optional("stream", &farshore::core::TableChange::stream, Flag{}),
    optional("why", &farshore::core::TableChange::why, Text{500})
};

// The records themselves are made anew when it is applied; `what` says where they lead.
template <>
inline constexpr auto farshore::wire::kFields<farshore::core::TrafficChange> = std::tuple{
    required("change", &farshore::core::TrafficChange::kind, Word{}),
    optional("role", &farshore::core::TrafficChange::role, Word{}),
    optional("check", &farshore::core::TrafficChange::check, Text{64}),
    required("what", &farshore::core::TrafficChange::what, Text{4096}),
    optional("why", &farshore::core::TrafficChange::why, Text{500})
};

// What the resource is to be is made anew when it is applied; `fields` says it for people.
template <>
inline constexpr auto farshore::wire::kFields<farshore::core::AlarmChange> = std::tuple{
    required("change", &farshore::core::AlarmChange::kind, Word{}),
    required("resource", &farshore::core::AlarmChange::what, Word{}),
    required("region", &farshore::core::AlarmChange::region, Id{}),
    required("name", &farshore::core::AlarmChange::name, Text{255}),
    required("fields", &farshore::core::AlarmChange::fields, Text{65536}),
    optional("why", &farshore::core::AlarmChange::why, Text{500})
};

template <>
inline constexpr auto farshore::wire::kFields<farshore::core::Obstacle> = std::tuple{
    required("about", &farshore::core::Obstacle::about, Text{1024}),
    required("text", &farshore::core::Obstacle::text, Text{2000}),
    required("remedy", &farshore::core::Obstacle::remedy, Text{2000})
};

template <>
inline constexpr auto farshore::wire::kFields<farshore::cli::ProvisionPlan> = std::tuple{
    required("app", &farshore::cli::ProvisionPlan::app, Text{64}),
    required("changes", &farshore::cli::ProvisionPlan::changes, List{1000, Inside{}}),
    optional("traffic", &farshore::cli::ProvisionPlan::traffic, List{100, Inside{}}),
    optional("alarms", &farshore::cli::ProvisionPlan::alarms, List{5000, Inside{}}),
    required("obstacles", &farshore::cli::ProvisionPlan::obstacles, List{1000, Inside{}}),
    required("notes", &farshore::cli::ProvisionPlan::notes, List{1000, Text{2000}})
};
