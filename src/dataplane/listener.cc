#include "dataplane/listener.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace farshore::dataplane {

namespace {

constexpr int kBacklog = 1024;

std::unexpected<Error> cannot_listen(const std::string& where, int fd) {
    const int error = errno;
    ::close(fd);
    std::array<char, 128> text{};
    return fail(
        error == EACCES || error == EPERM ? ErrorKind::denied : ErrorKind::unavailable,
        "cannot listen on " + where + ": " + ::strerror_r(error, text.data(), text.size()),
        error == EADDRINUSE ? "another process listens there: stop it, or choose another port" : ""
    );
}

}  // namespace

Result<ListeningSocket> listen_tcp(const std::string& address, std::uint16_t port) {
    sockaddr_storage storage{};
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    socklen_t length = 0;
    if (::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        length = sizeof(sockaddr_in);
    } else if (::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        length = sizeof(sockaddr_in6);
    } else {
        return fail(ErrorKind::malformed, "not an IP address to listen on: " + address);
    }
    const std::string where =
        (address.contains(':') ? "[" + address + "]" : address) + ":" + std::to_string(port);
    const int fd = ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return fail(ErrorKind::exhausted, "no socket left to listen on " + where);
    }
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    auto* generic = reinterpret_cast<sockaddr*>(&storage);
    if (::bind(fd, generic, length) != 0 || ::listen(fd, kBacklog) != 0 ||
        ::getsockname(fd, generic, &length) != 0) {
        return cannot_listen(where, fd);
    }
    return ListeningSocket{
        .fd = fd, .port = ntohs(storage.ss_family == AF_INET ? v4->sin_port : v6->sin6_port)
    };
}

Result<int> listen_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return fail(ErrorKind::malformed, "the socket path is too long: " + path);
    }
    path.copy(address.sun_path, path.size());
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return fail(ErrorKind::exhausted, "no socket left to listen on " + path);
    }
    struct stat existing{};
    if (::lstat(path.c_str(), &existing) == 0 && S_ISSOCK(existing.st_mode)) {
        const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const bool abandoned =
            probe >= 0 && ::connect(probe, generic, sizeof address) != 0 && errno == ECONNREFUSED;
        ::close(probe);
        if (abandoned) {
            ::unlink(path.c_str());
        }
    }
    if (::bind(fd, generic, sizeof address) != 0 || ::chmod(path.c_str(), 0660) != 0 ||
        ::listen(fd, kBacklog) != 0) {
        return cannot_listen(path, fd);
    }
    return fd;
}

}  // namespace farshore::dataplane
