#include "core/provision/stack_plan.h"

#include <algorithm>
#include <utility>

namespace farshore::core {
namespace {

// Those whose rights do not depend on who runs them; a person's or a pipeline's are given to what
// that person or pipeline has already.
constexpr Principal kHosted[] = {Principal::controller, Principal::agent};

std::vector<TableSeen> none_of(const TableWish& wish) {
    std::vector<TableSeen> seen;
    for (const RegionId& region : wish.regions) {
        TableSeen one;
        one.sight.region = region;
        one.sight.answer = TableAnswer::missing;
        seen.push_back(std::move(one));
    }
    return seen;
}

// A replica joins the table that it is made from, which is in the list before it.
void add_own_tables(Stack& stack, const TableWish& wish) {
    for (const TableChange& change : plan_table(wish, none_of(wish)).changes) {
        if (change.region != stack.region) {
            continue;
        }
        if (change.kind == TableChangeKind::create_table) {
            stack.tables.push_back(
                {.name = change.table,
                 .key = {{.name = change.key, .type = "S"}},
                 .stream = change.stream,
                 .replicas = {}}
            );
        } else if (change.kind == TableChangeKind::create_replica) {
            std::vector<RegionId>& replicas = stack.tables.back().replicas;
            if (replicas.empty()) {
                replicas.push_back(change.region);
            }
            replicas.push_back(change.replica);
        }
    }
}

void add_traffic(Stack& stack, const TrafficWish& wish) {
    // The zone is taken to be that of the name above the record: only AWS knows.
    const ZoneSeen empty{
        .zone_name = wish.record.substr(wish.record.find('.') + 1), .records = {}, .checks = {}
    };
    TrafficPlan plan = plan_traffic(wish, empty);
    stack.obstacles = std::move(plan.obstacles);
    if (!stack.obstacles.empty()) {
        return;
    }
    std::map<CheckRole, std::string> words;
    for (TrafficChange& change : plan.changes) {
        if (change.kind == TrafficChangeKind::create_check) {
            if (auto check = wished_check(wish, change.role, words)) {
                stack.checks.push_back({.role = change.role, .check = *std::move(check)});
                words[change.role] = to_string(change.role);
            }
        } else {
            stack.records = std::move(change.records);
        }
    }
    stack.zone = wish.zone;
    stack.record = wish.record;
}

}  // namespace

Stack stack_of(const StackWish& wish, const RegionId& region) {
    Stack stack{.region = region};
    const bool first = region == wish.rights.regions.front();
    for (const TableWish& table : wish.tables) {
        if (table.use != TableUse::data) {
            add_own_tables(stack, table);
            continue;
        }
        const auto key = wish.keys.find(table.table);
        if (first && key != wish.keys.end()) {
            stack.tables.push_back(
                {.name = table.table, .key = key->second, .stream = true, .replicas = table.regions}
            );
        }
    }
    if (!first) {
        return stack;
    }
    if (wish.traffic) {
        add_traffic(stack, *wish.traffic);
    }
    for (const Principal principal : kHosted) {
        stack.roles.push_back({.principal = principal, .rights = rights_of(principal, wish.rights)}
        );
    }
    return stack;
}

}  // namespace farshore::core
