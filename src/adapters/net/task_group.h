#pragma once

#include <functional>
#include <memory>
#include <string>

#include "adapters/net/task.h"
#include "base/time.h"

namespace farshore::net {

// Owns coroutines: nothing is detached. stop() cancels all of them; the group must outlive its
// tasks, and its destructor requires that none is left (run the io_context until idle() first).
// An exception that leaves a task is a bug and aborts with the task's name.
// Single-threaded: use on the io_context's thread only.
class TaskGroup {
  public:
    explicit TaskGroup(Io& io);
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    // `start` is called at once on the io_context; a named lambda without captures that lives in the
    // frame, or a member function: make(…) style factories are fine because `start` itself is kept
    // alive until its coroutine ends.
    void spawn(std::string name, std::function<Task<>()> start);

    // Cancels every task. Their pending operations end with operation_aborted.
    void stop();

    [[nodiscard]] bool stopping() const;
    [[nodiscard]] bool idle() const;  // no task left

  private:
    struct State;
    std::shared_ptr<State> state_;
};

// Waits; false when cancelled.
[[nodiscard]] Task<bool> sleep_for(Io& io, Duration duration);

}  // namespace farshore::net
