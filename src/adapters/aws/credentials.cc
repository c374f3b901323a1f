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

Files shared_files(const Environment& environment) {
    const std::string home = environment("HOME").value_or("/root");
    return {
        .credentials =
            environment("AWS_SHARED_CREDENTIALS_FILE").value_or(home + "/.aws/credentials"),
        .config = environment("AWS_CONFIG_FILE").value_or(home + "/.aws/config")
    };
}

// nullopt: no such file, or none that has the profile.
Result<std::optional<ProfileValues>> read_profile(
    const std::string& path, const std::string& profile
) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (error) {
        return std::optional<ProfileValues>{};
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
    return find_profile(text.str(), profile);
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
    : sources_(std::move(sources)), environment_(std::move(environment)), rng_(1) {
    if (sources_.profile.empty() || sources_.profile == "default") {
        sources_.profile = environment_("AWS_PROFILE").value_or("default");
    }
}

CredentialsProvider::CredentialsProvider(
    CredentialSources sources, CredentialsEdge edge, std::uint64_t seed
)
    : CredentialsProvider(std::move(sources), edge, seed, &process_environment) {}

CredentialsProvider::CredentialsProvider(
    CredentialSources sources, CredentialsEdge edge, std::uint64_t seed, Environment environment
)
    : CredentialsProvider(std::move(sources), std::move(environment)) {
    edge_ = edge;
    rng_ = Rng(seed);
}

CredentialsProvider::~CredentialsProvider() = default;

// Walks the chain anew when a file of it has changed.
Status CredentialsProvider::look(Instant now) {
    if (knows() && checked_ && now - *checked_ < std::chrono::seconds{1}) {
        return {};
    }
    const Files files = shared_files(environment_);
    const std::string stamp = sources_.credentials_file.empty()
                                  ? stamp_of(files.credentials) + stamp_of(files.config)
                                  : stamp_of(sources_.credentials_file);
    checked_ = now;
    if (knows() && stamp == stamp_) {
        return {};
    }
    Result<Found> found = find();
    if (!found) {
        // A file that is being rewritten is half there for a moment: the keys in use stay in use.
        return knows() ? Status{} : std::unexpected(found.error());
    }
    stamp_ = stamp;
    found_ = std::move(found->keys);
    source_ = std::move(found->source);
    if (source_ != nullptr) {
        ask_at_ = now;
    } else {
        given_.reset();
        trouble_.clear();
    }
    return {};
}

Result<sigv4::Credentials> CredentialsProvider::current(Instant now) {
    if (sources_.fixed) {
        return *sources_.fixed;
    }
    if (const Status looked = look(now); !looked) {
        return std::unexpected(looked.error());
    }
    if (found_) {
        return *found_;
    }
    if (given_) {
        return *given_;
    }
    return fail(
        ErrorKind::denied,
        "no AWS keys yet" + (trouble_.empty() ? std::string{} : ": " + trouble_),
        "Set aws.credentials.file in the configuration, or see that the source answers."
    );
}

Result<CredentialsProvider::Found> CredentialsProvider::find() const {
    return sources_.credentials_file.empty() ? find_in_chain()
                                             : find_in_file(sources_.credentials_file);
}

Result<CredentialsProvider::Found> CredentialsProvider::find_in_file(const std::string& path
) const {
    const auto values = read_profile(path, sources_.profile);
    if (!values) {
        return std::unexpected(values.error());
    }
    Result<Found> found = *values ? find_in_profile(**values) : Result<Found>{Found{}};
    if (!found) {
        return std::unexpected(
            in_context(path + ", profile '" + sources_.profile + "'", found.error())
        );
    }
    if (!found->any()) {
        return fail(
            ErrorKind::denied,
            "no AWS keys for profile '" + sources_.profile + "' in " + path,
            "Add a section [" + sources_.profile +
                "] with aws_access_key_id and aws_secret_access_key."
        );
    }
    return found;
}

Result<CredentialsProvider::Found> CredentialsProvider::find_in_profile(const ProfileValues& values
) const {
    Found found;
    // The config file often has the profile only for its Region.
    if (values.contains("aws_access_key_id")) {
        Result<sigv4::Credentials> keys = credentials_from(values);
        if (!keys) {
            return std::unexpected(keys.error());
        }
        found.keys = std::move(*keys);
        return found;
    }
    const auto process = value_of(values, "credential_process");
    const auto role = value_of(values, "role_arn");
    const auto token_file = value_of(values, "web_identity_token_file");
    if (role && !token_file) {
        return fail(
            ErrorKind::malformed,
            "role_arn with source_profile or credential_source is not supported",
            "Give the service a role of its own, or a credential_process that assumes this one."
        );
    }
    if (!edge_) {
        return found;
    }
    if (role && token_file) {
        found.source = identity_source(*token_file, *role, value_of(values, "role_session_name"));
    } else if (process) {
        found.source = process_output(*edge_, *process);
    }
    return found;
}

std::shared_ptr<CredentialsSource> CredentialsProvider::identity_source(
    std::string token_file, std::string role, std::optional<std::string> session
) const {
    WebIdentity identity{
        .token_file = std::move(token_file),
        .role_arn = std::move(role),
        .session_name = session.value_or("farshore"),
        .regions = sources_.sts_regions,
        .endpoint = environment_("AWS_ENDPOINT_URL_STS").value_or("")
    };
    for (const char* name : {"AWS_DEFAULT_REGION", "AWS_REGION"}) {
        if (const auto region = environment_(name)) {
            std::erase(identity.regions, RegionId{*region});
            identity.regions.insert(identity.regions.begin(), RegionId{*region});
        }
    }
    return web_identity(*edge_, std::move(identity));
}

Result<CredentialsProvider::Found> CredentialsProvider::find_in_chain() const {
    Found found;
    const auto id = environment_("AWS_ACCESS_KEY_ID");
    const auto secret = environment_("AWS_SECRET_ACCESS_KEY");
    if (id && secret) {
        found.keys = sigv4::Credentials{
            .access_key_id = *id,
            .secret_access_key = *secret,
            .session_token = environment_("AWS_SESSION_TOKEN").value_or(""),
            .expires = std::nullopt
        };
        return found;
    }
    const auto token_file = environment_("AWS_WEB_IDENTITY_TOKEN_FILE");
    const auto role = environment_("AWS_ROLE_ARN");
    if (edge_ && token_file && role) {
        found.source = identity_source(*token_file, *role, environment_("AWS_ROLE_SESSION_NAME"));
        return found;
    }
    const Files files = shared_files(environment_);
    for (const std::string& path : {files.credentials, files.config}) {
        const auto values = read_profile(path, sources_.profile);
        if (!values) {
            return std::unexpected(values.error());
        }
        if (!*values) {
            continue;
        }
        Result<Found> here = find_in_profile(**values);
        if (!here) {
            return std::unexpected(
                in_context(path + ", profile '" + sources_.profile + "'", here.error())
            );
        }
        if (here->any()) {
            return here;
        }
    }
    if (edge_) {
        Result<std::unique_ptr<CredentialsSource>> container =
            container_endpoint(*edge_, environment_);
        if (!container) {
            return std::unexpected(container.error());
        }
        if (*container != nullptr) {
            found.source = std::move(*container);
            return found;
        }
        if (to_lower(environment_("AWS_EC2_METADATA_DISABLED").value_or("")) != "true") {
            found.source = instance_metadata(*edge_, environment_);
            return found;
        }
    }
    return fail(
        ErrorKind::denied,
        "no AWS keys: looked at AWS_ACCESS_KEY_ID, " + files.credentials + " and " + files.config +
            " (profile '" + sources_.profile + "')" +
            (edge_ ? ", for a web identity, a container endpoint and the instance metadata" : ""),
        "Set aws.credentials.file in the configuration, or put the keys into one of these places."
    );
}

}  // namespace farshore::aws
