#pragma once

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <poll.h>
#include <spawn.h>
#include <sstream>
#include <string>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/patience.h"

namespace farshore::controller::testing {

// The real farshored as a process of a test. It ends with this object, and how it ended is looked
// at: with status 0 after SIGTERM, or by SIGKILL where that is what the test is about.
class Farshored {
  public:
    enum class End { when_asked, may_be_killed };

    Farshored(std::string config, std::string log, std::vector<std::string> environment, End right)
        : log_(std::move(log)), right_(right) {
        const std::string program =
            (std::filesystem::canonical("/proc/self/exe").parent_path() / "farshored").string();
        for (char** each = environ; *each != nullptr; ++each) {
            environment.emplace_back(*each);
        }
        std::vector<char*> variables;
        for (std::string& each : environment) {
            variables.push_back(each.data());
        }
        variables.push_back(nullptr);
        std::array<std::string, 3> words{program, "--config", std::move(config)};
        const std::array<char*, 4> argv{words[0].data(), words[1].data(), words[2].data(), nullptr};
        posix_spawn_file_actions_t files;
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_addopen(
            &files, 1, log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600
        );
        posix_spawn_file_actions_adddup2(&files, 1, 2);
        const int failed =
            posix_spawn(&process_, program.c_str(), &files, nullptr, argv.data(), variables.data());
        posix_spawn_file_actions_destroy(&files);
        EXPECT_EQ(failed, 0) << program;
    }

    Farshored(const Farshored&) = delete;
    Farshored& operator=(const Farshored&) = delete;

    ~Farshored() {
        ask_to_end();
        if (is_alive()) {
            pollfd end{.fd = end_descriptor(), .events = POLLIN, .revents = 0};
            (void)poll(&end, 1, static_cast<int>(to_ms(stretched(std::chrono::seconds{60}))));
            close(end.fd);
        }
        if (is_alive()) {
            kill(process_, SIGKILL);
            waitpid(process_, nullptr, 0);
            ADD_FAILURE() << "farshored does not end after SIGTERM:\n" << log();
            return;
        }
        const bool killed = WIFSIGNALED(*status_) && WTERMSIG(*status_) == SIGKILL;
        EXPECT_TRUE(*status_ == 0 || (killed && right_ == End::may_be_killed))
            << "farshored ended badly, wait status " << *status_ << ":\n"
            << log();
    }

    // The test must keep running what the controller talks to: its last calls want answers.
    void ask_to_end() {
        if (is_alive()) {
            kill(process_, SIGTERM);
        }
    }

    [[nodiscard]] bool is_alive() {
        int status = 0;
        if (!status_ && waitpid(process_, &status, WNOHANG) == process_) {
            status_ = status;
        }
        return !status_;
    }

    // Readable once the process has ended. To be called while it lives; the caller closes it.
    [[nodiscard]] int end_descriptor() const {
        // The header of glibc 2.36 declares pidfd_open for C only.
        return static_cast<int>(::syscall(SYS_pidfd_open, process_, 0));
    }

    // Zero: it does not listen yet.
    [[nodiscard]] int port() const {
        const std::string text = log();
        const std::size_t at = text.find("listening port=");
        return at == std::string::npos || text.find('\n', at) == std::string::npos
                   ? 0
                   : std::atoi(text.c_str() + at + 15);
    }

    [[nodiscard]] std::string log() const {
        std::ifstream file(log_);
        std::ostringstream text;
        text << file.rdbuf();
        return text.str();
    }

  private:
    std::string log_;
    End right_;
    pid_t process_ = 0;
    std::optional<int> status_;  // as of waitpid, when it has ended
};

}  // namespace farshore::controller::testing
