#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/aws/credentials_source.h"
#include "adapters/net/task_group.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/time.h"

#include "sigv4/signer.h"

// Where AWS keys come from: given ones, or the chain that AWS's own tools use. Keys never appear in
// a log line or in an error's text.
namespace farshore::aws {

struct CredentialSources {
    std::optional<sigv4::Credentials> fixed;  // wins over everything
    // Set: only this file is read. Empty: the chain, the first that is there, of which a profile
    // that is set leaves out the first two:
    //   AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    //   AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN
    //   the profile in AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials, joined with what
    //   AWS_CONFIG_FILE or ~/.aws/config says of it: role_arn with source_profile,
    //   credential_source or web_identity_token_file, Identity Center, keys, credential_process
    //   AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI
    //   the instance metadata service, unless AWS_EC2_METADATA_DISABLED is true
    std::string credentials_file;
    std::string profile;  // empty: AWS_PROFILE, else "default"
    // Whose STS is asked, in this order; AWS_REGION's comes first.
    std::vector<RegionId> sts_regions;
};

// One section of an INI file: names and values as written, blanks trimmed.
using ProfileValues = std::map<std::string, std::string>;

// nullopt: absent, or empty.
[[nodiscard]] std::optional<std::string> value_of(
    const ProfileValues& values, const std::string& name
);

// The profile's values; nullopt: no such profile. Accepts "[NAME]" and "[profile NAME]". Pure.
[[nodiscard]] std::optional<ProfileValues> find_profile(
    std::string_view ini, std::string_view profile
);

// The `endpoint_url` of each service in a `[services NAME]` section, by the service's key
// ("route_53"). Pure.
[[nodiscard]] std::map<std::string, std::string> service_urls(
    std::string_view ini, std::string_view section
);

// The names of all sections, as find_profile takes them, each once. Pure.
[[nodiscard]] std::vector<std::string> profile_names(std::string_view ini);

// Credentials of a profile. Errors: malformed (a key is missing; the text names which, never a
// value).
[[nodiscard]] Result<sigv4::Credentials> credentials_from(const ProfileValues& values);

// The process's environment; a variable that is empty counts as absent.
[[nodiscard]] std::optional<std::string> process_environment(const std::string& name);

// Answers from memory. Files are looked at once a second at most, so that rotated keys are taken up
// without a restart. Keys that must be asked for are asked for anew well before they expire, and
// stay in use while the source gives no new ones, until a Region refuses them after their end. Use
// on one thread.
//
// Errors: denied (nothing found; the text lists where it looked, or why the source gives no keys),
// malformed.
class CredentialsProvider {
  public:
    using Environment = aws::Environment;

    // Only sources that answer at once.
    explicit CredentialsProvider(CredentialSources sources);
    CredentialsProvider(CredentialSources sources, Environment environment);
    // The whole chain.
    CredentialsProvider(CredentialSources sources, CredentialsEdge edge, std::uint64_t seed);
    CredentialsProvider(
        CredentialSources sources, CredentialsEdge edge, std::uint64_t seed, Environment environment
    );
    ~CredentialsProvider();
    CredentialsProvider(const CredentialsProvider&) = delete;
    CredentialsProvider& operator=(const CredentialsProvider&) = delete;

    // The keys that there are now. Does not ask the source.
    [[nodiscard]] Result<sigv4::Credentials> current(Instant now);

    // The same, after asking the source if that is due and run() does not run. While there are no
    // keys and a question is under way, waits at most `patience`.
    [[nodiscard]] net::Task<Result<sigv4::Credentials>> get(Duration patience);

    // Asks the source when it is due, until the group stops. Meanwhile get() waits only while there
    // are no keys.
    net::Task<> run(net::TaskGroup* tasks);

    // A Region did not take these. Asked for anew as soon as the pauses between questions allow.
    void refused(const sigv4::Credentials& keys);

    // Is there a source to ask? Then keys that are not there now may come.
    [[nodiscard]] bool asks() const { return source_ != nullptr; }

    // Why the last question brought no keys, with the source's name; empty: it did, or none was
    // needed.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

  private:
    [[nodiscard]] bool knows() const { return found_.has_value() || source_ != nullptr; }

    [[nodiscard]] Status look(Instant now);
    [[nodiscard]] bool due(Instant now) const;
    net::Task<> ask();
    void take(const Result<sigv4::Credentials>& answer, const std::string& from);

    CredentialSources sources_;
    std::string_view profile_said_by_;  // empty: no source names one; then it is "default"
    std::optional<CredentialsEdge> edge_;
    Environment environment_;
    Rng rng_;
    std::optional<sigv4::Credentials> found_;  // keys that stand somewhere
    std::optional<Instant> checked_;
    std::string stamp_;  // size and modification time of the files read
    std::shared_ptr<CredentialsSource> source_;
    std::optional<sigv4::Credentials> given_;  // by `source_`
    std::optional<Instant> ask_at_;            // nullopt: not again by itself
    Duration pause_{};
    bool asking_ = false;
    bool runs_ = false;
    std::string trouble_;
};

}  // namespace farshore::aws
