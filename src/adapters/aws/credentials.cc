#include "adapters/aws/credentials.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/text.h"

namespace farshore::aws {
namespace {

// A credentials file is a few hundred bytes; more than this is another file by mistake.
constexpr std::uintmax_t kFileBytesMax = 1024 * 1024;

std::optional<std::string> process_environment(const std::string& name) {
    // Read before threads exist that could change it: farshored and the agent never call setenv.
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
    if (value == nullptr || *value == '\0') {
        return std::nullopt;
    }
    return std::string{value};
}

std::string stamp_of(const std::string& path) {
    std::error_code size_error;
    std::error_code time_error;
    const auto size = std::filesystem::file_size(path, size_error);
    const auto written = std::filesystem::last_write_time(path, time_error);
    if (size_error || time_error) {
        return "none;";
    }
    return std::to_string(size) + "@" + std::to_string(written.time_since_epoch().count()) + ";";
}

std::string_view section_name(std::string_view line) {
    line.remove_prefix(1);
    const std::size_t close = line.find(']');
    std::string_view name = trim(line.substr(0, close));
    if (name.starts_with("profile ")) {
        name = trim(name.substr(8));
    }
    return name;
}

std::optional<std::string> value_of(const ProfileValues& values, const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() || found->second.empty() ? std::nullopt
                                                          : std::optional{found->second};
}

struct Files {
    std::string credentials;
    std::string config;
};

Files shared_files(const CredentialsProvider::Environment& environment) {
    const std::string home = environment("HOME").value_or("/root");
    return {
        .credentials =
            environment("AWS_SHARED_CREDENTIALS_FILE").value_or(home + "/.aws/credentials"),
        .config = environment("AWS_CONFIG_FILE").value_or(home + "/.aws/config")
    };
}

}  // namespace

std::optional<ProfileValues> find_profile(std::string_view ini, std::string_view profile) {
    std::optional<ProfileValues> out;
    bool inside = false;
    for (std::string_view raw : split(ini, '\n')) {
        if (raw.ends_with('\r')) {
            raw.remove_suffix(1);
        }
        const std::string_view line = trim(raw);
        if (line.empty() || line.starts_with('#') || line.starts_with(';')) {
            continue;
        }
        if (line.starts_with('[')) {
            inside = section_name(line) == profile;
            if (inside && !out) {
                out.emplace();
            }
            continue;
        }
        // An indented line belongs to a nested setting ("s3 =" and its children): none of ours.
        const bool nested = raw.starts_with(' ') || raw.starts_with('\t');
        const std::size_t equals = line.find('=');
        if (!inside || nested || equals == std::string_view::npos) {
            continue;
        }
        out->insert_or_assign(
            to_lower(trim(line.substr(0, equals))), std::string{trim(line.substr(equals + 1))}
        );
    }
    return out;
}

Result<sigv4::Credentials> credentials_from(const ProfileValues& values) {
    const auto id = value_of(values, "aws_access_key_id");
    const auto secret = value_of(values, "aws_secret_access_key");
    if (!id || !secret) {
        return fail(
            ErrorKind::malformed,
            std::string{"the profile has no "} +
                (id ? "aws_secret_access_key" : "aws_access_key_id"),
            "Write both aws_access_key_id and aws_secret_access_key into the profile."
        );
    }
    return sigv4::Credentials{
        .access_key_id = *id,
        .secret_access_key = *secret,
        .session_token = value_of(values, "aws_session_token").value_or(""),
        .expires = std::nullopt
    };
}

CredentialsProvider::CredentialsProvider(CredentialSources sources)
    : CredentialsProvider(std::move(sources), &process_environment) {}

CredentialsProvider::CredentialsProvider(CredentialSources sources, Environment environment)
    : sources_(std::move(sources)), environment_(std::move(environment)) {
    if (sources_.profile.empty() || sources_.profile == "default") {
        sources_.profile = environment_("AWS_PROFILE").value_or("default");
    }
}

Result<sigv4::Credentials> CredentialsProvider::current(Instant now) {
    if (sources_.fixed) {
        return *sources_.fixed;
    }
    if (cached_ && checked_ && now - *checked_ < std::chrono::seconds{1}) {
        return *cached_;
    }
    const Files files = shared_files(environment_);
    const std::string stamp = sources_.credentials_file.empty()
                                  ? stamp_of(files.credentials) + stamp_of(files.config)
                                  : stamp_of(sources_.credentials_file);
    checked_ = now;
    if (cached_ && stamp == stamp_) {
        return *cached_;
    }
    Result<sigv4::Credentials> found = read();
    if (!found) {
        // A file that is being rewritten is half there for a moment: the keys in use stay in use.
        return cached_ ? Result<sigv4::Credentials>{*cached_} : std::unexpected(found.error());
    }
    cached_ = *found;
    stamp_ = stamp;
    return found;
}

Result<sigv4::Credentials> CredentialsProvider::read() {
    if (!sources_.credentials_file.empty()) {
        Result<std::optional<sigv4::Credentials>> only =
            read_file(sources_.credentials_file, sources_.profile);
        if (!only) {
            return std::unexpected(only.error());
        }
        if (*only) {
            return **only;
        }
        return fail(
            ErrorKind::denied,
            "no AWS keys for profile '" + sources_.profile + "' in " + sources_.credentials_file,
            "Add a section [" + sources_.profile +
                "] with aws_access_key_id and aws_secret_access_key."
        );
    }
    const auto id = environment_("AWS_ACCESS_KEY_ID");
    const auto secret = environment_("AWS_SECRET_ACCESS_KEY");
    if (id && secret) {
        return sigv4::Credentials{
            .access_key_id = *id,
            .secret_access_key = *secret,
            .session_token = environment_("AWS_SESSION_TOKEN").value_or(""),
            .expires = std::nullopt
        };
    }
    const Files files = shared_files(environment_);
    for (const std::string& path : {files.credentials, files.config}) {
        Result<std::optional<sigv4::Credentials>> found = read_file(path, sources_.profile);
        if (!found) {
            return std::unexpected(found.error());
        }
        if (*found) {
            return **found;
        }
    }
    return fail(
        ErrorKind::denied,
        "no AWS keys: looked at AWS_ACCESS_KEY_ID, " + files.credentials + " and " + files.config +
            " (profile '" + sources_.profile + "')",
        "Set aws.credentials_file in the configuration, or put the keys into one of these places."
    );
}

Result<std::optional<sigv4::Credentials>> CredentialsProvider::read_file(
    const std::string& path, const std::string& profile
) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (error) {
        return std::optional<sigv4::Credentials>{};
    }
    if (size > kFileBytesMax) {
        return fail(
            ErrorKind::malformed, path + " is too large for a credentials file", "Check the path."
        );
    }
    const std::ifstream in(path, std::ios::binary);
    if (!in) {
        return fail(
            ErrorKind::denied,
            path + " cannot be read",
            "Give the service's user the right to read it."
        );
    }
    std::ostringstream text;
    text << in.rdbuf();
    const std::optional<ProfileValues> values = find_profile(text.str(), profile);
    // The config file often has the profile only for its Region.
    if (!values || !values->contains("aws_access_key_id")) {
        return std::optional<sigv4::Credentials>{};
    }
    Result<sigv4::Credentials> found = credentials_from(*values);
    if (!found) {
        return std::unexpected(in_context(path + ", profile '" + profile + "'", found.error()));
    }
    return std::optional{*std::move(found)};
}

}  // namespace farshore::aws
