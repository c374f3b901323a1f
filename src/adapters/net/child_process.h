#pragma once

#include <string>
#include <utility>
#include <vector>

#include "adapters/net/asio_types.h"
#include "adapters/net/task.h"
#include "base/time.h"

namespace farshore::net {

struct ProcessRequest {
    std::vector<std::string> run;  // the program, looked for in PATH, and its arguments: no shell
    std::vector<std::pair<std::string, std::string>> environment;  // beside our own
    std::string input;                                             // on its standard input
    Duration timeout{};
    std::size_t output_bytes_max = 4096;  // the end of what it says is kept
    bool with_errors = true;              // standard error is part of what it says
};

struct ProcessEnd {
    enum class How {
        exited,
        not_started,
        timed_out,  // it was ended: SIGTERM, then SIGKILL, to its whole process group
        killed,     // by a signal of another's
    };

    How how = How::not_started;
    int status = 0;      // exited: its status; killed: the signal; not_started: errno
    std::string output;  // not_started: why
};

// Runs a program in a process group of its own, without our descriptors. What is left of the group
// when it has ended, or when this task is cancelled, is killed. Single-threaded: on the
// io_context's thread.
[[nodiscard]] Task<ProcessEnd> run_process(Io& io, ProcessRequest request);

}  // namespace farshore::net
