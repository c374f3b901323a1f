#include "adapters/net/child_process.h"

#include <array>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <tuple>
#include <unistd.h>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

namespace farshore::net {

namespace {

using namespace std::chrono_literals;

// Between asking a program to end and ending it.
constexpr Duration kGrace = 2s;

using Descriptor = boost::asio::posix::basic_stream_descriptor<Io::executor_type>;

// The words of an argument or environment list, as the system wants them.
class Words {
  public:
    explicit Words(std::vector<std::string> words) : words_(std::move(words)) {
        for (std::string& word : words_) {
            pointers_.push_back(word.data());
        }
        pointers_.push_back(nullptr);
    }

    [[nodiscard]] char* const* list() { return pointers_.data(); }

  private:
    std::vector<std::string> words_;
    std::vector<char*> pointers_;
};

std::vector<std::string> environment_of(const ProcessRequest& request) {
    std::vector<std::string> all;
    for (char** word = environ; *word != nullptr; ++word) {
        all.emplace_back(*word);
    }
    for (const auto& [name, value] : request.environment) {
        all.push_back(name + "=" + value);
    }
    return all;
}

// What a child reads; -1: it could not be made.
int input_of(const std::string& text) {
    const int file = ::memfd_create("input", MFD_CLOEXEC);
    std::size_t written = 0;
    while (file >= 0 && written < text.size()) {
        const ssize_t count = ::write(file, text.data() + written, text.size() - written);
        if (count <= 0) {
            ::close(file);
            return -1;
        }
        written += static_cast<std::size_t>(count);
    }
    if (file >= 0) {
        (void)::lseek(file, 0, SEEK_SET);
    }
    return file;
}

// One child and its group; ended with us.
struct Child {
    Child(Io& io, std::size_t most)
        : said(io.get_executor()),
          ended(io.get_executor()),
          timer(io.get_executor()),
          output_max(most) {}

    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    ~Child() { finish(); }

    // The group may outlive its first process.
    void finish() {
        if (group > 0) {
            ::kill(-std::exchange(group, -1), SIGKILL);
        }
        if (pid > 0) {
            ::waitpid(std::exchange(pid, -1), nullptr, 0);
        }
    }

    void keep(const char* data, std::size_t count) {
        output.append(data, count);
        if (output.size() > 2 * output_max) {
            output.erase(0, output.size() - output_max);
        }
    }

    Descriptor said;
    Descriptor ended;  // a pidfd: readable once the process has ended
    Timer timer;       // of the one who waits; cancelled when it has ended
    std::size_t output_max;
    std::array<char, 4096> piece{};
    std::string output;
    pid_t pid = -1;
    pid_t group = -1;
    bool has_ended = false;
};

// The errno; 0: it runs.
int spawn(const ProcessRequest& request, int input, int output, pid_t& pid) {
    posix_spawn_file_actions_t files{};
    posix_spawnattr_t how{};
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&how);
    ::posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    if (request.with_errors) {
        ::posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
    } else {
        ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    }
    ::posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&how, &none);
    ::posix_spawnattr_setsigdefault(&how, &all);
    ::posix_spawnattr_setpgroup(&how, 0);
    ::posix_spawnattr_setflags(
        &how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    );
    Words arguments(request.run);
    Words environment(environment_of(request));
    const int failed = ::posix_spawnp(
        &pid, request.run.front().c_str(), &files, &how, arguments.list(), environment.list()
    );
    ::posix_spawnattr_destroy(&how);
    ::posix_spawn_file_actions_destroy(&files);
    return failed;
}

// The errno; 0: it runs.
int start(Child& child, const ProcessRequest& request) {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return errno;
    }
    const int input = input_of(request.input);
    int failed = input < 0 ? ENFILE : spawn(request, input, ends[1], child.pid);
    ::close(input);
    ::close(ends[1]);
    if (failed == 0) {
        child.group = child.pid;
        const int watch = static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0));
        failed = watch < 0 ? errno : 0;
        if (failed == 0) {
            child.ended.assign(watch);
        }
    } else {
        child.pid = -1;
    }
    if (failed != 0) {
        ::close(ends[0]);
        return failed;
    }
    child.said.assign(ends[0]);
    return 0;
}

void read_more(const std::shared_ptr<Child>& child) {
    child->said.async_read_some(
        boost::asio::buffer(child->piece),
        [child](const boost::system::error_code& code, std::size_t count) {
            child->keep(child->piece.data(), count);
            if (!code) {
                read_more(child);
            }
        }
    );
}

// The wait may end although the process goes on: asio hands a closed descriptor's state to the next
// one, with the events that it had noted for the first. To reap it then would stop the whole loop
// until the process ends.
void await_end(const std::shared_ptr<Child>& child) {
    child->ended.async_wait(Descriptor::wait_read, [child](const boost::system::error_code& code) {
        if (code) {
            return;
        }
        pollfd end{.fd = child->ended.native_handle(), .events = POLLIN, .revents = 0};
        if (::poll(&end, 1, 0) == 0) {
            await_end(child);
            return;
        }
        child->has_ended = true;
        child->timer.cancel();
    });
}

// What stands in the pipe when the process has ended: others of its group may hold it open.
void read_rest(Child& child) {
    boost::system::error_code ignored;
    child.said.cancel(ignored);
    child.said.native_non_blocking(true, ignored);
    for (int round = 0; round < 64; ++round) {
        const ssize_t count =
            ::read(child.said.native_handle(), child.piece.data(), child.piece.size());
        if (count <= 0) {
            break;
        }
        child.keep(child.piece.data(), static_cast<std::size_t>(count));
    }
    if (child.output.size() > child.output_max) {
        child.output.erase(0, child.output.size() - child.output_max);
    }
}

}  // namespace

Task<ProcessEnd> run_process(Io& io, ProcessRequest request) {
    const auto child = std::make_shared<Child>(io, request.output_bytes_max);
    if (const int failed = request.run.empty() ? EINVAL : start(*child, request); failed != 0) {
        co_return ProcessEnd{
            .how = ProcessEnd::How::not_started,
            .status = failed,
            .output = std::generic_category().message(failed)
        };
    }

    // A cancelled task unwinds through here: the group ends with it.
    struct Ender {
        Child* child;

        ~Ender() {
            boost::system::error_code ignored;
            child->said.cancel(ignored);
            child->ended.cancel(ignored);
            child->finish();
        }
    } const ender{child.get()};

    read_more(child);
    await_end(child);
    child->timer.expires_after(request.timeout);
    auto [waited] = co_await child->timer.async_wait(kAwait);
    const bool timed_out = !waited && !child->has_ended;
    if (timed_out) {
        ::kill(-child->group, SIGTERM);
        child->timer.expires_after(kGrace);
        std::tie(waited) = co_await child->timer.async_wait(kAwait);
        if (!child->has_ended) {
            ::kill(-child->group, SIGKILL);
        }
    } else if (!child->has_ended) {
        co_return ProcessEnd{.how = ProcessEnd::How::killed, .status = SIGKILL, .output = {}};
    }
    int status = 0;
    ::waitpid(std::exchange(child->pid, -1), &status, 0);
    read_rest(*child);
    if (timed_out) {
        co_return ProcessEnd{
            .how = ProcessEnd::How::timed_out, .status = 0, .output = std::move(child->output)
        };
    }
    const bool exited = WIFEXITED(status);
    co_return ProcessEnd{
        .how = exited ? ProcessEnd::How::exited : ProcessEnd::How::killed,
        .status = exited ? WEXITSTATUS(status) : WTERMSIG(status),
        .output = std::move(child->output)
    };
}

}  // namespace farshore::net
