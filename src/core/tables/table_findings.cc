#include "core/tables/table_findings.h"

#include <algorithm>

#include "base/text.h"

namespace farshore::core {

namespace {

constexpr std::string_view kActive = "ACTIVE";
constexpr std::string_view kUpdating = "UPDATING";

class Judge {
  public:
    Judge(const TableName& table, TableUse use, const std::vector<TableSight>& sights)
        : table_(table), use_(use), sights_(sights) {}

    std::vector<TableFinding> findings() {
        for (const TableSight& sight : sights_) {
            if (sight.answer == TableAnswer::found) {
                judge(sight);
            } else {
                say_why_not(sight);
            }
        }
        return std::move(findings_);
    }

  private:
    void add(const TableSight& sight, TableFault fault, std::string text, std::string remedy) {
        findings_.push_back(
            {.table = table_,
             .region = sight.region,
             .fault = fault,
             .text = "table " + table_.value() + std::move(text),
             .remedy = std::move(remedy)}
        );
    }

    void say_why_not(const TableSight& sight) {
        const std::string& region = sight.region.value();
        if (sight.answer == TableAnswer::missing) {
            add(sight,
                TableFault::missing,
                " does not exist in " + region,
                use_ == TableUse::epoch ? "make it there, with the partition key app (S)"
                                        : "make it a global table with a replica in " + region +
                                              ", or correct its name in the configuration");
            return;
        }
        const bool denied = sight.answer == TableAnswer::denied;
        add(sight,
            TableFault::not_checked,
            " was not checked in " + region + ": " + sight.why,
            denied ? "allow dynamodb:DescribeTable on it to this principal"
                   : "it is looked at again");
    }

    void judge(const TableSight& sight) {
        const std::string& region = sight.region.value();
        if (sight.status != kActive && sight.status != kUpdating) {
            add(sight,
                TableFault::not_active,
                " is " + sight.status + " in " + region,
                "wait until it is ACTIVE, or see what DynamoDB says about it");
        }
        judge_key(sight);
        if (use_ == TableUse::epoch) {
            judge_independence(sight);
        } else {
            judge_replication(sight);
            judge_settings(sight);
        }
    }

    // Against those of the first Region that has it.
    void judge_settings(const TableSight& sight) {
        const TableSight& first =
            *std::ranges::find(sights_, TableAnswer::found, &TableSight::answer);
        const auto differs =
            [&](std::string_view what, const std::string& there, const std::string& here) {
                if (there != here) {
                    add(sight,
                        TableFault::other_settings,
                        " has " + std::string{what} + " " + there + " in " + first.region.value() +
                            " and " + here + " in " + sight.region.value(),
                        "make them the same: what works in one Region must work in the other");
                }
            };
        differs("the indexes", listed(first.indexes), listed(sight.indexes));
        differs("capacity", mode_of(first), mode_of(sight));
        differs("a stream that is", first.stream ? "on" : "off", sight.stream ? "on" : "off");
        if (first.ttl && sight.ttl) {
            differs("TTL", expiry_of(*first.ttl), expiry_of(*sight.ttl));
        }
    }

    static std::string listed(const std::vector<std::string>& indexes) {
        return indexes.empty() ? "none" : joined(indexes);
    }

    static std::string mode_of(const TableSight& sight) {
        return sight.on_demand ? "on demand" : "provisioned";
    }

    static std::string expiry_of(const std::string& attribute) {
        return attribute.empty() ? "off" : "by " + attribute;
    }

    void judge_key(const TableSight& sight) {
        const std::string wanted = use_ == TableUse::epoch       ? "app S"
                                   : use_ == TableUse::heartbeat ? "id S"
                                                                 : std::string{};
        const auto first = std::ranges::find(sights_, TableAnswer::found, &TableSight::answer);
        if (!wanted.empty() && sight.key != wanted) {
            add(sight,
                TableFault::other_key,
                " has the key (" + sight.key + ") in " + sight.region.value() + ", and (" + wanted +
                    ") is needed",
                "make it anew with that key, or name another table");
        } else if (wanted.empty() && sight.key != first->key) {
            add(sight,
                TableFault::other_key,
                " has the key (" + first->key + ") in " + first->region.value() + " and (" +
                    sight.key + ") in " + sight.region.value(),
                "one of them is another table: make a replica of the right one instead");
        }
    }

    void judge_independence(const TableSight& sight) {
        const bool has_others = std::ranges::any_of(sight.replicas, [&](const TableReplica& each) {
            return each.region != sight.region;
        });
        if (has_others) {
            add(sight,
                TableFault::replicated,
                " is a global table in " + sight.region.value() +
                    ": one Region could overwrite what a majority agreed on",
                "make plain tables of that name, one per Region");
        }
    }

    void judge_replication(const TableSight& sight) {
        for (const TableSight& other : sights_) {
            // That the other one is missing is said there.
            if (other.region == sight.region || other.answer != TableAnswer::found) {
                continue;
            }
            const auto replica =
                std::ranges::find(sight.replicas, other.region, &TableReplica::region);
            if (replica == sight.replicas.end()) {
                add(sight,
                    TableFault::not_replicated,
                    " in " + sight.region.value() + " has no replica in " + other.region.value(),
                    "make it a global table (version 2019.11.21) with a replica there");
            } else if (replica->status != kActive && replica->status != kUpdating) {
                add(sight,
                    TableFault::not_replicated,
                    "'s replica in " + other.region.value() + " is " + replica->status + ", as " +
                        sight.region.value() + " says",
                    "wait until it is ACTIVE, or see what DynamoDB says about it");
            }
        }
    }

    const TableName& table_;
    TableUse use_;
    const std::vector<TableSight>& sights_;
    std::vector<TableFinding> findings_;
};

}  // namespace

std::vector<TableFinding> findings_of(
    const TableName& table, TableUse use, const std::vector<TableSight>& sights
) {
    return Judge{table, use, sights}.findings();
}

std::optional<std::string> why_not_alike(const std::vector<TableFinding>& findings) {
    std::string text;
    for (const TableFinding& finding : findings) {
        // What is on its way to be right, and what concerns the epochs, is for others to say.
        const bool counts = finding.fault == TableFault::missing ||
                            finding.fault == TableFault::other_key ||
                            finding.fault == TableFault::not_replicated;
        if (counts) {
            text += (text.empty() ? "" : "; ") + finding.text;
        }
    }
    return text.empty() ? std::nullopt : std::optional{text};
}

}  // namespace farshore::core
