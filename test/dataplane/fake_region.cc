#include "dataplane/fake_region.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "base/assert.h"
#include "base/text.h"

#include "http1/body.h"

namespace farshore::dataplane::test {

namespace {

std::atomic<std::uint64_t> received_anywhere{0};  // NOLINT: one order over all Regions of a test

}  // namespace

struct FakeRegion::Connection {
    int fd = -1;
    SSL* ssl = nullptr;
    std::string in;
    bool done = false;
    std::thread thread;

    long read(char* into, std::size_t size) {
        return ssl != nullptr ? SSL_read(ssl, into, static_cast<int>(size))
                              : ::recv(fd, into, size, 0);
    }

    bool write(std::string_view bytes) {
        while (!bytes.empty()) {
            const long sent = ssl != nullptr
                                  ? SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size()))
                                  : ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) {
                return false;
            }
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
};

FakeRegion::FakeRegion() : FakeRegion(Options{}) {}

FakeRegion::FakeRegion(Options options) : options_(std::move(options)) {
    std::signal(SIGPIPE, SIG_IGN);
    answer_ = [](const Received&) {
        return Reply{};
    };
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    ::inet_pton(AF_INET, options_.address.c_str(), &address.sin_addr);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    FARSHORE_ASSERT(::bind(listener_, generic, length) == 0, "a loopback address can be bound");
    FARSHORE_ASSERT(::listen(listener_, 512) == 0, "it can listen");
    ::getsockname(listener_, generic, &length);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_loop(); });
}

FakeRegion::~FakeRegion() {
    stopping_ = true;
    stop_listening();
    drop_connections();
    for (Connection& connection : connections_) {
        connection.thread.join();
    }
}

void FakeRegion::stop_listening() {
    if (listener_ >= 0) {
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        ::close(listener_);
        listener_ = -1;
    }
}

void FakeRegion::drop_connections() {
    const std::lock_guard guard(mutex_);
    for (Connection& connection : connections_) {
        if (!connection.done) {
            ::shutdown(connection.fd, SHUT_RDWR);
        }
    }
}

std::size_t FakeRegion::open_connections() const {
    const std::lock_guard guard(mutex_);
    std::size_t open = 0;
    for (const Connection& connection : connections_) {
        open += connection.done ? 0 : 1;
    }
    return open;
}

void FakeRegion::answer_with(std::function<Reply(const Received&)> answer) {
    const std::lock_guard guard(mutex_);
    answer_ = std::move(answer);
}

std::vector<Received> FakeRegion::received() const {
    const std::lock_guard guard(mutex_);
    return received_;
}

std::size_t FakeRegion::count() const {
    const std::lock_guard guard(mutex_);
    return received_.size();
}

void FakeRegion::accept_loop() {
    while (true) {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ++accepted_;
        const std::lock_guard guard(mutex_);
        Connection& connection = connections_.emplace_back();
        connection.fd = fd;
        connection.thread = std::thread([this, &connection] { serve(connection); });
    }
}

void FakeRegion::serve(Connection& connection) {
    bool sound = true;
    if (options_.tls != nullptr) {
        connection.ssl = SSL_new(options_.tls);
        SSL_set_fd(connection.ssl, connection.fd);
        sound = SSL_accept(connection.ssl) == 1;
    }
    while (sound && !stopping_ && serve_one(connection)) {
    }
    if (connection.ssl != nullptr) {
        SSL_free(connection.ssl);
    }
    const std::lock_guard guard(mutex_);
    connection.done = true;
    ::close(connection.fd);
}

bool FakeRegion::read_request(Connection& connection, Received& into) {
    std::array<char, 16384> buffer{};
    std::size_t searched = 0;
    http1::HeadEnd end;
    while (!(end = http1::find_head_end(connection.in, searched, 1 << 20)).size) {
        const long got = connection.read(buffer.data(), buffer.size());
        if (got <= 0 || end.refused) {
            note_end(got);
            return false;
        }
        connection.in.append(buffer.data(), static_cast<std::size_t>(got));
    }
    const std::string head_bytes = connection.in.substr(0, *end.size);
    connection.in.erase(0, *end.size);
    http1::RequestHead head;
    if (http1::parse_request_head(head_bytes, head)) {
        return false;
    }
    for (const http1::Field& field : head.fields) {
        into.headers[to_lower(field.name)] = std::string{field.value};
    }
    into.path = std::string{head.target};
    into.target = into.headers["x-amz-target"];
    while (!reads_bodies_ && !stopping_) {
        std::this_thread::yield();
    }
    http1::BodyReader body;
    body.start(head.body, 1U << 30U);
    while (true) {
        connection.in.erase(0, body.feed(connection.in, into.body));
        if (body.done()) {
            return true;
        }
        const long got = connection.read(buffer.data(), buffer.size());
        if (got <= 0 || body.refused()) {
            note_end(got);
            return false;
        }
        connection.in.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

bool FakeRegion::serve_one(Connection& connection) {
    Received request;
    if (!read_request(connection, request)) {
        return false;
    }
    request.number = ++received_anywhere;
    request.at = std::chrono::steady_clock::now();
    std::function<Reply(const Received&)> answer;
    {
        const std::lock_guard guard(mutex_);
        if (!request.target.ends_with(".DescribeEndpoints")) {
            received_.push_back(request);
        }
        answer = answer_;
    }
    const Reply reply = answer(request);
    if (reply.hang) {
        wait_until_closed(connection);
        return false;
    }
    if (reply.cut) {
        return false;
    }
    if (reply.delay.count() > 0) {
        std::this_thread::sleep_for(reply.delay
        );  // the Region is slow; no test passes by waiting for this
    }
    return write_reply(connection, reply) && !reply.close_after;
}

void FakeRegion::wait_until_closed(Connection& connection) {
    pollfd poll{.fd = connection.fd, .events = POLLIN, .revents = 0};
    char byte = 0;
    while (!stopping_) {
        if (::poll(&poll, 1, 50) <= 0) {
            continue;
        }
        const ssize_t got = ::recv(connection.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (got <= 0) {
            note_end(got);
            return;
        }
    }
}

void FakeRegion::note_end(long got) {
    if (got < 0 && errno == ECONNRESET) {
        ++resets_;
    }
}

bool FakeRegion::write_reply(Connection& connection, const Reply& reply) {
    std::string out = "HTTP/1.1 " + std::to_string(reply.status) + " Whatever\r\n";
    for (const auto& [name, value] : reply.headers) {
        out += name + ": " + value + "\r\n";
    }
    if (reply.chunk_size == 0) {
        out += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n" + reply.body;
    } else {
        out += "Transfer-Encoding: chunked\r\n\r\n";
        for (std::size_t at = 0; at < reply.body.size(); at += reply.chunk_size) {
            const std::string piece = reply.body.substr(at, reply.chunk_size);
            std::array<char, 16> size{};
            std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
            out += size.data() + piece + "\r\n";
        }
        out += "0\r\n\r\n";
    }
    if (reply.cut_after != 0) {
        connection.write(std::string_view{out}.substr(0, reply.cut_after));
        return false;
    }
    if (reply.stall_after != 0) {
        connection.write(std::string_view{out}.substr(0, reply.stall_after));
        ++stalls_;
        wait_until_closed(connection);
        return false;
    }
    return connection.write(out);
}

}  // namespace farshore::dataplane::test
