#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "core/provision/rights.h"
#include "core/provision/table_plan.h"
#include "core/provision/traffic_plan.h"

// What a CloudFormation stack of each Region holds: what `provision apply` makes in an account that
// has none of it, and the roles. Pure; nothing is looked up in AWS.
namespace farshore::core {

struct StackAttribute {
    std::string name;
    std::string type;  // "S", "N" or "B"

    friend bool operator==(const StackAttribute&, const StackAttribute&) = default;
};

struct StackTable {
    TableName name;
    std::vector<StackAttribute> key;  // the partition key, then the sort key if there is one
    bool stream = false;
    // Of a global table: all its Regions, that of the stack first. Empty: a table of one Region.
    std::vector<RegionId> replicas;

    friend bool operator==(const StackTable&, const StackTable&) = default;
};

struct StackCheck {
    CheckRole role{};
    CheckSeen check;  // its children are words of roles
};

struct StackRole {
    Principal principal{};
    std::vector<Right> rights;
};

struct StackWish {
    std::vector<TableWish> tables;
    // The application's tables that are to be in the stack. Of others the key is not known: they
    // are made, and stay, elsewhere.
    std::map<TableName, std::vector<StackAttribute>> keys;
    std::optional<TrafficWish> traffic;
    RightsScope rights;
};

struct Stack {
    RegionId region;
    std::vector<StackTable> tables;
    std::vector<StackCheck> checks;   // a check after its children
    std::vector<RecordWish> records;  // both, or none
    std::vector<StackRole> roles;
    std::string zone;    // of the records
    std::string record;  // their name
    std::vector<Obstacle> obstacles;
};

// One stack makes a global table with all its replicas, and what belongs to no Region: that of the
// preferred Region, the first of the rights' Regions. Each other Region has its epoch table.
[[nodiscard]] Stack stack_of(const StackWish& wish, const RegionId& region);

}  // namespace farshore::core
