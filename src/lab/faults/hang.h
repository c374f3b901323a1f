#pragma once

#include <functional>

#include "adapters/net/http_message.h"
#include "adapters/net/task.h"
#include "lab/faults/fault_board.h"

namespace farshore::lab {

// Waits while `blocked()` is true; asked again after each change of the board. The board must
// outlive the wait. False when cancelled.
[[nodiscard]] net::Task<bool> wait_while(
    net::Io& io, FaultBoard& board, std::function<bool()> blocked
);

// What a server answers to a call that hangs: nothing until the fault is over, then a TCP reset.
// The caller does not execute the request, neither before nor after.
[[nodiscard]] net::Task<net::HttpResponse> hang(
    net::Io& io, FaultBoard& board, std::function<bool()> blocked
);

}  // namespace farshore::lab
