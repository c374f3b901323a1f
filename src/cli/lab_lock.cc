#include "cli/lab_lock.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

namespace farshore::cli {

Result<FileLock> FileLock::take(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        return fail(
            ErrorKind::denied,
            fmt::format(
                "cannot open {}: {}",
                path,
                std::error_code{errno, std::generic_category()}.message()
            )
        );
    }
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
        ::close(file);
        return fail(ErrorKind::conflict, path + " is locked by another process");
    }
    return FileLock{file};
}

bool FileLock::is_held(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    const bool held = ::flock(file, LOCK_EX | LOCK_NB) != 0;
    ::close(file);
    return held;
}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
    if (this != &other) {
        if (file_ >= 0) {
            ::close(file_);
        }
        file_ = std::exchange(other.file_, -1);
    }
    return *this;
}

FileLock::~FileLock() {
    if (file_ >= 0) {
        ::close(file_);
    }
}

Result<WorldNumber> take_world_number() {
    for (int octet = 101; octet <= 199; ++octet) {
        // One name space for all users of the machine: they share its loopback addresses.
        if (auto lock = FileLock::take(fmt::format("/tmp/farshore-world-{}.lock", octet))) {
            return WorldNumber{.second_octet = octet, .lock = std::move(*lock)};
        }
    }
    return fail(
        ErrorKind::exhausted, "99 worlds are running on this machine", "end one: farshore lab down"
    );
}

}  // namespace farshore::cli
