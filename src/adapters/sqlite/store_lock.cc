#include "adapters/sqlite/store_lock.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace farshore::sqlite {

namespace {

std::unexpected<Error> cannot_open(const std::string& path, int code) {
    const std::string text = "cannot open " + path + ": " + std::generic_category().message(code);
    switch (code) {
        case ENOENT:
        case ENOTDIR:
            return fail(
                ErrorKind::not_found,
                text,
                "create the directory of the store, owned by farshore's user"
            );
        case EACCES:
        case EPERM:
        case EROFS:
            return fail(ErrorKind::denied, text, "farshored must own the directory of its store");
        case ENOSPC:
        case EDQUOT:
        case EMFILE:
        case ENFILE:
            return fail(
                ErrorKind::exhausted, text, "free space on the file system that holds the store"
            );
        default: return fail(ErrorKind::unavailable, text);
    }
}

std::string holder_of(int fd) {
    std::array<char, 32> text{};
    const ssize_t got = pread(fd, text.data(), text.size() - 1, 0);
    std::string pid{text.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
    while (!pid.empty() && pid.back() == '\n') {
        pid.pop_back();
    }
    return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

Result<StoreLock> StoreLock::take(const std::string& store_path) {
    const std::string path = store_path + ".lock";
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return cannot_open(path, errno);
    }
    StoreLock lock{fd};
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return fail(
            ErrorKind::conflict,
            "the store " + store_path + " is in use by " + holder_of(fd),
            "one farshored per store: stop the other one, or give this one a store of its own"
        );
    }
    const std::string pid = std::to_string(getpid()) + "\n";
    if (ftruncate(fd, 0) != 0 ||
        pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
        return cannot_open(path, errno);
    }
    return lock;
}

StoreLock::StoreLock(StoreLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

StoreLock::~StoreLock() {
    if (fd_ >= 0) {
        close(fd_);
    }
}

}  // namespace farshore::sqlite
