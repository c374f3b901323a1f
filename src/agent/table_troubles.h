#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/key_reader.h"

namespace farshore::agent {

// Tables whose writes cannot be proven, since a Region refuses to read their keys: the table is
// missing there, has another key, or may not be read. Such a table is asked for more seldom, and
// named in the log once, in reports, in metrics and in the words of a drain that it spoils. What
// says nothing about a table (no answer, throttling) is not counted. Control thread only.
class TableTroubles {
  public:
    struct Trouble {
        TableName table;
        RegionId region;
        std::string why;
        Instant since;
    };

    TableTroubles(const ports::Clock& clock, AppId app) : clock_(&clock), app_(std::move(app)) {}

    // The answer is about a table, not about the Region or the moment.
    [[nodiscard]] static bool is_about_a_table(const Error& error);

    // What reading these Regions has told.
    void note(const std::vector<RegionId>& regions, const KeyReader::Outcome& outcome);

    // Forgets the tables that are not among these.
    void keep_only(const std::map<TableName, core::Ledger::Unproven>& tables);

    // The table is not asked for again yet.
    [[nodiscard]] bool waits(const TableName& table) const;

    // Refused without a break for so long.
    [[nodiscard]] bool last_for(const TableName& table, Duration length) const;

    [[nodiscard]] std::vector<Trouble> now() const;

    // "table `t` cannot be read in eu-west-1: …", each of them; empty: none.
    [[nodiscard]] std::string in_words() const;

  private:
    struct Known {
        Trouble trouble;
        std::string code;  // of the service: its texts carry request ids
        Instant again_at;
    };

    void refused(const TableName& table, const TableTrouble& why);

    const ports::Clock* clock_;
    AppId app_;
    std::map<std::pair<TableName, RegionId>, Known> known_;
};

}  // namespace farshore::agent
