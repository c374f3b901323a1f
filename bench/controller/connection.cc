#include "bench/controller/connection.h"

#include <array>
#include <cerrno>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace farshore::bench {

namespace {

constexpr std::size_t kHeadBytesMax = 32 * 1024;
constexpr std::size_t kBodyBytesMax = 64 * 1024 * 1024;

sockaddr_in address_of(in_addr address, std::uint16_t port) {
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_addr = address;
    made.sin_port = htons(port);
    return made;
}

}  // namespace

bool Connection::open() {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ < 0) {
        return false;
    }
    const int on = 1;
    (void)setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // The kernel chooses a port that is free towards this very server: a hundred thousand may be.
    (void)setsockopt(socket_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const sockaddr_in from = address_of(from_, 0);
    const sockaddr_in to = address_of({.s_addr = htonl(INADDR_LOOPBACK)}, to_port_);
    const bool bound = ::bind(socket_, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0;
    if (!bound || (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 &&
                   errno != EINPROGRESS)) {
        return false;
    }
    loop_.watch(socket_, *this);
    return true;
}

void Connection::request(std::string bytes, bool streams) {
    busy_ = true;
    streams_ = streams;
    has_head_ = false;
    out_ = std::move(bytes);
    body_.clear();
    if (socket_ < 0 && !open()) {
        // Told in a moment, as every other end is: the caller is in the middle of something.
        close();
        busy_ = true;
        could_not_open_ = true;
        loop_.wake(loop_.now(), *this);
        return;
    }
    flush();
}

void Connection::close() {
    if (socket_ >= 0) {
        ::close(socket_);
        socket_ = -1;
    }
    busy_ = false;
    has_head_ = false;
    out_.clear();
    in_.clear();
}

void Connection::end() {
    const bool was_busy = busy_;
    close();
    if (was_busy) {
        client_.lost(*this);
    }
}

void Connection::due() {
    if (std::exchange(could_not_open_, false)) {
        end();
    }
}

void Connection::flush() {
    while (socket_ >= 0 && !out_.empty()) {
        const ssize_t sent = ::send(socket_, out_.data(), out_.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            return;  // not now; or it is broken, which reading tells
        }
        out_.erase(0, static_cast<std::size_t>(sent));
    }
}

void Connection::ready(bool ends) {
    static thread_local std::array<char, 64 * 1024> scratch;
    while (socket_ >= 0) {
        const ssize_t got = ::recv(socket_, scratch.data(), scratch.size(), 0);
        if (got > 0) {
            take({scratch.data(), static_cast<std::size_t>(got)});
            if (!ends && static_cast<std::size_t>(got) < scratch.size()) {
                flush();
                return;  // that was all: what comes now, or the end, is told anew
            }
        } else if (got < 0 && errno == EINTR) {
            continue;
        } else if (got < 0 && errno == EAGAIN) {
            flush();
            return;
        } else {
            end();
            return;
        }
    }
}

// False: more bytes are needed, or it has ended.
bool Connection::take_head() {
    static thread_local http1::ResponseHead head;
    std::size_t searched = 0;
    const http1::HeadEnd found = http1::find_head_end(in_, searched, kHeadBytesMax);
    if (!found.size && !found.refused) {
        return false;
    }
    if (found.refused || !busy_ ||
        http1::parse_response_head(std::string_view{in_}.substr(0, *found.size), head)) {
        end();
        return false;
    }
    status_ = head.status;
    reader_.start(head.body, kBodyBytesMax);
    in_.erase(0, *found.size);
    has_head_ = true;
    return true;
}

void Connection::take(std::string_view bytes) {
    in_.append(bytes);
    if (!has_head_ && !take_head()) {
        return;
    }
    std::string decoded;
    in_.erase(0, reader_.feed(in_, decoded));
    if (reader_.refused()) {
        end();
        return;
    }
    const bool done = reader_.done();
    if (streams_ && status_ == 200) {
        if (!decoded.empty()) {
            client_.piece(*this, decoded);
        }
    } else {
        body_ += decoded;
    }
    if (done && busy_) {
        busy_ = false;
        has_head_ = false;
        const std::string body = std::exchange(body_, {});
        client_.answered(*this, status_, body);
    }
}

}  // namespace farshore::bench
