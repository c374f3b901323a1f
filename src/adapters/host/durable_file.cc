#include "adapters/host/durable_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace farshore::host {

namespace {

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}

    ~Descriptor() { (void)close(); }

    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    [[nodiscard]] int get() const { return fd_; }

    [[nodiscard]] bool close() {
        const int fd = std::exchange(fd_, -1);
        return fd < 0 || ::close(fd) == 0;
    }

  private:
    int fd_;
};

std::unexpected<Error> failed(std::string_view doing, const std::string& path, int code) {
    std::string text = fmt::format("{} {}: {}", doing, path, std::generic_category().message(code));
    switch (code) {
        case ENOSPC:
        case EDQUOT:
            return fail(
                ErrorKind::exhausted,
                std::move(text),
                "make room on that file system; the old content still stands"
            );
        case EACCES:
        case EPERM:
        case EROFS:
            return fail(
                ErrorKind::denied,
                std::move(text),
                "give this program's user write permission on that directory"
            );
        case ENOENT:
        case ENOTDIR:
            return fail(
                ErrorKind::not_found, std::move(text), "create the directory, or correct the path"
            );
        default:
            return fail(
                ErrorKind::unavailable,
                std::move(text),
                "look at the kernel's log for errors of that disk"
            );
    }
}

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

Status write_new(
    const std::string& path, std::string_view content, Durability durability, unsigned mode
) {
    // What an interrupted write has left may be open to more readers than this one may be.
    (void)::unlink(path.c_str());
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    );
    if (file.get() < 0) {
        return failed("cannot write", path, errno);
    }
    if (!write_all(file.get(), content)) {
        return failed("cannot write", path, errno);
    }
    if (durability == Durability::on_disk && ::fsync(file.get()) != 0) {
        return failed("cannot sync", path, errno);
    }
    if (!file.close()) {
        return failed("cannot close", path, errno);
    }
    return {};
}

Status sync_directory(const std::string& path) {
    const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0 || ::fsync(directory.get()) != 0) {
        return failed("cannot sync directory", path, errno);
    }
    return {};
}

}  // namespace

Status replace_file(
    const std::string& path, std::string_view content, Durability durability, unsigned mode
) {
    // One writer per file: a fixed name beside it leaves no litter after a crash.
    const std::string beside = path + ".new";
    Status written = write_new(beside, content, durability, mode);
    if (!written) {
        (void)::unlink(beside.c_str());
        return written;
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) {
        const int code = errno;
        (void)::unlink(beside.c_str());
        return failed("cannot replace", path, code);
    }
    if (durability == Durability::on_disk) {
        const std::string directory = std::filesystem::path{path}.parent_path().string();
        return sync_directory(directory.empty() ? "." : directory);
    }
    return {};
}

Status prepare_directory(const std::string& path, std::string_view what_for) {
    std::error_code code;
    std::filesystem::create_directories(path, code);
    if (code) {
        Error error = failed("cannot create", path, code.value()).error();
        return std::unexpected(in_context(what_for, std::move(error)));
    }
    const std::string probe = path + "/.writable";
    Status written = replace_file(probe, std::string(4096, '\n'), Durability::on_disk, 0600);
    (void)::unlink(probe.c_str());
    if (!written) {
        return std::unexpected(in_context(what_for, written.error()));
    }
    return {};
}

}  // namespace farshore::host
