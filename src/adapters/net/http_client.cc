#include "adapters/net/http_client.h"

#include <chrono>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "adapters/net/curl_loop.h"
#include "adapters/net/http_exchange.h"
#include "adapters/net/name_cache.h"
#include "base/text.h"
#include "wire/url.h"

namespace farshore::net {

namespace {

using Steady = std::chrono::steady_clock;

struct ClientShared {
    std::shared_ptr<CurlLoop> loop;
    HttpClient::Options options;
    NameCache names;
};

Error cancelled_call(Effect effect) {
    return {
        .kind = ErrorKind::cancelled,
        .effect = effect,
        .text = "given up by the caller",
        .remedy = {},
        .code = {}
    };
}

Error too_silent(bool head_seen, Effect effect) {
    return {
        .kind = ErrorKind::timed_out,
        .effect = effect,
        .text = head_seen ? "the stream was silent for too long" : "no answer in time",
        .remedy = {},
        .code = {}
    };
}

// Empty: the name needs no lookup of ours.
Task<Result<std::vector<std::string>>> addresses_of(
    std::shared_ptr<ClientShared> shared, std::string host, bool fresh, Duration patience
) {
    if (shared->options.resolver == nullptr || wire::is_ip_address(host) ||
        equals_ignoring_case(host, "localhost")) {
        co_return std::vector<std::string>{};
    }
    auto addresses =
        co_await shared->names.lookup(shared->options.resolver, std::move(host), fresh, patience);
    co_return addresses;
}

Task<Result<HttpReply>> run(
    std::shared_ptr<ClientShared> shared,
    Io* io,
    HttpCall call,
    std::optional<Duration> silence_max,
    std::function<bool(std::string_view)> on_bytes
) {
    const Steady::time_point started = Steady::now();
    if (shared->loop->in_callback()) {
        co_await boost::asio::post(
            io->get_executor(), boost::asio::use_awaitable_t<Io::executor_type>{}
        );
    }
    const Result<wire::Url> url = wire::parse_url(call.url);
    if (!url) {
        co_return std::unexpected(in_context("the URL of a request", url.error()));
    }
    const std::string what = call.method + " " + url->origin() + url->path;
    const Duration total = call.total_timeout;
    auto addresses = co_await addresses_of(shared, url->host, call.fresh_connection, total);
    if (!addresses) {
        co_return std::unexpected(in_context(what, addresses.error()));
    }
    const Duration lookup = addresses->empty() ? Duration{} : Duration{Steady::now() - started};
    if (lookup >= total) {
        Error late{
            .kind = ErrorKind::timed_out,
            .effect = Effect::none,
            .text = what + ": no time left after the name lookup"
        };
        co_return std::unexpected(std::move(late));
    }
    HttpExchange exchange(*io, shared->loop, std::move(call), std::move(on_bytes));
    const Status ready = exchange.prepare(
        shared->options,
        *url,
        *addresses,
        {.lookup = lookup, .total = total - lookup, .silence_max = silence_max}
    );
    if (!ready) {
        co_return std::unexpected(in_context(what, ready.error()));
    }
    while (!exchange.has_ended()) {
        exchange.wake().expires_at(exchange.deadline());
        auto [woken] = co_await exchange.wake().async_wait(kAwait);
        static_cast<void>(woken);
        if (exchange.has_ended()) {
            break;
        }
        const auto state = co_await boost::asio::this_coro::cancellation_state;
        if (state.cancelled() != boost::asio::cancellation_type::none) {
            co_return std::unexpected(in_context(what, cancelled_call(exchange.effect())));
        }
        if (Steady::now() >= exchange.deadline()) {
            co_return std::unexpected(
                in_context(what, too_silent(exchange.head_seen(), exchange.effect()))
            );
        }
    }
    Result<HttpReply> reply = exchange.take_reply();
    if (!reply) {
        co_return std::unexpected(in_context(what, reply.error()));
    }
    co_return reply;
}

class CurlHttpClient final : public HttpClient {
  public:
    CurlHttpClient(Io& io, Options options) : io_(io), shared_(std::make_shared<ClientShared>()) {
        shared_->loop = CurlLoop::create(io, static_cast<long>(options.connections_max));
        shared_->options = std::move(options);
    }

    Task<Result<HttpReply>> fetch(HttpCall call) override {
        return run(shared_, &io_, std::move(call), std::nullopt, nullptr);
    }

    Task<Result<HttpReply>> stream(
        HttpCall call, Duration silence_max, std::function<bool(std::string_view)> on_bytes
    ) override {
        return run(shared_, &io_, std::move(call), silence_max, std::move(on_bytes));
    }

  private:
    Io& io_;
    std::shared_ptr<ClientShared> shared_;
};

}  // namespace

std::unique_ptr<HttpClient> HttpClient::create(Io& io, Options options) {
    return std::make_unique<CurlHttpClient>(io, std::move(options));
}

}  // namespace farshore::net
