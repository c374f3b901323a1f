#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "wire/config.h"

#include "sigv4/signer.h"

// What the agent reads beside its configuration file. Blocking; at start only.
namespace farshore::agent {

// The file's one line; empty when no file is configured. Errors: not_found, malformed, denied; a
// token never appears in them.
[[nodiscard]] Result<std::string> read_token(const std::string& path);

// A key pair of local applications, and the profile that it stands in.
struct ClientKey {
    std::string profile;
    sigv4::Credentials credentials;
};

// Every profile of an AWS credentials file, the first one first. Errors: malformed, not_found,
// denied.
[[nodiscard]] Result<std::vector<ClientKey>> read_client_keys(const std::string& path);

// Where the client keys of this configuration stand.
[[nodiscard]] std::string client_keys_path(const config::AgentConfig& config);

// Makes the file of client keys when it is missing and the configuration leaves it to the agent: an
// AWS credentials file with one random key pair, mode 0600, or 0640 for the configured group, which
// an older file of the agent's gets, too. Errors: as writing a file; malformed (no such group);
// denied (the group is none of the agent's).
[[nodiscard]] Status make_client_keys(const config::AgentConfig& config);

}  // namespace farshore::agent
