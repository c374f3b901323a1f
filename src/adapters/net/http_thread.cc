#include "adapters/net/http_thread.h"

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "adapters/net/asio_types.h"

namespace farshore::net {

namespace asio = boost::asio;

// What both threads share of one call. `aborts` belongs to the client's thread once the call has
// begun, the rest to the caller's.
struct HttpThread::Call {
    explicit Call(Io& io) : wake(io.get_executor()) { wake.expires_at(Timer::time_point::max()); }

    asio::cancellation_signal aborts;
    Timer wake;
    std::optional<Result<HttpReply>> outcome;
    std::exception_ptr failure;
};

HttpThread::HttpThread(Io& io, Options options, const MakeResolver& make_resolver)
    : io_(io),
      work_(own_.get_executor()),
      resolver_(make_resolver ? make_resolver(own_) : nullptr) {
    options.resolver = resolver_.get();
    client_ = HttpClient::create(own_, std::move(options));
    thread_ = std::thread([this] { own_.run(); });
}

HttpThread::~HttpThread() {
    own_.stop();
    thread_.join();
}

Task<Result<HttpReply>> HttpThread::fetch(HttpCall call) {
    return carry(&io_, &own_, client_->fetch(std::move(call)));
}

Task<Result<HttpReply>> HttpThread::stream(
    HttpCall call, Duration silence_max, std::function<bool(std::string_view)> on_bytes
) {
    return carry(&io_, &own_, client_->stream(std::move(call), silence_max, std::move(on_bytes)));
}

// Not by awaiting co_spawn: Asio 1.26 passes a cancellation on to another executor by a pointer to
// a signal that may have gone by the time it is emitted there.
Task<Result<HttpReply>> HttpThread::carry(Io* from, Io* to, Task<Result<HttpReply>> exchange) {
    const auto call = std::make_shared<Call>(*from);
    auto ended = [from, call](std::exception_ptr failure, Result<HttpReply> outcome) mutable {
        asio::post(
            *from,
            [call = std::move(call), failure = std::move(failure), outcome = std::move(outcome)](
            ) mutable {
                call->failure = std::move(failure);
                call->outcome.emplace(std::move(outcome));
                call->wake.cancel();
            }
        );
    };
    asio::co_spawn(
        to->get_executor(),
        std::move(exchange),
        asio::bind_cancellation_slot(call->aborts.slot(), std::move(ended))
    );
    auto [woken] = co_await call->wake.async_wait(kAwait);
    static_cast<void>(woken);
    if (!call->outcome) {
        asio::post(*to, [call] { call->aborts.emit(asio::cancellation_type::all); });
        Error given_up{
            .kind = ErrorKind::cancelled,
            .effect = Effect::possible,
            .text = "given up by the caller"
        };
        co_return std::unexpected(std::move(given_up));
    }
    if (call->failure) {
        std::rethrow_exception(call->failure);
    }
    co_return std::move(*call->outcome);
}

}  // namespace farshore::net
