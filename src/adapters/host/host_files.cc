#include "adapters/host/host_files.h"

#include <algorithm>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "adapters/host/durable_file.h"
#include "base/assert.h"
#include "base/names.h"
#include "base/text.h"
#include "base/text_file.h"

namespace farshore::host {

namespace {

namespace json = boost::json;

constexpr std::int64_t kSchemaVersion = 1;

// As a file name, an app's name leads nowhere else, and no two of them to one place.
std::string file_of(const std::string& directory, const AppId& app, std::string_view ending) {
    FARSHORE_ASSERT(check_name(app).has_value(), "the configuration checks names");
    return directory + "/" + app.value() + std::string{ending};
}

std::optional<std::string> text_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || !value->is_string()) {
        return std::nullopt;
    }
    return std::string{value->get_string()};
}

std::optional<std::uint64_t> number_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || !value->is_int64() || value->get_int64() < 0) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(value->get_int64());
}

// An agent of an earlier version does not write it.
bool is_true(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_bool() && value->get_bool();
}

constexpr std::string_view kStateRemedy =
    "restore it, or remove it: the agent then waits for a controller to assign the route";

std::unexpected<Error> not_a_state_file(std::string_view why) {
    return fail(
        ErrorKind::malformed,
        fmt::format("not a state file of the agent: {}", why),
        std::string{kStateRemedy}
    );
}

std::string shell_quoted(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool harmless = static_cast<unsigned char>(c) >= 0x20 && c != 0x7F && c != '"' &&
                              c != '\\' && c != '$' && c != '`';
        if (harmless) {
            out.push_back(c);
        }
    }
    return out;
}

json::object region_of(const AppRegion& app) {
    return {
        {"app", app.app.value()},
        {"epoch", app.route.epoch.value()},
        {"active", app.route.active.value()},
        {"users", app.route.users.value()},
        {"write_state", app.write_state},
        {"endpoint", app.endpoint},
    };
}

}  // namespace

std::string state_path(const std::string& directory, const AppId& app) {
    return file_of(directory, app, ".json");
}

std::string serialize_state(const AppId& app, const StoredState& state, UtcTime at) {
    const json::object document{
        {"schema_version", kSchemaVersion},
        {"app", app.value()},
        {"epoch", state.route.epoch.value()},
        {"active", state.route.active.value()},
        {"users", state.route.users.value()},
        {"fenced", state.fenced.value()},
        {"adopted_alone", state.adopted_alone},
        {"written_at", to_iso8601(at)},
    };
    return json::serialize(document) + "\n";
}

Result<StoredState> parse_state(const AppId& app, std::string_view text) {
    boost::system::error_code code;
    json::parse_options options;
    options.max_depth = 128;
    const json::value value = json::parse(text, code, {}, options);
    if (code || !value.is_object()) {
        return not_a_state_file("no JSON object");
    }
    const json::object& document = value.get_object();
    const auto version = number_of(document, "schema_version");
    if (version != static_cast<std::uint64_t>(kSchemaVersion)) {
        return not_a_state_file("schema_version is not 1; a later agent wrote it?");
    }
    const auto owner = text_of(document, "app");
    const auto epoch = number_of(document, "epoch");
    const auto active = text_of(document, "active");
    const auto users = text_of(document, "users");
    const auto fenced = number_of(document, "fenced");
    if (!owner || !epoch || !active || !users || !fenced) {
        return not_a_state_file("a field is missing");
    }
    if (*owner != app.value()) {
        return not_a_state_file(fmt::format("it belongs to app {}", *owner));
    }
    // More than the endpoint's route word can hold: no controller has ever raised so far.
    if (!is_possible(Epoch{*epoch}) || !is_possible(Epoch{*fenced})) {
        return not_a_state_file("its epoch is out of range");
    }
    if (*epoch != 0 && active->empty()) {
        return not_a_state_file("an epoch without its active Region");
    }
    return StoredState{
        .route = {.epoch = Epoch{*epoch}, .active = RegionId{*active}, .users = RegionId{*users}},
        .fenced = Epoch{*fenced},
        .adopted_alone = is_true(document, "adopted_alone")
    };
}

Result<std::optional<StoredState>> load_state(const std::string& directory, const AppId& app) {
    const std::string path = state_path(directory, app);
    Result<std::string> text = read_text_file(
        path, {.what = "the state file", .remedy = kStateRemedy, .may_be_empty = true}
    );
    if (!text) {
        if (text.error().kind == ErrorKind::not_found) {
            return std::optional<StoredState>{};
        }
        return std::unexpected(std::move(text.error()));
    }
    Result<StoredState> state = parse_state(app, *text);
    if (!state) {
        return std::unexpected(in_context(path, state.error()));
    }
    return std::optional<StoredState>{std::move(*state)};
}

Status store_state(
    const std::string& directory, const AppId& app, const StoredState& state, UtcTime at
) {
    return replace_file(
        state_path(directory, app), serialize_state(app, state, at), Durability::on_disk, 0600
    );
}

std::string credential_path(const std::string& directory, const AppId& app) {
    return file_of(directory, app, ".credential");
}

Result<std::optional<StoredCredential>> load_credential(
    const std::string& directory, const AppId& app, const HostId& host
) {
    constexpr std::size_t kSecretHex = 64;
    const std::string path = credential_path(directory, app);
    const Result<std::string> text = read_text_file(path, {.what = "the host's credential"});
    if (!text) {
        return text.error().kind == ErrorKind::not_found
                   ? Result<std::optional<StoredCredential>>{std::nullopt}
                   : std::unexpected(text.error());
    }
    boost::system::error_code code;
    const json::value value = json::parse(*text, code);
    const json::object* document = value.if_object();
    const auto owner = document != nullptr ? text_of(*document, "app") : std::nullopt;
    const auto whose = document != nullptr ? text_of(*document, "host") : std::nullopt;
    const auto secret = document != nullptr ? text_of(*document, "secret") : std::nullopt;
    if (code || !owner || *owner != app.value() || !whose || !secret ||
        secret->size() != kSecretHex) {
        return fail(
            ErrorKind::malformed,
            path + " is not the credential of a host of " + app.value(),
            "remove it: the agent joins anew"
        );
    }
    if (*whose != host.value()) {
        return std::optional<StoredCredential>{};
    }
    const json::value* joined = document->if_contains("joined");
    return std::optional{StoredCredential{
        .host = host,
        .secret = *secret,
        .joined = joined != nullptr && joined->is_bool() && joined->get_bool()
    }};
}

Status store_credential(
    const std::string& directory, const AppId& app, const StoredCredential& credential
) {
    const json::object document{
        {"schema_version", kSchemaVersion},
        {"app", app.value()},
        {"host", credential.host.value()},
        {"secret", credential.secret},
        {"joined", credential.joined},
    };
    return replace_file(
        credential_path(directory, app), json::serialize(document) + "\n", Durability::on_disk, 0600
    );
}

std::string region_document(const RegionFile& file) {
    json::object document{{"schema_version", kSchemaVersion}};
    if (!file.apps.empty()) {
        // The common case is one app per host: its fields stand at the top for simple readers.
        const json::object first = region_of(file.apps.front());
        for (const auto& member : first) {
            document[member.key()] = member.value();
        }
    }
    document["host"] = file.host.value();
    document["home"] = file.home.value();
    document["at"] = to_iso8601(file.at);
    json::object apps;
    for (const AppRegion& app : file.apps) {
        apps[app.app.value()] = region_of(app);
    }
    document["apps"] = std::move(apps);
    return json::serialize(document) + "\n";
}

std::string environment_document(const RegionFile& file, const AppRegion& app) {
    const std::string active = shell_quoted(app.route.active.value());
    return fmt::format(
        "AWS_REGION=\"{0}\"\nAWS_DEFAULT_REGION=\"{0}\"\nAWS_ENDPOINT_URL_DYNAMODB=\"{1}"
        "\"\nFARSHORE_APP=\"{2}\"\n"
        "FARSHORE_EPOCH=\"{3}\"\nFARSHORE_ACTIVE_REGION=\"{0}\"\nFARSHORE_USERS_REGION=\"{4}"
        "\"\nFARSHORE_HOME_REGION=\"{5}\"\n",
        active,
        shell_quoted(app.endpoint),
        shell_quoted(app.app.value()),
        app.route.epoch.value(),
        shell_quoted(app.route.users.value()),
        shell_quoted(file.home.value())
    );
}

Status write_region_files(const std::string& directory, const RegionFile& file) {
    Status written =
        replace_file(directory + "/region.json", region_document(file), Durability::visible, 0644);
    for (const AppRegion& app : file.apps) {
        if (!written) {
            return written;
        }
        if (app.route.epoch == Epoch{}) {
            continue;  // an environment file without a Region would mislead applications
        }
        const std::string path = file_of(directory, app.app, ".env");
        written = replace_file(path, environment_document(file, app), Durability::visible, 0644);
    }
    return written;
}

}  // namespace farshore::host
