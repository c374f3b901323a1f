#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/result.h"
#include "base/time.h"

// The processes that a benchmark starts, and what the kernel says of them.
namespace farshore::bench {

// The processors that this process may use.
[[nodiscard]] std::vector<int> processors();

// From now on this process, and those that it starts, run there alone. Errors: unavailable.
[[nodiscard]] Status stay_on(int processor);

// As many descriptors as are wanted for this process and those that it starts, or else as many as
// there are. Errors: exhausted (fewer than `least`).
[[nodiscard]] Status allow_descriptors(std::size_t least, std::size_t wanted);

struct Usage {
    Duration cpu{};          // user and system
    std::size_t memory = 0;  // bytes, resident
};

// Of a process that lives; `self` for this one. Errors: not_found.
[[nodiscard]] Result<Usage> usage_of(pid_t process);

// One process of a benchmark; it ends with this one, however this one ends. Not thread-safe.
class Process {
  public:
    // Its standard error goes to the file `log`. Errors: unavailable.
    [[nodiscard]] static Result<Process> start(
        const std::vector<std::string>& words, const std::string& log
    );

    Process(Process&& other) noexcept;
    Process& operator=(Process&&) = delete;
    // Killed, when end() was not called.
    ~Process();

    [[nodiscard]] pid_t id() const { return id_; }

    [[nodiscard]] bool lives();

    // Its next line on standard output. Errors: timed_out, unavailable (it ended).
    [[nodiscard]] Result<std::string> line(Duration patience);

    // SIGTERM, and waits for the end. Errors: unavailable (not with status 0, or before it was
    // asked to; with the log's end), timed_out (killed after `patience`).
    [[nodiscard]] Status end(Duration patience);

  private:
    Process(std::string name, std::string log, pid_t id, int output)
        : name_(std::move(name)), log_(std::move(log)), id_(id), output_(output) {}

    [[nodiscard]] std::string last_words() const;

    std::string name_;
    std::string log_;
    pid_t id_ = 0;
    int output_ = -1;
    std::optional<int> status_;  // as of waitpid, when it has ended
};

}  // namespace farshore::bench
