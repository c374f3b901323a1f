#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace farshore::dataplane {

struct ListeningSocket {
    int fd = -1;
    std::uint16_t port = 0;
};

// A TCP listener that several loops can share by SO_REUSEPORT. Errors: malformed (not an IP
// address), denied, unavailable (another process listens there already).
[[nodiscard]] Result<ListeningSocket> listen_tcp(const std::string& address, std::uint16_t port);

// A Unix listener, mode 0660. A socket file that no process listens on any more is replaced.
[[nodiscard]] Result<int> listen_unix(const std::string& path);

}  // namespace farshore::dataplane
