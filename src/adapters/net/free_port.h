#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace farshore::net {

// Chooses `count` different ports that are free for TCP and UDP on every one of `addresses`: binds
// them all, then releases them. Another program may take one before the caller does; so the ports
// lie below Linux's range for outgoing connections, from which the kernel would soon take them.
//
// Errors: malformed (an address that is not this machine's), exhausted (no such port found).
[[nodiscard]] Result<std::vector<std::uint16_t>> free_ports(
    const std::vector<std::string>& addresses, std::size_t count
);

}  // namespace farshore::net
