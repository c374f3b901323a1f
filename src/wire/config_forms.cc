#include "wire/config_forms.h"

#include <algorithm>

#include "base/own_names.h"
#include "base/text.h"

namespace farshore::config {

namespace json = boost::json;

namespace {

// The text, if it fits; nullopt: reported, with how it would be written.
std::optional<std::string> fitting(
    Section& section,
    const YamlNode& node,
    std::string_view key,
    bool (*fits)(const std::string&),
    std::string_view code,
    const std::function<std::string(const std::string&)>& complaint,
    std::string_view hint
) {
    auto text = section.name_of(node, key);
    if (text && !fits(*text)) {
        section.refuse(
            key, node.place, std::string{code}, complaint(shown(*text)), std::string{hint}
        );
        return std::nullopt;
    }
    return text;
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<std::optional<Duration>> TimeOrOff::parse(
    Section& section, const YamlNode& node, std::string_view key
) const {
    if (node.kind == YamlNode::Kind::scalar && node.text == "off") {
        return std::optional<Duration>{};
    }
    const auto time = section.duration_of(node, key, range);
    return time ? std::optional{time} : std::nullopt;
}

std::optional<AgentController> ControllerUrl::parse(
    Section& section, const YamlNode& node, std::string_view key
) {
    auto url = section.endpoint_of(node, key);
    if (!url) {
        return std::nullopt;
    }
    if (!url->starts_with("https://")) {
        section.refuse(
            key,
            node.place,
            "C116",
            "a controller's address must begin with https://",
            "for example https://10.0.6.1:8640"
        );
    }
    return AgentController{.url = std::move(*url)};
}

std::optional<Listen> Resolver::parse(
    Section& section, const YamlNode& node, std::string_view key
) {
    auto resolver = section.address_port_of(node, key);
    if (resolver && resolver->port == 0) {
        section.refuse(
            key, node.place, "C116", quoted(key) + " names no port", "DNS servers listen on port 53"
        );
        return std::nullopt;
    }
    return resolver;
}

std::optional<std::string> IpAddress::parse(
    Section& section, const YamlNode& node, std::string_view key
) {
    return fitting(
        section,
        node,
        key,
        [](const std::string& text) { return wire::is_ip_address(text); },
        "C116",
        [key](const std::string& text) {
            return quoted(key) + " is not an IP address: " + quoted(text);
        },
        "an address of this host, see: ip address"
    );
}

std::optional<std::string> RecordName::parse(
    Section& section, const YamlNode& node, std::string_view key
) {
    auto name = section.name_of(node, key);
    if (!name) {
        return std::nullopt;
    }
    if (name->ends_with('.')) {
        name->pop_back();
    }
    if (!wire::is_host_name(*name)) {
        section.refuse(
            key,
            node.place,
            "C115",
            quoted(shown(*name)) + " is not a DNS name",
            "for example shop.example.com"
        );
        return std::nullopt;
    }
    return name;
}

std::optional<std::string> UrlPath::parse(
    Section& section, const YamlNode& node, std::string_view key
) {
    return fitting(
        section,
        node,
        key,
        [](const std::string& text) {
            return text.starts_with('/') && wire::parse_url("http://host" + text).has_value();
        },
        "C116",
        [](const std::string& text) { return quoted(text) + " is not the path of a URL"; },
        "for example /healthz/deep"
    );
}

std::optional<std::string> HostOrAddress::parse(
    Section& section, const YamlNode& node, std::string_view key
) {
    return fitting(
        section,
        node,
        key,
        [](const std::string& text) {
            return wire::is_host_name(text) || (wire::is_ip_address(text) && !text.contains(':'));
        },
        "C116",
        [](const std::string& text) {
            return "neither the name of a host nor an IPv4 address: " + quoted(text);
        },
        "for example shop-1.us-east-1.elb.amazonaws.com, or 203.0.113.7"
    );
}

std::optional<std::string> HostHeader::parse(
    Section& section, const YamlNode& node, std::string_view key
) {
    return fitting(
        section,
        node,
        key,
        [](const std::string& text) { return OwnNames::is_one(text); },
        "C116",
        [](const std::string& text) { return "not a name for a Host header: " + quoted(text); },
        "for example dynamodb.internal, or dynamodb.internal:8642"
    );
}

std::optional<core::Quorum> QuorumForm::parse(
    Section& section, const YamlNode& node, std::string_view key
) {
    constexpr std::int64_t kObserversMax = 99;
    constexpr std::string_view kOf = " of ";
    const auto text = section.name_of(node, key);
    if (!text) {
        return std::nullopt;
    }
    const std::size_t at = text->find(kOf);
    const auto needed = whole_number(std::string_view{*text}.substr(0, at));
    const auto of = at == std::string::npos
                        ? std::nullopt
                        : whole_number(std::string_view{*text}.substr(at + kOf.size()));
    if (!needed || !of || *needed < 1 || *of < *needed || *of > kObserversMax) {
        section.refuse(key, node.place, "C106", quoted(key) + " must be like `2 of 3`");
        return std::nullopt;
    }
    return core::Quorum{.needed = static_cast<int>(*needed), .of = static_cast<int>(*of)};
}

void Version::check(Section& section, std::string_view key) {
    const YamlNode* node = section.find(key);
    const bool word = node != nullptr && node->kind == YamlNode::Kind::scalar;
    if (node == nullptr || (word && node->text == "1" && !node->quoted)) {
        return;  // an absent one has been reported
    }
    section.refuse(
        key,
        node->place,
        "C110",
        "version " + (word ? node->text + " " : std::string{}) +
            "of the configuration is not known",
        "this program reads version 1"
    );
}

void Notifications::check(Section& section, std::string_view key) {
    if (section.find(key) == nullptr) {
        return;
    }
    section.each_item(key, [&](const YamlNode& node, std::size_t /*index*/) {
        for (const YamlEntry& kind : node.entries) {
            for (const YamlEntry& value : kind.value.entries) {
                if (value.key == "webhook" || value.key == "key" || value.key == "token") {
                    refuse_plain_secret(section.findings(), value.value, value.key);
                }
            }
        }
    });
    section.no_effect(key);
}

void Refused::check(Section& section, std::string_view key) const {
    if (const YamlNode* node = section.find(key)) {
        section.refuse(
            key,
            node->place,
            "C114",
            quoted(key) + " is not available in this version",
            std::string{hint},
            std::string{why}
        );
    }
}

void Secret::check(Section& section, std::string_view key) {
    if (const YamlNode* node = section.find(key)) {
        section.refuse(
            key,
            node->place,
            "C111",
            quoted(key) + " does not belong into this file",
            "put the keys into an AWS credentials file and name it in `file`",
            "configuration files are copied, mailed and committed; secrets in them leak"
        );
    }
}

// "arn:aws:iam::123456789012:role/path/shop-host": account and name. An assumed role's own ARN has
// no path, and names are unique in an account whatever their path.
bool take_role_arn(JoinRole& role) {
    const std::vector<std::string_view> parts = split(role.arn, ':');
    if (parts.size() != 6 || parts[0] != "arn" || parts[2] != "iam" || !parts[3].empty() ||
        parts[4].size() != 12 || !all_digits(parts[4]) || !parts[5].starts_with("role/")) {
        return false;
    }
    role.account = parts[4];
    role.role = parts[5].substr(parts[5].rfind('/') + 1);
    return !role.role.empty() && role.arn.find('*') == std::string::npos;
}

std::optional<std::string> RoleArn::parse(
    Section& section, const YamlNode& node, std::string_view key
) {
    auto arn = section.name_of(node, key);
    JoinRole role{.arn = arn.value_or("")};
    if (arn && !take_role_arn(role)) {
        section.refuse(
            key,
            node.place,
            "C106",
            quoted(*arn) + " is not the ARN of a role",
            "for example arn:aws:iam::123456789012:role/shop-host"
        );
        return std::nullopt;
    }
    return arn;
}

json::value as_written(bool value) {
    return value;
}

json::value as_written(std::int64_t value) {
    return value;
}

json::value as_written(Duration value) {
    struct Unit {
        Duration length;
        std::string_view name;
    };

    static constexpr std::array kUnits{
        Unit{24h, "d"},
        Unit{1h, "h"},
        Unit{1min, "m"},
        Unit{1s, "s"},
        Unit{1ms, "ms"},
        Unit{1us, "us"}
    };
    if (value == Duration::zero()) {
        return "0ms";
    }
    for (const auto& [length, name] : kUnits) {
        if (value % length == Duration::zero()) {
            return json::value(std::to_string(value / length) + std::string{name});
        }
    }
    return json::value(std::to_string(value.count()) + "ns");
}

json::value as_written(const std::optional<Duration>& value) {
    return value ? as_written(*value) : json::value("off");
}

json::value as_written(const std::optional<int>& value) {
    return value ? as_written(*value) : json::value(nullptr);
}

json::value as_written(const std::string& value) {
    return json::value(value);
}

json::value as_written(const Listen& value) {
    return json::value(value.text());
}

json::value as_written(const core::Quorum& value) {
    return json::value(std::to_string(value.needed) + " of " + std::to_string(value.of));
}

json::value as_written(const AgentController& value) {
    return json::value(value.url);
}

json::value as_written(const std::optional<core::StepCondition>& value) {
    return json::value(value ? value->text() : std::string{});
}

json::value as_written(const core::StepCall& value) {
    return json::value(std::string{to_string(value.need)} + " " + value.region);
}

bool is_blank(const json::value& shown) {
    const auto* text = shown.if_string();
    const auto* list = shown.if_array();
    const auto* map = shown.if_object();
    return shown.is_null() || (text != nullptr && text->empty()) ||
           (list != nullptr && list->empty()) || (map != nullptr && map->empty());
}

}  // namespace farshore::config
