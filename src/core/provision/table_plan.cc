#include "core/provision/table_plan.h"

#include <algorithm>

namespace farshore::core {
namespace {

class Planner {
  public:
    Planner(const TableWish& wish, const std::vector<TableSeen>& seen) : wish_(wish), seen_(seen) {}

    TablePlan plan() {
        for (const TableSeen& one : seen_) {
            if (one.sight.answer == TableAnswer::denied ||
                one.sight.answer == TableAnswer::unanswered) {
                obstacle(
                    in(one) + " could not be looked at: " + one.sight.why,
                    "Give the principal dynamodb:DescribeTable, or wait until the Region answers."
                );
            }
        }
        if (!out_.obstacles.empty()) {
            return std::move(out_);
        }
        if (wish_.use == TableUse::epoch) {
            epoch_tables();
        } else {
            global_table();
        }
        return std::move(out_);
    }

  private:
    [[nodiscard]] std::string in(const TableSeen& one) const {
        return "table " + wish_.table.value() + " in " + one.sight.region.value();
    }

    void obstacle(std::string text, std::string remedy) {
        out_.obstacles.push_back(
            {.about = wish_.table.value(), .text = std::move(text), .remedy = std::move(remedy)}
        );
    }

    void create(const RegionId& region, std::string key, bool stream, std::string why) {
        out_.changes.push_back(
            {.kind = TableChangeKind::create_table,
             .table = wish_.table,
             .region = region,
             .replica = {},
             .key = std::move(key),
             .stream = stream,
             .why = std::move(why)}
        );
    }

    static bool is_found(const TableSeen& one) { return one.sight.answer == TableAnswer::found; }

    // Each is a table of its own: its copies are counted, so they must not follow each other.
    void epoch_tables() {
        for (const TableSeen& one : seen_) {
            if (!is_found(one)) {
                create(one.sight.region, "app", false, "a third of the votes on who may write");
            } else if (one.sight.key != "app S") {
                other_key(one, "app S");
            } else if (one.sight.replicas.size() > 1) {
                obstacle(
                    in(one) + " is a global table: its copies would vote as one",
                    "Name another table in fence.epoch_table."
                );
            }
        }
    }

    void other_key(const TableSeen& one, const std::string& wanted) {
        obstacle(
            in(one) + " has the key " + one.sight.key + ", not " + wanted,
            "Another program's table has this name: name another one in the configuration."
        );
    }

    [[nodiscard]] const TableSeen* home() const {
        const auto found = std::ranges::find_if(seen_, is_found);
        return found == seen_.end() ? nullptr : &*found;
    }

    [[nodiscard]] static bool replicates_to(const TableSeen& from, const RegionId& to) {
        return std::ranges::find(from.sight.replicas, to, &TableReplica::region) !=
               from.sight.replicas.end();
    }

    void global_table() {
        const TableSeen* from = home();
        if (from == nullptr && wish_.use == TableUse::data) {
            obstacle(
                "table " + wish_.table.value() + " is in none of " + wish_.regions.front().value() +
                    " and the other Regions",
                "Is the name right? The application's tables are made by the application's tools."
            );
            return;
        }
        if (from == nullptr) {
            create(wish_.regions.front(), "id", true, "heartbeats show whether data replicates");
        } else if (!fits(*from)) {
            return;
        }
        const RegionId& region = from == nullptr ? wish_.regions.front() : from->sight.region;
        bool streams = from == nullptr || from->stream;
        for (const TableSeen& one : seen_) {
            if (one.sight.region == region || (from != nullptr && is_replica(*from, one))) {
                continue;
            }
            if (is_found(one)) {
                obstacle(
                    in(one) + " is no replica of the one in " + region.value() +
                        ": two tables of one name" + (one.empty ? "" : ", and it is not empty"),
                    "Decide which of them holds the truth. Delete the other one yourself: nothing "
                    "is deleted here."
                );
                continue;
            }
            if (!streams) {
                streams = true;
                out_.changes.push_back(
                    {.kind = TableChangeKind::enable_stream,
                     .table = wish_.table,
                     .region = region,
                     .replica = {},
                     .key = {},
                     .stream = true,
                     .why = "replicas need a stream of new and old images"}
                );
            }
            out_.changes.push_back(
                {.kind = TableChangeKind::create_replica,
                 .table = wish_.table,
                 .region = region,
                 .replica = one.sight.region,
                 .key = {},
                 .stream = false,
                 .why = "what is written in one Region must arrive in the other"}
            );
        }
        if (from != nullptr) {
            note(*from);
        }
    }

    [[nodiscard]] static bool is_replica(const TableSeen& from, const TableSeen& one) {
        return replicates_to(from, one.sight.region);
    }

    // Whether replicas can be added to it, and it is the right one at all.
    bool fits(const TableSeen& one) {
        if (wish_.use == TableUse::heartbeat && one.sight.key != "id S") {
            other_key(one, "id S");
            return false;
        }
        if (one.global_version == "2017.11.29") {
            obstacle(
                in(one) +
                    " is a global table of version 2017.11.29, whose replicas are tables of "
                    "their own",
                "Upgrade it to version 2019.11.21 in the console; that cannot be undone. New "
                "replicas and Farshore's checks need it."
            );
            return false;
        }
        const bool all_there = std::ranges::all_of(seen_, [&](const TableSeen& other) {
            return other.sight.region == one.sight.region || is_replica(one, other);
        });
        if (one.strong && !all_there) {
            obstacle(
                in(one) + " is strongly consistent across Regions: its Regions cannot be changed",
                "Restore it into a new table that has the Regions of this configuration."
            );
            return false;
        }
        return true;
    }

    void note(const TableSeen& one) {
        if (one.strong) {
            out_.notes.push_back(
                in(one) +
                " is strongly consistent across Regions: nothing acknowledged is lost in "
                "a failover, writes are slower, and it has neither TTL nor transactions"
            );
        }
        const bool makes_replica = std::ranges::any_of(out_.changes, [](const TableChange& change) {
            return change.kind == TableChangeKind::create_replica;
        });
        if (makes_replica && !one.on_demand) {
            out_.notes.push_back(
                in(one) +
                " has provisioned capacity: AWS makes replicas of it only while auto "
                "scaling of its writes is on"
            );
        }
        if (makes_replica) {
            out_.notes.push_back(
                in(one) + " cannot be deleted for 24 hours after a replica was made from it"
            );
        }
    }

    const TableWish& wish_;
    const std::vector<TableSeen>& seen_;
    TablePlan out_;
};

}  // namespace

std::string text_of(const TableChange& change) {
    const std::string table = "table " + change.table.value();
    switch (change.kind) {
        case TableChangeKind::create_table:
            return "make " + table + " in " + change.region.value() + " (key " + change.key +
                   " S, on demand)";
        case TableChangeKind::enable_stream:
            return "turn the stream of " + table + " in " + change.region.value() + " on";
        case TableChangeKind::create_replica:
            return "make a replica of " + table + " of " + change.region.value() + " in " +
                   change.replica.value();
    }
    std::unreachable();
}

TablePlan plan_table(const TableWish& wish, const std::vector<TableSeen>& seen) {
    return Planner(wish, seen).plan();
}

}  // namespace farshore::core
