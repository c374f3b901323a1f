#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "controller/edge.h"
#include "ports/effects.h"

namespace farshore::controller {

// Finds the hosts that registered themselves in the epoch tables: agents that had no controller to
// say hello to, and take their permission from the epoch records (wire/host_record.h); also those
// that a closed register does not name. A search is complete when a majority of the Regions was
// read to its end. Single-threaded.
class HostRecords final : public ports::HostRecords {
  public:
    // `counts`: does a registration for that register still mean that the host may write?
    HostRecords(
        Edge& edge,
        std::vector<RegionId> regions,
        std::function<bool(const std::string& register_id)> counts
    )
        : edge_(edge), regions_(std::move(regions)), counts_(std::move(counts)) {}

    // ports::HostRecords
    void find(const core::FindHosts& action) override;

    // Runs until cancelled: reads the registrations now and then, so that the register names hosts
    // that registered themselves before a fence needs to know them.
    [[nodiscard]] net::Task<> watch();

    // Takes back what a host has registered, wherever it can be reached; only what it registered
    // for another register than `but_not_for`, unless that is empty.
    [[nodiscard]] net::Task<> forget(HostId host, std::string but_not_for = {});

  private:
    net::Task<> erase(RegionId region, HostId host, std::string key, std::string but_not_for);

    struct Search {
        core::StepId step;
        std::size_t read = 0;
        std::size_t ended = 0;
        std::map<HostId, RegionId> hosts;
        bool reported = false;
    };

    void take(const aws::Item& item, Search& search);
    void search(const core::StepId& step);
    [[nodiscard]] net::Task<> search_in(RegionId region, std::shared_ptr<Search> search);
    // True: it was read to its end.
    [[nodiscard]] net::Task<bool> read(RegionId region, std::shared_ptr<Search> search);

    Edge& edge_;
    std::vector<RegionId> regions_;
    std::function<bool(const std::string& register_id)> counts_;
    std::map<HostId, std::set<std::string>> keys_;  // under which a host was found
};

}  // namespace farshore::controller
