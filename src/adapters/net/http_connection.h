#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "adapters/net/asio_types.h"
#include "adapters/net/http_answer.h"
#include "adapters/net/http_framing.h"
#include "adapters/net/http_server.h"

namespace farshore::net {

// What all connections of one server share. Outlives them.
struct ServerShared {
    HttpServer::Options options;
    HttpServer::Handler handler;
    bool stopping = false;
};

// One accepted connection as its server sees it.
class HttpConnection {
  public:
    virtual ~HttpConnection() = default;
    virtual Task<> serve() = 0;  // until the connection ends; keeps nothing but itself alive
    virtual void cut() = 0;      // reset, now
    virtual void retire() = 0;   // the server stops: end now when no request is under way
};

// The life of a connection over `Stream`, a TcpSocket or an asio ssl::stream of one. Requests are
// answered in order, one at a time; what a client has pipelined waits in the buffer and the kernel.
template <class Stream>
class HttpConnectionOver final : public HttpConnection,
                                 public std::enable_shared_from_this<HttpConnectionOver<Stream>>,
                                 private ByteSink {
  public:
    HttpConnectionOver(
        std::shared_ptr<ServerShared> shared, Stream stream, boost::asio::ip::tcp::endpoint peer
    )
        : shared_(std::move(shared)),
          stream_(std::move(stream)),
          peer_(std::move(peer)),
          deadline_timer_(socket().get_executor()) {}

    Task<> serve() override {
        const auto keep = this->shared_from_this();
        bool alive = true;
        if constexpr (kTls) {
            set_deadline(shared_->options.request_timeout);
            auto [error] =
                co_await stream_.async_handshake(boost::asio::ssl::stream_base::server, kAwait);
            alive = !error;
        }
        while (alive) {
            alive = co_await serve_one();
        }
        if (socket().is_open()) {
            co_await close_gently();
        }
        deadline_timer_.cancel();
    }

    void cut() override { cut_socket(socket()); }

    void retire() override {
        if (!answering_ && received_.empty()) {
            cancel_operations();
        }
    }

  private:
    static constexpr bool kTls = !std::is_same_v<Stream, TcpSocket>;
    static constexpr std::size_t kReadBytes = 16 * 1024;
    using Steady = std::chrono::steady_clock;

    TcpSocket& socket() {
        if constexpr (kTls) {
            return stream_.next_layer();
        } else {
            return stream_;
        }
    }

    void cancel_operations() {
        boost::system::error_code ignored;
        socket().cancel(ignored);
    }

    // The timer is only set anew when it would fire too late; when it fires early it looks again.
    // So a busy connection costs one timer per timeout instead of several per request.
    void set_deadline(Duration from_now) {
        timed_out_ = false;
        deadline_ = Steady::now() + from_now;
        if (deadline_ < timer_at_) {
            start_timer();
        }
    }

    void no_deadline() { deadline_ = Steady::time_point::max(); }

    void start_timer() {
        timer_at_ = deadline_;
        deadline_timer_.expires_at(deadline_);
        deadline_timer_.async_wait([weak = this->weak_from_this(
                                    )](const boost::system::error_code& error) {
            const auto self = weak.lock();
            if (self && !error) {
                self->look_at_deadline();
            }
        });
    }

    void look_at_deadline() {
        timer_at_ = Steady::time_point::max();
        if (deadline_ == Steady::time_point::max()) {
            return;
        }
        if (Steady::now() < deadline_) {
            start_timer();
            return;
        }
        timed_out_ = true;
        no_deadline();
        cancel_operations();
    }

    // False: nothing more comes, for whatever reason.
    Task<bool> read_more() {
        const std::size_t before = received_.size();
        received_.resize(before + kReadBytes);
        auto [error, count] = co_await stream_.async_read_some(
            boost::asio::buffer(received_.data() + before, kReadBytes), kAwait
        );
        received_.resize(before + count);
        co_return !error;
    }

    Task<bool> send(std::string bytes) {
        set_deadline(shared_->options.idle_timeout);
        auto [error, count] =
            co_await boost::asio::async_write(stream_, boost::asio::buffer(bytes), kAwait);
        no_deadline();
        co_return !error;
    }

    [[nodiscard]] FramingRefusal no_more_bytes() const {
        if (timed_out_ && !received_.empty()) {
            return {.status = 408, .rule = "stalled", .text = "the request did not arrive in time"};
        }
        return {.status = 0, .rule = {}, .text = {}};
    }

    [[nodiscard]] FramingLimits limits() const {
        return {
            .header_bytes_max = shared_->options.header_bytes_max,
            .body_bytes_max = shared_->options.body_bytes_max
        };
    }

    Task<std::expected<RequestHead, FramingRefusal>> read_head() {
        std::size_t scanned = 0;
        while (true) {
            const auto end = find_head_end(received_, scanned, limits());
            if (!end) {
                co_return std::unexpected(end.error());
            }
            if (*end) {
                auto head =
                    parse_request_head(std::string_view{received_}.substr(0, **end), limits());
                received_.erase(0, **end);
                co_return head;
            }
            scanned = received_.size();
            if (received_.empty() && shared_->stopping) {
                co_return std::unexpected(no_more_bytes());
            }
            const bool first_bytes = received_.empty();
            if (first_bytes) {
                set_deadline(shared_->options.idle_timeout);
            }
            const bool more = co_await read_more();
            if (!more) {
                co_return std::unexpected(no_more_bytes());
            }
            if (first_bytes) {
                set_deadline(shared_->options.request_timeout);
            }
        }
    }

    // A stall in the body is a stall of the request even when nothing of the body is buffered.
    [[nodiscard]] FramingRefusal body_ended_early() const {
        return timed_out_ ? FramingRefusal{.status = 408, .rule = "stalled", .text = "the request's body did not arrive in time"}
                          : FramingRefusal{.status = 0, .rule = {}, .text = {}};
    }

    Task<std::expected<std::string, FramingRefusal>> read_body(
        std::size_t content_length, bool chunked
    ) {
        std::string body;
        ChunkedBody chunks(shared_->options.body_bytes_max);
        while (true) {
            if (chunked) {
                const auto used = chunks.feed(received_, body);
                if (!used) {
                    co_return std::unexpected(used.error());
                }
                received_.erase(0, *used);
            } else {
                const std::size_t taken = std::min(received_.size(), content_length - body.size());
                body.append(received_, 0, taken);
                received_.erase(0, taken);
            }
            if (chunked ? chunks.done() : body.size() == content_length) {
                co_return body;
            }
            const bool more = co_await read_more();
            if (!more) {
                co_return std::unexpected(body_ended_early());
            }
        }
    }

    // False: the connection ends.
    Task<bool> serve_one() {
        if (!received_.empty()) {
            set_deadline(shared_->options.request_timeout);
        }
        auto head = co_await read_head();
        if (!head) {
            const bool sent = co_await refuse(head.error());
            co_return sent;
        }
        if (head->expects_continue && received_.empty() &&
            (head->chunked || head->content_length > 0)) {
            std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            const bool sent = co_await send(std::move(go_on));
            if (!sent) {
                co_return false;
            }
            set_deadline(shared_->options.request_timeout);
        }
        auto body = co_await read_body(head->content_length, head->chunked);
        if (!body) {
            const bool sent = co_await refuse(body.error());
            co_return sent;
        }
        no_deadline();
        answering_ = true;
        const bool lives_on = co_await answer(std::move(*head), std::move(*body));
        answering_ = false;
        co_return lives_on;
    }

    // Always false: after a refusal it is unknown where the next request begins.
    Task<bool> refuse(FramingRefusal refusal) {
        if (refusal.status != 0) {
            const HttpResponse response = refusal_answer(refusal);
            std::string bytes = answer_head(response, {.close = true});
            const bool sent = co_await send(std::move(bytes));
            static_cast<void>(sent);
        }
        co_return false;
    }

    // Where the client has found us; IPv4 as such, also on a listener of both families.
    boost::asio::ip::tcp::endpoint local_endpoint() {
        namespace ip = boost::asio::ip;
        boost::system::error_code ignored;
        ip::tcp::endpoint local = socket().local_endpoint(ignored);
        if (local.address().is_v6() && local.address().to_v6().is_v4_mapped()) {
            local.address(ip::make_address_v4(ip::v4_mapped, local.address().to_v6()));
        }
        return local;
    }

    Task<bool> answer(RequestHead head, std::string body) {
        const boost::asio::ip::tcp::endpoint local = local_endpoint();
        HttpRequest request{
            .method = std::move(head.method),
            .target = std::move(head.target),
            .headers = std::move(head.headers),
            .body = std::move(body),
            .peer_address = peer_.address().to_string(),
            .peer_port = peer_.port(),
            .local_address = local.address().to_string(),
            .local_port = local.port(),
            .tls = kTls
        };
        const bool is_head = request.method == "HEAD";
        const HttpResponse response = co_await shared_->handler(std::move(request));
        if (response.cut) {
            cut();
            co_return false;
        }
        const bool streams = response.stream && !is_head;
        streams_chunked_ = streams && !head.http_1_0;
        const bool close = !head.keep_alive || shared_->stopping || (streams && !streams_chunked_);
        std::string bytes = answer_head(
            response, {.close = close, .chunked = streams_chunked_, .without_body = is_head}
        );
        bool sent = co_await send(std::move(bytes));
        if (sent && streams) {
            sink_open_ = true;
            co_await response.stream(static_cast<ByteSink&>(*this));
            sent = sink_open_;
            sink_open_ = false;
            if (sent && streams_chunked_) {
                std::string last{kLastChunk};
                sent = co_await send(std::move(last));
            }
        }
        co_return sent && !close;
    }

    // ByteSink
    Task<bool> write(std::string bytes) override {
        if (!sink_open_ || shared_->stopping || !socket().is_open()) {
            sink_open_ = false;
            co_return false;
        }
        if (bytes.empty()) {
            co_return true;
        }
        std::string piece = streams_chunked_ ? chunk_of(bytes) : std::move(bytes);
        const bool sent = co_await send(std::move(piece));
        sink_open_ = sent;
        co_return sent;
    }

    // Closing with unread bytes would make the kernel send a reset, which can overtake our answer
    // on its way through the client; so we say that we are done and read what still comes, for a
    // while.
    Task<> close_gently() {
        constexpr std::size_t kDiscardMax = 32UL * 1024 * 1024;
        constexpr Duration kPatience = std::chrono::seconds{1};
        set_deadline(kPatience);
        if constexpr (kTls) {
            auto [tls_error] = co_await stream_.async_shutdown(kAwait);
            static_cast<void>(tls_error);
        }
        boost::system::error_code ignored;
        socket().shutdown(boost::asio::socket_base::shutdown_send, ignored);
        std::size_t discarded = 0;
        while (!timed_out_ && discarded < kDiscardMax) {
            received_.resize(kReadBytes);
            auto [error, count] =
                co_await socket().async_read_some(boost::asio::buffer(received_), kAwait);
            discarded += count;
            if (error) {
                break;
            }
        }
        socket().close(ignored);
    }

    std::shared_ptr<ServerShared> shared_;
    Stream stream_;
    boost::asio::ip::tcp::endpoint peer_;
    Timer deadline_timer_;
    Steady::time_point deadline_ = Steady::time_point::max();
    Steady::time_point timer_at_ = Steady::time_point::max();
    bool timed_out_ = false;
    bool answering_ = false;
    bool sink_open_ = false;
    bool streams_chunked_ = false;
    std::string received_;
};

}  // namespace farshore::net
