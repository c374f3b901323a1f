#pragma once

#include <boost/json/value.hpp>

#include "wire/config.h"

namespace farshore::cli {

// A configuration with every default, in the layout of farshore.yaml: printed as YAML it can be
// loaded again.
[[nodiscard]] boost::json::value config_document(const config::Config& config);

}  // namespace farshore::cli
