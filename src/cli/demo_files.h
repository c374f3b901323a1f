#pragma once

#include <string>

#include "base/result.h"

namespace farshore::cli {

// Where a demo writes: its report, the shoppers' log, and the world while it lives.
struct DemoFiles {
    std::string directory;
    std::string world;

    [[nodiscard]] std::string client_log() const { return directory + "/clients.ndjson"; }

    [[nodiscard]] std::string shoppers_log() const { return directory + "/shoppers.log"; }
};

// Makes the report's directory: `directory`, or a new one below the temporary directory when it is
// empty. `world` empty: the world lives below it. Errors: denied, exhausted, malformed (the
// directory is not empty and no demo's).
[[nodiscard]] Result<DemoFiles> make_demo_files(
    const std::string& directory, const std::string& world
);

}  // namespace farshore::cli
