#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/time.h"

namespace farshore::core {

// What is known of one agent in the register.
struct AgentState {
    RegionId region;  // empty: it is in the configured register, and has not said hello yet
    bool connected = false;
    Epoch epoch;
    RegionId active;
    RegionId users;  // where a controller told it that users are; its own guess until then
    std::string write_state;
    std::optional<Instant> heard_at;
    std::optional<Instant> granted_until;
    Epoch granted_under;  // the epoch of that lease: it permits nothing under another
    std::uint32_t unproven = 0;
    bool reported = false;  // its ledger's figures, since this controller started
    bool ledger_whole = true;
    std::optional<Instant> unproven_since;  // when the oldest unproven one was acknowledged
    std::optional<Instant> unknown_at;      // of its newest write whose outcome is unknown
    bool says_unknown = true;  // false: its agent's version does not tell of such writes
};

// Every host that may write under the app's epochs. Hosts leave it by an explicit act, never by
// silence: a fence waits for each of them.
using AgentRegister = std::map<HostId, AgentState>;

}  // namespace farshore::core
