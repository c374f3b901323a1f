#pragma once

#include "adapters/net/asio_types.h"
#include "adapters/net/task.h"
#include "lab/faults/fault_board.h"
#include "ports/clock.h"

namespace farshore::lab {

// Calls FaultBoard::expire() whenever it is due, until it is destroyed. On `io`'s thread; the board
// and the clock must outlive it.
class FaultTimer {
  public:
    FaultTimer(net::Io& io, FaultBoard& board, const ports::Clock& clock);
    ~FaultTimer();
    FaultTimer(const FaultTimer&) = delete;
    FaultTimer& operator=(const FaultTimer&) = delete;

  private:
    void arm();

    FaultBoard& board_;
    const ports::Clock& clock_;
    net::Timer timer_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    FaultBoard::Subscription subscription_;
};

}  // namespace farshore::lab
