#include "controller/fleets.h"

#include "adapters/aws/fleet.h"
#include "base/printable.h"

namespace farshore::controller {

void Fleets::move(const core::MoveFleet& action) {
    running_[{action.step.operation, action.step.number}] =
        edge_.tasks.spawn("fleet", [this, action] { return carry_out(action); });
}

void Fleets::leave(const core::LeaveFleet& action) {
    const auto found = running_.find({action.step.operation, action.step.number});
    if (found != running_.end()) {
        edge_.tasks.cancel(found->second);
        running_.erase(found);
    }
}

net::Task<> Fleets::carry_out(core::MoveFleet action) {
    using How = aws::FleetEnd::How;
    const aws::FleetEnd end = co_await aws::move_fleet(edge_.aws, action);
    running_.erase({action.step.operation, action.step.number});
    edge_.deliver(core::CommandEnded{
        .step = action.step,
        .end = end.how == How::timed_out ? core::CommandEnd::timed_out : core::CommandEnd::exited,
        .status = end.how == How::done ? 0 : 1,
        .output = printable(end.text)
    });
}

}  // namespace farshore::controller
