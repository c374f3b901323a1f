#include "adapters/aws/credentials.h"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "base/text.h"
#include "base/text_file.h"

namespace farshore::aws {
namespace {

// The setting or variable that names the profile: for error texts.
constexpr std::string_view kConfiguration = "aws.credentials.profile";
constexpr std::string_view kProfileVariable = "AWS_PROFILE";

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
    const Result<std::string> text = read_text_file(
        path,
        {.what = "the credentials file",
         .remedy =
             "Add a section [" + profile + "] with aws_access_key_id and aws_secret_access_key.",
         .may_be_empty = true}
    );
    if (text) {
        return find_profile(*text, profile);
    }
    if (text.error().kind == ErrorKind::not_found) {
        return std::optional<ProfileValues>{};
    }
    return std::unexpected(text.error());
}

// Half of a pair is a slip: the next source would sign as another principal.
std::unexpected<Error> half_said(const std::string& said, const std::string& missing) {
    return fail(
        ErrorKind::malformed,
        said + " is set in the environment, and " + missing + " is not",
        "Set both, or neither."
    );
}

}  // namespace

CredentialsProvider::CredentialsProvider(CredentialSources sources)
    : CredentialsProvider(std::move(sources), &process_environment) {}

CredentialsProvider::CredentialsProvider(CredentialSources sources, Environment environment)
    : sources_(std::move(sources)), environment_(std::move(environment)), rng_(1) {
    if (!sources_.profile.empty()) {
        profile_said_by_ = kConfiguration;
        return;
    }
    const auto variable = environment_("AWS_PROFILE");
    profile_said_by_ = variable ? kProfileVariable : std::string_view{};
    sources_.profile = variable.value_or("default");
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

Result<CredentialsProvider::Found> CredentialsProvider::found_in(
    Result<std::unique_ptr<CredentialsSource>> source
) {
    if (!source) {
        return std::unexpected(std::move(source.error()));
    }
    return Found{.keys = std::nullopt, .source = std::move(*source)};
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
    if (values.contains("aws_access_key_id") || values.contains("aws_secret_access_key")) {
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
        return identity_source(*token_file, *role, value_of(values, "role_session_name"));
    }
    if (process) {
        found.source = process_output(*edge_, *process);
    }
    return found;
}

Result<CredentialsProvider::Found> CredentialsProvider::identity_source(
    std::string token_file, std::string role, std::optional<std::string> session
) const {
    WebIdentity identity{
        .token_file = std::move(token_file),
        .role_arn = std::move(role),
        .session_name = session.value_or("farshore"),
        .regions = sources_.sts_regions,
        .endpoint = {}
    };
    for (const char* name : {"AWS_DEFAULT_REGION", "AWS_REGION"}) {
        if (const auto region = environment_(name)) {
            std::erase(identity.regions, RegionId{*region});
            identity.regions.insert(identity.regions.begin(), RegionId{*region});
        }
    }
    return found_in(web_identity(*edge_, environment_, std::move(identity)));
}

Result<CredentialsProvider::Found> CredentialsProvider::find_in_environment() const {
    Found found;
    const auto id = environment_("AWS_ACCESS_KEY_ID");
    const auto secret = environment_("AWS_SECRET_ACCESS_KEY");
    if (id.has_value() != secret.has_value()) {
        return id ? half_said("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
                  : half_said("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID");
    }
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
    if (token_file && !role) {
        return half_said("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN");
    }
    if (edge_ && token_file && role) {
        return identity_source(*token_file, *role, environment_("AWS_ROLE_SESSION_NAME"));
    }
    return found;
}

Result<CredentialsProvider::Found> CredentialsProvider::find_in_shared_files() const {
    const Files files = shared_files(environment_);
    bool seen = false;
    for (const std::string& path : {files.credentials, files.config}) {
        const auto values = read_profile(path, sources_.profile);
        if (!values) {
            return std::unexpected(values.error());
        }
        seen = seen || values->has_value();
        Result<Found> here = *values ? find_in_profile(**values) : Result<Found>{Found{}};
        if (!here) {
            return std::unexpected(
                in_context(path + ", profile '" + sources_.profile + "'", here.error())
            );
        }
        if (here->any()) {
            return here;
        }
    }
    if (!seen && !profile_said_by_.empty()) {
        return fail(
            ErrorKind::denied,
            std::string{profile_said_by_} + " names the profile '" + sources_.profile +
                "', which is neither in " + files.credentials + " nor in " + files.config,
            "Add the profile, or name one that is there."
        );
    }
    return Found{};
}

Result<CredentialsProvider::Found> CredentialsProvider::find_in_chain() const {
    // As with AWS's own tools: a profile that the configuration names wins over the environment.
    const bool named = profile_said_by_ == kConfiguration;
    Result<Found> found = named ? Result<Found>{Found{}} : find_in_environment();
    if (found && !found->any()) {
        found = find_in_shared_files();
    }
    if (!found || found->any()) {
        return found;
    }
    if (edge_) {
        Result<Found> container = found_in(container_endpoint(*edge_, environment_));
        if (!container || container->any()) {
            return container;
        }
        if (to_lower(environment_("AWS_EC2_METADATA_DISABLED").value_or("")) != "true") {
            return found_in(instance_metadata(*edge_, environment_));
        }
    }
    const Files files = shared_files(environment_);
    return fail(
        ErrorKind::denied,
        "no AWS keys: looked at AWS_ACCESS_KEY_ID, " + files.credentials + " and " + files.config +
            " (profile '" + sources_.profile + "')" +
            (edge_ ? ", for a web identity, a container endpoint and the instance metadata" : ""),
        "Set aws.credentials.file in the configuration, or put the keys into one of these places."
    );
}

}  // namespace farshore::aws
