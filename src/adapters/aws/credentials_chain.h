#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "adapters/aws/credentials.h"
#include "adapters/aws/credentials_source.h"

// Which keys, or which source of keys, the chain of AWS's own tools comes to.
namespace farshore::aws {

// The setting that names the profile, for error texts.
inline constexpr std::string_view kProfileSetting = "aws.credentials.profile";

struct SharedFiles {
    std::string credentials;
    std::string config;
    std::string sso_cache;  // a folder
};

[[nodiscard]] SharedFiles shared_files(const Environment& environment);

struct ChainInput {
    const CredentialSources& sources;
    std::string_view profile_said_by;            // empty: no source names one; then it is "default"
    const std::optional<CredentialsEdge>& edge;  // nullopt: only keys that are at hand
    const Environment& environment;
};

// Errors: denied (none is there; the text lists where it looked), malformed (half of a pair, a
// profile that cannot be used, a chain of profiles that leads back to itself).
[[nodiscard]] Result<KeysOrSource> find_keys(const ChainInput& input);

}  // namespace farshore::aws
