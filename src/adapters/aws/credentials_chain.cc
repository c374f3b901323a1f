#include "adapters/aws/credentials_chain.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/text_file.h"

namespace farshore::aws {
namespace {

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

std::unexpected<Error> unusable(std::string text, std::string remedy) {
    return fail(ErrorKind::malformed, std::move(text), std::move(remedy));
}

Result<KeysOrSource> from(Result<std::unique_ptr<CredentialsSource>> source) {
    if (!source) {
        return std::unexpected(std::move(source.error()));
    }
    return KeysOrSource{.keys = std::nullopt, .source = std::move(*source)};
}

class Chain {
  public:
    explicit Chain(const ChainInput& input)
        : input_(input), files_(shared_files(input.environment)) {}

    [[nodiscard]] Result<KeysOrSource> find() {
        return input_.sources.credentials_file.empty() ? in_all() : in_file();
    }

  private:
    [[nodiscard]] const std::string& profile() const { return input_.sources.profile; }

    [[nodiscard]] std::string variable(const std::string& name) const {
        return input_.environment(name).value_or("");
    }

    Result<KeysOrSource> in_file();
    Result<KeysOrSource> in_all();
    [[nodiscard]] Result<KeysOrSource> in_environment() const;
    Result<KeysOrSource> in_shared_files();
    Result<KeysOrSource> of_host() const;

    // Of the credentials file, and below it of the config file, as AWS's tools join them.
    [[nodiscard]] Result<std::optional<ProfileValues>> values_of(const std::string& name) const;
    Result<KeysOrSource> in_profile(const std::string& name, const ProfileValues& values);
    Result<KeysOrSource> role(const std::string& name, const ProfileValues& values);
    Result<KeysOrSource> base_of_role(const std::string& name, const ProfileValues& values);
    [[nodiscard]] Result<KeysOrSource> named_source(const std::string& name) const;
    [[nodiscard]] Result<KeysOrSource> identity_center(
        const std::string& name, const ProfileValues& values
    ) const;
    [[nodiscard]] Result<KeysOrSource> identity(
        std::string token_file, std::string role, std::string session
    ) const;
    [[nodiscard]] Result<StsPlaces> places() const;

    const ChainInput& input_;
    SharedFiles files_;
    std::vector<std::string> on_the_way_;  // profiles whose role is being looked at
};

Result<StsPlaces> Chain::places() const {
    Result<std::string> named = endpoint_in(input_.environment, "AWS_ENDPOINT_URL_STS");
    if (!named) {
        return std::unexpected(std::move(named.error()));
    }
    StsPlaces out{.regions = input_.sources.sts_regions, .endpoint = *std::move(named)};
    for (const char* name : {"AWS_DEFAULT_REGION", "AWS_REGION"}) {
        if (const auto region = input_.environment(name)) {
            std::erase(out.regions, RegionId{*region});
            out.regions.insert(out.regions.begin(), RegionId{*region});
        }
    }
    return out;
}

Result<KeysOrSource> Chain::identity(std::string token_file, std::string role, std::string session)
    const {
    Result<StsPlaces> where = places();
    if (!where) {
        return std::unexpected(std::move(where.error()));
    }
    return KeysOrSource{
        .keys = std::nullopt,
        .source = web_identity(
            *input_.edge,
            *std::move(where),
            {.token_file = std::move(token_file),
             .role_arn = std::move(role),
             .session_name = session.empty() ? "farshore" : std::move(session)}
        )
    };
}

Result<std::optional<ProfileValues>> Chain::values_of(const std::string& name) const {
    if (!input_.sources.credentials_file.empty()) {
        return read_profile(input_.sources.credentials_file, name);
    }
    std::optional<ProfileValues> out;
    for (const std::string& path : {files_.config, files_.credentials}) {
        Result<std::optional<ProfileValues>> values = read_profile(path, name);
        if (!values) {
            return values;
        }
        if (*values) {
            out = out.value_or(ProfileValues{});
            for (auto& [key, value] : **values) {
                out->insert_or_assign(key, value);
            }
        }
    }
    return out;
}

// In the order of AWS's tools: a role that is assumed, a web identity, Identity Center, keys, a
// process.
Result<KeysOrSource> Chain::in_profile(const std::string& name, const ProfileValues& values) {
    const auto role_arn = value_of(values, "role_arn");
    const auto token_file = value_of(values, "web_identity_token_file");
    if (role_arn && !token_file) {
        return role(name, values);
    }
    if (role_arn && token_file && input_.edge) {
        return identity(*token_file, *role_arn, value_of(values, "role_session_name").value_or(""));
    }
    if (values.contains("sso_account_id") || values.contains("sso_session")) {
        return identity_center(name, values);
    }
    // The config file often has the profile only for its Region.
    if (values.contains("aws_access_key_id") || values.contains("aws_secret_access_key")) {
        Result<sigv4::Credentials> keys = credentials_from(values);
        if (!keys) {
            return std::unexpected(keys.error());
        }
        return KeysOrSource{.keys = *std::move(keys), .source = nullptr};
    }
    const auto process = value_of(values, "credential_process");
    if (process && input_.edge) {
        return KeysOrSource{.keys = std::nullopt, .source = process_output(*input_.edge, *process)};
    }
    return KeysOrSource{};
}

Result<KeysOrSource> Chain::role(const std::string& name, const ProfileValues& values) {
    if (values.contains("mfa_serial")) {
        return unusable(
            "mfa_serial asks for a code, and a service has nobody to type it",
            "Give the service a role of its own."
        );
    }
    if (std::ranges::find(on_the_way_, name) != on_the_way_.end()) {
        return unusable("source_profile leads back to profile '" + name + "'", "Name another.");
    }
    on_the_way_.push_back(name);
    Result<KeysOrSource> base = base_of_role(name, values);
    on_the_way_.pop_back();
    if (!base || !input_.edge) {
        return base ? KeysOrSource{} : std::move(base);
    }
    Result<StsPlaces> where = places();
    if (!where) {
        return std::unexpected(std::move(where.error()));
    }
    return KeysOrSource{
        .keys = std::nullopt,
        .source = assumed_role(
            *input_.edge,
            *std::move(where),
            {.role_arn = values.at("role_arn"),
             .session_name = value_of(values, "role_session_name").value_or("farshore"),
             .external_id = value_of(values, "external_id").value_or(""),
             .duration_seconds = value_of(values, "duration_seconds").value_or("")},
            *std::move(base)
        )
    };
}

Result<KeysOrSource> Chain::base_of_role(const std::string& name, const ProfileValues& values) {
    const auto profile = value_of(values, "source_profile");
    const auto source = value_of(values, "credential_source");
    if (profile.has_value() == source.has_value()) {
        return unusable(
            std::string{"role_arn stands with "} +
                (profile ? "both source_profile and credential_source"
                         : "neither source_profile, credential_source nor "
                           "web_identity_token_file"),
            "Write one of them: it says whose keys assume the role."
        );
    }
    if (source) {
        return named_source(*source);
    }
    const Result<std::optional<ProfileValues>> base = values_of(*profile);
    if (!base) {
        return std::unexpected(base.error());
    }
    if (!*base) {
        return unusable(
            "source_profile names '" + *profile + "', which is not there", "Add that profile."
        );
    }
    // A profile may name itself: then its own keys assume its role.
    ProfileValues own = **base;
    if (*profile == name) {
        own.erase("role_arn");
    }
    Result<KeysOrSource> keys = in_profile(*profile, own);
    if (keys && !keys->any() && input_.edge) {
        return unusable("source_profile '" + *profile + "' has no keys", "Add them there.");
    }
    return keys;
}

Result<KeysOrSource> Chain::named_source(const std::string& name) const {
    if (!input_.edge) {
        return KeysOrSource{};
    }
    if (name == "Environment") {
        return in_environment();
    }
    if (name == "EcsContainer") {
        return from(container_endpoint(*input_.edge, input_.environment));
    }
    if (name == "Ec2InstanceMetadata") {
        return from(instance_metadata(*input_.edge, input_.environment));
    }
    return unusable(
        "credential_source is '" + name + "'",
        "It is Environment, EcsContainer or Ec2InstanceMetadata."
    );
}

Result<KeysOrSource> Chain::identity_center(const std::string& name, const ProfileValues& values)
    const {
    SignOn with{
        .profile = name,
        .session = value_of(values, "sso_session").value_or(""),
        .region = RegionId{value_of(values, "sso_region").value_or("")},
        .account = value_of(values, "sso_account_id").value_or(""),
        .role = value_of(values, "sso_role_name").value_or(""),
        .cache = files_.sso_cache,
        .endpoint = {}
    };
    if (with.session.empty()) {
        with.session = value_of(values, "sso_start_url").value_or("");
    } else {
        const Result<std::optional<ProfileValues>> session =
            read_profile(files_.config, "sso-session " + with.session);
        if (!session) {
            return std::unexpected(session.error());
        }
        with.region = RegionId{
            value_of(session->value_or(ProfileValues{}), "sso_region").value_or(with.region.value())
        };
    }
    if (with.session.empty() || with.region.value().empty() || with.account.empty() ||
        with.role.empty()) {
        return unusable(
            "a profile of Identity Center needs sso_account_id, sso_role_name, and sso_session or "
            "sso_start_url with sso_region",
            "Run `aws configure sso`."
        );
    }
    if (!input_.edge) {
        return KeysOrSource{};
    }
    Result<std::string> named = endpoint_in(input_.environment, "AWS_ENDPOINT_URL_SSO");
    if (!named) {
        return std::unexpected(std::move(named.error()));
    }
    with.endpoint = *std::move(named);
    return KeysOrSource{.keys = std::nullopt, .source = sign_on(*input_.edge, std::move(with))};
}

Result<KeysOrSource> Chain::in_environment() const {
    const auto id = input_.environment("AWS_ACCESS_KEY_ID");
    const auto secret = input_.environment("AWS_SECRET_ACCESS_KEY");
    if (id.has_value() != secret.has_value()) {
        return id ? half_said("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
                  : half_said("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID");
    }
    if (id && secret) {
        return KeysOrSource{
            .keys =
                sigv4::Credentials{
                    .access_key_id = *id,
                    .secret_access_key = *secret,
                    .session_token = variable("AWS_SESSION_TOKEN"),
                    .expires = std::nullopt
                },
            .source = nullptr
        };
    }
    const auto token_file = input_.environment("AWS_WEB_IDENTITY_TOKEN_FILE");
    const auto role = input_.environment("AWS_ROLE_ARN");
    if (token_file && !role) {
        return half_said("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN");
    }
    if (input_.edge && token_file && role) {
        return identity(*token_file, *role, variable("AWS_ROLE_SESSION_NAME"));
    }
    return KeysOrSource{};
}

Result<KeysOrSource> Chain::in_file() {
    const std::string& path = input_.sources.credentials_file;
    const Result<std::optional<ProfileValues>> values = values_of(profile());
    if (!values) {
        return std::unexpected(values.error());
    }
    Result<KeysOrSource> found =
        *values ? in_profile(profile(), **values) : Result<KeysOrSource>{KeysOrSource{}};
    if (!found) {
        return std::unexpected(in_context(path + ", profile '" + profile() + "'", found.error()));
    }
    if (!found->any()) {
        return fail(
            ErrorKind::denied,
            "no AWS keys for profile '" + profile() + "' in " + path,
            "Add a section [" + profile() + "] with aws_access_key_id and aws_secret_access_key."
        );
    }
    return found;
}

Result<KeysOrSource> Chain::in_shared_files() {
    const Result<std::optional<ProfileValues>> values = values_of(profile());
    if (!values) {
        return std::unexpected(values.error());
    }
    if (!*values) {
        if (input_.profile_said_by.empty()) {
            return KeysOrSource{};
        }
        return fail(
            ErrorKind::denied,
            std::string{input_.profile_said_by} + " names the profile '" + profile() +
                "', which is neither in " + files_.credentials + " nor in " + files_.config,
            "Add the profile, or name one that is there."
        );
    }
    Result<KeysOrSource> found = in_profile(profile(), **values);
    if (!found) {
        return std::unexpected(in_context(
            files_.credentials + " and " + files_.config + ", profile '" + profile() + "'",
            found.error()
        ));
    }
    return found;
}

Result<KeysOrSource> Chain::of_host() const {
    Result<KeysOrSource> container = from(container_endpoint(*input_.edge, input_.environment));
    if (!container || container->any()) {
        return container;
    }
    if (to_lower(variable("AWS_EC2_METADATA_DISABLED")) == "true") {
        return KeysOrSource{};
    }
    return from(instance_metadata(*input_.edge, input_.environment));
}

Result<KeysOrSource> Chain::in_all() {
    // As with AWS's own tools: a profile that the configuration names wins over the environment.
    const bool named = input_.profile_said_by == kProfileSetting;
    Result<KeysOrSource> found = named ? Result<KeysOrSource>{KeysOrSource{}} : in_environment();
    if (found && !found->any()) {
        found = in_shared_files();
    }
    if (found && !found->any() && input_.edge) {
        found = of_host();
    }
    if (!found || found->any()) {
        return found;
    }
    return fail(
        ErrorKind::denied,
        "no AWS keys: looked at AWS_ACCESS_KEY_ID, " + files_.credentials + " and " +
            files_.config + " (profile '" + profile() + "')" +
            (input_.edge ? ", for a web identity, a container endpoint and the instance metadata"
                         : ""),
        "Set aws.credentials.file in the configuration, or put the keys into one of these places."
    );
}

}  // namespace

SharedFiles shared_files(const Environment& environment) {
    const std::string home = environment("HOME").value_or("/root");
    return {
        .credentials =
            environment("AWS_SHARED_CREDENTIALS_FILE").value_or(home + "/.aws/credentials"),
        .config = environment("AWS_CONFIG_FILE").value_or(home + "/.aws/config"),
        .sso_cache = home + "/.aws/sso/cache"
    };
}

Result<KeysOrSource> find_keys(const ChainInput& input) {
    return Chain(input).find();
}

}  // namespace farshore::aws
