#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

#include "sigv4/signer.h"

// Where AWS keys come from: given ones, the environment, or the shared files that AWS's own tools
// use. Keys never appear in a log line or in an error's text.
namespace farshore::aws {

struct CredentialSources {
    std::optional<sigv4::Credentials> fixed;  // wins over everything
    // Set: only this file is read. Empty: environment first, then AWS_SHARED_CREDENTIALS_FILE or
    // ~/.aws/credentials, then AWS_CONFIG_FILE or ~/.aws/config.
    std::string credentials_file;
    std::string profile = "default";  // "default" gives way to AWS_PROFILE
};

// One section of an INI file: names and values as written, blanks trimmed.
using ProfileValues = std::map<std::string, std::string>;

// The profile's values; nullopt: no such profile. Accepts "[NAME]" and "[profile NAME]". Pure.
[[nodiscard]] std::optional<ProfileValues> find_profile(
    std::string_view ini, std::string_view profile
);

// Credentials of a profile. Errors: malformed (a key is missing; the text names which, never a
// value).
[[nodiscard]] Result<sigv4::Credentials> credentials_from(const ProfileValues& values);

// Answers from memory; reads the sources anew when the file changed (looked at once a second at
// most), so that rotated keys are taken up without a restart. Use on one thread.
//
// Errors: denied (nothing found; the text lists where it looked), malformed.
class CredentialsProvider {
  public:
    using Environment = std::function<std::optional<std::string>(const std::string& name)>;

    explicit CredentialsProvider(CredentialSources sources);
    CredentialsProvider(CredentialSources sources, Environment environment);

    [[nodiscard]] Result<sigv4::Credentials> current(Instant now);

  private:
    [[nodiscard]] Result<sigv4::Credentials> read();
    [[nodiscard]] Result<std::optional<sigv4::Credentials>> read_file(
        const std::string& path, const std::string& profile
    );

    CredentialSources sources_;
    Environment environment_;
    std::optional<sigv4::Credentials> cached_;
    std::optional<Instant> checked_;
    std::string stamp_;  // size and modification time of the files read
};

}  // namespace farshore::aws
