#pragma once

#include <vector>

#include "adapters/net/asio_types.h"
#include "adapters/net/later.h"
#include "adapters/net/task.h"
#include "adapters/net/task_group.h"
#include "base/result.h"
#include "controller/store_desk.h"
#include "ports/store.h"

namespace farshore::controller {

// Makes durable what hosts that say hello change in the register. Hosts that come within 10 ms are
// one commit: the store takes as long for one as for all, and everything else waits for it.
// Single-threaded, on the io_context's thread; outlives its tasks.
class Enrolment {
  public:
    Enrolment(net::Io& io, net::TaskGroup& tasks, StoreDesk& desk)
        : io_(io), tasks_(tasks), desk_(desk) {}

    // Answers when the changes are durable; at once when there are none. Errors: the store's, the
    // same for all hosts of the commit, and cancelled with Effect::possible when the controller
    // ends.
    [[nodiscard]] net::Task<Status> enter(std::vector<ports::Change> changes);

  private:
    [[nodiscard]] net::Task<> commit();

    struct Gathered {
        ports::Commit commit;
        std::vector<net::Later<Status>> waiting;
    };

    net::Io& io_;
    net::TaskGroup& tasks_;
    StoreDesk& desk_;
    Gathered gathered_;
};

}  // namespace farshore::controller
