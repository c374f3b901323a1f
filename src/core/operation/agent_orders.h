#pragma once

#include <array>
#include <optional>

#include "core/failover/action.h"
#include "core/host/host_table.h"
#include "core/plan/step_rows.h"

// Which orders a kind of step gives to agents, held against the agent's own table as the program is
// compiled: each of them has a row that takes it, in each state of a host.
namespace farshore::core {

namespace agent_orders {

struct Row {
    StepKind step;
    OrderType order;
};

inline constexpr auto kRows = std::to_array<Row>({
    {StepKind::hold, OrderType::hold},
    {StepKind::drain, OrderType::drain},
    {StepKind::release, OrderType::release},
    {StepKind::fence, OrderType::fence},
    {StepKind::examine, OrderType::drain},
    {StepKind::repoint, OrderType::route},
    {StepKind::repoint, OrderType::verify},
    {StepKind::prove, OrderType::route},
    {StepKind::prove, OrderType::verify},
    {StepKind::shift, OrderType::route},
});

// What the agent's table calls it; nullopt: the agent carries it out beside its table, in any
// state.
[[nodiscard]] constexpr std::optional<HostGoal> goal_of(OrderType order) {
    switch (order) {
        case OrderType::route: return HostGoal::route;
        case OrderType::hold: return HostGoal::hold;
        case OrderType::release: return HostGoal::release;
        case OrderType::fence: return HostGoal::fence;
        case OrderType::drain:
        case OrderType::verify: return std::nullopt;
    }
    std::unreachable();
}

[[nodiscard]] constexpr bool gives(StepKind step, OrderType order) {
    for (const Row& row : kRows) {
        if (row.step == step && row.order == order) {
            return true;
        }
    }
    return false;
}

// A release that comes behind a fence is refused, and the hold that it ends is over by then.
consteval bool each_order_is_taken_in_each_state() {
    for (const Row& row : kRows) {
        const std::optional<HostGoal> goal = goal_of(row.order);
        for (std::size_t i = 0; goal && i < host_table::kStates; ++i) {
            const auto state = static_cast<HostState>(i);
            const bool too_late = state == HostState::fenced && *goal == HostGoal::release;
            if (state != HostState::starting && !too_late && !accepts(state, *goal)) {
                return false;
            }
        }
    }
    return true;
}

// A step that calls hosts gives them orders, and no other step does.
consteval bool each_call_of_hosts_is_an_order() {
    for (const StepRow& step : step_rows::kRows) {
        bool orders = false;
        for (const Row& row : kRows) {
            orders = orders || row.step == step.kind;
        }
        bool calls = false;
        for (const Call& call : step.calls) {
            calls = calls || call.place == Place::hosts;
        }
        // A drain is read by the agents, in both Regions.
        if (orders != (calls || step.kind == StepKind::drain)) {
            return false;
        }
    }
    return true;
}

static_assert(each_order_is_taken_in_each_state(), "a step could wait for what no agent does");
static_assert(each_call_of_hosts_is_an_order(), "the rows of steps say whom they call");

}  // namespace agent_orders

}  // namespace farshore::core
