#pragma once

#include <cstdint>
#include <string>

#include "controller/tokens.h"
#include "core/link/agent_messages.h"
#include "wire/agent_protocol.h"

// Between the core's words and the agent protocol's. Pure.
namespace farshore::controller {

// `users_now`: for routes that leave users where they are.
[[nodiscard]] wire::OrderBody body_of(const core::OrderAgents& action, const RegionId& users_now);

// What agents say, with the credential that the edge has found them to hold.
[[nodiscard]] core::link::Hello hello_of(const wire::AgentHello& hello, const Caller& caller);
[[nodiscard]] core::link::Report report_of(const wire::Report& report, const Caller& caller);
[[nodiscard]] core::link::ReportAgain again_of(
    const wire::ReportAgain& again, const Caller& caller
);
[[nodiscard]] core::link::Ack ack_of(const wire::Ack& ack, const Caller& caller);

// The credential does not speak for the sender: no hello could change that.
[[nodiscard]] bool is_of_credential(core::link::AgentRefusal why);

// Such a refusal in words for the agent's log; `app`: the controller's.
[[nodiscard]] Error not_believed(
    core::link::AgentRefusal why,
    const core::Subject& subject,
    const Caller& caller,
    const AppId& app
);

// An error as the agent reads it.
[[nodiscard]] Error refused(ErrorKind kind, std::string code, std::string text, std::string remedy);

}  // namespace farshore::controller
