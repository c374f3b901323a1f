#include "dataplane/stream.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace farshore::dataplane {

namespace {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
};

// length 0: not an IP literal.
SocketAddress socket_address(const std::string& text, std::uint16_t port) {
    SocketAddress address;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        address.length = sizeof(sockaddr_in);
    } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        address.length = sizeof(sockaddr_in6);
    }
    return address;
}

std::string system_text(int error) {
    std::array<char, 128> buffer{};
    return ::strerror_r(error, buffer.data(), buffer.size());
}

std::string tls_text() {
    std::array<char, 256> buffer{};
    const unsigned long error = ERR_peek_last_error();
    ERR_error_string_n(error, buffer.data(), buffer.size());
    return error == 0 ? "TLS: the connection broke" : std::string{"TLS: "} + buffer.data();
}

void set_linger(int fd, linger how) {
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &how, sizeof how);
}

// RFC 6066: an IP address is no server's name.
bool name_server(SSL* ssl, const std::string& name) {
    return socket_address(name, 0).length != 0 || SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
}

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::create(const std::string& ca_file) {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    if (context == nullptr) {
        return fail(ErrorKind::exhausted, "OpenSSL gives no TLS context");
    }
    auto made = std::unique_ptr<TlsContext>(new TlsContext(context));
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_mode(
        context,
        SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
    );
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    const int loaded = ca_file.empty()
                           ? SSL_CTX_set_default_verify_paths(context)
                           : SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr);
    if (loaded != 1) {
        ERR_clear_error();
        return fail(
            ErrorKind::malformed,
            "the CA file cannot be read: " + ca_file,
            "give a PEM file with at least one certificate"
        );
    }
    return made;
}

TlsContext::~TlsContext() {
    SSL_CTX_free(context_);
}

Result<std::unique_ptr<Stream>> Stream::connect(const Target& target) {
    const SocketAddress to = socket_address(target.address, target.port);
    if (to.length == 0) {
        return fail(ErrorKind::malformed, "not an IP address: " + target.address);
    }
    const int fd = ::socket(to.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return fail(ErrorKind::exhausted, "no socket: " + system_text(errno));
    }
    auto stream = std::unique_ptr<Stream>(new Stream(fd));
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    set_linger(fd, {.l_onoff = 1, .l_linger = 0});
    if (!target.source_address.empty()) {
        // The port is chosen at connect, so that one source address serves many destinations.
        ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        const SocketAddress from = socket_address(target.source_address, 0);
        if (from.length == 0 || ::bind(fd, from.get(), from.length) != 0) {
            return fail(
                ErrorKind::malformed, "cannot use the source address " + target.source_address
            );
        }
    }
    if (::connect(fd, to.get(), to.length) != 0 && errno != EINPROGRESS) {
        const bool ours = errno == EADDRNOTAVAIL || errno == ENOBUFS || errno == ENOMEM;
        return fail(
            ours ? ErrorKind::exhausted : ErrorKind::unavailable, "connect: " + system_text(errno)
        );
    }
    if (target.tls != nullptr) {
        stream->ssl_ = SSL_new(target.tls->get());
        if (stream->ssl_ == nullptr || SSL_set_fd(stream->ssl_, fd) != 1 ||
            !name_server(stream->ssl_, target.server_name) ||
            SSL_set1_host(stream->ssl_, target.server_name.c_str()) != 1) {
            return fail(ErrorKind::exhausted, "OpenSSL gives no TLS connection");
        }
        SSL_set_read_ahead(stream->ssl_, 1);
        SSL_set_connect_state(stream->ssl_);
    }
    return stream;
}

Stream::~Stream() {
    if (ssl_ != nullptr) {
        SSL_free(ssl_);
    }
    ::close(fd_);
}

IoResult Stream::establish() {
    if (!connected_) {
        int error = 0;
        socklen_t length = sizeof error;
        if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0) {
            why_broken_ = "connect: " + system_text(error);
            return {.kind = IoResult::Kind::failed};
        }
        sockaddr_storage peer{};
        socklen_t peer_length = sizeof peer;
        if (::getpeername(fd_, reinterpret_cast<sockaddr*>(&peer), &peer_length) != 0) {
            return {.kind = IoResult::Kind::want_write};
        }
        connected_ = true;
    }
    if (ssl_ == nullptr) {
        return {.kind = IoResult::Kind::progress};
    }
    ERR_clear_error();
    const int returned = SSL_do_handshake(ssl_);
    return returned == 1 ? IoResult{.kind = IoResult::Kind::progress} : tls_outcome(returned);
}

IoResult Stream::tls_outcome(int returned) {
    switch (SSL_get_error(ssl_, returned)) {
        case SSL_ERROR_WANT_READ: return {.kind = IoResult::Kind::want_read};
        case SSL_ERROR_WANT_WRITE: return {.kind = IoResult::Kind::want_write};
        case SSL_ERROR_ZERO_RETURN:
            why_broken_ = "closed by the Region";
            return {.kind = IoResult::Kind::closed};
        default: why_broken_ = tls_text(); return {.kind = IoResult::Kind::failed};
    }
}

IoResult Stream::plain_outcome(long returned) {
    if (returned > 0) {
        return {.kind = IoResult::Kind::progress, .bytes = static_cast<std::size_t>(returned)};
    }
    if (returned == 0) {
        why_broken_ = "closed by the Region";
        return {.kind = IoResult::Kind::closed};
    }
    why_broken_ = system_text(errno);
    return {.kind = IoResult::Kind::failed};
}

IoResult Stream::read(std::span<char> into) {
    if (ssl_ != nullptr) {
        ERR_clear_error();
        std::size_t bytes = 0;
        const int returned = SSL_read_ex(ssl_, into.data(), into.size(), &bytes);
        return returned == 1 ? IoResult{.kind = IoResult::Kind::progress, .bytes = bytes}
                             : tls_outcome(returned);
    }
    const ssize_t returned = ::recv(fd_, into.data(), into.size(), 0);
    if (returned < 0 && (errno == EAGAIN || errno == EINTR)) {
        return {.kind = IoResult::Kind::want_read};
    }
    return plain_outcome(returned);
}

IoResult Stream::write(std::string_view bytes) {
    if (ssl_ != nullptr) {
        ERR_clear_error();
        std::size_t written = 0;
        const int returned = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written);
        return returned == 1 ? IoResult{.kind = IoResult::Kind::progress, .bytes = written}
                             : tls_outcome(returned);
    }
    const ssize_t returned = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (returned < 0 && (errno == EAGAIN || errno == EINTR)) {
        return {.kind = IoResult::Kind::want_write};
    }
    sent_ += returned > 0 ? static_cast<std::uint64_t>(returned) : 0;
    return plain_outcome(returned);
}

bool Stream::quiet() {
    char byte = 0;
    if (ssl_ != nullptr) {
        // Session tickets arrive at any time; peeking takes them in and they count as quiet.
        ERR_clear_error();
        std::size_t bytes = 0;
        const int returned = SSL_peek_ex(ssl_, &byte, 1, &bytes);
        return returned != 1 && tls_outcome(returned).kind == IoResult::Kind::want_read;
    }
    const ssize_t seen = ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return seen < 0 && errno == EAGAIN;
}

std::uint64_t Stream::bytes_sent() const {
    return ssl_ != nullptr ? BIO_number_written(SSL_get_wbio(ssl_)) : sent_;
}

void Stream::close_in_order() {
    set_linger(fd_, {.l_onoff = 0, .l_linger = 0});
}

void Stream::give_up_unacknowledged_after(Duration within) {
    // In steps, so that requests under a lease that is renewed in time set nothing anew.
    constexpr std::int64_t kStepMs = 100;
    const std::int64_t left = std::clamp<std::int64_t>(to_ms(within), 1, 3'600'000);
    const auto ms = static_cast<unsigned int>(left < kStepMs ? left : left - left % kStepMs);
    if (ms != user_timeout_ms_) {
        user_timeout_ms_ = ms;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
    }
}

}  // namespace farshore::dataplane
