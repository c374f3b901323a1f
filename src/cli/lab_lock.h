#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace farshore::cli {

// An exclusive lock on a file, held while the object lives and gone with its process.
class FileLock {
  public:
    // Errors: conflict (another process holds it), denied.
    [[nodiscard]] static Result<FileLock> take(const std::string& path);

    // Does a process hold it? Leaves no file behind.
    [[nodiscard]] static bool is_held(const std::string& path);

    FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

    FileLock& operator=(FileLock&& other) noexcept;
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    ~FileLock();

  private:
    explicit FileLock(int file) : file_(file) {}

    int file_ = -1;
};

struct WorldNumber {
    int second_octet = 0;  // 101..199
    FileLock lock;
};

// The first number that no other world on this machine uses. Errors: exhausted.
[[nodiscard]] Result<WorldNumber> take_world_number();

}  // namespace farshore::cli
