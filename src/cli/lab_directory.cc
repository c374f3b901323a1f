#include "cli/lab_directory.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include <fmt/format.h>

#include "adapters/host/durable_file.h"

namespace farshore::cli {

namespace fs = std::filesystem;

namespace {

// Everything that a world writes into its directory, but for the mark, the lock and the log, which
// outlive it. `.new` is what write_file leaves when it is interrupted.
constexpr std::array<std::string_view, 14> kWorldNames{
    "lab.json",
    "credentials",
    "client-keys",
    "ca.pem",
    "ca.key",
    "controller.pem",
    "controller.key",
    "tokens.json",
    "operator.token",
    "viewer.token",
    "etc",
    "logs",
    "controller",
    "hosts",
};

Error denied(const std::string& what, const std::string& path, const std::error_code& error) {
    return {
        .kind = ErrorKind::denied,
        .text = fmt::format("{} {}: {}", what, path, error.message()),
        .remedy = "choose a directory of your own"
    };
}

}  // namespace

Error file_error(const std::string& what, const std::string& path) {
    const int error = errno;
    const bool full = error == ENOSPC || error == EDQUOT;
    return {
        .kind = full ? ErrorKind::exhausted : ErrorKind::denied,
        .effect = Effect::none,
        .text = fmt::format(
            "{} {}: {}", what, path, std::error_code{error, std::generic_category()}.message()
        ),
        .remedy = full ? "free some space, or choose another directory"
                       : "choose a directory of your own",
        .code = {}
    };
}

bool has_mark(const std::string& directory, const DirectoryMark& mark) {
    const fs::path path = fs::path{directory} / mark.file;
    std::error_code error;
    if (!fs::is_regular_file(fs::symlink_status(path, error))) {
        return false;
    }
    const std::ifstream in{path, std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    return text.str() == mark.text;
}

Status claim_directory(const std::string& directory, const DirectoryMark& mark) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error) {
        return std::unexpected(denied("cannot make", directory, error));
    }
    if (has_mark(directory, mark)) {
        return {};
    }
    const fs::directory_iterator entries{directory, error};
    if (error) {
        return std::unexpected(denied("cannot read", directory, error));
    }
    for (const auto& entry : entries) {
        const std::string name = entry.path().filename().string();
        if (name == fmt::format("{}.new", mark.file)) {
            continue;  // a claim that was interrupted
        }
        return fail(
            ErrorKind::conflict,
            fmt::format("{} holds {} and is no {}", directory, name, mark.what),
            "name a new or an empty directory"
        );
    }
    return write_file((fs::path{directory} / mark.file).string(), mark.text, 0600);
}

Status clear_world(const std::string& directory) {
    if (!has_mark(directory, kWorldMark)) {
        return fail(
            ErrorKind::conflict,
            fmt::format("{} is no {}", directory, kWorldMark.what),
            "name a new or an empty directory"
        );
    }
    for (const std::string_view name : kWorldNames) {
        for (const std::string_view suffix : {"", ".new"}) {
            const fs::path path = fs::path{directory} / fmt::format("{}{}", name, suffix);
            std::error_code error;
            fs::remove_all(path, error);
            if (error) {
                return std::unexpected(denied("cannot remove", path.string(), error));
            }
        }
    }
    return {};
}

std::string world_lock(const std::string& directory) {
    return directory + "/lab.lock";
}

std::string world_log(const std::string& directory) {
    return directory + "/lab.log";
}

Status write_file(const std::string& path, std::string_view text, unsigned mode) {
    return host::replace_file(path, text, host::Durability::visible, mode);
}

}  // namespace farshore::cli
