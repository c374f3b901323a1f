#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// Whose a directory is. A world and a demo write, and later remove, files in a directory that the
// operator named. It belongs to them only when a file in it says so, with exactly the text they
// write. Names alone prove nothing: `~/.aws` holds a file `credentials` too.
namespace farshore::cli {

struct DirectoryMark {
    std::string_view file;
    std::string_view text;
    std::string_view what;  // "lab world": names it in errors
};

inline constexpr DirectoryMark kWorldMark{
    ".farshore-lab-world",
    "Written by `farshore lab up`. While this file is here, the next world in this directory\n"
    "replaces the files of the last one.\n",
    "lab world"
};

inline constexpr DirectoryMark kDemoMark{
    ".farshore-demo",
    "Written by `farshore demo`. While this file is here, the next demo with this directory\n"
    "replaces the report of the last one.\n",
    "demo's directory"
};

// Makes the directory with the mark in it, or accepts one that is empty or has the mark. Another
// one is not touched. Errors: conflict (it holds something and has no mark), denied, exhausted.
[[nodiscard]] Status claim_directory(const std::string& directory, const DirectoryMark& mark);

[[nodiscard]] bool has_mark(const std::string& directory, const DirectoryMark& mark);

// Removes what an earlier world left: the names that a world writes, and nothing else. Errors:
// conflict (no mark), denied.
[[nodiscard]] Status clear_world(const std::string& directory);

// Held while a world runs there.
[[nodiscard]] std::string world_lock(const std::string& directory);
// What its supervisor says.
[[nodiscard]] std::string world_log(const std::string& directory);

// Of a world, which does not outlive the machine: beside and renamed, so that a reader never sees
// half a file. Errors: those of host::replace_file.
[[nodiscard]] Status write_file(const std::string& path, std::string_view text, unsigned mode);

// For the failed call whose errno it is. Errors: exhausted (no space), denied.
[[nodiscard]] Error file_error(const std::string& what, const std::string& path);

}  // namespace farshore::cli
