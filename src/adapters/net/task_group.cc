#include "adapters/net/task_group.h"

#include <cstdio>
#include <exception>
#include <map>
#include <utility>
#include <vector>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include "base/assert.h"

namespace farshore::net {

namespace asio = boost::asio;

namespace {

struct Owned {
    asio::cancellation_signal signal;
    bool cancelled = false;
};

// What listens to the signal may end later than this call, also when no thread runs the io_context
// at the moment: the signal lives until the loop has turned once more.
void cancel_one(Io& io, const std::shared_ptr<Owned>& owned) {
    owned->cancelled = true;
    owned->signal.emit(asio::cancellation_type::all);
    asio::post(io, [owned] {});
}

// What a cancelled coroutine ends with: its own operation_aborted, or those of the coroutines that
// it has joined with && or ||.
bool is_unwinding(const std::exception& error) {
    if (const auto* several = dynamic_cast<const asio::multiple_exceptions*>(&error)) {
        try {
            std::rethrow_exception(several->first_exception());
        } catch (const std::exception& first) {
            return is_unwinding(first);
        }
    }
    const auto* one = dynamic_cast<const boost::system::system_error*>(&error);
    return one != nullptr && one->code() == asio::error::operation_aborted;
}

[[noreturn]] void task_failed(const std::string& name, const char* what) {
    std::fprintf(stderr, "task %s ended by an exception: %s\n", name.c_str(), what);
    assertion_failed("a task ends without an exception", "errors are values", __FILE__, __LINE__);
}

}  // namespace

struct TaskGroup::State {
    explicit State(Io& context) : io(context) {}

    Io& io;
    bool stopping = false;
    TaskId last = 0;
    std::map<TaskId, std::shared_ptr<Owned>> tasks;
};

// What a task's frame holds; its end, however it comes about, is the task's end.
struct TaskGroup::Running {
    std::shared_ptr<State> state;
    std::shared_ptr<Owned> owned;
    TaskId id = 0;
    std::string name;
    std::function<Task<>()> start;

    Running(
        std::shared_ptr<State> s,
        std::shared_ptr<Owned> o,
        TaskId i,
        std::string n,
        std::function<Task<>()> f
    )
        : state(std::move(s)),
          owned(std::move(o)),
          id(i),
          name(std::move(n)),
          start(std::move(f)) {}

    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    Running(Running&&) = default;
    Running& operator=(Running&&) = delete;

    ~Running() {
        if (state) {
            state->tasks.erase(id);
        }
    }
};

TaskGroup::TaskGroup(Io& io) : state_(std::make_shared<State>(io)) {}

TaskGroup::~TaskGroup() {
    FARSHORE_ASSERT(idle(), "a task group outlives its tasks");
}

Task<> TaskGroup::run(Running running) {
    try {
        co_await running.start();
    } catch (const std::exception& error) {
        if (!running.owned->cancelled || !is_unwinding(error)) {
            task_failed(running.name, error.what());
        }
    }
}

TaskGroup::TaskId TaskGroup::spawn(std::string name, std::function<Task<>()> start) {
    const TaskId id = ++state_->last;
    if (state_->stopping) {
        return id;
    }
    auto owned = std::make_shared<Owned>();
    state_->tasks.emplace(id, owned);
    Running running(state_, owned, id, std::move(name), std::move(start));
    // The signal must outlive the operation that listens to it: the completion keeps it.
    asio::co_spawn(
        state_->io.get_executor(),
        run(std::move(running)),
        asio::bind_cancellation_slot(
            owned->signal.slot(),
            [owned](std::exception_ptr error) {
                if (error) {
                    assertion_failed(
                        "no exception passes run()", "errors are values", __FILE__, __LINE__
                    );
                }
            }
        )
    );
    return id;
}

void TaskGroup::cancel(TaskId task) {
    const auto found = state_->tasks.find(task);
    if (found != state_->tasks.end()) {
        const std::shared_ptr<Owned> owned = found->second;
        cancel_one(state_->io, owned);
    }
}

void TaskGroup::stop() {
    state_->stopping = true;
    std::vector<std::shared_ptr<Owned>> all;
    all.reserve(state_->tasks.size());
    for (const auto& [id, owned] : state_->tasks) {
        all.push_back(owned);
    }
    for (const std::shared_ptr<Owned>& owned : all) {
        cancel_one(state_->io, owned);
    }
}

bool TaskGroup::stopping() const {
    return state_->stopping;
}

bool TaskGroup::idle() const {
    return state_->tasks.empty();
}

Task<bool> sleep_for(Io& io, Duration duration) {
    asio::basic_waitable_timer<
        std::chrono::steady_clock,
        asio::wait_traits<std::chrono::steady_clock>,
        Io::executor_type>
        timer(io.get_executor());
    timer.expires_after(duration);
    auto [error] = co_await timer.async_wait(kAwait);
    co_return !error;
}

}  // namespace farshore::net
