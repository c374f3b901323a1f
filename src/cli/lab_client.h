#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include <boost/json/value.hpp>

#include "base/result.h"
#include "cli/lab_children.h"
#include "cli/lab_layout.h"
#include "lab/faults/fault_spec.h"

#include "drill/bad_end.h"

// The lab from outside: its supervisor as a process, and its admin API.
namespace farshore::cli {

// A running world's admin API, found through lab.json.
class LabClient {
  public:
    explicit LabClient(std::string directory) : directory_(std::move(directory)) {}

    // The living status. Errors: not_found, unavailable (it is down), timed_out.
    [[nodiscard]] Result<boost::json::value> status();
    // Its Regions, for reading faults. Errors: as status().
    [[nodiscard]] Result<lab::World> world();
    [[nodiscard]] Result<boost::json::value> add_fault(const lab::FaultSpec& spec);
    // `id` or "all"; how many were taken back. Errors: not_found.
    [[nodiscard]] Result<int> heal(const std::string& id);

  private:
    [[nodiscard]] Result<std::string> admin() const;

    std::string directory_;
};

// The supervisor of a world as a child of ours: it ends when we do, however we end, until keep().
class LabProcess {
  public:
    // Errors: conflict (a world runs there, or the directory is no world's), not_found, denied.
    [[nodiscard]] static Result<LabProcess> start(const LabOptions& options);

    // Blocks until the world is up; gives its status document. Errors: what kept it from coming up,
    // cancelled (`given_up` said so).
    [[nodiscard]] Result<boost::json::value> wait_ready(const std::function<bool()>& given_up = [] {
        return false;
    });

    // From now on it lives on when we end. Errors: timed_out.
    [[nodiscard]] Status keep();

    // What has ended badly of it so far.
    [[nodiscard]] std::vector<drill::BadEnd> ended_badly() const;

    // Ends it and waits until nothing is left of it. Gives what ended badly of it, at any time.
    [[nodiscard]] std::vector<drill::BadEnd> stop();

  private:
    LabProcess(LabOptions options, std::unique_ptr<Children> children, pid_t pid);

    LabOptions options_;
    std::unique_ptr<Children> children_;
    pid_t pid_ = 0;
};

// Ends the world that runs in `directory`; blocks until it is gone. Gives what ended badly of it,
// at any time. Errors: timed_out.
[[nodiscard]] Result<std::vector<drill::BadEnd>> stop_lab(const std::string& directory);

// Of a world that does not run: its supervisor, when that died before the world was down. Its
// processes died with it. Told once: afterwards lab.json says "failed".
[[nodiscard]] std::optional<drill::BadEnd> dead_supervisor(const std::string& directory);

}  // namespace farshore::cli
