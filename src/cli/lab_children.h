#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/result.h"
#include "base/time.h"

#include "drill/bad_end.h"

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
    int status = 0;             // as of waitpid
    int killed_on_purpose = 0;  // by this signal, which was sent to end it; 0: by none
    bool too_late = false;      // it was asked to end, did not in time, and was killed
    std::string alarm;          // what last_words.h's alarm_in() found in its log
    std::string last_words;
    std::string log_file;

    // "exit status 3", "killed by signal 11 (SEGV)".
    [[nodiscard]] std::string text() const;

    // With status 0, or by exactly the signal that was to kill it; never with an alarm.
    [[nodiscard]] bool well() const;

    // For those that did not end well.
    [[nodiscard]] drill::BadEnd bad_end() const;
};

class Children {
  public:
    Children() = default;
    ~Children();  // kills what is left
    Children(const Children&) = delete;
    Children& operator=(const Children&) = delete;

    // Errors: not_found (no such program), exhausted, conflict (the name is alive).
    [[nodiscard]] Result<pid_t> start(const ChildSpec& spec);

    // This object forgets the child, which lives on when our process ends.
    void release(const std::string& name) { alive_.erase(name); }

    [[nodiscard]] std::optional<pid_t> pid(const std::string& name) const;
    // SIGKILL, on purpose: that it ends by this signal is right. The exit is reported by reap().
    void kill(const std::string& name);
    // The children that have ended since the last call.
    [[nodiscard]] std::vector<ChildExit> reap();

    // SIGTERM to all, also to those that are stopped; SIGKILL to those that are left after `grace`;
    // blocks until none is left. Gives how each has ended.
    std::vector<ChildExit> stop_all(Duration grace);

    [[nodiscard]] bool empty() const { return alive_.empty(); }

  private:
    struct Living {
        pid_t pid = 0;
        std::string log_file;
        std::uint64_t log_begins = 0;  // what stands before it, an earlier process has said
        int killed_on_purpose = 0;
    };

    [[nodiscard]] static ChildExit ended(const std::string& name, const Living& child, int status);

    std::map<std::string, Living> alive_;
};

// The directory of the running executable; its neighbours are the other programs.
[[nodiscard]] std::string own_directory();
[[nodiscard]] std::string own_path();

}  // namespace farshore::cli
