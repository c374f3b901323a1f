#pragma once

#include <algorithm>
#include <cstdint>
#include <list>

#include "adapters/net/asio_types.h"
#include "adapters/net/task.h"
#include "base/time.h"

namespace farshore::agent {

// Lets coroutines of one thread wait for what another one does, with a bound. Waking is a hint: the
// waiter looks at the state it waits for. Any number of waiters.
class Signal {
  public:
    explicit Signal(net::Io& io) : io_(&io) {}

    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;
    ~Signal() = default;

    void notify() {
        ++generation_;
        for (net::Timer* timer : waiting_) {
            timer->cancel();
        }
    }

    // Grows with each notify(): a waiter that worked in between sees that it missed one.
    [[nodiscard]] std::uint64_t generation() const { return generation_; }

    // True when notify() was called after `seen` was read.
    net::Task<bool> wait(std::uint64_t seen, Duration at_most) {
        if (generation_ != seen) {
            co_return true;
        }
        net::Timer timer(io_->get_executor());
        timer.expires_after(std::max(at_most, Duration::zero()));
        const auto place = waiting_.insert(waiting_.end(), &timer);
        const Listed listed{&waiting_, place};
        co_await timer.async_wait(net::kAwait);
        co_return generation_ != seen;
    }

  private:
    // Takes the timer off the list however the coroutine ends.
    struct Listed {
        std::list<net::Timer*>* list;
        std::list<net::Timer*>::iterator place;

        Listed(std::list<net::Timer*>* l, std::list<net::Timer*>::iterator p) : list(l), place(p) {}

        Listed(const Listed&) = delete;
        Listed& operator=(const Listed&) = delete;

        ~Listed() { list->erase(place); }
    };

    net::Io* io_;
    std::uint64_t generation_ = 0;
    std::list<net::Timer*> waiting_;
};

}  // namespace farshore::agent
