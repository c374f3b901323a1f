#include "agent/table_troubles.h"

#include <algorithm>

#include "adapters/system/log.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

// Quick enough for a table that was just made, slow enough not to be noticed in the account.
constexpr Duration kAgainAfter = 1s;

std::string remedy_for(const Error& error) {
    if (error.kind == ErrorKind::denied) {
        return "allow dynamodb:BatchGetItem on the table to this host's role";
    }
    return "make the table a global table with a replica in each Region of the app; `farshore "
           "doctor` compares them";
}

}  // namespace

bool TableTroubles::is_about_a_table(const Error& error) {
    return error.kind == ErrorKind::not_found || error.kind == ErrorKind::denied ||
           error.kind == ErrorKind::malformed;
}

void TableTroubles::note(const std::vector<RegionId>& regions, const KeyReader::Outcome& outcome) {
    for (const TableName& table : outcome.read) {
        if (outcome.refused.contains(table)) {
            continue;
        }
        for (const RegionId& region : regions) {
            if (known_.erase({table, region}) > 0) {
                system::log_info(
                    "ledger",
                    "table " + table.value() + " can be read in " + region.value() + " again",
                    {{"app", app_.value()}}
                );
            }
        }
    }
    for (const auto& [table, why] : outcome.refused) {
        if (is_about_a_table(why.error)) {
            refused(table, why);
        }
    }
}

void TableTroubles::refused(const TableName& table, const TableTrouble& why) {
    const Instant now = clock_->now();
    const auto [at, is_new] = known_.try_emplace({table, why.region});
    Known& known = at->second;
    known.again_at = now + kAgainAfter;
    if (!is_new && known.code == why.error.code) {
        return;
    }
    known.code = why.error.code;
    known.trouble = {
        .table = table,
        .region = why.region,
        .why = why.error.text,
        .since = is_new ? now : known.trouble.since
    };
    system::log_error(
        "ledger",
        "writes to table " + table.value() +
            " cannot be proven, since its keys cannot be read in " + why.region.value() + ": " +
            why.error.text,
        {{"app", app_.value()},
         {"table", table.value()},
         {"region", why.region.value()},
         {"remedy", remedy_for(why.error)}}
    );
}

void TableTroubles::keep_only(const std::map<TableName, core::Ledger::Unproven>& tables) {
    std::erase_if(known_, [&](const auto& each) { return !tables.contains(each.first.first); });
}

bool TableTroubles::waits(const TableName& table) const {
    const Instant now = clock_->now();
    return std::ranges::any_of(known_, [&](const auto& each) {
        return each.first.first == table && now < each.second.again_at;
    });
}

bool TableTroubles::last_for(const TableName& table, Duration length) const {
    const Instant now = clock_->now();
    return std::ranges::any_of(known_, [&](const auto& each) {
        return each.first.first == table && now - each.second.trouble.since >= length;
    });
}

std::vector<TableTroubles::Trouble> TableTroubles::now() const {
    std::vector<Trouble> all;
    for (const auto& [at, known] : known_) {
        all.push_back(known.trouble);
    }
    return all;
}

std::string TableTroubles::in_words() const {
    std::string text;
    for (const auto& [at, known] : known_) {
        text += (text.empty() ? "" : "; ") + ("table " + known.trouble.table.value()) +
                " cannot be read in " + known.trouble.region.value() + ": " + known.trouble.why;
    }
    return text;
}

}  // namespace farshore::agent
