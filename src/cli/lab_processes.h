#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "cli/lab_children.h"
#include "cli/lab_layout.h"

// Which processes a lab world consists of, how they are started, and how they are found.
namespace farshore::cli {

struct Readiness {
    std::string process;
    std::string url;  // answers 200 when the process is ready
};

class LabProcesses {
  public:
    explicit LabProcesses(const LabLayout& layout) : layout_(layout) {}

    // In the order in which they are started. A bare world has storefronts only.
    [[nodiscard]] std::vector<ChildSpec> all() const;
    [[nodiscard]] std::vector<ChildSpec> of_hosts(const RegionId& region) const;
    [[nodiscard]] std::vector<Readiness> readiness() const;

    [[nodiscard]] std::string log_file(const std::string& process) const;

    // The commands that start controller and agents by hand from the written files.
    [[nodiscard]] std::vector<std::string> commands() const;

    // What each process does, as `lab status` tells it.
    struct Census {
        pid_t supervisor = 0;
        std::function<std::optional<pid_t>(const std::string&)> pid_of;  // nullopt: not alive
        std::function<const ChildExit*(const std::string&)> end_of;      // null: none yet
        std::function<bool(const std::string&)> killed_by_fault;
    };

    // {"name": …, "pid": …, "state": …, "log": …} of each; of one that ended also "how" and
    // "last_words". The state is "running", "killed" (by a fault that starts it again), "ended" or
    // "not started".
    [[nodiscard]] boost::json::array census(const Census& census) const;

    // The status document without faults and state.
    [[nodiscard]] boost::json::object describe(
        const std::function<std::optional<pid_t>(const std::string&)>& pid_of
    ) const;

  private:
    [[nodiscard]] ChildSpec controller() const;
    [[nodiscard]] ChildSpec agent(const LabHost& host) const;
    [[nodiscard]] ChildSpec storefront(const LabHost& host) const;
    [[nodiscard]] ChildSpec shoppers() const;

    const LabLayout& layout_;
};

}  // namespace farshore::cli
