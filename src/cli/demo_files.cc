#include "cli/demo_files.h"

#include <cstdlib>
#include <filesystem>

#include "cli/lab_directory.h"

namespace farshore::cli {

namespace {

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
    DemoFiles files;
    if (directory.empty()) {
        const auto made = temporary_directory();
        if (!made) {
            return std::unexpected(made.error());
        }
        files.directory = *made;
    } else {
        files.directory = std::filesystem::absolute(directory).string();
    }
    files.world = world_directory(files.directory, world);
    if (const Status claimed = claim_directory(files.directory, kDemoMark); !claimed) {
        Error refused = claimed.error();
        if (refused.kind == ErrorKind::conflict) {
            refused.kind = ErrorKind::malformed;
            refused.remedy = "--out takes a new or an empty directory, or that of an earlier demo";
        }
        return std::unexpected(refused);
    }
    // An earlier demo's log must not be counted as ours.
    std::error_code error;
    std::filesystem::remove(files.client_log(), error);
    return files;
}

}  // namespace farshore::cli
