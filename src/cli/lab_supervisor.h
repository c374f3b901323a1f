#pragma once

#include <functional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "base/result.h"
#include "cli/lab_layout.h"

#include "drill/bad_end.h"

// The process behind `farshore lab up`: hosts the lab's DynamoDB, Route 53, balancers and relays,
// and keeps controller, agents and storefronts as its children.
namespace farshore::cli {

// Runs a world until SIGTERM, SIGINT or a shutdown through its admin API; then nothing of it is
// left but its directory. `on_ready` is called once everything answers, with the status document.
// Gives the processes that ended badly in all this time, also at its end; lab.json has them too, as
// "ended_badly". Errors: conflict (a world runs in this directory, or it is no world's), what keeps
// it from coming up, with the end of the log that tells more.
[[nodiscard]] Result<std::vector<drill::BadEnd>> serve_lab(
    const LabOptions& options, const std::function<void(const boost::json::value&)>& on_ready
);

// What lab.json in `directory` says, with "state": starting, ready, failed or down. Errors:
// unavailable (no world was ever here).
[[nodiscard]] Result<boost::json::object> read_lab_file(const std::string& directory);

// Is a supervisor running for this directory? By its lock, so a stale file never says yes.
[[nodiscard]] bool lab_is_running(const std::string& directory);

}  // namespace farshore::cli
