#include <algorithm>

#include "base/text.h"
#include "wire/config_parts.h"

// How hosts that the configuration does not name come in: `join` of farshore.yaml and of
// agent.yaml.
namespace farshore::config {

namespace {

bool all_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
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

void check_role(Section& section, std::string_view key, JoinRole& role, Place place) {
    if (!take_role_arn(role)) {
        section.refuse(
            key,
            place,
            "C106",
            "`" + role.arn + "` is not the ARN of a role",
            "for example arn:aws:iam::123456789012:role/shop-host"
        );
    }
}

void read_role(Section& aws, const YamlNode& node, std::size_t index, Join& out) {
    JoinRole role;
    if (node.kind == YamlNode::Kind::scalar) {
        if (auto arn = aws.name_of(node, "roles")) {
            role.arn = std::move(*arn);
            check_role(aws, "roles", role, node.place);
            out.roles.push_back(std::move(role));
        }
        return;
    }
    const std::string path = "join.aws.roles[" + std::to_string(index) + "]";
    Section section{aws.findings(), node, "a role of `join.aws`", path};
    (void)section.require("arn");
    section.read("arn", role.arn);
    section.read("region", role.region);
    section.read("hosts", role.hosts);
    if (!role.arn.empty()) {
        check_role(section, "arn", role, section.findings().places[path + ".arn"]);
    }
    section.finish();
    out.roles.push_back(std::move(role));
}

}  // namespace

void read_join(Section& file, Join& out) {
    file.inside("join", [&](Section& join) {
        join.inside("aws", [&](Section& aws) {
            aws.each_item("roles", [&](const YamlNode& node, std::size_t index) {
                read_role(aws, node, index, out);
            });
            aws.each_item("sts_regions", [&](const YamlNode& node, std::size_t /*index*/) {
                if (auto region = aws.id_of<RegionId>(node, "sts_regions")) {
                    out.sts_regions.push_back(std::move(*region));
                }
            });
            aws.each_item("urls", [&](const YamlNode& node, std::size_t /*index*/) {
                if (auto url = aws.endpoint_of(node, "urls")) {
                    out.urls.push_back(std::move(*url));
                }
            });
        });
    });
}

void read_agent_join(Section& file, AgentConfig& out) {
    file.inside("join", [&](Section& join) {
        join.read_secret_file("token", out.join_token_file);
        join.inside("aws", [&](Section& aws) {
            out.join_by_identity = true;
            aws.read("sts_region", out.join_sts_region);
        });
    });
}

}  // namespace farshore::config
