#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/ids.h"

// Whether the tables that a configuration names are what it takes them for: there, of one key in
// every Region, and replicated. Pure; what each Region says comes as a value.
namespace farshore::core {

// What a table is for decides what it must be.
enum class TableUse {
    data,       // the application's: a global table in each Region of the app
    heartbeat,  // likewise; its key is "id"
    epoch,      // a table of its own in each Region and in the witness; its key is "app"
};
inline constexpr std::array<std::string_view, 3> kTableUseNames{"data", "heartbeat", "epoch"};

constexpr const auto& names_of(TableUse) {
    return kTableUseNames;
}

struct TableReplica {
    RegionId region;
    std::string status;  // "ACTIVE"

    friend bool operator==(const TableReplica&, const TableReplica&) = default;
};

enum class TableAnswer { found, missing, denied, unanswered };
inline constexpr std::array<std::string_view, 4> kTableAnswerNames{
    "found", "missing", "denied", "unanswered"
};

constexpr const auto& names_of(TableAnswer) {
    return kTableAnswerNames;
}

// What DescribeTable told in one Region.
struct TableSight {
    RegionId region;
    TableAnswer answer = TableAnswer::unanswered;
    std::string why;                     // when it was not found
    std::string status;                  // "ACTIVE"
    std::string key;                     // "id S", "pk S, sk N"
    std::vector<TableReplica> replicas;  // may hold the Region itself
    std::vector<std::string> indexes;    // "by_user (user S, ALL)", in order
    bool on_demand = true;               // and not of provisioned capacity
    bool stream = false;
    // The attribute by which items expire, empty when none do; nullopt: not asked.
    std::optional<std::string> ttl;
};

enum class TableFault {
    missing,         // no write to it arrives there
    other_key,       // the same name, another table
    other_settings,  // other indexes, stream, TTL or mode of capacity than in the first Region
    not_active,      // being made or deleted, or its key for encryption is gone
    not_replicated,  // writes stay where they are made
    replicated,      // an epoch table must not be: its copies are counted
    not_checked,     // the Region does not say: no right, or no answer
};
inline constexpr std::array<std::string_view, 7> kTableFaultNames{
    "missing",
    "other_key",
    "other_settings",
    "not_active",
    "not_replicated",
    "replicated",
    "not_checked"
};

constexpr const auto& names_of(TableFault) {
    return kTableFaultNames;
}

struct TableFinding {
    TableName table;
    RegionId region;
    TableFault fault = TableFault::not_checked;
    std::string text;  // a sentence that names the table and the Region
    std::string remedy;

    // Known to be wrong, and not only unknown.
    [[nodiscard]] bool is_broken() const { return fault != TableFault::not_checked; }

    friend bool operator==(const TableFinding&, const TableFinding&) = default;
};

// What is wrong with one table, the sights being those of all Regions that it belongs to.
[[nodiscard]] std::vector<TableFinding> findings_of(
    const TableName& table, TableUse use, const std::vector<TableSight>& sights
);

// Why no planned change may rely on the tables; nullopt: nothing is known to be wrong with those
// whose writes must arrive.
[[nodiscard]] std::optional<std::string> why_not_alike(const std::vector<TableFinding>& findings);

}  // namespace farshore::core
