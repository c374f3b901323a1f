#pragma once

#include <string>

#include "core/provision/rights.h"
#include "wire/config.h"

namespace farshore::cli {

// The names that a configuration gives to what rights are about. `account` is the tables'. Pure.
[[nodiscard]] core::RightsScope rights_scope(
    const config::Config& config, const std::string& account
);

}  // namespace farshore::cli
