#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/failover/credential.h"

// Whether a host that the tokens file does not name gets a credential of its own, and for how long
// credentials count. Pure.
namespace farshore::core {

// The credential that counts for a name, if there is one.
struct Vouching {
    std::string by;              // "configured", "join token NAME", or a role's ARN
    bool configured = false;     // in the tokens file: no host can join under its name
    bool proves_itself = false;  // by an identity that the host cannot choose
    bool same = false;           // the very credential that is asked for: its answer was lost
};

struct JoinRequest {
    HostId host;
    RegionId region;
    std::string by;              // what vouches for it, as above
    bool proves_itself = false;  // the proof names the host, and the host could not choose it
    std::string hosts = "*";     // names that the proof is good for
    RegionId proven_region;      // empty: the proof is good for every Region of the app
};

struct JoinSituation {
    bool region_is_known = true;   // one of the app's table Regions
    bool register_names = true;    // the register is open, or names the host
    bool lives = false;            // a stream of that name is open and heard
    std::optional<Vouching> held;  // by the name; revoked ones do not count
    std::size_t hosts = 0;         // in the register
    std::size_t hosts_max = 10'000;
    std::size_t waiting = 0;  // have joined and have not said hello yet
    std::size_t waiting_max = 1'000;
};

// What a credential that is known is worth when it is shown.
enum class Worth : std::uint8_t {
    good,
    ended,    // by an operator
    run_out,  // its time has passed
    used_up,  // a join token: as many hosts have joined with it as may
};

// Until when a credential counts. The end comes first: what an operator has ended is not told as
// run out, whatever its time was.
struct CredentialTerm {
    bool ended = false;
    std::optional<UtcTime> until;  // nullopt: it has no end of its own
};

[[nodiscard]] constexpr Worth worth_of(const CredentialTerm& term, UtcTime now) {
    if (term.ended) {
        return Worth::ended;
    }
    return term.until && now >= *term.until ? Worth::run_out : Worth::good;
}

// A join token: how often it may still be used. A use that is on its way to the store counts as one
// that was made, so two hosts never share the last one.
struct JoinTokenTerm {
    UtcTime until{};
    std::uint64_t uses_max = 1;
    std::uint64_t uses = 0;
};

[[nodiscard]] constexpr Worth worth_of(const JoinTokenTerm& term, UtcTime now) {
    const Worth worth = worth_of(CredentialTerm{.until = term.until}, now);
    return worth == Worth::good && term.uses >= term.uses_max ? Worth::used_up : worth;
}

// Join tokens that ran out by then are forgotten. A host whose answer was lost asks again with a
// token that has run out, and is told so for a day; one that is forgotten is a guess. Where there
// is no room for a new one, they are forgotten at once.
[[nodiscard]] constexpr UtcTime join_tokens_forgotten_until(UtcTime now, bool room) {
    return room ? now - std::chrono::hours{24} : now;
}

// Why not, for metrics and logs.
enum class JoinRefusal : std::uint8_t {
    name_malformed,
    name_not_allowed,
    other_region,
    not_listed,
    name_taken,
    host_lives,
    too_many
};
inline constexpr std::array<std::string_view, 7> kJoinRefusalNames{
    "name_malformed",
    "name_not_allowed",
    "other_region",
    "not_listed",
    "name_taken",
    "host_lives",
    "too_many"
};

constexpr const auto& names_of(JoinRefusal) {
    return kJoinRefusalNames;
}

// nullopt: it may. A name is free when no credential counts for it: the host was forgotten, its
// credential was ended, or it never had one. A host that proves itself by an identity that it
// cannot choose gets a new credential for the one that it lost, as soon as it has been silent.
[[nodiscard]] std::optional<JoinRefusal> why_not_join(
    const JoinRequest& request, const JoinSituation& situation
);

// In words, with what to do.
[[nodiscard]] std::string in_words(
    JoinRefusal refusal, const JoinRequest& request, const JoinSituation& situation
);

// A host's name as it may stand in paths, keys and commands: letters, digits, '.', '_' and '-'.
[[nodiscard]] bool is_host_name(std::string_view name);

// '*' stands for any characters, everything else for itself.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view name);

}  // namespace farshore::core
