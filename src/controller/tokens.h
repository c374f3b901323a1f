#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_names.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "core/failover/credential.h"

// Who may talk to a controller, as its tokens file says. The file holds digests only: reading it
// gives no access.
namespace farshore::controller {

enum class Role { agent, viewer, operator_, join };
inline constexpr std::array<std::string_view, 4> kRoleNames{"agent", "viewer", "operator", "join"};

constexpr const auto& names_of(Role) {
    return kRoleNames;
}

// Whom a token belongs to.
struct Caller {
    std::string name;
    Role role = Role::viewer;
    AppId app;        // of an agent and of a join token always; of a person, empty: any app
    HostId host;      // an agent's: what it says counts for this host alone
    RegionId region;  // where an agent stands, and hosts that join; empty: it does not say
    // Of a request for a change, for the audit.
    std::string from{};  // its address
    std::string reason{};
    bool has_reason = false;  // it gave one itself

    [[nodiscard]] bool may_speak_for(const AppId& wanted) const {
        return app.value().empty() || app == wanted;
    }

    [[nodiscard]] core::Credential credential() const {
        return {.app = app, .host = host, .region = region};
    }
};

// One entry of the file.
struct Token {
    Caller caller;
    std::string digest;            // SHA-256 of the token, hex
    std::optional<UtcTime> until;  // it counts no longer from then on
    std::string hosts = "*";       // of a join token: names of hosts that may join with it
    std::uint64_t uses_max = 1;    // of a join token: how many may
};

// SHA-256, hex: what is kept of a token, and compared.
[[nodiscard]] std::string digest_of(std::string_view token);

// The token of an Authorization header. Errors: denied (no_token).
[[nodiscard]] Result<std::string_view> bearer_token(std::optional<std::string_view> authorization);

// The error for a client that shows no token, or a wrong one.
[[nodiscard]] Error not_let_in(std::string text, std::string code);

// The tokens that a controller accepts. Immutable once read.
class Tokens {
  public:
    // A list of {"name","role":"agent|viewer|operator|join","app","host","region","hosts","uses",
    // "until","token_sha256"}. An agent's names its app and its one host, a join token its app and
    // its end. Two entries of one name are one caller, who changes tokens. Errors: malformed.
    [[nodiscard]] static Result<Tokens> parse(std::string_view text);
    // Errors: not_found, denied (unreadable), malformed; each with its remedy.
    [[nodiscard]] static Result<Tokens> load(const std::string& path);

    // The entry with that digest; the app's own when a file serves several apps. nullptr: none.
    // A digest cannot be chosen, so how long the look takes tells nothing of a token.
    [[nodiscard]] const Token* find(const std::string& digest, const AppId& app) const;

    // The agents' entries that name the host, of any app.
    [[nodiscard]] std::vector<const Token*> of_host(const HostId& host) const;

    [[nodiscard]] const std::vector<Token>& all() const { return tokens_; }

  private:
    [[nodiscard]] Status check_against_others(const Token& token, const std::string& where) const;

    std::vector<Token> tokens_;
    std::multimap<std::string, std::size_t> by_digest_;
    std::multimap<HostId, std::size_t> by_host_;                    // agents'
    std::map<std::pair<std::string, AppId>, std::size_t> by_name_;  // the first of each
};

}  // namespace farshore::controller
