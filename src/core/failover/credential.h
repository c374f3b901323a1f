#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/enum_names.h"
#include "base/ids.h"
#include "base/time.h"

// Who may speak for whom. What a message says of its sender is never believed by itself: it has to
// be what the sender's credential says. Pure.
namespace farshore::core {

// A credential belongs to one host: what its holder says counts for that host and for no other.
struct Credential {
    AppId app;
    HostId host;
    RegionId region;  // where the host stands; empty: the credential does not say

    friend bool operator==(const Credential&, const Credential&) = default;
};

// What a hello, a report or an acknowledgement says of its sender.
struct Subject {
    AppId app;
    HostId host;
    RegionId region;  // empty: the message does not say
};

enum class Speaks : std::uint8_t { yes, other_app, other_host, other_region };
inline constexpr std::array<std::string_view, 4> kSpeaksNames{
    "yes", "other_app", "other_host", "other_region"
};

constexpr const auto& names_of(Speaks) {
    return kSpeaksNames;
}

// May the holder of the credential speak for the subject? Otherwise the first thing that differs.
[[nodiscard]] constexpr Speaks speaks_for(const Credential& credential, const Subject& subject) {
    if (credential.app != subject.app) {
        return Speaks::other_app;
    }
    // A credential without a host would speak for every host.
    if (credential.host != subject.host || subject.host == HostId{}) {
        return Speaks::other_host;
    }
    const bool both_say = credential.region != RegionId{} && subject.region != RegionId{};
    return both_say && credential.region != subject.region ? Speaks::other_region : Speaks::yes;
}

// The stream of orders that a controller has open to a host.
struct OpenStream {
    BootId boot;
    Instant heard_at{};  // the host's last word
};

// Would a hello of that boot come from a second process, while the host's first process lives? The
// same boot takes the place of a stream that hangs. Another boot has to wait until the first one
// has been silent: one of the two is a copy, and a fence that hears one of them must not believe it
// for the other.
[[nodiscard]] inline bool is_second_stream(
    const std::optional<OpenStream>& open, const BootId& boot, Instant now, Duration fresh_for
) {
    return open && open->boot != boot && now - open->heard_at <= fresh_for;
}

}  // namespace farshore::core
