#include "cli/demo_files.h"

#include <cstdlib>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

namespace farshore::cli {

namespace {

// What stands in the directory and is of no demo; nullopt: it may be used. `world` is the directory
// of the world that will live there.
std::optional<std::string> foreign_entry(
    const std::string& directory, const std::filesystem::path& world
) {
    const std::string own = world.filename().string();
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator{directory, error}) {
        std::string name = entry.path().filename().string();
        bool ours = false;
        for (const std::string& expected :
             {std::string{"report.json"},
              std::string{"report.html"},
              std::string{"clients.ndjson"},
              std::string{"shoppers.log"},
              std::string{"world"},
              std::string{"world.log"},
              std::string{"world.lock"},
              own,
              own + ".log",
              own + ".lock"}) {
            ours = ours || name == expected;
        }
        if (!ours) {
            return name;
        }
    }
    return std::nullopt;
}

Result<std::string> temporary_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "farshore-demo-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        return fail(ErrorKind::denied, "cannot make a directory below /tmp", "name one with --out");
    }
    return name;
}

std::string world_directory(const std::string& directory, const std::string& world) {
    return world.empty() ? directory + "/world"
                         : std::filesystem::absolute(world).lexically_normal().string();
}

}  // namespace

Result<DemoFiles> make_demo_files(const std::string& directory, const std::string& world) {
    if (directory.empty()) {
        const auto made = temporary_directory();
        if (!made) {
            return std::unexpected(made.error());
        }
        return DemoFiles{.directory = *made, .world = world_directory(*made, world)};
    }
    DemoFiles files;
    std::error_code error;
    files.directory = std::filesystem::absolute(directory).string();
    files.world = world_directory(files.directory, world);
    std::filesystem::create_directories(files.directory, error);
    if (error) {
        return fail(
            ErrorKind::denied,
            fmt::format("cannot make {}: {}", files.directory, error.message()),
            "--out DIR"
        );
    }
    if (const auto foreign = foreign_entry(files.directory, files.world)) {
        return fail(
            ErrorKind::malformed,
            fmt::format("{} holds {}, which is not of a demo", files.directory, *foreign),
            "--out takes a new or an empty directory, or that of an earlier demo"
        );
    }
    // An earlier demo's log must not be counted as ours.
    std::filesystem::remove(files.client_log(), error);
    return files;
}

}  // namespace farshore::cli
