#pragma once

#include <cstdint>
#include <string>

#include "core/failover/event.h"
#include "wire/agent_protocol.h"

// Between the core's words and the agent protocol's. Pure.
namespace farshore::controller {

// `users_now`: for routes that leave users where they are.
[[nodiscard]] wire::OrderBody body_of(const core::OrderAgents& action, const RegionId& users_now);

[[nodiscard]] core::Component component_of(wire::EvidenceComponent component);
[[nodiscard]] core::Path path_of(wire::EvidencePath path);

// Is it an answer to an order of that type? One that says "done" says also what an answer to it
// has to say.
[[nodiscard]] bool answers(const wire::Ack& ack, core::OrderType type);

// What an acknowledgement means for the step that ordered it.
[[nodiscard]] core::AgentAcked acked_event(
    const HostId& host, const wire::Ack& ack, const core::StepId& step, core::OrderType type
);

// The core counts in 32 bits; more is as bad as the most.
[[nodiscard]] std::uint32_t small(std::uint64_t count);

// An error as the agent reads it.
[[nodiscard]] Error refused(ErrorKind kind, std::string code, std::string text, std::string remedy);

}  // namespace farshore::controller
