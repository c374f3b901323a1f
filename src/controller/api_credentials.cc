#include <algorithm>
#include <utility>

#include "base/text.h"
#include "controller/api.h"
#include "controller/api_answers.h"
#include "wire/api.h"
#include "wire/json_reader.h"
#include "wire/request_documents.h"

// Who is in the register, and with what: hosts that leave, credentials that end, join tokens.
namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kTokenBytes = 32;

}  // namespace

// nullopt: the path is another's.
std::optional<net::Task<net::HttpResponse>> Api::change_credentials(
    const Words& path, const json::object& body, const Caller& caller
) {
    if (path.size() == 4 && path[3] == "join-tokens") {
        return make_join_token(body, caller);
    }
    const std::optional<std::string> name =
        path.size() == 6 ? net::percent_decode(path[4]) : std::nullopt;
    if (!name) {
        return std::nullopt;
    }
    if (path[3] == "agents" && path[5] == "forget") {
        return forget(HostId{*name}, caller);
    }
    if (path[3] == "agents" && path[5] == "revoke") {
        return revoke(HostId{*name}, caller);
    }
    if (path[3] == "join-tokens" && path[5] == "end") {
        return end_join_token(*name, caller);
    }
    return std::nullopt;
}

// A host that is gone for good, by the word of an operator: fences and switchovers do not wait for
// it any more.
net::Task<net::HttpResponse> Api::forget(HostId host, Caller caller) {
    const bool is_named =
        std::ranges::find(parts_.config.agents, host) != parts_.config.agents.end();
    if (is_named && !pump_->core().why_not_forget(pump_->now(), host)) {
        co_return refusal(Error{
            .kind = ErrorKind::conflict,
            .text = host.value() + " is one of the configuration's `agents`",
            .remedy = "take it out of `agents` and restart the controller, then forget it",
            .code = "register"
        });
    }
    ports::Commit with;
    with.changes.emplace_back(ports::HostLeft{host});
    with.audit.push_back(row_of(caller, "forget " + host.value(), {}));
    const core::Reply reply = co_await ask(
        core::AgentForgotten{.host = host, .by = "operator:" + caller.name}, std::move(with)
    );
    if (!reply) {
        co_return refusal(reply.error());
    }
    parts_.credentials.forgotten(host);
    parts_.link.forget(host);
    parts_.forget(host);
    co_return ok({{"text", host.value() + " left the register of " + parts_.config.app.value()}});
}

// What the host holds counts no longer, at once. It stays in the register: it may still have
// permission to write.
net::Task<net::HttpResponse> Api::revoke(HostId host, Caller caller) {
    const Status ended =
        co_await parts_.credentials.revoke(host, row_of(caller, "revoke " + host.value(), {}));
    if (!ended) {
        co_return refusal(ended.error());
    }
    parts_.link.cut(host);
    pump_->deliver(core::CredentialRevoked{.host = host, .by = "operator:" + caller.name});
    co_return ok(
        {{"text",
          "the credential of " + host.value() +
              " is ended; fences wait for the host until `farshore agents forget " + host.value() +
              "`"}}
    );
}

net::HttpResponse Api::join_tokens() const {
    wire::JoinTokensDocument document;
    for (const Credentials::JoinTokenSeen& seen : parts_.credentials.join_tokens()) {
        const RegionId& region = seen.token.region;
        document.join_tokens.push_back(
            {.name = seen.token.name,
             .region = region.value().empty() ? std::nullopt : std::optional{region},
             .hosts = seen.token.hosts,
             .uses = seen.uses,
             .uses_max = seen.token.uses_max,
             .until = seen.token.until,
             .by = seen.token.by}
        );
    }
    return ok(wire::to_json(document));
}

net::Task<net::HttpResponse> Api::make_join_token(json::object body, Caller caller) {
    wire::JsonTrouble trouble;
    wire::ObjectReader in(body, "", trouble);
    const auto asked = wire::read_listed<wire::JoinTokenRequest>(in);
    const UtcTime now = pump_->now().wall;
    ports::JoinToken token{
        .name = asked.name,
        .digest = {},
        .region = asked.region,
        .hosts = asked.hosts,
        .uses_max = asked.uses,
        .until = now + std::chrono::duration_cast<WallClock::duration>(asked.valid_for),
        .by = "operator:" + caller.name,
        .made_at = now
    };
    if (!core::is_host_name(token.name)) {
        in.wrong("name", "letters, digits, '.', '_' and '-'");
    }
    if (token.uses_max == 0) {
        in.wrong("uses", "at least 1");
    }
    if (token.region != RegionId{} && parts_.config.region(token.region) == nullptr) {
        in.wrong("region", token.region.value() + " is none of the app's Regions");
    }
    if (const Status status = trouble.status(); !status) {
        co_return refusal(status.error());
    }
    const std::string secret = parts_.random(kTokenBytes);
    token.digest = digest_of(secret);
    const std::string detail = token.hosts + ", " + std::to_string(token.uses_max) +
                               " hosts, until " + to_iso8601(token.until);
    const Status kept = co_await parts_.credentials.add_join_token(
        token, row_of(caller, "join token " + token.name, detail)
    );
    if (!kept) {
        co_return refusal(kept.error());
    }
    const wire::MadeJoinToken made{
        .name = token.name,
        .token = secret,
        .uses_max = token.uses_max,
        .hosts = token.hosts,
        .until = token.until
    };
    co_return ok(wire::to_json(made));
}

net::Task<net::HttpResponse> Api::end_join_token(std::string name, Caller caller) {
    const Status ended = co_await parts_.credentials.end_join_token(
        name, row_of(caller, "end join token " + name, {})
    );
    if (!ended) {
        co_return refusal(ended.error());
    }
    co_return ok({{"text", "the join token " + name + " has ended: no host can join with it"}});
}

}  // namespace farshore::controller
