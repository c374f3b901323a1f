#include "bench/controller/process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <sched.h>
#include <sstream>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace farshore::bench {

namespace {

constexpr std::size_t kLastWords = 2000;

[[noreturn]] void become(const std::vector<std::string>& words, int log, int output, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) {
        _exit(127);
    }
    dup2(log, STDERR_FILENO);
    dup2(output, STDOUT_FILENO);
    std::vector<char*> arguments;
    for (const std::string& word : words) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    execv(arguments.front(), arguments.data());
    _exit(127);
}

bool wait_readable(int descriptor, Duration patience) {
    pollfd wanted{.fd = descriptor, .events = POLLIN, .revents = 0};
    return poll(&wanted, 1, static_cast<int>(to_ms(patience))) > 0;
}

}  // namespace

std::vector<int> processors() {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<int> all;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        for (int i = 0; i < CPU_SETSIZE; ++i) {
            if (CPU_ISSET(static_cast<std::size_t>(i), &set)) {
                all.push_back(i);
            }
        }
    }
    return all;
}

Status stay_on(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(processor), &set);
    return sched_setaffinity(0, sizeof set, &set) == 0
               ? Status{}
               : fail(
                     ErrorKind::unavailable,
                     "sched_setaffinity: " + std::generic_category().message(errno)
                 );
}

Status allow_descriptors(std::size_t least, std::size_t wanted) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    rlimit raised{.rlim_cur = wanted, .rlim_max = std::max<rlim_t>(limit.rlim_max, wanted)};
    if (limit.rlim_cur >= wanted || setrlimit(RLIMIT_NOFILE, &raised) == 0) {
        return {};
    }
    raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (limit.rlim_max >= least && setrlimit(RLIMIT_NOFILE, &raised) == 0) {
        return {};
    }
    return fail(
        ErrorKind::exhausted,
        std::to_string(least) + " open files are needed, and " + std::to_string(limit.rlim_max) +
            " allowed",
        "raise the hard limit (`ulimit -Hn`), run it as root, or take fewer --agents"
    );
}

Result<Usage> usage_of(pid_t process) {
    const std::string folder = "/proc/" + std::to_string(process);
    std::ifstream stat_file(folder + "/stat");
    const std::string text{std::istreambuf_iterator<char>(stat_file), {}};
    std::ifstream memory_file(folder + "/statm");
    std::size_t pages = 0;
    std::size_t resident = 0;
    memory_file >> pages >> resident;
    const std::size_t name_end = text.rfind(')');  // the name may hold anything
    if (name_end == std::string::npos || !memory_file) {
        return fail(ErrorKind::not_found, "no process " + std::to_string(process));
    }
    // proc(5): behind the name comes the third field; user and system time are the 14th and 15th.
    std::istringstream fields(text.substr(name_end + 1));
    std::string skipped;
    for (int i = 3; i < 14; ++i) {
        fields >> skipped;
    }
    std::int64_t user = 0;
    std::int64_t system = 0;
    fields >> user >> system;
    const auto ticks = static_cast<double>(user + system);
    const std::chrono::duration<double> cpu{ticks / static_cast<double>(sysconf(_SC_CLK_TCK))};
    return Usage{
        .cpu = std::chrono::duration_cast<Duration>(cpu),
        .memory = resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE))
    };
}

Result<Process> Process::start(const std::vector<std::string>& words, const std::string& log) {
    const int log_file = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int output[2] = {-1, -1};
    if (log_file < 0 || pipe2(output, O_CLOEXEC) != 0) {
        return fail(ErrorKind::unavailable, log + ": " + std::generic_category().message(errno));
    }
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) {
        become(words, log_file, output[1], parent);
    }
    close(log_file);
    close(output[1]);
    if (child < 0) {
        close(output[0]);
        return fail(ErrorKind::unavailable, "fork: " + std::generic_category().message(errno));
    }
    return Process{words.front(), log, child, output[0]};
}

Process::Process(Process&& other) noexcept
    : name_(std::move(other.name_)),
      log_(std::move(other.log_)),
      id_(std::exchange(other.id_, 0)),
      output_(std::exchange(other.output_, -1)),
      status_(other.status_) {}

Process::~Process() {
    if (id_ != 0 && lives()) {
        kill(id_, SIGKILL);
        waitpid(id_, nullptr, 0);
    }
    if (output_ >= 0) {
        close(output_);
    }
}

bool Process::lives() {
    int status = 0;
    if (!status_ && waitpid(id_, &status, WNOHANG) == id_) {
        status_ = status;
    }
    return !status_;
}

Result<std::string> Process::line(Duration patience) {
    std::string text;
    char letter = 0;
    while (wait_readable(output_, patience)) {
        if (read(output_, &letter, 1) != 1) {
            return fail(ErrorKind::unavailable, name_ + " ended:\n" + last_words());
        }
        if (letter == '\n') {
            return text;
        }
        text += letter;
    }
    return fail(ErrorKind::timed_out, name_ + " says nothing:\n" + last_words());
}

Status Process::end(Duration patience) {
    const bool by_itself = !lives();
    if (!by_itself) {
        // The header of glibc 2.36 declares pidfd_open for C only.
        const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, id_, 0));
        kill(id_, SIGTERM);
        (void)wait_readable(descriptor, patience);
        close(descriptor);
    }
    if (lives()) {
        kill(id_, SIGKILL);
        int status = 0;
        waitpid(id_, &status, 0);
        status_ = status;
        return fail(ErrorKind::timed_out, name_ + " did not end after SIGTERM:\n" + last_words());
    }
    if (by_itself || *status_ != 0) {
        return fail(
            ErrorKind::unavailable,
            name_ + " ended " + (by_itself ? "by itself" : "badly") + ", wait status " +
                std::to_string(*status_) + ":\n" + last_words()
        );
    }
    return {};
}

std::string Process::last_words() const {
    std::ifstream file(log_);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return text.substr(text.size() - std::min(text.size(), kLastWords));
}

}  // namespace farshore::bench
