#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "core/host/state_keeper.h"

// What the agent writes on its host: the state file (its memory of the epoch), the credential that
// it got by joining, region.json and the environment file (for programs that follow the active
// Region without the loopback endpoint).
namespace farshore::host {

using core::StoredState;

[[nodiscard]] std::string state_path(const std::string& directory, const AppId& app);

// Pure. parse errors: malformed (not a state file, of a later schema, of another app).
[[nodiscard]] std::string serialize_state(const AppId& app, const StoredState& state, UtcTime at);
[[nodiscard]] Result<StoredState> parse_state(const AppId& app, std::string_view text);

// nullopt: never stored. Blocking. A file that cannot be understood is an error, and stays where it
// is. Going on without it is safe, as nothing is written without a confirmed epoch, but slower.
[[nodiscard]] Result<std::optional<StoredState>> load_state(
    const std::string& directory, const AppId& app
);
// Synced to disk when it returns. Blocking. Errors as replace_file.
[[nodiscard]] Status store_state(
    const std::string& directory, const AppId& app, const StoredState& state, UtcTime at
);

// What the host shows to an app's controllers, when it has joined by itself.
struct StoredCredential {
    HostId host;          // its holder: a copied disk does not make another host this one
    std::string secret;   // 64 hex digits
    bool joined = false;  // a controller has taken it; false: it was perhaps asked to

    friend bool operator==(const StoredCredential&, const StoredCredential&) = default;
};

[[nodiscard]] std::string credential_path(const std::string& directory, const AppId& app);

// nullopt: there is none, or it is another host's. Blocking. Errors: those of read_text_file,
// malformed (the text never quotes it).
[[nodiscard]] Result<std::optional<StoredCredential>> load_credential(
    const std::string& directory, const AppId& app, const HostId& host
);
// Synced to disk when it returns, mode 0600. Blocking. Errors as replace_file.
[[nodiscard]] Status store_credential(
    const std::string& directory, const AppId& app, const StoredCredential& credential
);

// One app in region.json and in its environment file.
struct AppRegion {
    AppId app;
    core::HostRoute route;
    std::string write_state;
    std::string endpoint;  // "http://127.0.0.1:8642"
};

struct RegionFile {
    HostId host;
    RegionId home;
    UtcTime at;
    std::vector<AppRegion> apps;
};

[[nodiscard]] std::string region_document(const RegionFile& file);
[[nodiscard]] std::string environment_document(const RegionFile& file, const AppRegion& app);

// region.json, and <app>.env of each app that has a route; each replaced as a whole. Blocking.
[[nodiscard]] Status write_region_files(const std::string& directory, const RegionFile& file);

}  // namespace farshore::host
