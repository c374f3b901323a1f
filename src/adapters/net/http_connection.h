#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "adapters/net/asio_types.h"
#include "adapters/net/http_answer.h"
#include "adapters/net/http_server.h"

#include "http1/body.h"

namespace farshore::net {

// What all connections of one server share. Outlives them.
struct ServerShared {
    HttpServer::Options options;
    HttpServer::Handler handler;
    bool stopping = false;
    std::size_t open = 0;  // connections

    [[nodiscard]] bool crowded() const { return open + options.reserve > options.connections_max; }
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
          deadline_timer_(socket().get_executor()) {
        ++shared_->open;
        if constexpr (!kTls) {
            boost::system::error_code ignored;
            socket().non_blocking(true, ignored);  // read_more() asks how much there is
        }
    }

    HttpConnectionOver(const HttpConnectionOver&) = delete;
    HttpConnectionOver& operator=(const HttpConnectionOver&) = delete;

    ~HttpConnectionOver() override { --shared_->open; }

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
    // What came instead of a request: one that is refused, or only the end of the connection.
    using NoRequest = std::optional<http1::Rule>;

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
        if constexpr (kTls) {
            const std::size_t before = received_.size();
            received_.resize(before + kReadBytes);
            auto [error, count] = co_await stream_.async_read_some(
                boost::asio::buffer(received_.data() + before, kReadBytes), kAwait
            );
            received_.resize(before + count);
            co_return !error;
        } else {
            // Most connections wait for most of the time: all read into one buffer, and each keeps
            // only what has come.
            static thread_local std::array<char, kReadBytes> arrived;
            boost::system::error_code error = boost::asio::error::would_block;
            std::size_t count = 0;
            while (error == boost::asio::error::would_block) {
                auto [broken] = co_await stream_.async_wait(TcpSocket::wait_read, kAwait);
                error = broken;
                if (!broken) {
                    count = stream_.read_some(boost::asio::buffer(arrived), error);
                }
            }
            received_.append(arrived.data(), count);
            co_return !error;
        }
    }

    Task<bool> send(std::string bytes) {
        set_deadline(shared_->options.idle_timeout);
        auto [error, count] =
            co_await boost::asio::async_write(stream_, boost::asio::buffer(bytes), kAwait);
        no_deadline();
        co_return !error;
    }

    // A stall after the first byte of a request is told; else the connection only ends.
    [[nodiscard]] NoRequest no_more_bytes(bool request_began) const {
        return timed_out_ && request_began ? NoRequest{http1::Rule::stalled} : std::nullopt;
    }

    Task<std::expected<void, NoRequest>> read_head() {
        std::size_t searched = 0;
        while (true) {
            const http1::HeadEnd end =
                http1::find_head_end(received_, searched, shared_->options.header_bytes_max);
            if (end.size) {
                head_bytes_ = received_.substr(0, *end.size);
                received_.erase(0, *end.size);
            }
            const NoRequest refused =
                end.size ? http1::parse_request_head(head_bytes_, head_) : end.refused;
            if (refused) {
                co_return std::unexpected(refused);
            }
            if (end.size) {
                co_return std::expected<void, NoRequest>{};
            }
            const bool first_bytes = received_.empty();
            if (first_bytes && shared_->stopping) {
                co_return std::unexpected(NoRequest{});
            }
            if (first_bytes) {
                const bool hurried = !asked_ && shared_->crowded();
                const HttpServer::Options& options = shared_->options;
                set_deadline(hurried ? options.request_timeout : options.idle_timeout);
            }
            const bool more = co_await read_more();
            if (!more) {
                co_return std::unexpected(no_more_bytes(!received_.empty()));
            }
            if (first_bytes) {
                set_deadline(shared_->options.request_timeout);
            }
        }
    }

    // `reader_` has been started.
    Task<std::expected<std::string, NoRequest>> read_body() {
        std::string body;
        while (true) {
            received_.erase(0, reader_.feed(received_, body));
            if (reader_.refused()) {
                co_return std::unexpected(reader_.refused());
            }
            if (reader_.done()) {
                co_return body;
            }
            const bool more = co_await read_more();
            if (!more) {
                co_return std::unexpected(no_more_bytes(true));
            }
        }
    }

    // False: the connection ends.
    Task<bool> serve_one() {
        if (!received_.empty()) {
            set_deadline(shared_->options.request_timeout);
        }
        const auto head = co_await read_head();
        if (!head) {
            const bool sent = co_await refuse(head.error());
            co_return sent;
        }
        reader_.start(head_.body, shared_->options.body_bytes_max);
        if (head_.expects_continue && received_.empty() && !reader_.refused()) {
            std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            const bool sent = co_await send(std::move(go_on));
            if (!sent) {
                co_return false;
            }
            set_deadline(shared_->options.request_timeout);
        }
        auto body = co_await read_body();
        if (!body) {
            const bool sent = co_await refuse(body.error());
            co_return sent;
        }
        no_deadline();
        if (received_.empty()) {
            std::string{}.swap(received_);  // an answer may last for as long as its client lives
        }
        answering_ = true;
        const bool lives_on = co_await answer(std::move(*body));
        answering_ = false;
        co_return lives_on;
    }

    // Always false: after a refusal it is unknown where the next request begins.
    Task<bool> refuse(NoRequest why) {
        if (why) {
            const HttpResponse response = refusal_answer(*why);
            std::string bytes = answer_head(response, {.close = true});
            const bool sent = co_await send(std::move(bytes));
            static_cast<void>(sent);
        }
        co_return false;
    }

    // Where the client has found us; IPv4 as such, also on a listener of both families. It stays
    // so, and is asked of the kernel once.
    const boost::asio::ip::tcp::endpoint& local_endpoint() {
        namespace ip = boost::asio::ip;
        if (!local_) {
            boost::system::error_code ignored;
            local_ = socket().local_endpoint(ignored);
            if (local_->address().is_v6() && local_->address().to_v6().is_v4_mapped()) {
                local_->address(ip::make_address_v4(ip::v4_mapped, local_->address().to_v6()));
            }
        }
        return *local_;
    }

    [[nodiscard]] HttpHeaders headers() const {
        HttpHeaders headers;
        headers.reserve(head_.fields.size());
        for (const http1::Field& field : head_.fields) {
            headers.push_back({.name = std::string{field.name}, .value = std::string{field.value}});
        }
        return headers;
    }

    Task<bool> answer(std::string body) {
        const boost::asio::ip::tcp::endpoint& local = local_endpoint();
        const bool crowded = !std::exchange(asked_, true) && shared_->crowded();
        HttpRequest request{
            .method = std::string{head_.method},
            .target = std::string{head_.target},
            .headers = headers(),
            .body = std::move(body),
            .peer_address = peer_.address().to_string(),
            .peer_port = peer_.port(),
            .local_address = local.address().to_string(),
            .local_port = local.port(),
            .tls = kTls,
            .crowded = crowded
        };
        const bool is_head = request.method == "HEAD";
        const HttpResponse response = co_await shared_->handler(std::move(request));
        if (response.cut) {
            cut();
            co_return false;
        }
        const bool streams = response.stream && !is_head;
        streams_chunked_ = streams && !head_.http_1_0;
        const bool close = !head_.keep_alive || response.last || shared_->stopping ||
                           (streams && !streams_chunked_);
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
                std::string last{http1::kLastChunk};
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
    std::optional<boost::asio::ip::tcp::endpoint> local_;
    Timer deadline_timer_;
    Steady::time_point deadline_ = Steady::time_point::max();
    Steady::time_point timer_at_ = Steady::time_point::max();
    bool timed_out_ = false;
    bool asked_ = false;  // it has sent a request
    bool answering_ = false;
    bool sink_open_ = false;
    bool streams_chunked_ = false;
    std::string received_;
    std::string head_bytes_;
    http1::RequestHead head_;  // of the request under way, into head_bytes_
    http1::BodyReader reader_;
};

}  // namespace farshore::net
