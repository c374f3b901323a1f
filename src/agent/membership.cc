#include "agent/membership.h"

#include <array>
#include <optional>
#include <utility>

#include <openssl/rand.h>

#include "adapters/aws/caller_identity.h"
#include "adapters/system/log.h"
#include "agent/secrets.h"
#include "base/assert.h"
#include "base/text.h"
#include "wire/api.h"

#include "sigv4/signer.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

constexpr Duration kPatience = 5s;  // a controller asks STS meanwhile
constexpr std::size_t kAnswerMax = std::size_t{64} << 10U;

std::string new_secret() {
    std::array<std::uint8_t, 32> bytes{};
    FARSHORE_ASSERT(
        RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1, "the kernel has randomness"
    );
    return to_hex(bytes);
}

}  // namespace

Membership::Membership(Parts parts) : parts_(std::move(parts)), file_done_(parts_.io) {}

Result<std::unique_ptr<Membership>> Membership::open(Parts parts) {
    std::unique_ptr<Membership> made{new Membership(std::move(parts))};
    const config::AgentConfig& config = made->parts_.config;
    if (!made->joins()) {
        Result<std::string> token = read_token(config.token_file);
        if (!token) {
            return std::unexpected(std::move(token.error()));
        }
        made->token_ = std::move(*token);
        return made;
    }
    auto kept = host::load_credential(config.state_directory, made->parts_.app, config.host);
    if (!kept) {
        system::log_error(
            "join", kept.error().text, {{"remedy", kept.error().remedy}, {"going_on", "without it"}}
        );
    } else if (*kept) {
        made->own_ = std::move(**kept);
        made->token_ = made->own_.joined ? made->own_.secret : std::string{};
    }
    made->why_ = "not joined yet";
    return made;
}

std::string Membership::state() const {
    return token_.empty() ? "" : joins() ? "joined" : "token";
}

void Membership::refused(const std::string& url, std::string_view code) {
    if (code != "bad_token" && code != "revoked" && code != "expired") {
        return;
    }
    if (!joins()) {
        stale_ = true;
        return;
    }
    // While a join is on its way, its answer comes first; the refusal comes again.
    if (!own_.joined || joining_ || strange_to_.contains(url)) {
        return;
    }
    system::log_warning(
        "join",
        "the controller does not take this host's credential; the host joins anew",
        {{"app", parts_.app.value()}, {"controller", url}, {"reason", std::string{code}}}
    );
    if (code == "revoked") {
        // It is perhaps in the wrong hands: the next one is another.
        token_.clear();
        own_ = {};
        strange_to_.clear();
    } else {
        strange_to_.insert(url);
    }
}

bool Membership::has_to_join_at(const std::string& url) const {
    return joins() && (token_.empty() || strange_to_.contains(url));
}

net::Task<Status> Membership::on_disk(std::function<Status()> work) {
    const auto done = std::make_shared<std::optional<Status>>();
    parts_.files.run(std::move(work), [this, done](Status status) {
        done->emplace(std::move(status));
        file_done_.notify();
    });
    while (!done->has_value()) {
        co_await file_done_.wait(file_done_.generation(), 100ms);
    }
    co_return **done;
}

net::Task<Status> Membership::keep(bool joined) {
    host::StoredCredential credential = own_;
    credential.joined = joined;
    const std::function<Status()> write =
        [directory = parts_.config.state_directory, app = parts_.app, credential] {
            return host::store_credential(directory, app, credential);
        };
    const Status kept = co_await on_disk(write);
    if (kept) {
        own_ = std::move(credential);
    }
    co_return kept;
}

net::Task<> Membership::read_again() {
    const auto token = std::make_shared<std::string>();
    const std::function<Status()> read = [path = parts_.config.token_file, token]() -> Status {
        Result<std::string> found = read_token(path);
        if (!found) {
            return std::unexpected(std::move(found.error()));
        }
        *token = std::move(*found);
        return {};
    };
    const Status done = co_await on_disk(read);
    if (done && *token != token_) {
        token_ = *token;
        system::log_info(
            "link", "the token file holds another token", {{"app", parts_.app.value()}}
        );
    }
}

net::Task<bool> Membership::ready(std::string url) {
    if (std::exchange(stale_, false)) {
        co_await read_again();
    }
    if (!has_to_join_at(url)) {
        co_return true;
    }
    if (joining_) {
        co_return false;  // at another controller
    }
    joining_ = true;
    const std::shared_ptr<void> over(nullptr, [this](void*) { joining_ = false; });
    const Status joined = co_await join(std::move(url));
    if (!joined) {
        why_ = "this host could not join: " + joined.error().text;
        if (!joined.error().remedy.empty()) {
            why_ += " (" + joined.error().remedy + ")";
        }
        co_return false;
    }
    why_.clear();
    co_return true;
}

net::Task<Status> Membership::join(std::string url) {
    if (own_.secret.empty()) {
        own_ = {.host = parts_.config.host, .secret = new_secret(), .joined = false};
        const Status kept = co_await keep(false);
        if (!kept) {
            own_ = {};
            co_return kept;
        }
    }
    wire::JoinRequest request{
        .app = parts_.app,
        .host = parts_.config.host,
        .region = parts_.config.region,
        .digest = sigv4::sha256_hex(own_.secret),
        .identity = std::nullopt
    };
    std::string token;
    if (parts_.config.join_by_identity) {
        Result<wire::JoinRequest> proven = co_await prove(url, request);
        if (!proven) {
            co_return std::unexpected(proven.error());
        }
        request = std::move(*proven);
    } else {
        Result<std::string> read = co_await join_token();
        if (!read) {
            co_return std::unexpected(read.error());
        }
        token = std::move(*read);
    }
    const std::string body = wire::serialize(request);
    const Result<std::string> answer = co_await post(url + "/v1/agents/join", token, body);
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    const Result<wire::Joined> joined = wire::parse_joined(*answer);
    if (!joined) {
        co_return std::unexpected(joined.error());
    }
    const Status kept = co_await keep(true);
    if (!kept) {
        // It is good all the same; after a restart the host asks again, with the same secret.
        system::log_error("join", kept.error().text, {{"remedy", kept.error().remedy}});
    }
    own_.joined = true;
    token_ = own_.secret;
    strange_to_.erase(url);
    system::log_info(
        "join",
        "this host joined",
        {{"app", parts_.app.value()}, {"controller", url}, {"vouched_by", joined->vouched_by}}
    );
    co_return Status{};
}

net::Task<Result<std::string>> Membership::join_token() {
    const auto token = std::make_shared<std::string>();
    const std::function<Status()> read = [path = parts_.config.join_token_file, token]() -> Status {
        Result<std::string> found = read_token(path);
        if (!found) {
            return std::unexpected(in_context("join", std::move(found.error())));
        }
        *token = std::move(*found);
        return {};
    };
    const Status done = co_await on_disk(read);
    if (!done) {
        co_return std::unexpected(done.error());
    }
    co_return *token;
}

// The controller sends what is signed here; this host never does.
net::Task<Result<wire::JoinRequest>> Membership::prove(std::string url, wire::JoinRequest request) {
    const Result<sigv4::Credentials> keys = parts_.aws_keys.current(parts_.clock->now());
    if (!keys) {
        co_return std::unexpected(in_context("the host's role", keys.error()));
    }
    if (keys->session_token.empty()) {
        co_return fail(
            ErrorKind::denied,
            "the host's AWS keys are no role's session: they do not tell who it is",
            "give the host a role of its own, or a token"
        );
    }
    const Result<std::string> answer = co_await post(url + "/v1/agents/challenge", "", "{}");
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    const Result<wire::Challenge> challenge = wire::parse_challenge(*answer);
    if (!challenge) {
        co_return std::unexpected(challenge.error());
    }
    const config::AgentConfig& config = parts_.config;
    const RegionId region =
        config.join_sts_region == RegionId{} ? config.region : config.join_sts_region;
    const auto own = config.aws.sts.find(region);
    const std::string endpoint =
        own == config.aws.sts.end() ? aws::sts_endpoint(region) : own->second;
    const UtcTime now = parts_.clock->wall() +
                        std::chrono::duration_cast<WallClock::duration>(parts_.aws.clock_skew());
    const aws::SignedIdentityCall call = aws::sign_identity_call(
        *keys,
        region,
        endpoint,
        {.name = std::string{wire::kJoinHeader},
         .value = wire::join_statement(request, url, challenge->nonce)},
        now
    );
    request.identity = wire::IdentityProof{
        .sts_region = region,
        .url = url,
        .nonce = challenge->nonce,
        .amz_date = call.amz_date,
        .authorization = call.authorization,
        .security_token = call.security_token
    };
    co_return request;
}

net::Task<Result<std::string>> Membership::post(
    std::string url, std::string token, std::string body
) {
    net::HttpCall call{
        .method = "POST",
        .url = std::move(url),
        .headers = {{"Content-Type", "application/json"}},
        .body = std::move(body),
        .connect_timeout = 1s,
        .total_timeout = kPatience,
        .body_bytes_max = kAnswerMax,
    };
    if (!token.empty()) {
        call.headers.push_back({"Authorization", "Bearer " + token});
    }
    const Result<net::HttpReply> reply = co_await parts_.http.fetch(std::move(call));
    if (!reply) {
        co_return std::unexpected(reply.error());
    }
    if (reply->status != 200) {
        co_return std::unexpected(wire::error_from(reply->status, reply->body));
    }
    co_return reply->body;
}

}  // namespace farshore::agent
