#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wire/url.h"

// The programs that run on this host, as far as they may concern AWS: read from /proc (proc(5)).
namespace farshore::host {

struct Program {
    int pid = 0;
    std::string name;        // "php-fpm"
    std::string executable;  // the file's own name; empty: it cannot be read
    // HOME, and what begins with AWS_ except secrets, as they were when the program started: what
    // it has set for itself since is not seen.
    std::map<std::string, std::string> environment;
    std::vector<wire::AddressPort> connections;  // of TCP, their other ends
};

struct ProgramsSeen {
    std::vector<Program> programs;  // by pid; without kernel threads
    std::size_t hidden = 0;  // of other users, whose connections and environment may not be read
};

// Blocking. A program that ends meanwhile is left out. Containers have networks of their own, which
// are looked at as each program has them.
[[nodiscard]] ProgramsSeen look_at_programs(const std::string& proc = "/proc");

// /proc/PID/net/tcp and tcp6: the other end of each connection by its socket's inode. An IPv4
// address in IPv6 is given as IPv4. Lines of no known form are left out. Pure.
[[nodiscard]] std::map<std::uint64_t, wire::AddressPort> connections_in(std::string_view table);

}  // namespace farshore::host
