#pragma once

#include <map>
#include <utility>

#include "controller/edge.h"
#include "ports/effects.h"

namespace farshore::controller {

// Changes fleets in AWS. What was begun there goes on when the controller ends; taken up again, it
// is read back. One thread.
class Fleets final : public ports::Fleets {
  public:
    explicit Fleets(Edge& edge) : edge_(edge) {}

    // ports::Fleets
    void move(const core::MoveFleet& action) override;
    void leave(const core::LeaveFleet& action) override;

  private:
    using Key = std::pair<OperationId, std::uint64_t>;

    [[nodiscard]] net::Task<> carry_out(core::MoveFleet action);

    Edge& edge_;
    std::map<Key, net::TaskGroup::TaskId> running_;
};

}  // namespace farshore::controller
