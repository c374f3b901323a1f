#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/config_section.h"

// Parts that farshore.yaml and agent.yaml have in common.
namespace farshore::config {

// `version: 1`, and nothing else.
void read_version(Section& file);

// aws: { credentials, endpoints, resolver, source_address, ca_file }
void read_aws(Section& section, AwsAccess& out);

[[nodiscard]] std::string sha256_hex(std::string_view text);

}  // namespace farshore::config
