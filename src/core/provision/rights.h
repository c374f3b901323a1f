#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/ids.h"
#include "core/plan/fleet_change.h"

// What each program's principal must be allowed in AWS, and nothing more. Pure.
namespace farshore::core {

// `provisioning` runs `farshore provision plan` and `apply`, and `farshore init --discover` of
// named tables; `doctor` runs `farshore doctor` and `validate --live`.
enum class Principal { controller, agent, provisioning, doctor };
inline constexpr std::array<std::string_view, 4> kPrincipalNames{
    "controller", "agent", "provisioning", "doctor"
};

constexpr const auto& names_of(Principal) {
    return kPrincipalNames;
}

// A condition of IAM: the values of `key` are compared as `comparison` says.
struct RightCondition {
    std::string comparison;  // "ForAllValues:StringEquals"
    std::string key;         // "dynamodb:LeadingKeys"
    std::vector<std::string> values;

    friend bool operator==(const RightCondition&, const RightCondition&) = default;
};

// A statement of a policy that allows something.
struct Right {
    std::string id;                      // letters and digits: IAM takes no others
    std::vector<std::string> actions;    // "dynamodb:GetItem"
    std::vector<std::string> resources;  // ARNs
    std::vector<RightCondition> conditions;

    friend bool operator==(const Right&, const Right&) = default;
};

// A fleet step that the configuration declares.
struct FleetRight {
    StepKind kind{};
    FleetChange change;
};

// The names in an installation that rights are about.
struct RightsScope {
    std::string partition;  // "aws", "aws-cn", ...
    std::string account;    // twelve digits
    AppId app;
    std::vector<RegionId> regions;  // with tables
    RegionId witness;               // empty: none
    std::vector<TableName> tables;
    TableName epoch_table;
    TableName heartbeat_table;
    std::string zone;    // hosted zone; empty: users are not moved by DNS
    std::string record;  // in that zone, in lower case
    std::vector<FleetRight> fleets;
    bool alarms = false;           // they are provisioned
    std::vector<RegionId> queues;  // where their changes go; empty: all Regions with tables
    // Whom a registration in the epoch table is of: a host's name, or "${aws:userid}".
    std::string host = "${aws:userid}";
    // What the application itself does with the tables: it calls with the agent's principal.
    std::vector<std::string> application_actions;
};

// Ordered as the program meets them. Of each: docs/iam.md says why it is needed.
[[nodiscard]] std::vector<Right> rights_of(Principal principal, const RightsScope& scope);

}  // namespace farshore::core
