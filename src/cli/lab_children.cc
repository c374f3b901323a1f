#include "cli/lab_children.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <iterator>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/last_words.h"

namespace farshore::cli {

namespace {

constexpr int kExecFailed = 127;

// Between fork and exec only async-signal-safe calls.
[[noreturn]] void become(const ChildSpec& spec, char* const* argv, int log, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, spec.on_parent_death);
    // The parent may have died before the line above.
    if (::getppid() != parent) {
        ::_exit(kExecFailed);
    }
    if (spec.own_group) {
        ::setpgid(0, 0);
    }
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(null, STDIN_FILENO);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    // The world's sockets listen for as long as any process holds them: a child must not, or a
    // Region that refuses would still be connected to, and never come back.
    ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    ::execv(argv[0], argv);
    ::_exit(kExecFailed);
}

}  // namespace

std::string ChildExit::text() const {
    if (WIFEXITED(status)) {
        return fmt::format("exit status {}", WEXITSTATUS(status));
    }
    const char* abbreviation = ::sigabbrev_np(WTERMSIG(status));
    return too_late ? "it did not end in time after SIGTERM, and was killed"
                    : fmt::format(
                          "killed by signal {} ({})",
                          WTERMSIG(status),
                          abbreviation == nullptr ? "?" : abbreviation
                      );
}

bool ChildExit::well() const {
    const bool as_wanted = WIFSIGNALED(status) && WTERMSIG(status) == killed_on_purpose;
    return alarm.empty() && !too_late && (status == 0 || as_wanted);
}

drill::BadEnd ChildExit::bad_end() const {
    return {.process = name, .pid = pid, .how = text(), .last_words = last_words, .log = log_file};
}

Children::~Children() {
    for (const auto& [name, child] : alive_) {
        ::kill(child.pid, SIGKILL);
        ::waitpid(child.pid, nullptr, 0);
    }
}

Result<pid_t> Children::start(const ChildSpec& spec) {
    if (alive_.contains(spec.name)) {
        return fail(ErrorKind::conflict, spec.name + " is running already");
    }
    if (::access(spec.argv.front().c_str(), X_OK) != 0) {
        return fail(
            ErrorKind::not_found,
            "there is no program " + spec.argv.front(),
            "farshore, farshored and farshore-agent belong into one directory"
        );
    }
    const int log = ::open(spec.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0) {
        return fail(
            ErrorKind::exhausted,
            fmt::format(
                "cannot write {}: {}",
                spec.log_file,
                std::error_code{errno, std::generic_category()}.message()
            )
        );
    }
    std::vector<char*> argv;
    for (const std::string& word : spec.argv) {
        argv.push_back(const_cast<char*>(word.c_str()));  // execv does not write to it
    }
    argv.push_back(nullptr);
    struct stat so_far{};
    const bool measured = ::fstat(log, &so_far) == 0;
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) {
        become(spec, argv.data(), log, parent);
    }
    ::close(log);
    if (pid < 0) {
        return fail(
            ErrorKind::exhausted, "cannot start another process", "raise the limit: ulimit -u"
        );
    }
    alive_[spec.name] = {
        .pid = pid,
        .log_file = spec.log_file,
        .log_begins = measured ? static_cast<std::uint64_t>(so_far.st_size) : 0
    };
    return pid;
}

std::optional<pid_t> Children::pid(const std::string& name) const {
    const auto found = alive_.find(name);
    return found == alive_.end() ? std::nullopt : std::optional{found->second.pid};
}

void Children::kill(const std::string& name) {
    if (const auto found = alive_.find(name); found != alive_.end()) {
        found->second.killed_on_purpose = SIGKILL;
        ::kill(found->second.pid, SIGKILL);
    }
}

ChildExit Children::ended(const std::string& name, const Living& child, int status) {
    const std::string log = log_from(child.log_file, child.log_begins);
    return {
        .name = name,
        .pid = child.pid,
        .status = status,
        .killed_on_purpose = child.killed_on_purpose,
        .alarm = alarm_in(log),
        .last_words = last_words_in(log),
        .log_file = child.log_file
    };
}

std::vector<ChildExit> Children::reap() {
    std::vector<ChildExit> all;
    for (auto at = alive_.begin(); at != alive_.end();) {
        int status = 0;
        if (::waitpid(at->second.pid, &status, WNOHANG) == at->second.pid) {
            all.push_back(ended(at->first, at->second, status));
            at = alive_.erase(at);
        } else {
            ++at;
        }
    }
    return all;
}

std::vector<ChildExit> Children::stop_all(Duration grace) {
    for (const auto& [name, child] : alive_) {
        // A process that is stopped takes no other signal before this one. It goes first:
        // LeakSanitizer stops the threads of a process that ends, and a SIGCONT then would undo
        // that stop, for which the process waits for ever.
        ::kill(child.pid, SIGCONT);
        ::kill(child.pid, SIGTERM);
    }
    std::vector<ChildExit> all;
    constexpr auto kStep = std::chrono::milliseconds{10};
    for (Duration waited{}; waited < grace && !alive_.empty(); waited += kStep) {
        std::ranges::move(reap(), std::back_inserter(all));
        std::this_thread::sleep_for(alive_.empty() ? std::chrono::milliseconds{0} : kStep);
    }
    for (const auto& [name, child] : alive_) {
        int status = 0;
        ::kill(child.pid, SIGKILL);
        ::waitpid(child.pid, &status, 0);
        all.push_back(ended(name, child, status));
        // It may have ended by itself at the last moment.
        all.back().too_late = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    }
    alive_.clear();
    return all;
}

std::string own_path() {
    std::array<char, PATH_MAX> path{};
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
    return length > 0 ? std::string{path.data(), static_cast<std::size_t>(length)} : "farshore";
}

std::string own_directory() {
    const std::string path = own_path();
    return path.substr(0, path.rfind('/'));
}

}  // namespace farshore::cli
