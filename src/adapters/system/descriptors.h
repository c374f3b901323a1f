#pragma once

#include <cstddef>

namespace farshore::system {

// Raises this process's limit of open descriptors as far as the system allows, at most to `wanted`,
// and returns what it is then. The usual limit of 1024 is a memory of select().
[[nodiscard]] std::size_t raise_descriptor_limit(std::size_t wanted);

}  // namespace farshore::system
