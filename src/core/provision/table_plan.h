#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/ids.h"
#include "core/tables/table_findings.h"

// What has to be done until the tables are as a configuration needs them. Pure; what each Region
// says comes as a value. Nothing here deletes anything.
namespace farshore::core {

// What an app needs one table to be.
struct TableWish {
    TableName table;
    TableUse use = TableUse::data;
    std::vector<RegionId> regions;  // the preferred one first
};

// A table as one Region tells of it.
struct TableSeen {
    TableSight sight;
    bool on_demand = true;
    bool stream = false;  // of new and old images, as replicas need it
    // "2019.11.21", or the older "2017.11.29"; empty: no global table.
    std::string global_version;
    bool strong = false;  // multi-Region strong consistency
    bool empty = true;    // as far as the service counts, which it does every six hours
};

enum class TableChangeKind { create_table, enable_stream, create_replica };
inline constexpr std::array<std::string_view, 3> kTableChangeKindNames{
    "create_table", "enable_stream", "create_replica"
};

constexpr const auto& names_of(TableChangeKind) {
    return kTableChangeKindNames;
}

struct TableChange {
    TableChangeKind kind{};
    TableName table;
    RegionId region;   // that is asked
    RegionId replica;  // of create_replica: where
    std::string key;   // of create_table: the partition key, a string
    bool stream = false;
    std::string why;  // for people

    // The same change, whatever the words for it.
    friend bool operator==(const TableChange& a, const TableChange& b) {
        return a.kind == b.kind && a.table == b.table && a.region == b.region &&
               a.replica == b.replica && a.key == b.key && a.stream == b.stream;
    }
};

// "make table farshore_epochs in us-east-1".
[[nodiscard]] std::string text_of(const TableChange& change);

// What stands in the way, and is for a person to decide.
struct Obstacle {
    std::string about;  // a table, a Region or a record
    std::string text;
    std::string remedy;

    friend bool operator==(const Obstacle&, const Obstacle&) = default;
};

struct TablePlan {
    std::vector<TableChange> changes;  // in the order in which they must be made
    std::vector<Obstacle> obstacles;
    std::vector<std::string> notes;  // what should be known, and stops nothing
};

// The changes of one table: `seen` has an entry for each Region of the wish.
[[nodiscard]] TablePlan plan_table(const TableWish& wish, const std::vector<TableSeen>& seen);

// A plan that was looked at before may be carried out when the one that is made now asks for
// nothing else: what it asked for beside that has been done meanwhile. nullopt: it may; otherwise
// the first change that nobody had looked at.
template <class Change>
[[nodiscard]] std::optional<Change> not_looked_at(
    const std::vector<Change>& looked_at, const std::vector<Change>& now
) {
    const auto found = std::ranges::find_if(now, [&](const Change& change) {
        return std::ranges::find(looked_at, change) == looked_at.end();
    });
    return found == now.end() ? std::nullopt : std::optional{*found};
}

}  // namespace farshore::core
