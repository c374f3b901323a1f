#pragma once

#include <map>
#include <memory>
#include <vector>

#include "controller/edge.h"
#include "ports/effects.h"

namespace farshore::controller {

// Finds the hosts that registered themselves in the epoch tables: agents that had no controller to
// say hello to, and take their permission from the epoch records (wire/host_record.h). A search is
// complete when a majority of the Regions was read to its end. Single-threaded.
class HostRecords final : public ports::HostRecords {
  public:
    HostRecords(Edge& edge, std::vector<RegionId> regions)
        : edge_(edge), regions_(std::move(regions)) {}

    // ports::HostRecords
    void find(const core::FindHosts& action) override;

    // Runs until cancelled: looks now and then, so that the register names who is there before it
    // matters.
    [[nodiscard]] net::Task<> watch();

    // Takes back what a host has registered, wherever it can be reached.
    [[nodiscard]] net::Task<> forget(HostId host);

  private:
    struct Search {
        core::StepId step;
        std::size_t read = 0;
        std::size_t ended = 0;
        std::map<HostId, RegionId> hosts;
        bool reported = false;
    };

    void search(const core::StepId& step);
    [[nodiscard]] net::Task<> search_in(RegionId region, std::shared_ptr<Search> search);
    // True: it was read to its end.
    [[nodiscard]] net::Task<bool> read(RegionId region, std::shared_ptr<Search> search);

    Edge& edge_;
    std::vector<RegionId> regions_;
};

}  // namespace farshore::controller
