#include "cli/lab_children.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <fcntl.h>
#include <iterator>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

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
    ::execv(argv[0], argv);
    ::_exit(kExecFailed);
}

}  // namespace

std::string ChildExit::text() const {
    if (WIFEXITED(status)) {
        return fmt::format("exit status {}", WEXITSTATUS(status));
    }
    return fmt::format("killed by signal {}", WTERMSIG(status));
}

Children::~Children() {
    for (const auto& [name, pid] : alive_) {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
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
    alive_[spec.name] = pid;
    return pid;
}

std::optional<pid_t> Children::pid(const std::string& name) const {
    const auto found = alive_.find(name);
    return found == alive_.end() ? std::nullopt : std::optional{found->second};
}

void Children::kill(const std::string& name) {
    signal(name, SIGKILL);
}

void Children::signal(const std::string& name, int signal) {
    if (const auto pid = this->pid(name)) {
        ::kill(*pid, signal);
    }
}

std::vector<ChildExit> Children::reap() {
    std::vector<ChildExit> ended;
    for (auto at = alive_.begin(); at != alive_.end();) {
        int status = 0;
        if (::waitpid(at->second, &status, WNOHANG) == at->second) {
            ended.push_back({.name = at->first, .pid = at->second, .status = status});
            at = alive_.erase(at);
        } else {
            ++at;
        }
    }
    return ended;
}

std::vector<ChildExit> Children::stop_all(Duration grace) {
    for (const auto& [name, pid] : alive_) {
        ::kill(pid, SIGTERM);
    }
    std::vector<ChildExit> ended;
    constexpr auto kStep = std::chrono::milliseconds{10};
    for (Duration waited{}; waited < grace && !alive_.empty(); waited += kStep) {
        std::ranges::move(reap(), std::back_inserter(ended));
        std::this_thread::sleep_for(alive_.empty() ? std::chrono::milliseconds{0} : kStep);
    }
    for (const auto& [name, pid] : alive_) {
        int status = 0;
        ::kill(pid, SIGKILL);
        ::waitpid(pid, &status, 0);
        ended.push_back({.name = name, .pid = pid, .status = status});
    }
    alive_.clear();
    return ended;
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
