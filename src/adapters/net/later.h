#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "adapters/net/asio_types.h"
#include "adapters/net/task.h"

namespace farshore::net {

// A value that comes by a callback, for one coroutine that waits for it. Copies share the value, so
// that the callback may outlive the coroutine. Single-threaded.
template <class T>
class Later {
  public:
    explicit Later(Io& io) : shared_(std::make_shared<Shared>(io)) {}

    // Also before anything waits.
    void set(T value) const {
        shared_->value.emplace(std::move(value));
        shared_->wake.cancel();
    }

    // nullopt: the waiting coroutine is cancelled.
    [[nodiscard]] Task<std::optional<T>> get() const {
        const std::shared_ptr<Shared> shared = shared_;
        if (!shared->value) {
            auto [error] = co_await shared->wake.async_wait(kAwait);
            static_cast<void>(error);  // the value is there, or this is the end
        }
        co_return std::exchange(shared->value, std::nullopt);
    }

  private:
    struct Shared {
        explicit Shared(Io& io) : wake(io.get_executor()) {
            wake.expires_at(Timer::time_point::max());
        }

        Timer wake;
        std::optional<T> value;
    };

    std::shared_ptr<Shared> shared_;
};

}  // namespace farshore::net
