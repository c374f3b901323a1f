#include "controller/table_watch.h"

#include <algorithm>

#include "adapters/aws/table_survey.h"
#include "adapters/system/log.h"

namespace farshore::controller {

namespace {

constexpr Duration kEvery = std::chrono::minutes{1};
// People mend it and want to see that they did.
constexpr Duration kEveryWhileWrong = std::chrono::seconds{5};
constexpr Duration kPatience = std::chrono::seconds{2};

bool holds(const std::vector<core::TableFinding>& findings, const core::TableFinding& wanted) {
    return std::ranges::any_of(findings, [&](const core::TableFinding& each) {
        return each.table == wanted.table && each.region == wanted.region &&
               each.fault == wanted.fault;
    });
}

}  // namespace

std::vector<TableWatch::Named> TableWatch::names() const {
    std::vector<Named> names;
    for (const config::Table& table : edge_.config.tables) {
        names.emplace_back(table.name, core::TableUse::data);
    }
    names.emplace_back(edge_.config.detect.heartbeat_table, core::TableUse::heartbeat);
    names.emplace_back(edge_.config.fence.epoch_table, core::TableUse::epoch);
    return names;
}

std::vector<RegionId> TableWatch::regions_of(core::TableUse use) const {
    std::vector<RegionId> regions;
    for (const config::Region& region : edge_.config.regions) {
        regions.push_back(region.id);
    }
    if (use == core::TableUse::epoch && !edge_.config.witness.value().empty()) {
        regions.push_back(edge_.config.witness);
    }
    return regions;
}

net::Task<> TableWatch::watch() {
    while (true) {
        co_await look_at_all();
        const bool wrong = std::ranges::any_of(findings_, &core::TableFinding::is_broken);
        const bool slept = co_await net::sleep_for(edge_.io, wrong ? kEveryWhileWrong : kEvery);
        if (!slept) {
            co_return;
        }
    }
}

net::Task<> TableWatch::look_at_all() {
    std::vector<core::TableFinding> found;
    std::vector<core::TableFinding> must_arrive;
    const std::vector<Named> all = names();
    for (const auto& [table, use] : all) {
        std::vector<core::TableSight> sights =
            co_await aws::survey_table(edge_.tables, table, regions_of(use), kPatience);
        keep_what_was_known(table, sights);
        const std::vector<core::TableFinding> of_table = core::findings_of(table, use, sights);
        found.insert(found.end(), of_table.begin(), of_table.end());
        // The epoch items have a majority of their own.
        if (use != core::TableUse::epoch) {
            must_arrive.insert(must_arrive.end(), of_table.begin(), of_table.end());
        }
    }
    looked_at_ = edge_.clock.now();
    const std::optional<std::string> unlike = core::why_not_alike(must_arrive);
    tell(std::move(found));
    if (unlike != unlike_) {
        unlike_ = unlike;
        edge_.deliver(core::TablesLookedUp{.unlike = unlike});
    }
}

void TableWatch::keep_what_was_known(
    const TableName& table, std::vector<core::TableSight>& sights
) {
    for (core::TableSight& sight : sights) {
        if (sight.answer != core::TableAnswer::unanswered) {
            known_.insert_or_assign({table, sight.region}, sight);
        } else if (const auto known = known_.find({table, sight.region}); known != known_.end()) {
            sight = known->second;
        }
    }
}

void TableWatch::tell(std::vector<core::TableFinding> found) {
    for (const core::TableFinding& finding : found) {
        if (holds(findings_, finding)) {
            continue;
        }
        if (finding.is_broken()) {
            system::log_error("tables", finding.text, {{"remedy", finding.remedy}});
        } else {
            system::log_warning("tables", finding.text, {{"remedy", finding.remedy}});
        }
    }
    for (const core::TableFinding& finding : findings_) {
        if (!holds(found, finding)) {
            system::log_info("tables", "no more: " + finding.text);
        }
    }
    findings_ = std::move(found);
}

}  // namespace farshore::controller
