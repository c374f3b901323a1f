#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "adapters/net/http_client.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

#include "sigv4/signer.h"

// Proof of an AWS identity to a third party: the holder of the identity signs a GetCallerIdentity
// of STS, and the third party sends it. The sender makes the whole request itself and takes nothing
// from the signer but a date, a session token and a signature, so the signer cannot slip another
// request in.
namespace farshore::aws {

struct SignedIdentityCall {
    RegionId region;  // whose STS
    std::string amz_date;
    std::string authorization;
    std::string security_token;
};

// A header that is signed with the call and means something to those two alone.
struct Statement {
    std::string name;  // lower case
    std::string value;
};

// The STS of a Region, without overrides: partitions aws, aws-cn and aws-us-gov.
[[nodiscard]] std::string sts_endpoint(const RegionId& region);

[[nodiscard]] SignedIdentityCall sign_identity_call(
    const sigv4::Credentials& credentials,
    const RegionId& region,
    std::string_view endpoint,
    const Statement& statement,
    UtcTime now
);

// Everything that can be known of a signed call before STS is asked: the form of its parts, that
// exactly the right headers are signed, for that Region's STS, and its age. Errors: malformed,
// denied (with a code: signed_headers, scope, too_old). Pure.
[[nodiscard]] Status check_identity_call(
    const SignedIdentityCall& call, const Statement& statement, UtcTime now
);

struct CallerIdentity {
    std::string account;
    std::string arn;
    std::string user_id;
};

// STS's answer. Errors: malformed. Pure.
[[nodiscard]] Result<CallerIdentity> parse_caller_identity(std::string_view xml);

// Sends it. Errors: denied (STS does not accept it; with STS's code), unavailable, timed_out,
// malformed.
[[nodiscard]] net::Task<Result<CallerIdentity>> ask_caller_identity(
    net::HttpClient& http, std::string endpoint, SignedIdentityCall call, Statement statement
);

// "arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION".
struct AssumedRole {
    std::string partition;
    std::string account;
    std::string role;     // without its path: names are unique in an account
    std::string session;  // EC2: the instance's id. ECS: the task's id
};

// nullopt: it is none, or the parts of the identity contradict each other. Pure.
[[nodiscard]] std::optional<AssumedRole> assumed_role_of(const CallerIdentity& identity);

}  // namespace farshore::aws
