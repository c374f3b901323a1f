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

// join: { aws: { roles, sts_regions, urls } } of farshore.yaml
void read_join(Section& file, Join& out);

// join: { token, aws: { sts_region } } of agent.yaml
void read_agent_join(Section& file, AgentConfig& out);

[[nodiscard]] std::string sha256_hex(std::string_view text);

}  // namespace farshore::config
