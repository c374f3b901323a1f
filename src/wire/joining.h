#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

// How a host that the tokens file does not name gets a credential of its own, as values and as
// JSON.
//
//   POST /v1/agents/challenge   {}           ->  Challenge, for a proof by identity
//   POST /v1/agents/join        JoinRequest  ->  Joined
//     with "Authorization: Bearer JOIN-TOKEN", or with an IdentityProof in the request
//
// The agent makes its secret itself and keeps it before it asks; the request names the secret's
// digest. So the controller never has it, and a join whose answer was lost is simply asked again.
// Parsing is strict on types and bounds; errors: malformed.
namespace farshore::wire {

inline constexpr std::size_t kJoinBytesMax = 16 * 1024;

// What the agent signs beside the request itself, so that a proof is good for one join at one
// controller: the value of this header.
inline constexpr std::string_view kJoinHeader = "x-farshore-join";

struct Challenge {
    std::string nonce;
    Duration valid_for{};

    friend bool operator==(const Challenge&, const Challenge&) = default;
};

// A GetCallerIdentity that the host has signed and has not sent. The controller sends it, to the
// STS that its own configuration names: it makes the request itself, of nothing but these parts.
struct IdentityProof {
    RegionId sts_region;
    std::string url;  // of the controller, as the agent's configuration has it
    std::string nonce;
    std::string amz_date;
    std::string authorization;
    std::string security_token;

    friend bool operator==(const IdentityProof&, const IdentityProof&) = default;
};

struct JoinRequest {
    AppId app;
    HostId host;
    RegionId region;
    std::string digest;  // SHA-256 of the secret, hex
    std::optional<IdentityProof> identity;

    friend bool operator==(const JoinRequest&, const JoinRequest&) = default;
};

struct Joined {
    HostId host;
    std::string vouched_by;

    friend bool operator==(const Joined&, const Joined&) = default;
};

[[nodiscard]] std::string serialize(const Challenge& challenge);
[[nodiscard]] std::string serialize(const JoinRequest& request);
[[nodiscard]] std::string serialize(const Joined& joined);

[[nodiscard]] Result<Challenge> parse_challenge(std::string_view text);
[[nodiscard]] Result<JoinRequest> parse_join_request(std::string_view text);
[[nodiscard]] Result<Joined> parse_joined(std::string_view text);

// The value of kJoinHeader: it binds the signature to this controller's challenge, to the address
// that the agent was told to use, and to the app, host, Region and secret that are joined.
[[nodiscard]] std::string join_statement(
    const JoinRequest& request, std::string_view url, std::string_view nonce
);

}  // namespace farshore::wire
