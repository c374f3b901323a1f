#include "controller/joining.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "adapters/aws/caller_identity.h"
#include "adapters/system/log.h"
#include "base/text.h"
#include "controller/api_answers.h"

namespace farshore::controller {

namespace {

// Questions to STS that are under way: a client that floods the controller must not make it flood
// STS, and one address must not keep the others out.
constexpr std::size_t kAskingMax = 16;
constexpr std::size_t kAskingFromOneMax = 4;
constexpr std::size_t kReasonsMax = 64;

std::unexpected<Error> denied(std::string code, std::string text, std::string remedy) {
    return std::unexpected(Error{
        .kind = ErrorKind::denied,
        .text = std::move(text),
        .remedy = std::move(remedy),
        .code = std::move(code)
    });
}

std::string without_slash(std::string_view url) {
    while (url.ends_with('/')) {
        url.remove_suffix(1);
    }
    return std::string{url};
}

// Of the reasons in core/failover/joining.h.
ErrorKind kind_of(core::JoinRefusal refusal) {
    switch (refusal) {
        case core::JoinRefusal::name_malformed: return ErrorKind::malformed;
        case core::JoinRefusal::name_not_allowed:
        case core::JoinRefusal::other_region:
        case core::JoinRefusal::not_listed: return ErrorKind::denied;
        case core::JoinRefusal::name_taken:
        case core::JoinRefusal::host_lives: return ErrorKind::conflict;
        case core::JoinRefusal::too_many: return ErrorKind::throttled;
    }
    std::unreachable();
}

}  // namespace

Joining::Joining(Parts parts)
    : parts_(std::move(parts)), challenges_(std::exchange(parts_.challenge_key, {})) {}

net::Task<net::HttpResponse> Joining::answer(net::HttpRequest request) {
    if (request.method != "POST") {
        co_return wrong_method(request, "POST");
    }
    if (request.path() == "/v1/agents/challenge") {
        co_return challenge();
    }
    const Result<wire::JoinRequest> join = wire::parse_join_request(request.body);
    if (!join) {
        co_return refusal(join.error());
    }
    if (join->app != parts_.config.app) {
        const Error other{
            .kind = ErrorKind::denied,
            .text = "this controller serves " + parts_.config.app.value() + ", not " +
                    join->app.value(),
            .remedy = "give the agent the address of its app's controller",
            .code = "other_app"
        };
        co_return refuse(other, *join);
    }
    net::HttpResponse response;
    if (join->identity) {
        response = co_await by_identity(*join, request.peer_address);
    } else {
        response = co_await by_token(std::move(request), *join);
    }
    co_return response;
}

net::HttpResponse Joining::challenge() {
    const wire::Challenge challenge{
        .nonce = challenges_.issue(parts_.random(), parts_.clock.now()),
        .valid_for = Challenges::kValidFor
    };
    return net::HttpResponse::json(200, wire::serialize(challenge));
}

net::HttpResponse Joining::refuse(const Error& error, const wire::JoinRequest& request) {
    const std::string reason = error.code.empty() ? std::string{to_string(error.kind)} : error.code;
    // STS has codes of its own; more than these are one reason.
    const bool room = refusals_.size() < kReasonsMax || refusals_.contains(reason);
    ++refusals_[room ? reason : "other"];
    system::log_warning(
        "join",
        "a host was not let in",
        {{"host", request.host.value().substr(0, 128)}, {"reason", reason}, {"why", error.text}}
    );
    return refusal(error);
}

net::Task<net::HttpResponse> Joining::by_token(net::HttpRequest request, wire::JoinRequest join) {
    const auto authorization = request.header("authorization");
    const Result<Credentials::JoinProof> proof = parts_.credentials.join_proof(authorization);
    if (!proof) {
        // Its answer was lost, and the token has run out or was its last use since.
        const std::string& code = proof.error().code;
        if ((code == "used_up" || code == "expired") &&
            parts_.credentials.holds(join.host, join.digest)) {
            const auto held = parts_.credentials.vouching(join.host);
            co_return net::HttpResponse::json(
                200,
                wire::serialize(
                    wire::Joined{.host = join.host, .vouched_by = held ? held->by : std::string{}}
                )
            );
        }
        co_return refuse(proof.error(), join);
    }
    const core::JoinRequest wanted{
        .host = join.host,
        .region = join.region,
        .by = proof->by,
        .proves_itself = false,
        .hosts = proof->hosts,
        .proven_region = proof->region
    };
    net::HttpResponse response = co_await admit(std::move(join), wanted, proof->token_digest);
    co_return response;
}

std::string Joining::sts_of(const RegionId& region) const {
    const auto own = parts_.config.aws.sts.find(region);
    return own == parts_.config.aws.sts.end() ? aws::sts_endpoint(region)
                                              : without_slash(own->second);
}

Status Joining::check_proof(const wire::JoinRequest& join) const {
    const wire::IdentityProof& proof = *join.identity;
    const config::Join& allowed = parts_.config.join;
    if (allowed.roles.empty()) {
        return denied(
            "no_roles",
            "hosts cannot join " + parts_.config.app.value() + " by a role",
            "name the role in `join.aws.roles`, or give the host a token"
        );
    }
    std::vector<std::string> ours{parts_.config.controller.url};
    ours.insert(ours.end(), allowed.urls.begin(), allowed.urls.end());
    const bool known = std::ranges::any_of(ours, [&](const std::string& url) {
        return without_slash(url) == without_slash(proof.url);
    });
    if (!known) {
        return denied(
            "other_controller",
            "the proof is for the controller at " + proof.url + "; this one is at " + joined(ours),
            "if agents reach this one there, name it in `join.aws.urls`"
        );
    }
    std::vector<RegionId> regions = allowed.sts_regions;
    if (regions.empty()) {
        for (const config::Region& region : parts_.config.regions) {
            regions.push_back(region.id);
        }
        regions.push_back(parts_.config.witness);
    }
    if (std::ranges::find(regions, proof.sts_region) == regions.end()) {
        return denied(
            "other_sts",
            "the STS of " + proof.sts_region.value() + " is not asked, but that of " +
                joined(regions),
            "name a Region of these in the agent's `join.aws.sts_region`"
        );
    }
    return {};
}

Result<core::JoinRequest> Joining::request_of(
    const wire::JoinRequest& join, const aws::AssumedRole& role
) const {
    const auto& roles = parts_.config.join.roles;
    const auto found = std::ranges::find_if(roles, [&](const config::JoinRole& allowed) {
        return allowed.account == role.account && allowed.role == role.role &&
               allowed.arn.starts_with("arn:" + role.partition + ":");
    });
    if (found == roles.end()) {
        return denied(
            "other_role",
            "the role " + role.role + " of the account " + role.account +
                " is none whose hosts may join",
            "name it in `join.aws.roles`"
        );
    }
    if (role.session != join.host.value()) {
        return denied(
            "other_host",
            "the role's session is " + role.session + ", and the host says it is " +
                join.host.value(),
            "name the host as its role's session is named: on EC2 the instance's id"
        );
    }
    return core::JoinRequest{
        .host = join.host,
        .region = join.region,
        .by = found->arn,
        .proves_itself = true,
        .hosts = found->hosts,
        .proven_region = found->region
    };
}

Result<core::JoinRequest> Joining::proven(
    const wire::JoinRequest& join, const Result<aws::CallerIdentity>& identity
) const {
    if (!identity) {
        Error error = identity.error();
        error.remedy = error.kind == ErrorKind::denied
                           ? "is the agent's clock right, and are its role's keys still good?"
                           : "the controller must reach STS, see `join.aws.sts_regions`";
        return std::unexpected(std::move(error));
    }
    const auto role = aws::assumed_role_of(*identity);
    if (!role) {
        return denied(
            "no_role",
            "the proof is " + identity->arn.substr(0, 256) + "'s, which is no role's session",
            "only the keys of an instance profile or of an ECS task tell who a host is"
        );
    }
    return request_of(join, *role);
}

// STS is asked for a proof that is in order, and not for one address all the time: what a flood may
// use up is used last.
Status Joining::take_turn(const wire::IdentityProof& proof, const std::string& from) {
    const Instant now = parts_.clock.now();
    if (const Duration wait = refused_.left(from, now); wait > Duration::zero()) {
        return std::unexpected(Error{
            .kind = ErrorKind::throttled,
            .text = "too many proofs that came from " + from + " were refused",
            .remedy = "try again in " + to_text(wait),
            .code = "slow_down"
        });
    }
    if (asking_.size() >= kAskingMax || asking_.count(from) >= kAskingFromOneMax) {
        return std::unexpected(Error{
            .kind = ErrorKind::throttled,
            .text = "STS is being asked about " + std::to_string(asking_.size()) + " hosts already",
            .remedy = "try again in a second",
            .code = "busy"
        });
    }
    const Challenges::Answer answer = challenges_.take(proof.nonce, from, now);
    if (answer != Challenges::Answer::good) {
        return std::unexpected(Error{
            .kind =
                answer == Challenges::Answer::too_many ? ErrorKind::throttled : ErrorKind::denied,
            .text = "the challenge of this proof is not good (any more): " +
                    std::string{to_string(answer)},
            .remedy = "ask for another one",
            .code = std::string{to_string(answer)}
        });
    }
    return {};
}

net::Task<net::HttpResponse> Joining::by_identity(wire::JoinRequest join, std::string peer) {
    const std::string from = guessing_address(peer);
    const wire::IdentityProof& proof = *join.identity;
    const aws::SignedIdentityCall call{
        .region = proof.sts_region,
        .amz_date = proof.amz_date,
        .authorization = proof.authorization,
        .security_token = proof.security_token
    };
    const aws::Statement statement{
        .name = std::string{wire::kJoinHeader},
        .value = wire::join_statement(join, proof.url, proof.nonce)
    };
    Status good = check_proof(join);
    if (good) {
        good = check_identity_call(call, statement, parts_.clock.wall());
    }
    if (good) {
        good = take_turn(proof, from);
    }
    if (!good) {
        co_return refuse(good.error(), join);
    }
    const auto asked = asking_.insert(from);
    const std::shared_ptr<void> counted(nullptr, [this, asked](void*) { asking_.erase(asked); });
    const std::string endpoint = sts_of(proof.sts_region);
    const Result<aws::CallerIdentity> identity =
        co_await aws::ask_caller_identity(parts_.http, endpoint, call, statement);
    Result<core::JoinRequest> request = proven(join, identity);
    if (!request) {
        if (request.error().kind == ErrorKind::denied) {
            // The answer says so already; the next one from there is told to wait.
            static_cast<void>(refused_.wrong(from, parts_.clock.now()));
        }
        co_return refuse(request.error(), join);
    }
    net::HttpResponse response = co_await admit(std::move(join), *request, {});
    co_return response;
}

net::Task<net::HttpResponse> Joining::admit(
    wire::JoinRequest join, core::JoinRequest request, std::string token_digest
) {
    const auto& listed = parts_.config.agents;
    core::JoinSituation situation{
        .region_is_known = parts_.config.region(request.region) != nullptr,
        .register_names = listed.empty() || std::ranges::find(listed, request.host) != listed.end(),
        .lives = parts_.link.lives(request.host),
        .held = parts_.credentials.vouching(request.host),
        .hosts = parts_.hosts(),
        .waiting = parts_.credentials.waiting_for_hello()
    };
    const bool again = parts_.credentials.holds(request.host, join.digest);
    if (situation.held) {
        situation.held->same = again;
    }
    if (const auto why = core::why_not_join(request, situation)) {
        const Error error{
            .kind = kind_of(*why),
            .text = core::in_words(*why, request, situation),
            .remedy = {},
            .code = std::string{to_string(*why)}
        };
        co_return refuse(error, join);
    }
    if (!again) {
        ports::AuditRow row{
            .at = parts_.clock.wall(),
            .who = request.by,
            .what = "join " + request.host.value(),
            .detail = {}
        };
        const Status done = co_await parts_.credentials.admit(
            request, join.digest, std::move(token_digest), std::move(row)
        );
        if (!done) {
            co_return refuse(done.error(), join);
        }
        ++joins_;
        parts_.deliver(
            core::AgentJoined{.host = request.host, .region = request.region, .by = request.by}
        );
    }
    co_return net::HttpResponse::json(
        200, wire::serialize(wire::Joined{.host = request.host, .vouched_by = request.by})
    );
}

}  // namespace farshore::controller
