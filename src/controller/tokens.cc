#include "controller/tokens.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/text.h"
#include "base/text_file.h"
#include "wire/json_reader.h"

#include "sigv4/signer.h"

namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kFileBytesMax = 8 * 1024 * 1024;
// One for each host that a register may have, one more while it changes, and people's.
constexpr std::size_t kTokensMax = 21'000;
constexpr std::size_t kTokenBytesMax = 4096;
constexpr std::size_t kDigestHexBytes = 64;
constexpr std::uint64_t kUsesMax = 10'000;

bool is_digest(std::string_view text) {
    return text.size() == kDigestHexBytes && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

// What an agent's entry, or a join token's, must say beyond what every entry says.
void check_role(const Token& token, wire::ObjectReader& in) {
    const Caller& caller = token.caller;
    const bool is_agent = caller.role == Role::agent;
    const bool is_join = caller.role == Role::join;
    if ((is_agent || is_join) && caller.app == AppId{}) {
        in.wrong("app", std::string{to_string(caller.role)} + " tokens name their app");
    } else if (is_agent && caller.host == HostId{}) {
        in.wrong(
            "host",
            "an agent's token belongs to one host. Make one for each: `farshore init token --role "
            "agent --app " +
                caller.app.value() + " --host HOST`"
        );
    } else if (!is_agent && caller.host != HostId{}) {
        in.wrong("host", "only an agent's token names a host");
    } else if (is_join && !token.until) {
        in.wrong("until", "a join token names its end");
    }
}

Token read_token(wire::ObjectReader& in) {
    Token token;
    token.caller.name = in.text("name", wire::ObjectReader::kIdBytesMax);
    token.caller.role = in.word<Role>("role");
    token.caller.app = in.id<AppId>("app", wire::Field::optional);
    token.caller.host = in.id<HostId>("host", wire::Field::optional);
    token.caller.region = in.id<RegionId>("region", wire::Field::optional);
    if (in.has("hosts")) {
        token.hosts = in.text("hosts", wire::ObjectReader::kIdBytesMax);
    }
    if (in.has("uses")) {
        token.uses_max = in.count("uses", kUsesMax);
    }
    if (in.has("until")) {
        token.until = from_iso8601(in.text("until", 64));
        if (!token.until) {
            in.wrong("until", "not a time like 2026-11-23T13:05:09Z");
        }
    }
    token.digest = in.text("token_sha256", 128);
    if (!is_digest(token.digest)) {
        in.wrong("token_sha256", "not 64 lower-case hexadecimal digits");
    }
    check_role(token, in);
    return token;
}

}  // namespace

std::string digest_of(std::string_view token) {
    return sigv4::sha256_hex(token);
}

Error not_let_in(std::string text, std::string code) {
    return {
        .kind = ErrorKind::denied,
        .text = std::move(text),
        .remedy =
            "send the header \"Authorization: Bearer TOKEN\" with a token that this "
            "controller accepts",
        .code = std::move(code)
    };
}

Result<std::string_view> bearer_token(std::optional<std::string_view> authorization) {
    if (!authorization) {
        return std::unexpected(not_let_in("no token was sent", "no_token"));
    }
    constexpr std::string_view kScheme = "Bearer ";
    if (authorization->size() <= kScheme.size() || authorization->size() > kTokenBytesMax ||
        !equals_ignoring_case(authorization->substr(0, kScheme.size()), kScheme)) {
        return std::unexpected(
            not_let_in("the Authorization header is not a bearer token", "no_token")
        );
    }
    return authorization->substr(kScheme.size());
}

// One token is one caller's, and one name is one caller's.
Status Tokens::check_against_others(const Token& token, const std::string& where) const {
    const auto [first, last] = by_digest_.equal_range(token.digest);
    for (auto same = first; same != last; ++same) {
        if (tokens_[same->second].caller.app == token.caller.app) {
            return fail(
                ErrorKind::malformed,
                where + ".token_sha256: the same token as that of " +
                    tokens_[same->second].caller.name
            );
        }
    }
    const auto named = by_name_.find({token.caller.name, token.caller.app});
    if (named == by_name_.end()) {
        return {};
    }
    const Caller& other = tokens_[named->second].caller;
    const bool same_caller =
        other.role == token.caller.role && other.credential() == token.caller.credential();
    return same_caller && token.caller.role != Role::join
               ? Status{}
               : fail(
                     ErrorKind::malformed,
                     where + ".name: " + token.caller.name +
                         " is the name of another token, of another caller"
                 );
}

Result<Tokens> Tokens::parse(std::string_view text) {
    const Result<json::value> document = wire::parse_json(text, kFileBytesMax);
    if (!document) {
        return std::unexpected(document.error());
    }
    const json::array* list = document->if_array();
    if (list == nullptr || list->size() > kTokensMax) {
        return fail(
            ErrorKind::malformed, "not a list of at most " + std::to_string(kTokensMax) + " tokens"
        );
    }
    Tokens tokens;
    wire::JsonTrouble trouble;  // of all entries: they are told in one run
    for (std::size_t i = 0; i < list->size(); ++i) {
        const std::string where = "[" + std::to_string(i) + "]";
        const json::object* object = (*list)[i].if_object();
        if (object == nullptr) {
            trouble.note(where + ": not an object");
            continue;
        }
        wire::JsonTrouble own;
        wire::ObjectReader in(*object, where, own);
        Token token = read_token(in);
        Status status = own.status();
        if (status) {
            status = tokens.check_against_others(token, where);
        }
        if (!status) {
            trouble.note(status.error().text);
            continue;
        }
        const std::size_t at = tokens.tokens_.size();
        tokens.by_digest_.emplace(token.digest, at);
        tokens.by_name_.try_emplace({token.caller.name, token.caller.app}, at);
        if (token.caller.role == Role::agent) {
            tokens.by_host_.emplace(token.caller.host, at);
        }
        tokens.tokens_.push_back(std::move(token));
    }
    if (Status status = trouble.status(); !status) {
        return std::unexpected(std::move(status.error()));
    }
    return tokens;
}

Result<Tokens> Tokens::load(const std::string& path) {
    constexpr std::string_view kRemedy =
        "`farshore init token` writes entries; docs/configuration.md, \"Credentials\", has their "
        "fields";
    if (path.empty()) {
        return fail(
            ErrorKind::malformed,
            "no tokens file is named: the controller would refuse every request",
            "set `controller: { tokens: /path }` to a file of mode 0600; `farshore init token` "
            "makes it"
        );
    }
    const Result<std::string> text = read_text_file(
        path, {.what = "the tokens file", .remedy = kRemedy, .bytes_max = kFileBytesMax}
    );
    if (!text) {
        return std::unexpected(text.error());
    }
    Result<Tokens> tokens = parse(*text);
    if (!tokens) {
        Error error = in_context("the tokens file " + path, std::move(tokens.error()));
        error.remedy = kRemedy;
        return std::unexpected(std::move(error));
    }
    return tokens;
}

std::vector<const Token*> Tokens::of_host(const HostId& host) const {
    std::vector<const Token*> found;
    const auto [first, last] = by_host_.equal_range(host);
    for (auto at = first; at != last; ++at) {
        found.push_back(&tokens_[at->second]);
    }
    return found;
}

const Token* Tokens::find(const std::string& digest, const AppId& app) const {
    const Token* found = nullptr;
    const auto [first, last] = by_digest_.equal_range(digest);
    for (auto at = first; at != last; ++at) {
        const Token& token = tokens_[at->second];
        if (found == nullptr || token.caller.app == app) {
            found = &token;
        }
    }
    return found;
}

}  // namespace farshore::controller
