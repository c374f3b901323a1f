#include <algorithm>
#include <utility>

#include "base/text.h"
#include "controller/api.h"
#include "controller/api_answers.h"
#include "wire/api.h"
#include "wire/json_reader.h"

// Who is in the register, and with what: hosts that leave, credentials that end, join tokens.
namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::uint64_t kUsesMax = 10'000;
constexpr std::int64_t kJoinMsMax = 30LL * 24 * 3600 * 1000;
constexpr std::int64_t kJoinMs = 3600LL * 1000;
constexpr std::size_t kTokenBytes = 32;

json::value text_or_null(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

}  // namespace

// nullopt: the path is another's.
std::optional<net::HttpResponse> Api::change_credentials(
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
net::HttpResponse Api::forget(const HostId& host, const Caller& caller) {
    const std::string& app = parts_.config.app.value();
    if (const auto why = pump_->core().why_not_forget(pump_->now(), host)) {
        const bool unknown = !pump_->core().agents().contains(host);
        return refusal(
            {.kind = unknown ? ErrorKind::not_found : ErrorKind::conflict,
             .text = *why,
             .remedy = unknown ? "`farshore agents list` shows the register of " + app
                               : "try again when that no longer holds",
             .code = "register"}
        );
    }
    if (std::ranges::find(parts_.config.agents, host) != parts_.config.agents.end()) {
        return refusal(
            {.kind = ErrorKind::conflict,
             .text = host.value() + " is one of the configuration's `agents`",
             .remedy = "take it out of `agents` and restart the controller, then forget it",
             .code = "register"}
        );
    }
    if (const Status noted = note(caller, "forget " + host.value(), {}); !noted) {
        return refusal(noted.error());
    }
    const Status removed = parts_.store.remove_host(parts_.config.app, host);
    if (!removed && removed.error().kind != ErrorKind::not_found) {
        return refusal(removed.error());
    }
    parts_.credentials.forgotten(host);
    pump_->deliver(core::AgentForgotten{.host = host, .by = "operator:" + caller.name});
    parts_.link.forget(host);
    parts_.forget(host);
    return ok({{"text", host.value() + " left the register of " + app}});
}

// What the host holds counts no longer, at once. It stays in the register: it may still have
// permission to write.
net::HttpResponse Api::revoke(const HostId& host, const Caller& caller) {
    if (const Status noted = note(caller, "revoke " + host.value(), {}); !noted) {
        return refusal(noted.error());
    }
    if (const Status ended = parts_.credentials.revoke(host); !ended) {
        return refusal(ended.error());
    }
    parts_.link.cut(host);
    pump_->deliver(core::CredentialRevoked{.host = host, .by = "operator:" + caller.name});
    return ok(
        {{"text",
          "the credential of " + host.value() +
              " is ended; fences wait for the host until `farshore agents forget " + host.value() +
              "`"}}
    );
}

net::HttpResponse Api::join_tokens() const {
    json::array list;
    for (const Credentials::JoinTokenSeen& seen : parts_.credentials.join_tokens()) {
        list.push_back(json::object{
            {"name", seen.token.name},
            {"region", text_or_null(seen.token.region.value())},
            {"hosts", seen.token.hosts},
            {"uses", seen.uses},
            {"uses_max", seen.token.uses_max},
            {"until_ms", to_ms(seen.token.until)},
            {"by", seen.token.by}
        });
    }
    return ok({{"schema_version", wire::kApiSchemaVersion}, {"join_tokens", std::move(list)}});
}

net::HttpResponse Api::make_join_token(const json::object& body, const Caller& caller) {
    wire::JsonTrouble trouble;
    wire::ObjectReader in(body, "", trouble);
    const UtcTime now = pump_->now().wall;
    sqlite::JoinToken token{
        .name = in.text("name", 128),
        .digest = {},
        .region = in.id<RegionId>("region", wire::Field::optional),
        .hosts = in.has("hosts") ? in.text("hosts", 256) : "*",
        .uses_max = in.has("uses") ? in.count("uses", kUsesMax) : 1,
        .until =
            now +
            WallClock::duration{in.has("for_ms") ? in.number("for_ms", 1, kJoinMsMax) : kJoinMs},
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
        return refusal(status.error());
    }
    const std::string secret = parts_.random(kTokenBytes);
    token.digest = digest_of(secret);
    const std::string detail = token.hosts + ", " + std::to_string(token.uses_max) +
                               " hosts, until " + to_iso8601(token.until);
    if (const Status noted = note(caller, "join token " + token.name, detail); !noted) {
        return refusal(noted.error());
    }
    if (const Status kept = parts_.credentials.add_join_token(token); !kept) {
        return refusal(kept.error());
    }
    return ok(
        {{"name", token.name},
         {"token", secret},
         {"uses_max", token.uses_max},
         {"hosts", token.hosts},
         {"until_ms", to_ms(token.until)}}
    );
}

net::HttpResponse Api::end_join_token(const std::string& name, const Caller& caller) {
    if (const Status noted = note(caller, "end join token " + name, {}); !noted) {
        return refusal(noted.error());
    }
    if (const Status ended = parts_.credentials.end_join_token(name); !ended) {
        return refusal(ended.error());
    }
    return ok({{"text", "the join token " + name + " has ended: no host can join with it"}});
}

}  // namespace farshore::controller
