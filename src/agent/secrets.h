#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

#include "sigv4/signer.h"

// What the agent reads beside its configuration file. Blocking; at start only.
namespace farshore::agent {

// The file's one line; empty when no file is configured. Errors: not_found, malformed, denied; a
// token never appears in them.
[[nodiscard]] Result<std::string> read_token(const std::string& path);

// Every profile of an AWS credentials file. Errors: malformed, not_found, denied.
[[nodiscard]] Result<std::vector<sigv4::Credentials>> read_client_keys(const std::string& path);

}  // namespace farshore::agent
