#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/link/agent_messages.h"
#include "core/loss/fence_list.h"

#include "sim/places.h"

// What a controller and an agent say to each other: core/link's own messages, and what the wire's
// bytes carry beside them.
namespace farshore::sim {

// One stream of orders: of which life of the controller, and which of its streams.
struct Session {
    std::uint64_t life = 0;
    core::link::StreamId stream;

    // Of a rival's lives, which are told apart from the first controller's.
    static constexpr std::uint64_t kLivesOfRival = 1'000'000;

    [[nodiscard]] bool is_rivals() const { return life > kLivesOfRival; }

    friend bool operator==(const Session&, const Session&) = default;
};

// A process of an agent is told apart by its life. No host lives so often as an intruder's begin.
inline constexpr std::uint64_t kLivesOfIntruders = 1'000'000;

[[nodiscard]] inline BootId boot_of(std::uint64_t life) {
    return BootId{std::to_string(life)};
}

[[nodiscard]] inline std::uint64_t life_of(const BootId& boot) {
    return std::stoull(boot.value());
}

[[nodiscard]] inline bool is_intruders(const core::link::Sender& from) {
    return life_of(from.boot) >= kLivesOfIntruders;
}

// Which order something is done by. On the wire there is its number; the step is for the checkers.
struct OrderMark {
    core::StepId step;
    core::OrderType type{};
    std::uint64_t number = 0;
    bool by_rival = false;
};

struct Order {
    std::uint64_t number = 0;
    core::OrderAgents body;
};

// A controller's answer to a hello.
struct Greeting {
    Session session;
    std::string register_id;
};

struct Report {
    core::link::Report said;
    std::optional<Instant> truly_acknowledged_at;  // for the checkers
};

struct Ack {
    core::link::Ack said;
    core::FenceList list;  // of a fence
};

// A controller's answer to a report or to an acknowledgement.
struct Answered {
    bool taken = false;
    std::optional<Duration> lease;  // under `epoch`
    Epoch epoch;
};

}  // namespace farshore::sim
