#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/net/http_client.h"
#include "adapters/net/task.h"
#include "base/ids.h"
#include "base/result.h"
#include "ports/clock.h"

#include "sigv4/signer.h"

// Where keys come from that must be asked for: the instance, the container, STS, a process. Keys
// and tokens never appear in a log line or in an error's text.
namespace farshore::aws {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// What a source needs of the world.
struct CredentialsEdge {
    net::Io* io = nullptr;
    const ports::Clock* clock = nullptr;
    net::HttpClient* http = nullptr;   // for STS
    net::HttpClient* local = nullptr;  // for addresses of the host itself
};

// Asks once, within seconds. Errors: those of the way there, denied (the source gives no keys; the
// text says which source refused what), malformed (an answer of no known form).
class CredentialsSource {
  public:
    virtual ~CredentialsSource() = default;
    virtual net::Task<Result<sigv4::Credentials>> fetch() = 0;
    [[nodiscard]] virtual std::string name() const = 0;  // for people: "instance metadata"
};

// IMDSv2, and nothing older: a token, the role's name, its keys. AWS_EC2_METADATA_SERVICE_ENDPOINT
// is honoured. Errors: malformed (that variable).
[[nodiscard]] Result<std::unique_ptr<CredentialsSource>> instance_metadata(
    CredentialsEdge edge, const Environment& environment
);

// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, with the token of
// AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN: ECS, and EKS Pod
// Identity. Errors: malformed (not a URL), denied (an address that such keys must not be asked of).
// nullptr: neither is set.
[[nodiscard]] Result<std::unique_ptr<CredentialsSource>> container_endpoint(
    CredentialsEdge edge, const Environment& environment
);

// An endpoint that a variable names; empty: it is not set. Errors: malformed, naming the variable.
[[nodiscard]] Result<std::string> endpoint_in(
    const Environment& environment, const std::string& variable
);

// What a token's file holds: the value of a header, one line.
[[nodiscard]] Result<std::string> read_token(const std::string& path);

// Whose STS is asked, one Region after the other until one answers: a Region's STS may be down with
// the Region.
struct StsPlaces {
    std::vector<RegionId> regions;
    std::string endpoint;  // empty: each Region's own
};

struct WebIdentity {
    std::string token_file;
    std::string role_arn;
    std::string session_name;
};

// AssumeRoleWithWebIdentity: IRSA on EKS.
[[nodiscard]] std::unique_ptr<CredentialsSource> web_identity(
    CredentialsEdge edge, StsPlaces places, WebIdentity identity
);

// Keys that are at hand, or a source that gives them; neither: none.
struct KeysOrSource {
    std::optional<sigv4::Credentials> keys;
    std::shared_ptr<CredentialsSource> source;

    [[nodiscard]] bool any() const { return keys.has_value() || source != nullptr; }
};

struct RoleToAssume {
    std::string role_arn;
    std::string session_name;
    std::string external_id;       // empty: none
    std::string duration_seconds;  // empty: the role's own
};

// AssumeRole with the keys of `base`: a profile's role_arn with source_profile or
// credential_source.
[[nodiscard]] std::unique_ptr<CredentialsSource> assumed_role(
    CredentialsEdge edge, StsPlaces places, RoleToAssume role, KeysOrSource base
);

// A profile of IAM Identity Center. Its token stands in a file that `aws sso login` writes.
struct SignOn {
    std::string profile;
    std::string session;  // the sso_session's name, or an older profile's sso_start_url
    RegionId region;
    std::string account;
    std::string role;
    std::string cache;     // the folder of the tokens
    std::string endpoint;  // empty: the Region's own
};

// GetRoleCredentials. Errors: denied (no token, or one that has ended; the remedy is the command).
[[nodiscard]] std::unique_ptr<CredentialsSource> sign_on(CredentialsEdge edge, SignOn with);

// A profile's `credential_process`: a command whose output names keys.
[[nodiscard]] std::unique_ptr<CredentialsSource> process_output(
    CredentialsEdge edge, std::string command
);

// The JSON that the metadata service, container endpoints and processes answer with. Errors: denied
// (it says that there are none), malformed (the text names the field, never a value). Pure.
[[nodiscard]] Result<sigv4::Credentials> credentials_from_json(std::string_view text);

// STS's answer to this call (AssumeRole, AssumeRoleWithWebIdentity). Pure.
[[nodiscard]] Result<sigv4::Credentials> credentials_from_sts(
    std::string_view call, std::string_view xml
);

}  // namespace farshore::aws
