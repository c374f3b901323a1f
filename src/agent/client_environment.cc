#include "agent/client_environment.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "agent/secrets.h"
#include "base/text.h"

namespace farshore::agent {

namespace {

namespace json = boost::json;

struct Variable {
    std::string_view name;
    std::string value;
};

using Variables = std::vector<Variable>;

// A session token of the host's role, or the word to leave endpoints alone, would undo the rest.
constexpr std::array<std::string_view, 2> kNeverSet{
    "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
};

std::vector<std::string_view> to_unset(const ClientEnvironment& environment) {
    std::vector<std::string_view> names{kNeverSet.begin(), kNeverSet.end()};
    if (environment.key && !environment.shows_secret) {
        // These would be asked before the file.
        names.insert(names.begin(), {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"});
    }
    return names;
}

Variables variables_of(const ClientEnvironment& environment) {
    Variables out{
        {.name = "AWS_ENDPOINT_URL_DYNAMODB", .value = environment.endpoint},
        {.name = "AWS_REGION", .value = environment.region},
        // SDKs know it by either name.
        {.name = "AWS_ENDPOINT_DISCOVERY_ENABLED", .value = "false"},
        {.name = "AWS_ENABLE_ENDPOINT_DISCOVERY", .value = "false"},
    };
    if (!environment.key) {
        return out;
    }
    if (environment.shows_secret) {
        out.push_back({.name = "AWS_ACCESS_KEY_ID", .value = environment.key->id});
        out.push_back({.name = "AWS_SECRET_ACCESS_KEY", .value = environment.key->secret});
    } else {
        out.push_back({.name = "AWS_SHARED_CREDENTIALS_FILE", .value = environment.key->file});
        out.push_back({.name = "AWS_PROFILE", .value = environment.key->profile});
    }
    return out;
}

std::string comment(std::string_view sign, const ClientEnvironment& environment) {
    const auto line = [sign](std::string_view text) {
        return fmt::format("{} {}\n", sign, text);
    };
    std::string out = line(
        "Printed by farshore-agent env. The keys open this host's DynamoDB "
        "endpoint and nothing else:"
    );
    out += line(
        "a program that uses other AWS services, too, gives them to its DynamoDB client "
        "alone (docs/clients.md)."
    );
    if (!environment.key) {
        out += line("client_keys is off: any keys will do, SDKs only want to have some.");
    }
    return out;
}

std::string with_escapes(std::string_view value, std::string_view escaped, std::string_view by) {
    std::string out;
    for (const char c : value) {
        out += escaped.contains(c) ? std::string{by} + c : std::string{c};
    }
    return out;
}

std::string shell_quoted(std::string_view value) {
    std::string out = "'";
    for (const char c : value) {
        out += c == '\'' ? std::string{"'\\''"} : std::string{c};
    }
    return out + "'";
}

std::string shell_text(const ClientEnvironment& environment, const Variables& variables) {
    std::string out = comment("#", environment);
    out += "unset";
    for (const std::string_view name : to_unset(environment)) {
        out += " " + std::string{name};
    }
    out += "\n";
    for (const Variable& variable : variables) {
        out += fmt::format("export {}={}\n", variable.name, shell_quoted(variable.value));
    }
    return out;
}

// systemd.exec(5), "Environment=": C escapes inside of quotes, and % begins a specifier.
std::string systemd_text(const ClientEnvironment& environment, const Variables& variables) {
    std::string out = comment("#", environment) + "[Service]\n";
    for (const Variable& variable : variables) {
        std::string value = with_escapes(variable.value, "\\\"", "\\");
        value = with_escapes(value, "%", "%");
        out += fmt::format("Environment=\"{}={}\"\n", variable.name, value);
    }
    out += "UnsetEnvironment=";
    return out + fmt::format("{}\n", fmt::join(to_unset(environment), " "));
}

// php.ini's language: nothing has a meaning inside of single quotes.
std::string php_fpm_text(const ClientEnvironment& environment, const Variables& variables) {
    std::string out = comment(";", environment);
    out +=
        "; Into the section of the pool. With clear_env = no, these must not be set outside:\n; ";
    out += fmt::format("{}\n", fmt::join(to_unset(environment), " "));
    for (const Variable& variable : variables) {
        out += fmt::format("env[{}] = '{}'\n", variable.name, variable.value);
    }
    return out;
}

// What stands behind the sign is the value; there is no quoting.
std::string docker_text(const ClientEnvironment& environment, const Variables& variables) {
    std::string out = comment("#", environment);
    out += fmt::format("# Must not be set: {}\n", fmt::join(to_unset(environment), " "));
    for (const Variable& variable : variables) {
        out += fmt::format("{}={}\n", variable.name, variable.value);
    }
    return out;
}

// Members of a container definition.
std::string ecs_text(const ClientEnvironment& environment, const Variables& variables) {
    json::array list;
    for (const Variable& variable : variables) {
        list.push_back(json::object{{"name", variable.name}, {"value", variable.value}});
    }
    json::object out{{"environment", std::move(list)}};
    if (environment.key && !environment.shows_secret) {
        const std::filesystem::path file{environment.key->file};
        out["mountPoints"] = json::array{json::object{
            {"sourceVolume", "farshore-client-keys"},
            {"containerPath", file.parent_path().string()},
            {"readOnly", true}
        }};
    }
    return json::serialize(out) + "\n";
}

// No format can hold a line end; each has signs of its own that it cannot.
Status check_values(const Variables& variables, EnvironmentFormat format) {
    std::string_view bad{"\n\r\0", 3};
    if (format == EnvironmentFormat::php_fpm) {
        bad = std::string_view{"\n\r\0'", 4};
    }
    for (const Variable& variable : variables) {
        // php-fpm takes a value that begins so for the name of a variable of its own environment.
        const bool is_reference =
            format == EnvironmentFormat::php_fpm && variable.value.starts_with('$');
        if (is_reference || variable.value.find_first_of(bad) != std::string::npos) {
            return fail(
                ErrorKind::malformed,
                fmt::format(
                    "{} has a character that {} cannot hold", variable.name, to_string(format)
                ),
                "choose a path and keys of ordinary characters"
            );
        }
    }
    return {};
}

}  // namespace

Result<std::string> environment_text(
    const ClientEnvironment& environment, EnvironmentFormat format
) {
    const Variables variables = variables_of(environment);
    if (const Status good = check_values(variables, format); !good) {
        return std::unexpected(good.error());
    }
    switch (format) {
        case EnvironmentFormat::shell: return shell_text(environment, variables);
        case EnvironmentFormat::systemd: return systemd_text(environment, variables);
        case EnvironmentFormat::php_fpm: return php_fpm_text(environment, variables);
        case EnvironmentFormat::docker: return docker_text(environment, variables);
        case EnvironmentFormat::ecs: return ecs_text(environment, variables);
    }
    std::unreachable();
}

Result<ClientEnvironment> client_environment(
    const config::AgentConfig& config, std::string_view app
) {
    std::vector<std::string> names;
    const config::AgentApp* found = nullptr;
    for (const config::AgentApp& one : config.apps) {
        names.push_back(one.app.value());
        if (one.app.value() == app || (app.empty() && config.apps.size() == 1)) {
            found = &one;
        }
    }
    if (found == nullptr) {
        return fail(
            app.empty() ? ErrorKind::malformed : ErrorKind::not_found,
            app.empty() ? "this host has several apps"
                        : fmt::format("this host has no app `{}`", app),
            fmt::format("say --app, one of: {}", joined(names))
        );
    }
    if (found->listen.port == 0) {
        return fail(
            ErrorKind::malformed,
            "the app's endpoint has another port at each start",
            "give `listen` a port"
        );
    }
    ClientEnvironment out{
        .endpoint = "http://" + config::reached_at(found->listen).text(),
        .region = config.region.value(),
        .key = std::nullopt
    };
    if (!config.client_keys.required) {
        return out;
    }
    const std::string path = client_keys_path(config);
    Result<std::vector<ClientKey>> keys = read_client_keys(path);
    if (!keys) {
        Error error = std::move(keys.error());
        if (error.kind == ErrorKind::not_found && config.client_keys.is_made) {
            error.remedy = "start the agent once: it makes them";
        }
        return std::unexpected(std::move(error));
    }
    ClientKey& first = keys->front();
    std::error_code ignored;
    out.key = EnvironmentKey{
        .file = std::filesystem::absolute(path, ignored).string(),
        .profile = std::move(first.profile),
        .id = std::move(first.credentials.access_key_id),
        .secret = std::move(first.credentials.secret_access_key)
    };
    return out;
}

}  // namespace farshore::agent
