#include "lab/faults/hang.h"

#include <memory>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "adapters/net/asio_types.h"

namespace farshore::lab {

net::Task<bool> wait_while(net::Io& io, FaultBoard& board, std::function<bool()> blocked) {
    // The board may change while this coroutine is not in the wait below: `changed` remembers it.
    struct Wake {
        net::Timer timer;
        bool changed = false;
    };

    const auto wake = std::make_shared<Wake>(net::Timer{io.get_executor()});
    const auto subscription = board.subscribe([wake] {
        wake->changed = true;
        wake->timer.cancel();
    });
    const auto cancelled = co_await boost::asio::this_coro::cancellation_state;
    while (blocked()) {
        if (!std::exchange(wake->changed, false)) {
            // A fault that ends by the clock is noticed within this time also when the board's
            // owner does not call expire().
            wake->timer.expires_after(std::chrono::milliseconds{500});
            co_await wake->timer.async_wait(net::kAwait);
        }
        if (cancelled.cancelled() != boost::asio::cancellation_type::none) {
            co_return false;
        }
    }
    co_return true;
}

net::Task<net::HttpResponse> hang(net::Io& io, FaultBoard& board, std::function<bool()> blocked) {
    co_await wait_while(io, board, std::move(blocked));
    co_return net::HttpResponse::reset();
}

}  // namespace farshore::lab
