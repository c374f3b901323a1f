#include "cli/tokens_file.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <boost/json.hpp>

#include "adapters/host/durable_file.h"
#include "adapters/system/system_clock.h"
#include "base/assert.h"
#include "base/text.h"
#include "cli/lab_directory.h"
#include "controller/tokens.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

std::string text_in(const json::object& entry, std::string_view name) {
    const json::value* value = entry.if_contains(json::string_view{name.data(), name.size()});
    return value != nullptr && value->is_string() ? std::string{value->get_string()}
                                                  : std::string{};
}

// One entry a line: people read it, and a change is one line of a diff.
std::string text_of(const json::array& tokens) {
    std::string text = "[";
    const char* separator = "\n  ";
    for (const json::value& entry : tokens) {
        text += separator + json::serialize(entry);
        separator = ",\n  ";
    }
    return text + "\n]\n";
}

}  // namespace

std::string new_token() {
    std::array<std::uint8_t, 32> bytes{};
    const auto got = ::getrandom(bytes.data(), bytes.size(), 0);
    FARSHORE_ASSERT(
        got == static_cast<ssize_t>(bytes.size()), "the kernel gives a few random bytes at once"
    );
    return to_hex(bytes);
}

Result<json::array> read_tokens(const std::string& path) {
    std::error_code error;
    if (!std::filesystem::exists(path, error) && !error) {
        return json::array{};
    }
    // As the controller reads it.
    const Result<controller::Tokens> valid = controller::Tokens::load(path);
    if (!valid) {
        return std::unexpected(valid.error());
    }
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return json::parse(text.str()).as_array();
}

Status write_tokens(const std::string& path, const json::array& tokens) {
    const std::string text = text_of(tokens);
    if (const auto valid = controller::Tokens::parse(text); !valid) {
        return std::unexpected(valid.error());
    }
    struct stat before{};
    const bool there = ::stat(path.c_str(), &before) == 0;
    if (Status written = host::replace_file(path, text, host::Durability::on_disk, 0600);
        !written) {
        return written;
    }
    if (there && before.st_uid != ::geteuid() &&
        ::chown(path.c_str(), before.st_uid, before.st_gid) != 0) {
        return std::unexpected(file_error("cannot give it back to its owner:", path));
    }
    return {};
}

Status add_token(json::array& tokens, json::object entry, bool replace) {
    const std::string name = text_in(entry, "name");
    json::array kept;
    for (json::value& other : tokens) {
        const bool same = text_in(other.as_object(), "name") == name &&
                          text_in(other.as_object(), "app") == text_in(entry, "app");
        if (same && !replace) {
            return fail(
                ErrorKind::conflict,
                "there is a token of the name " + name + " already",
                "`farshore init rotate token " + name +
                    "` gives it a new one, and the old one stays valid for a while; --force "
                    "replaces "
                    "it at once"
            );
        }
        if (!same) {
            kept.push_back(std::move(other));
        }
    }
    kept.push_back(std::move(entry));
    tokens = std::move(kept);
    return {};
}

Result<std::string> app_of(const json::array& tokens, const TokenOwner& owner) {
    std::set<std::string> apps;
    for (const json::value& value : tokens) {
        const json::object& entry = value.as_object();
        if (text_in(entry, "name") == owner.name) {
            apps.insert(text_in(entry, "app"));
        }
    }
    if (owner.app && apps.contains(*owner.app)) {
        return *owner.app;
    }
    if (apps.empty() || owner.app) {
        return fail(
            ErrorKind::not_found,
            "there is no token of the name " + owner.name +
                (!owner.app            ? ""
                 : !owner.app->empty() ? " for the app " + *owner.app
                                       : " that names no app")
        );
    }
    if (apps.size() == 1) {
        return *apps.begin();
    }
    std::string named;
    for (const std::string& app : apps) {
        named += (named.empty() ? "" : ", ") + (app.empty() ? "one that names no app" : app);
    }
    return fail(
        ErrorKind::malformed,
        "there are several tokens of the name " + owner.name + ": " + named,
        "name its app with --app; --app '' is the one that names none"
    );
}

Result<Rotated> rotate_token(
    json::array& tokens, const TokenOwner& owner, const Rotation& rotation
) {
    const Result<std::string> app = app_of(tokens, owner);
    if (!app) {
        return std::unexpected(app.error());
    }
    Rotated done{.app = *app};
    json::object renewed;  // the one that is good for the longest: an older one was replaced by it
    std::optional<UtcTime> renewed_end;
    json::array kept;
    for (const json::value& value : tokens) {
        json::object entry = value.as_object();
        if (text_in(entry, "name") != owner.name || text_in(entry, "app") != *app) {
            kept.push_back(std::move(entry));
            continue;
        }
        if (text_in(entry, "role") == "join") {
            return fail(
                ErrorKind::malformed,
                owner.name + " is a join token: it ends by itself",
                "make another one: `farshore init join-token`"
            );
        }
        const auto until = from_iso8601(text_in(entry, "until"));
        if (renewed.empty() || !until || (renewed_end && *renewed_end <= *until)) {
            renewed = entry;
            renewed_end = until;
        }
        if (until && *until <= rotation.now) {
            continue;
        }
        const UtcTime end = until ? std::min(*until, rotation.old_until) : rotation.old_until;
        entry["until"] = to_iso8601(end);
        done.old_until = std::max(done.old_until.value_or(end), end);
        kept.push_back(std::move(entry));
    }
    if (!rotation.new_end && renewed_end && *renewed_end <= rotation.now) {
        return fail(
            ErrorKind::malformed,
            "the token of " + owner.name + " ended at " + to_iso8601(*renewed_end) +
                ", and so would a new one",
            "name the new one's end: --for 90d"
        );
    }
    done.new_end = rotation.new_end ? rotation.new_end : renewed_end;
    renewed.erase("until");
    if (done.new_end) {
        renewed["until"] = to_iso8601(*done.new_end);
    }
    renewed["token_sha256"] = controller::digest_of(rotation.new_token);
    kept.push_back(std::move(renewed));
    tokens = std::move(kept);
    return done;
}

Status check_absent(const std::string& path, bool force) {
    std::error_code error;
    if (force || !std::filesystem::exists(std::filesystem::symlink_status(path, error))) {
        return {};
    }
    return fail(
        ErrorKind::conflict,
        path + " is there already",
        "name another file, or --force to replace it"
    );
}

Status check_may_replace(
    const std::string& path,
    const json::array& tokens,
    const std::string& name,
    const std::string& app
) {
    if (check_absent(path, false)) {
        return {};
    }
    std::string token;
    std::getline(std::ifstream(path) >> std::ws, token);
    const std::string digest = controller::digest_of(token);
    for (const json::value& value : tokens) {
        const json::object& entry = value.as_object();
        if (text_in(entry, "name") == name && text_in(entry, "app") == app &&
            text_in(entry, "token_sha256") == digest) {
            return {};
        }
    }
    return fail(
        ErrorKind::conflict,
        path + " is there already, and holds no token of " + name +
            (app.empty() ? "" : " for the app " + app),
        "name another file: --out FILE"
    );
}

Status write_secret(const std::string& path, const std::string& secret) {
    return host::replace_file(path, secret + "\n", host::Durability::on_disk, 0600);
}

Status keep_token(
    const std::string& path,
    const json::array& tokens,
    const std::string& out,
    const std::string& token
) {
    if (Status kept = write_secret(out, token); !kept) {
        return kept;
    }
    Status done = write_tokens(path, tokens);
    if (!done) {
        std::error_code ignored;
        std::filesystem::remove(out, ignored);
    }
    return done;
}

std::string beside(const std::string& tokens, const std::string& name) {
    return (std::filesystem::path{tokens}.parent_path() / (name + ".token")).string();
}

UtcTime later_by(const std::string& duration) {
    const Duration length = *duration_from(duration);
    return system::SystemClock{}.wall() + std::chrono::duration_cast<WallClock::duration>(length);
}

std::string must_be_file_name(const std::string& text) {
    return text.find('/') == std::string::npos && !text.empty() && text.front() != '.'
               ? ""
               : "a name, which becomes part of a file's name";
}

}  // namespace farshore::cli
