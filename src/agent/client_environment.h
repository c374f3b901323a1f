#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/enum_names.h"
#include "base/result.h"
#include "wire/config.h"

// What an application's AWS SDK needs to know of this host's agent, as text for the place where an
// operator gives environment variables to programs.
namespace farshore::agent {

enum class EnvironmentFormat { shell, systemd, php_fpm, docker, ecs };
inline constexpr std::array<std::string_view, 5> kEnvironmentFormatNames{
    "shell", "systemd", "php-fpm", "docker", "ecs"
};

constexpr const auto& names_of(EnvironmentFormat) {
    return kEnvironmentFormatNames;
}

// The key pair that SDKs sign with.
struct EnvironmentKey {
    std::string file;  // AWS credentials file that holds it
    std::string profile;
    std::string id;
    std::string secret;
};

struct ClientEnvironment {
    std::string endpoint;  // http://127.0.0.1:8642
    std::string region;
    std::optional<EnvironmentKey> key;  // nullopt: the endpoint asks for none
    bool shows_secret = false;          // false: programs are pointed to the file
};

// Quoted as `format` wants it, each value is what stands here, byte for byte. Ends with a line end.
// Pure. Errors: malformed (a value that this format cannot hold; the text names the variable, never
// a secret).
[[nodiscard]] Result<std::string> environment_text(
    const ClientEnvironment& environment, EnvironmentFormat format
);

// Of the app of that name; empty: of the only one. Reads the key file. Errors: not_found (no such
// app; no keys yet), malformed (several apps and no name; a port that is chosen anew at each
// start), denied.
[[nodiscard]] Result<ClientEnvironment> client_environment(
    const config::AgentConfig& config, std::string_view app
);

}  // namespace farshore::agent
