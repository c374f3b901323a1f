#pragma once

#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/result.h"
#include "base/time.h"

// Processes that end with us, however we end: each is told by the kernel to die when its parent
// does (PR_SET_PDEATHSIG), also after our SIGKILL. Single-threaded: a death signal is tied to the
// thread that started the child.
namespace farshore::cli {

struct ChildSpec {
    std::string name;               // unique among the living: "controller", "agent:use1-web-1"
    std::vector<std::string> argv;  // argv[0] is the program's path
    std::string log_file;           // its stdout and stderr are appended
    bool own_group = true;          // Ctrl-C on the terminal is ours alone
    // What it gets when we die. A supervisor of other processes gets SIGTERM, so that it can clean
    // up; a leaf SIGKILL.
    int on_parent_death = 9;
};

struct ChildExit {
    std::string name;
    pid_t pid = 0;
    int status = 0;  // as of waitpid

    [[nodiscard]] std::string text() const;  // "exit status 3", "killed by signal 9"

    [[nodiscard]] bool well() const { return status == 0; }
};

class Children {
  public:
    Children() = default;
    ~Children();  // kills what is left
    Children(const Children&) = delete;
    Children& operator=(const Children&) = delete;

    // Errors: not_found (no such program), exhausted, conflict (the name is alive).
    [[nodiscard]] Result<pid_t> start(const ChildSpec& spec);

    // It is nobody's concern here any more, and lives on when we end.
    void release(const std::string& name) { alive_.erase(name); }

    [[nodiscard]] std::optional<pid_t> pid(const std::string& name) const;
    // SIGKILL; the exit is reported by reap().
    void kill(const std::string& name);
    void signal(const std::string& name, int signal);
    // The children that have ended since the last call.
    [[nodiscard]] std::vector<ChildExit> reap();

    // SIGTERM to all, SIGKILL to those that are left after `grace`; blocks until none is left.
    // Gives how each has ended.
    std::vector<ChildExit> stop_all(Duration grace);

    [[nodiscard]] bool empty() const { return alive_.empty(); }

  private:
    std::map<std::string, pid_t> alive_;
};

// The directory of the running executable; its neighbours are the other programs.
[[nodiscard]] std::string own_directory();
[[nodiscard]] std::string own_path();

}  // namespace farshore::cli
