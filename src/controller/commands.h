#pragma once

#include <map>
#include <utility>

#include "controller/edge.h"
#include "ports/effects.h"

namespace farshore::controller {

// Runs the operator's own programs on this machine. They end with the controller: what they did by
// then is asked about when the plan goes on. One thread.
class Commands final : public ports::Commands {
  public:
    explicit Commands(Edge& edge) : edge_(edge) {}

    // ports::Commands
    void run(const core::RunCommand& action) override;
    void stop(const core::StopCommand& action) override;

  private:
    using Key = std::pair<OperationId, std::uint64_t>;

    [[nodiscard]] net::Task<> carry_out(core::RunCommand action);

    Edge& edge_;
    std::map<Key, net::TaskGroup::TaskId> running_;
};

}  // namespace farshore::controller
