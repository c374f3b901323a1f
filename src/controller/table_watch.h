#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controller/edge.h"
#include "core/tables/table_findings.h"

namespace farshore::controller {

// Looks every table that the configuration names up in each Region it belongs to, at the start and
// then once a minute, or sooner while something is wrong: a wrong name must not be found only in
// the middle of a failover. What is wrong is in the log, in status and metrics, and holds
// switchovers back. A Region that does not answer keeps its last answer. Single-threaded.
class TableWatch {
  public:
    explicit TableWatch(Edge& edge) : edge_(edge) {}

    // Runs until cancelled.
    [[nodiscard]] net::Task<> watch();

    [[nodiscard]] const std::vector<core::TableFinding>& findings() const { return findings_; }

    // nullopt: not yet.
    [[nodiscard]] std::optional<Instant> looked_at() const { return looked_at_; }

  private:
    using Named = std::pair<TableName, core::TableUse>;

    [[nodiscard]] std::vector<Named> names() const;
    [[nodiscard]] std::vector<RegionId> regions_of(core::TableUse use) const;
    [[nodiscard]] net::Task<> look_at_all();
    void keep_what_was_known(const TableName& table, std::vector<core::TableSight>& sights);
    void tell(std::vector<core::TableFinding> found);

    Edge& edge_;
    std::map<std::pair<TableName, RegionId>, core::TableSight> known_;
    std::vector<core::TableFinding> findings_;
    std::optional<std::string> unlike_;
    std::optional<Instant> looked_at_;
};

}  // namespace farshore::controller
