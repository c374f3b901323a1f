#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// Small files that a reader must never see half written, and that survive a crash of the machine.
namespace farshore::host {

enum class Durability {
    on_disk,  // fsync of file and directory before returning: survives a power cut
    visible,  // only atomic: for files in /run, which do not survive one anyway
};

// Writes beside `path` and renames over it. Blocking. Errors: exhausted (disk full, quota), denied,
// not_found (the directory), unavailable (I/O error); the old content then stands.
[[nodiscard]] Status replace_file(
    const std::string& path, std::string_view content, Durability durability, unsigned mode = 0640
);

// Creates the directory if it is missing and proves that a file can be written and synced there.
// Errors as replace_file, each with its remedy.
[[nodiscard]] Status prepare_directory(const std::string& path, std::string_view what_for);

}  // namespace farshore::host
