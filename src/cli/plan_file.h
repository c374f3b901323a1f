#pragma once

#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "base/result.h"
#include "core/failover/verb.h"

// The file of `farshore plan --out FILE`: what an operator looked at, to be done as it is or not at
// all. It is the controller's answer; what decides is the plan's fingerprint.
namespace farshore::cli {

struct LookedAt {
    core::Verb verb{};
    std::string app;
    std::string to;
    std::vector<std::string> levers;
    std::string fingerprint;
};

// Replaced as a whole. Errors: exhausted, denied, not_found, as the file system says.
[[nodiscard]] Status write_plan_file(const std::string& path, const boost::json::value& document);

// Errors: malformed, with what is missing; those of reading the file.
[[nodiscard]] Result<LookedAt> read_plan_file(const std::string& path);

}  // namespace farshore::cli
