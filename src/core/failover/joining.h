#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/failover/credential.h"

// Whether a host that the tokens file does not name gets a credential of its own. Pure.
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
