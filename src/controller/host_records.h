#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "controller/edge.h"
#include "core/records/host_search.h"
#include "ports/effects.h"

namespace farshore::controller {

// The controller's way to the hosts that registered themselves in the epoch tables
// (wire/host_record.h): agents that had no controller to say hello to, and take their permission
// from the epoch records; also those that a closed register does not name. Reads the tables page by
// page; what counts, and when a search is complete, is decided in core/records. Single-threaded.
class HostRecords final : public ports::HostRecords {
  public:
    HostRecords(Edge& edge, std::vector<RegionId> regions, core::HostSearch::Counts counts)
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
    void take(const aws::Item& item, core::HostSearch& search);
    void search(const core::StepId& step);
    [[nodiscard]] net::Task<> read(RegionId region, std::shared_ptr<core::HostSearch> search);

    Edge& edge_;
    std::vector<RegionId> regions_;
    core::HostSearch::Counts counts_;
    std::map<HostId, std::set<std::string>> keys_;  // under which a host was found
};

}  // namespace farshore::controller
