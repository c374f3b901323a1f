#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "adapters/net/http_client.h"
#include "adapters/net/http_message.h"
#include "controller/agent_link.h"
#include "controller/challenges.h"
#include "controller/credentials.h"
#include "controller/guess_limiter.h"
#include "wire/config.h"
#include "wire/joining.h"

namespace farshore::aws {
struct AssumedRole;
struct CallerIdentity;
}  // namespace farshore::aws

namespace farshore::controller {

// Hosts that come by themselves, and prove who they are: with a join token, or with a signed
// GetCallerIdentity of a role whose session name they cannot choose. A host that is let in is in
// the register, and has a credential of its own from then on. A host that is refused is told why,
// and every refusal is counted. Single-threaded.
class Joining {
  public:
    struct Parts {
        const ports::Clock& clock;
        const config::Config& config;
        Credentials& credentials;
        const AgentLink& link;
        net::HttpClient& http;
        std::function<std::size_t()> hosts;  // in the register
        std::function<void(core::Event)> deliver;
        std::string challenge_key;            // 32 random bytes
        std::function<std::string()> random;  // 16 random bytes
    };

    explicit Joining(Parts parts);

    // POST /v1/agents/challenge and /v1/agents/join. No token of the request was checked before.
    [[nodiscard]] net::Task<net::HttpResponse> answer(net::HttpRequest request);

    [[nodiscard]] std::uint64_t joins() const { return joins_; }

    // By reason.
    [[nodiscard]] const std::map<std::string, std::uint64_t>& refusals() const { return refusals_; }

  private:
    [[nodiscard]] net::HttpResponse challenge();
    [[nodiscard]] net::HttpResponse refuse(const Error& error, const wire::JoinRequest& request);
    [[nodiscard]] net::Task<net::HttpResponse> by_token(
        net::HttpRequest request, wire::JoinRequest join
    );
    [[nodiscard]] net::Task<net::HttpResponse> by_identity(
        wire::JoinRequest join, std::string peer
    );
    // Errors: denied; what the configuration says of it.
    [[nodiscard]] Status check_proof(const wire::JoinRequest& join) const;
    // Uses its challenge up. Errors: denied, throttled.
    [[nodiscard]] Status take_turn(const wire::IdentityProof& proof, const std::string& from);
    // What STS's answer is worth. Errors: denied, those of ask_caller_identity.
    [[nodiscard]] Result<core::JoinRequest> proven(
        const wire::JoinRequest& join, const Result<aws::CallerIdentity>& identity
    ) const;
    [[nodiscard]] Result<core::JoinRequest> request_of(
        const wire::JoinRequest& join, const aws::AssumedRole& role
    ) const;
    [[nodiscard]] net::Task<net::HttpResponse> admit(
        wire::JoinRequest join, core::JoinRequest request, std::string token_digest
    );
    [[nodiscard]] std::string sts_of(const RegionId& region) const;

    Parts parts_;
    Challenges challenges_;
    std::multiset<std::string> asking_;  // the addresses for which STS is being asked
    GuessLimiter refused_;               // proofs that STS or the roles' list refused
    std::uint64_t joins_ = 0;
    std::map<std::string, std::uint64_t> refusals_;
};

}  // namespace farshore::controller
