#pragma once

#include <cstdint>
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
//
// A cancelled task sees operation_aborted at the operation it waits for; if it goes on and waits
// again, that co_await throws operation_aborted, which unwinds the task and is its normal end.
class TaskGroup {
  public:
    using TaskId = std::uint64_t;

    explicit TaskGroup(Io& io);
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    // `start` is called at once on the io_context; a named lambda without captures that lives in
    // the frame, or a member function: make(…) style factories are fine because `start` itself is
    // kept alive until its coroutine ends. After stop() it is not called at all.
    TaskId spawn(std::string name, std::function<Task<>()> start);

    // Cancels one task; nothing happens when it has ended.
    void cancel(TaskId task);

    // Cancels every task. Their pending operations end with operation_aborted.
    void stop();

    [[nodiscard]] bool stopping() const;
    [[nodiscard]] bool idle() const;  // no task left

  private:
    struct State;
    struct Running;
    static Task<> run(Running running);
    std::shared_ptr<State> state_;
};

// Waits; false when cancelled.
[[nodiscard]] Task<bool> sleep_for(Io& io, Duration duration);

}  // namespace farshore::net
