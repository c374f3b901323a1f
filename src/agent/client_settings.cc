#include "agent/client_settings.h"

#include <algorithm>
#include <initializer_list>

#include "adapters/aws/credentials_chain.h"
#include "base/own_names.h"
#include "base/text_file.h"

namespace farshore::agent {

namespace {

class Settings {
  public:
    explicit Settings(const host::Program& program) : program_(program) {
        const aws::Environment environment = [this](const std::string& name
                                             ) -> std::optional<std::string> {
            const auto found = program_.environment.find(name);
            return found == program_.environment.end() ? std::nullopt
                                                       : std::optional{found->second};
        };
        // Without either, the file would be one of this process's own user.
        if (!environment("HOME") && !environment("AWS_CONFIG_FILE")) {
            return;
        }
        file_ = aws::shared_files(environment).config;
        const Result<std::string> text = read_text_file(
            "/proc/" + std::to_string(program.pid) + "/root/" + file_,
            {.what = "the config file", .remedy = "", .may_be_empty = true}
        );
        if (text) {
            profile_ = aws::find_profile(*text, environment("AWS_PROFILE").value_or("default"))
                           .value_or(aws::ProfileValues{});
            if (const auto section = aws::value_of(profile_, "services")) {
                services_ = aws::service_urls(*text, *section);
            }
        }
    }

    // The first of these variables that is set, or else the profile's value.
    [[nodiscard]] core::ClientSetting get(
        std::initializer_list<const char*> variables, const char* in_profile
    ) const {
        for (const char* name : variables) {
            const auto found = program_.environment.find(name);
            if (found != program_.environment.end() && !found->second.empty()) {
                return {.value = found->second, .from = std::string{name} + " of its environment"};
            }
        }
        return of_profile(aws::value_of(profile_, in_profile).value_or(""));
    }

    // As the SDKs rank them: what is said of the service counts before what is said of all, and the
    // environment before the profile.
    [[nodiscard]] core::ClientSetting endpoint() const {
        const auto in_services = services_.find("dynamodb");
        core::ClientSetting said =
            get({"AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"}, "no such setting");
        if (said.value.empty() && in_services != services_.end()) {
            said = of_profile(in_services->second);
        }
        return said.value.empty() ? get({}, "endpoint_url") : said;
    }

  private:
    [[nodiscard]] core::ClientSetting of_profile(std::string value) const {
        return value.empty() ? core::ClientSetting{}
                             : core::ClientSetting{.value = std::move(value), .from = file_};
    }

    const host::Program& program_;
    std::string file_;
    aws::ProfileValues profile_;
    std::map<std::string, std::string> services_;
};

bool leads_to_agent(const std::string& host, const config::AgentConfig& config) {
    return std::ranges::any_of(config.apps, [&](const config::AgentApp& app) {
        OwnNames names{app.listen.address, app.listen.port};
        for (const std::string& name : config.listen_names) {
            (void)names.add(name);
        }
        return names.has(host);
    });
}

}  // namespace

core::SeenClient client_from(const host::Program& program, const config::AgentConfig& config) {
    const Settings settings{program};
    core::SeenClient seen{
        .calls_aws = std::ranges::any_of(
            program.environment,
            [](const auto& variable) { return variable.first.starts_with("AWS_"); }
        ),
        .endpoint = settings.endpoint(),
        .ignores_endpoints = settings.get(
            {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"}, "ignore_configured_endpoint_urls"
        ),
        .region = settings.get({"AWS_REGION", "AWS_DEFAULT_REGION"}, "region"),
        .discovery = settings.get(
            {"AWS_ENABLE_ENDPOINT_DISCOVERY", "AWS_ENDPOINT_DISCOVERY_ENABLED"},
            "endpoint_discovery_enabled"
        ),
        .account_mode = settings.get({"AWS_ACCOUNT_ID_ENDPOINT_MODE"}, "account_id_endpoint_mode"),
        .past = {}
    };
    const Result<wire::Url> url = wire::parse_url(seen.endpoint.value);
    seen.endpoint_is_ours = url && leads_to_agent(url->authority(), config);
    seen.talks_to_agent =
        std::ranges::any_of(program.connections, [&](const wire::AddressPort& other_end) {
            return leads_to_agent(other_end.text(), config);
        });
    return seen;
}

}  // namespace farshore::agent
