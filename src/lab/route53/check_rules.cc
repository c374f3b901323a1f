#include <algorithm>
#include <arpa/inet.h>
#include <array>

#include "adapters/net/dns_message.h"
#include "lab/route53/api_error.h"
#include "lab/route53/check_book.h"
#include "lab/route53/domain_name.h"

namespace farshore::lab::route53 {

namespace {

constexpr std::size_t kPathMax = 255;
constexpr std::size_t kSearchMax = 255;
constexpr std::size_t kChildrenMax = 256;

bool is_http(CheckType type) {
    return calls_an_endpoint(type) && type != CheckType::tcp;
}

bool matches_string(CheckType type) {
    return type == CheckType::http_str_match || type == CheckType::https_str_match;
}

bool is_address(const std::string& text) {
    in6_addr ipv6{};
    return net::dns::a_from(text).has_value() || inet_pton(AF_INET6, text.c_str(), &ipv6) == 1;
}

std::string fault_of_endpoint(const CheckConfig& config) {
    if (config.ip_address.empty() && config.domain_name.empty()) {
        return "Invalid parameter : Either IPAddress or FullyQualifiedDomainName must be specified";
    }
    if (!config.ip_address.empty() && !is_address(config.ip_address)) {
        return "Invalid parameter : " + config.ip_address + " is not an IP address";
    }
    if (!config.domain_name.empty() && !canonical_name(config.domain_name)) {
        return "Invalid parameter : " + config.domain_name + " is not a domain name";
    }
    if (config.port < 0 || config.port > 65535) {
        return "Invalid parameter : Port must be from 1 to 65535";
    }
    if (config.type == CheckType::tcp && config.port == 0) {
        return "Invalid parameter : Port must be specified for a health check of type TCP";
    }
    if (config.type == CheckType::tcp && !config.path.empty()) {
        return "Invalid parameter : ResourcePath must not be specified for type TCP";
    }
    if (config.path.size() > kPathMax || config.search_string.size() > kSearchMax) {
        return "Invalid parameter : ResourcePath and SearchString have at most 255 characters";
    }
    if (std::ranges::any_of(config.path, [](char c) { return c <= ' ' || c > '~'; })) {
        return "Invalid parameter : ResourcePath has a character that a URL cannot have";
    }
    if (matches_string(config.type) == config.search_string.empty()) {
        return "Invalid parameter : SearchString belongs to the types HTTP_STR_MATCH and "
               "HTTPS_STR_MATCH, which need it";
    }
    if (config.interval != 10 && config.interval != 30) {
        return "Invalid parameter : RequestInterval must be 10 or 30";
    }
    if (config.failure_threshold < 1 || config.failure_threshold > 10) {
        return "Invalid parameter : FailureThreshold must be from 1 to 10";
    }
    if (!config.regions.empty() && config.regions.size() < 3) {
        return "Invalid parameter : Regions needs at least three Regions";
    }
    if (config.health_threshold || !config.children.empty()) {
        return "Invalid parameter : HealthThreshold and ChildHealthChecks belong to type "
               "CALCULATED";
    }
    return {};
}

std::string fault_of_calculated(const CheckConfig& config) {
    if (!config.ip_address.empty() || !config.domain_name.empty() || config.port != 0 ||
        !config.path.empty() || !config.search_string.empty()) {
        return "Invalid parameter : a health check of type CALCULATED has no endpoint";
    }
    if (!config.health_threshold) {
        return "Invalid parameter : HealthThreshold must be specified for type CALCULATED";
    }
    if (*config.health_threshold < 0 || *config.health_threshold > 256) {
        return "Invalid parameter : HealthThreshold must be from 0 to 256";
    }
    if (config.children.size() > kChildrenMax) {
        return "Invalid parameter : ChildHealthChecks has at most 256 elements";
    }
    auto sorted = config.children;
    std::ranges::sort(sorted);
    if (std::ranges::adjacent_find(sorted) != sorted.end()) {
        return "Invalid parameter : ChildHealthChecks names a health check twice";
    }
    return {};
}

}  // namespace

std::string fault_of(const CheckConfig& config) {
    if (config.type == CheckType::calculated) {
        return fault_of_calculated(config);
    }
    if (config.type == CheckType::cloudwatch_metric) {
        return config.alarm_name.empty() || config.alarm_region.empty()
                   ? "Invalid parameter : AlarmIdentifier must be specified for type "
                     "CLOUDWATCH_METRIC"
                   : "";
    }
    return fault_of_endpoint(config);
}

Result<CheckConfig> updated(CheckConfig config, const CheckUpdate& update) {
    const CheckType type = config.type;
    const auto refuse = [](std::string_view element) {
        return api_error(
            "InvalidInput",
            "Invalid parameter : " + std::string{element} +
                " does not belong to this type of health check"
        );
    };
    if (update.search_string && !matches_string(type)) {
        return refuse("SearchString");
    }
    if (update.path && !is_http(type)) {
        return refuse("ResourcePath");
    }
    if ((update.health_threshold || update.children) && type != CheckType::calculated) {
        return refuse("HealthThreshold");
    }
    if ((update.alarm_name || update.insufficient_data) && type != CheckType::cloudwatch_metric) {
        return refuse("AlarmIdentifier");
    }
    const auto set = [](auto& into, const auto& value) {
        if (value) {
            into = *value;
        }
    };
    set(config.ip_address, update.ip_address);
    set(config.port, update.port);
    set(config.path, update.path);
    set(config.domain_name, update.domain_name);
    set(config.search_string, update.search_string);
    set(config.failure_threshold, update.failure_threshold);
    set(config.inverted, update.inverted);
    set(config.disabled, update.disabled);
    set(config.health_threshold, update.health_threshold);
    set(config.children, update.children);
    set(config.sni, update.sni);
    set(config.regions, update.regions);
    set(config.alarm_region, update.alarm_region);
    set(config.alarm_name, update.alarm_name);
    set(config.insufficient_data, update.insufficient_data);
    for (const std::string& element : update.reset) {
        if (element == "FullyQualifiedDomainName") {
            config.domain_name.clear();
        } else if (element == "Regions") {
            config.regions.clear();
        } else if (element == "ResourcePath") {
            config.path.clear();
        } else if (element == "ChildHealthChecks") {
            config.children.clear();
        } else {
            return api_error(
                "InvalidInput", "Invalid parameter : ResetElements cannot name " + element
            );
        }
    }
    if (std::string fault = fault_of(config); !fault.empty()) {
        return api_error("InvalidInput", std::move(fault));
    }
    return config;
}

}  // namespace farshore::lab::route53
