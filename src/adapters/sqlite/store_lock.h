#pragma once

#include <string>

#include "base/result.h"

namespace farshore::sqlite {

// One process per store: an exclusive flock on a file beside it, held for life. The kernel gives it
// back when the process ends, however it ends.
class StoreLock {
  public:
    // Errors: conflict, when another process holds it (the text names its pid); not_found, when the
    // directory is missing; denied; exhausted.
    [[nodiscard]] static Result<StoreLock> take(const std::string& store_path);

    StoreLock(StoreLock&& other) noexcept;
    StoreLock& operator=(StoreLock&&) = delete;
    StoreLock(const StoreLock&) = delete;
    StoreLock& operator=(const StoreLock&) = delete;
    ~StoreLock();

  private:
    explicit StoreLock(int fd) : fd_(fd) {}

    int fd_;
};

}  // namespace farshore::sqlite
