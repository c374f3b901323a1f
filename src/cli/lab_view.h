#pragma once

#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "cli/lab_layout.h"

#include "drill/bad_end.h"

// A lab world as a person reads it.
namespace farshore::cli {

// " --dir DIR" for hints, where the world is not where commands look by themselves.
[[nodiscard]] std::string dir_hint(const std::string& directory);
// After `lab up`: where everything is, and what to try first.
[[nodiscard]] std::string world_summary(const boost::json::value& status);

// After `demo --keep`: what to try first.
[[nodiscard]] std::string kept_summary(const boost::json::value& status);

// Has a process of the world ended that no fault has killed?
[[nodiscard]] bool has_dead_process(const boost::json::value& status);

// `lab status`.
[[nodiscard]] std::string world_table(const boost::json::value& status);

// How to reach the world with the AWS CLI.
[[nodiscard]] std::string aws_cli_hint(const boost::json::value& status);

// Each process that ended badly, to stderr, with the log that tells more.
void print_bad_ends(const std::vector<drill::BadEnd>& ends);

}  // namespace farshore::cli
