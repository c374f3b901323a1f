#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "wire/config.h"

// What a configuration says, as a whole.
namespace farshore::config {

// With every default, in the layout of farshore.yaml: printed as YAML it can be loaded again. Pure.
[[nodiscard]] boost::json::object config_document(const Config& config);

// SHA-256, hex, of the effective values of the keys whose change makes the proof of a drill void.
// It does not tell how they were written: comments, order, and a default that is written out. Pure.
[[nodiscard]] std::string proof_hash(const Config& config);

[[nodiscard]] std::string sha256_hex(std::string_view text);

}  // namespace farshore::config
