#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "adapters/net/task.h"
#include "base/result.h"

namespace farshore::agent {

// One thread for what blocks (fsync, files), so that a slow disk delays no lease. First come, first
// served; bounded. Use from the control thread. What is waiting is done before the destructor
// returns; its completions may still come afterwards.
class BlockingPool {
  public:
    explicit BlockingPool(net::Io& io) : io_(&io), threads_(1) {}

    ~BlockingPool() { threads_.join(); }

    BlockingPool(const BlockingPool&) = delete;
    BlockingPool& operator=(const BlockingPool&) = delete;

    // Nothing is waiting or at work: the destructor returns at once.
    [[nodiscard]] bool idle() const { return *waiting_ == 0; }

    // Runs `work` on the thread; `done` with its result on the control thread. Errors: exhausted,
    // at once, when too much is waiting.
    void run(std::function<Status()> work, std::function<void(Status)> done) {
        constexpr int kWaitingMax = 64;
        if (*waiting_ >= kWaitingMax) {
            done(fail(
                ErrorKind::exhausted,
                "too many file operations are waiting",
                "look at the disk: it does not keep up"
            ));
            return;
        }
        ++*waiting_;
        // A completion may run after the pool is gone: it owns what it touches.
        boost::asio::post(
            threads_,
            [waiting = waiting_, work = std::move(work), done = std::move(done), io = io_](
            ) mutable {
                Status result = work();
                boost::asio::post(
                    *io,
                    [waiting = std::move(waiting),
                     done = std::move(done),
                     result = std::move(result)] {
                        --*waiting;
                        done(result);
                    }
                );
            }
        );
    }

  private:
    net::Io* io_;
    boost::asio::thread_pool threads_;
    std::shared_ptr<int> waiting_ = std::make_shared<int>(0);  // control thread only
};

}  // namespace farshore::agent
