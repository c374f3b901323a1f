#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/failover/event.h"

#include "sim/ledger.h"

// What a controller and an agent say to each other, as src/wire's agent_protocol.h has it, as far
// as anything here depends on it.
namespace farshore::sim {

// One stream of orders: of which life of the controller, and which of its streams.
struct Session {
    std::uint64_t life = 0;
    std::uint64_t number = 0;

    friend bool operator==(const Session&, const Session&) = default;
};

// Which order something is done by. On the wire there is its number; the step is for the checkers.
struct OrderMark {
    core::StepId step;
    core::OrderType type{};
    std::uint64_t number = 0;
};

struct Order {
    std::uint64_t number = 0;
    core::OrderAgents body;
};

struct Ack {
    std::size_t host = 0;
    std::uint64_t life = 0;  // of the agent's process
    std::uint64_t order = 0;
    core::OrderType type{};
    bool done = false;
    Epoch epoch;  // the agent's, after the order
    std::uint32_t unproven = 0;
    bool adopted_alone = false;                  // of a fence
    std::uint32_t cut = 0;                       // by a fence
    std::optional<Duration> newest_unknown_ago;  // by the host's own clock
    bool says_unknown = true;                    // false: an agent of an older version
    std::vector<LedgerEntry> entries;            // of a fence
    bool truncated = false;
    std::string detail;
};

// A controller's answer to a hello.
struct Greeting {
    Session session;
    std::string register_id;
};

struct Hello {
    std::size_t host = 0;
    std::uint64_t life = 0;
    Place home = 0;
    Epoch epoch;
    // Of an intruder: whose credential it shows, and where it truly is.
    std::optional<std::size_t> holder = std::nullopt;
    std::optional<Place> from = std::nullopt;
};

struct ReportAnswer {
    bool hello_first = false;
    std::optional<Duration> lease;
    Epoch epoch;
};

struct Tried {
    std::uint32_t ok = 0;
    std::uint32_t failed = 0;
};

// What a host saw of the Regions, as counters that only grow.
struct Counts {
    std::array<std::array<Tried, core::kPathNames.size()>, kTablesMax> data{};
    std::array<Tried, kTablesMax> stack{};
    Tried control;

    // Probes that hang are known to fail when their timeout of a second has passed: two rounds
    // later.
    struct Silent {
        std::array<std::uint8_t, 2> last_rounds{};
    };
};

struct Report {
    std::size_t host = 0;
    std::uint64_t life = 0;
    std::uint64_t sequence = 0;
    Epoch epoch;
    Place active = kPlaces;
    RegionId users;
    std::string write_state;
    Counts seen;  // since the last report that was answered
    std::array<Duration, kTablesMax> stalled{};
    std::optional<Duration> last_acknowledged_ago;  // by the host's own clock
    std::uint32_t unproven = 0;
    std::uint32_t left_behind = 0;  // of older epochs, that no fence has asked for
    bool ledger_whole = true;
    std::optional<Duration> newest_unknown_ago;  // likewise
    bool says_unknown = true;
    bool with_evidence = true;
    std::optional<Instant> truly_acknowledged_at;  // for the checkers
    std::optional<Place> from;                     // of an intruder: where it truly is
};

}  // namespace farshore::sim
