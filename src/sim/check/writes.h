#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/check/violations.h"
#include "sim/host.h"
#include "sim/scene.h"

namespace farshore::sim {

// INV-S15: what becomes of acknowledged writes, and of requests while a planned change runs.
//
// Loss, order and duplicates are judged at the end of the run, when everything has arrived. Excused
// is a write after whose acknowledgement
//   - a failover promoted, of whichever controller: writes are acknowledged until its fence, behind
//     its raise; or a foreign writer raised the epoch: loss is measured, not prevented;
//   - a planned change went on though not every write was proven (at_risk in its record), or an
//     operator accepted a host as unfenced, or writes of unknown outcome;
//   - a write under an older epoch landed on the same item, later than a planned change waits for
//     writes of unknown outcome (EpochChecks::late_keys): no part of Farshore can stop a Region
//     that carries it out so late.
// So is a key that a host without an agent may write: what leads past the agents is not in their
// books (docs/clients.md).
// A refused or failed request is excused when any fault was active within the last twenty seconds,
// or the controller is younger than that: a hold that loses its controller ends by itself. So is
// one of a host no process of which had permission to write when the change began or later, one
// that is made while a foreign writer has raised the plan's epoch or a newer one, and one of a plan
// in which an operator has declared a step for the time in which writes wait.
class WriteChecks {
  public:
    WriteChecks(const Scene& scene, Violations& violations)
        : scene_(scene), violations_(violations) {}

    void acknowledged(std::size_t key, WriteId id);
    // A request that an agent refused, or that failed on its way.
    void spoiled(const Host& host, const char* how);
    void saved(const core::AppRecord& record);
    // ... by a controller with a store of its own: its failovers lose writes too.
    void saved_beside(const core::AppRecord& record);

    void excused_from_now() { excused_before_ = acknowledged_writes_; }

    // The store is another one: what ran is forgotten, or begins again in the middle.
    void store_replaced(const core::AppRecord& record) {
        planned_ = OperationId{};
        restored_ = record.operation ? record.operation->plan.id : OperationId{};
    }

    // A foreign writer raised the records.
    void overtaken(Epoch epoch) {
        foreign_epoch_ = std::max(foreign_epoch_, epoch);
        excused_from_now();
    }

    // At the end of the run.
    void account(const std::set<std::size_t>& late_keys);

    [[nodiscard]] std::uint64_t acknowledged_writes() const { return acknowledged_writes_; }

    [[nodiscard]] std::uint64_t lost() const { return lost_; }

  private:
    struct Acknowledged {
        WriteId id = 0;
        std::size_t number = 0;  // of acknowledged writes before it
    };

    const Scene& scene_;
    Violations& violations_;
    // By key, in the order of their answers.
    std::map<std::size_t, std::vector<Acknowledged>> acknowledged_;
    std::size_t acknowledged_writes_ = 0;
    std::size_t excused_before_ = 0;  // how many of them had been answered then
    OperationId planned_;             // empty: none runs
    OperationId restored_;            // that an older store had
    Epoch planned_epoch_;
    Epoch foreign_epoch_;
    Instant planned_since_{};
    std::uint64_t lost_ = 0;
};

}  // namespace farshore::sim
