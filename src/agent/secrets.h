#pragma once

#include <cstdint>
#include <string>
#include <string_view>
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
// AWS credentials file with one random key pair, mode 0600, or 0640 for the configured group. An
// older file that an agent made gets that mode, too, where the system lets it. Errors:
// as writing a file; malformed (no such group); denied (the group is none of the agent's).
[[nodiscard]] Status make_client_keys(const config::AgentConfig& config);

// Who else can use a secret in this file, by its mode: "mode 0644: every user of this host can read
// it". Empty: its owner and its group alone read it, and its owner alone writes it; or there is no
// file.
[[nodiscard]] std::string who_else_has(const std::string& path);
// Tells the log of it, when it is not empty: "the client keys can be used by others".
void warn_of_open_file(std::string_view what, const std::string& path);

}  // namespace farshore::agent
