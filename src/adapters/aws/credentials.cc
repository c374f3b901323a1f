#include "adapters/aws/credentials.h"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "adapters/aws/credentials_chain.h"

namespace farshore::aws {
namespace {

// The variable that names the profile, for error texts.
constexpr std::string_view kProfileVariable = "AWS_PROFILE";

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

}  // namespace

std::optional<std::string> process_environment(const std::string& name) {
    // Read before threads exist that could change it: farshored and the agent never call setenv.
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
    if (value == nullptr || *value == '\0') {
        return std::nullopt;
    }
    return std::string{value};
}

CredentialsProvider::CredentialsProvider(CredentialSources sources)
    : CredentialsProvider(std::move(sources), &process_environment) {}

CredentialsProvider::CredentialsProvider(CredentialSources sources, Environment environment)
    : sources_(std::move(sources)), environment_(std::move(environment)), rng_(1) {
    if (!sources_.profile.empty()) {
        profile_said_by_ = kProfileSetting;
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
    const SharedFiles files = shared_files(environment_);
    const std::string stamp = sources_.credentials_file.empty()
                                  ? stamp_of(files.credentials) + stamp_of(files.config)
                                  : stamp_of(sources_.credentials_file);
    checked_ = now;
    if (knows() && stamp == stamp_) {
        return {};
    }
    Result<KeysOrSource> found = find_keys(
        {.sources = sources_,
         .profile_said_by = profile_said_by_,
         .edge = edge_,
         .environment = environment_}
    );
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

}  // namespace farshore::aws
