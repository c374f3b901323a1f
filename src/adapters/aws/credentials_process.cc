#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "adapters/aws/credentials_source.h"
#include "adapters/net/asio_types.h"
#include "adapters/net/task_group.h"

namespace farshore::aws {
namespace {

using namespace std::chrono_literals;

// Some ask a smart card or a vault; longer than this nobody should wait for keys.
constexpr Duration kPatience = 10s;
constexpr std::size_t kOutputMax = std::size_t{64} << 10U;

using Pipe = boost::asio::posix::basic_stream_descriptor<net::Io::executor_type>;

// A command of its own process group, which does not outlive us.
class Child {
  public:
    Child() = default;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    ~Child() {
        if (pid_ > 0) {
            ::kill(-pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }

    // Its standard output; -1: it could not be started.
    [[nodiscard]] int start(const std::string& command) {
        std::array<int, 2> ends{-1, -1};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            return -1;
        }
        posix_spawn_file_actions_t files{};
        posix_spawnattr_t how{};
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawnattr_init(&how);
        ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
        // What it says beside its output may name secrets.
        ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        ::posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
        sigset_t none;
        sigemptyset(&none);
        ::posix_spawnattr_setsigmask(&how, &none);
        ::posix_spawnattr_setpgroup(&how, 0);
        ::posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
        std::array<std::string, 3> words{"sh", "-c", command};
        std::array<char*, 4> arguments{words[0].data(), words[1].data(), words[2].data(), nullptr};
        const int failed = ::posix_spawn(&pid_, "/bin/sh", &files, &how, arguments.data(), environ);
        ::posix_spawnattr_destroy(&how);
        ::posix_spawn_file_actions_destroy(&files);
        ::close(ends[1]);
        if (failed != 0) {
            pid_ = -1;
            ::close(ends[0]);
            return -1;
        }
        return ends[0];
    }

    // nullopt: it still runs.
    [[nodiscard]] std::optional<int> status() {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) == 0) {
            return std::nullopt;
        }
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

  private:
    pid_t pid_ = -1;
};

class ProcessOutput final : public CredentialsSource {
  public:
    ProcessOutput(CredentialsEdge edge, std::string command)
        : edge_(edge), command_(std::move(command)) {}

    // Not the command itself: people write secrets into commands.
    [[nodiscard]] std::string name() const override { return "the profile's credential_process"; }

    net::Task<Result<sigv4::Credentials>> fetch() override {
        Child child;
        const int output = child.start(command_);
        if (output < 0) {
            co_return fail(ErrorKind::exhausted, "the credential_process could not be started");
        }
        Pipe pipe(edge_.io->get_executor(), output);
        const Instant end = edge_.clock->now() + kPatience;
        net::Timer timer(edge_.io->get_executor());
        timer.expires_after(kPatience);
        timer.async_wait([&pipe](const boost::system::error_code& code) {
            if (!code) {
                pipe.cancel();
            }
        });
        std::string text;
        boost::system::error_code broken;
        while (!broken && text.size() <= kOutputMax) {
            std::array<char, 4096> piece{};
            auto [code, count] =
                co_await pipe.async_read_some(boost::asio::buffer(piece), net::kAwait);
            text.append(piece.data(), count);
            broken = code;
        }
        timer.cancel();
        if (text.size() > kOutputMax) {
            co_return fail(ErrorKind::malformed, "the credential_process says too much");
        }
        std::optional<int> status = child.status();
        while (!status && edge_.clock->now() < end) {
            co_await net::sleep_for(*edge_.io, 5ms);
            status = child.status();
        }
        if (!status) {
            co_return fail(ErrorKind::timed_out, "the credential_process did not end in time");
        }
        if (*status != 0) {
            co_return fail(
                ErrorKind::denied,
                "the credential_process ended with " + std::to_string(*status),
                "Run it by hand as the service's user."
            );
        }
        co_return credentials_from_json(text);
    }

  private:
    CredentialsEdge edge_;
    std::string command_;
};

}  // namespace

std::unique_ptr<CredentialsSource> process_output(CredentialsEdge edge, std::string command) {
    return std::make_unique<ProcessOutput>(edge, std::move(command));
}

}  // namespace farshore::aws
