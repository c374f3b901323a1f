#include "adapters/aws/endpoint_settings.h"

#include <utility>

#include "adapters/aws/credentials_chain.h"
#include "base/text.h"
#include "base/text_file.h"

namespace farshore::aws {
namespace {

// "Route 53" as it stands in a profile: "route_53"; in the environment it is in capitals.
std::string key_of(const aws_model::Service& service) {
    std::string key = to_lower(aws_model::model().word(service.id));
    for (char& byte : key) {
        byte = byte == ' ' || byte == '-' ? '_' : byte;
    }
    return key;
}

std::string upper(std::string text) {
    for (char& byte : text) {
        byte = byte >= 'a' && byte <= 'z' ? static_cast<char>(byte - 'a' + 'A') : byte;
    }
    return text;
}

struct Said {
    ProfileValues profile;
    std::map<std::string, std::string> services;  // key_of: URL
};

// A file that is absent, or that cannot be read, says nothing here: whoever needs keys of it tells.
Said said_in_config(const Environment& environment, const std::string& profile) {
    Said said;
    const Result<std::string> text = read_text_file(
        shared_files(environment).config,
        {.what = "the config file", .remedy = "", .may_be_empty = true}
    );
    if (text) {
        said.profile = find_profile(*text, profile).value_or(ProfileValues{});
        if (const auto section = value_of(said.profile, "services")) {
            said.services = service_urls(*text, *section);
        }
    }
    return said;
}

bool flag(
    const Environment& environment, const char* variable, const Said& said, const char* name
) {
    return to_lower(environment(variable).value_or(value_of(said.profile, name).value_or(""))) ==
           "true";
}

}  // namespace

EndpointSettings::EndpointSettings(config::AwsAccess access, const Environment& environment)
    : access_(std::move(access)) {
    const std::string profile =
        access_.profile.empty() ? environment("AWS_PROFILE").value_or("default") : access_.profile;
    const Said said = said_in_config(environment, profile);
    wish_.fips = flag(environment, "AWS_USE_FIPS_ENDPOINT", said, "use_fips_endpoint");
    wish_.dual_stack =
        flag(environment, "AWS_USE_DUALSTACK_ENDPOINT", said, "use_dualstack_endpoint");
    if (flag(
            environment,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
            said,
            "ignore_configured_endpoint_urls"
        )) {
        return;
    }
    everywhere_ = environment("AWS_ENDPOINT_URL").value_or("");
    for (const aws_model::Service& service : aws_model::model().services) {
        const std::string key = key_of(service);
        const auto in_profile = said.services.find(key);
        std::string url = environment("AWS_ENDPOINT_URL_" + upper(key)).value_or("");
        if (url.empty() && everywhere_.empty() && in_profile != said.services.end()) {
            url = in_profile->second;
        }
        if (!url.empty()) {
            urls_.emplace(aws_model::model().word(service.name), std::move(url));
        }
    }
    if (everywhere_.empty()) {
        everywhere_ = value_of(said.profile, "endpoint_url").value_or("");
    }
}

std::string EndpointSettings::override_of(std::string_view service, const RegionId& region) const {
    // AWS_ENDPOINT_URL and its kin are not honoured for DynamoDB: on a host they point to the
    // agent, and a probe that goes through the agent would judge the wrong Region.
    if (service == "dynamodb") {
        const auto found = access_.dynamodb.find(region);
        return found == access_.dynamodb.end() ? "" : found->second;
    }
    if (service == "route53" && !access_.route53.empty()) {
        return access_.route53;
    }
    const auto found = urls_.find(service);
    return found == urls_.end() ? everywhere_ : found->second;
}

std::string EndpointSettings::url(std::string_view service, const RegionId& region) const {
    std::string given = override_of(service, region);
    if (!given.empty()) {
        return given;
    }
    const aws_model::Model& model = aws_model::model();
    return aws_model::endpoint_of(model, *model.find_service(service), region.value(), wish_).url;
}

std::string EndpointSettings::signing_region(std::string_view service, const RegionId& region)
    const {
    const aws_model::Model& model = aws_model::model();
    return aws_model::endpoint_of(model, *model.find_service(service), region.value(), wish_)
        .signing_region;
}

}  // namespace farshore::aws
