#include "cli/context.h"

#include <cstdlib>
#include <filesystem>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/net/pem_file.h"
#include "base/text_file.h"
#include "core/failover/reply.h"
#include "wire/api.h"
#include "wire/config_loader.h"
#include "wire/url.h"

namespace farshore::cli {

namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): never changed
    return value == nullptr ? "" : value;
}

std::string first_of(std::string a, std::string b, std::string c = {}) {
    return !a.empty() ? std::move(a) : !b.empty() ? std::move(b) : std::move(c);
}

// A file that the configuration names is the configuration's mistake, not the command line's.
Error named_by(bool configuration, Error error) {
    if (configuration && error.kind != ErrorKind::denied) {
        error.code = config::kUnreadableCode;
    }
    return error;
}

}  // namespace

std::string Context::config_path() const {
    std::string path = first_of(config_file, environment("FARSHORE_CONFIG"));
    if (path.empty()) {
        for (const char* usual : {"farshore.yaml", "/etc/farshore/farshore.yaml"}) {
            std::error_code error;
            if (path.empty() && std::filesystem::exists(usual, error)) {
                path = usual;
            }
        }
    }
    return path;
}

Result<std::optional<config::Config>> Context::configuration() const {
    const std::string path = config_path();
    if (path.empty()) {
        return std::nullopt;
    }
    auto loaded = config::load_config(path);
    if (!loaded) {
        return std::unexpected(std::move(loaded.error()));
    }
    return std::optional{std::move(*loaded)};
}

Result<Access> Context::access() const {
    const std::string named = first_of(controller, environment("FARSHORE_CONTROLLER"));
    const std::string token_path = first_of(token_file, environment("FARSHORE_TOKEN_FILE"));
    const std::string ca_path = first_of(ca_file, environment("FARSHORE_CA_FILE"));
    std::optional<config::Config> config;
    if (named.empty() || token_path.empty() || ca_path.empty()) {
        auto loaded = configuration();
        // When flags name everything, the command does not need the file: a broken one is no error.
        if (!loaded && named.empty()) {
            return std::unexpected(std::move(loaded.error()));
        }
        config = loaded ? std::move(*loaded) : std::nullopt;
    }
    const config::Config::Controller from_file =
        config ? config->controller : config::Config::Controller{};
    Access access;
    const std::string url = first_of(named, config ? from_file.url : "");
    access.ca_file = first_of(ca_path, from_file.ca_file);
    if (url.empty()) {
        return fail(
            ErrorKind::malformed,
            "no controller is known",
            "name a configuration file (--config, FARSHORE_CONFIG) or an address (--controller, "
            "FARSHORE_CONTROLLER)"
        );
    }
    Result<wire::Url> parsed = wire::parse_endpoint(url);
    if (!parsed) {
        return std::unexpected(in_context(
            "the controller's address (--controller, FARSHORE_CONTROLLER) is not a URL",
            std::move(parsed.error())
        ));
    }
    access.controller = parsed->text();
    if (!access.ca_file.empty()) {
        if (const Status good = net::check_certificates(access.ca_file, "the CA file"); !good) {
            return std::unexpected(named_by(ca_path.empty(), good.error()));
        }
    }
    const std::string path = first_of(token_path, from_file.operator_token_file);
    if (!path.empty()) {
        Result<std::string> token = read_word_file(
            path,
            {.what = "the token file",
             .remedy = "write your token alone into it, or name another with --token-file"}
        );
        if (!token) {
            return std::unexpected(named_by(token_path.empty(), std::move(token.error())));
        }
        access.token = std::move(*token);
    }
    return access;
}

Result<std::string> Context::app(const std::string& given) const {
    if (!given.empty()) {
        return given;
    }
    auto loaded = configuration();
    if (!loaded) {
        return std::unexpected(std::move(loaded.error()));
    }
    if (loaded->has_value()) {
        return (*loaded)->app.value();
    }
    return fail(
        ErrorKind::malformed, "no app is named", "name it, or its configuration file with --config"
    );
}

int failed_with(const Error& error) {
    if (error.text.contains("error[C")) {
        // Rendered findings of a configuration file carry their own heads.
        fmt::print(stderr, "{}", error.text);
        return kConfigurationInvalid;
    }
    print_error(error);
    if (error.code == core::kMovedCode) {
        return kMoved;
    }
    return error.code == config::kUnreadableCode ? kConfigurationInvalid : exit_code_of(error.kind);
}

int with_controller(const Context& context, const std::function<int(ApiClient&)>& body) {
    const auto access = context.access();
    if (!access) {
        return failed_with(access.error());
    }
    ApiClient client{*access};
    return body(client);
}

int show_answer(
    const Context& context,
    const std::string& target,
    const std::function<Result<std::string>(const Answer&)>& as_table
) {
    return with_controller(context, [&](ApiClient& client) {
        const auto answer = client.get(target);
        if (!answer) {
            return failed_with(answer.error());
        }
        if (!answer->ok()) {
            return failed_with(answer->error());
        }
        if (!is_table(context.format)) {
            print_document(context.format, answer->document);
            return static_cast<int>(kDone);
        }
        const Result<std::string> table = as_table(*answer);
        if (!table) {
            return failed_with(table.error());
        }
        fmt::print("{}", *table);
        return static_cast<int>(kDone);
    });
}

}  // namespace farshore::cli
