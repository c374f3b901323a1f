#include "wire/config_parts.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <openssl/evp.h>

#include "base/assert.h"
#include "base/text.h"

namespace farshore::config {

namespace {

void read_regional_urls(
    Section& endpoints, const std::string& service, std::map<RegionId, std::string>& out
) {
    endpoints.each_entry(service, [&](const YamlEntry& entry) {
        const RegionId region{entry.key};
        check_region_name(endpoints.findings(), region, entry.key_place);
        // A section of its own, so that the URL is checked as any other.
        YamlNode holder;
        holder.kind = YamlNode::Kind::map;
        holder.place = entry.key_place;
        holder.entries.push_back(entry);
        Section url{endpoints.findings(), holder, "`" + service + "`", endpoints.path_of(service)};
        url.read_url(entry.key, out[region]);
    });
}

}  // namespace

void read_version(Section& file) {
    const YamlNode& node = file.require("version");
    if (node.kind == YamlNode::Kind::null ||
        (node.kind == YamlNode::Kind::scalar && node.text == "1" && !node.quoted)) {
        return;  // an absent one has been reported
    }
    const bool word = node.kind == YamlNode::Kind::scalar;
    file.findings().error(
        node.place,
        "C110",
        "version " + (word ? node.text + " " : std::string{}) + "of the configuration is not known",
        "this program reads version 1"
    );
}

void read_aws(Section& section, AwsAccess& out) {
    section.inside("credentials", [&](Section& credentials) {
        credentials.read("file", out.credentials_file);
        credentials.read("profile", out.profile);
        for (const std::string_view secret :
             {"access_key_id", "secret_access_key", "session_token"}) {
            if (const YamlNode* node = credentials.find(secret)) {
                credentials.findings().error(
                    node->place,
                    "C111",
                    "`" + std::string{secret} + "` does not belong into this file",
                    "put the keys into an AWS credentials file and name it in `file`",
                    "configuration files are copied, mailed and committed; secrets in them leak"
                );
            }
        }
    });
    section.inside("endpoints", [&](Section& endpoints) {
        read_regional_urls(endpoints, "dynamodb", out.dynamodb);
        read_regional_urls(endpoints, "sts", out.sts);
        endpoints.read_url("route53", out.route53);
    });
    Listen resolver{.address = "", .port = 0};
    section.read_listen("resolver", resolver);
    if (!resolver.address.empty()) {
        out.resolver = resolver.address + ":" + std::to_string(resolver.port);
    }
    section.read("source_address", out.source_address);
    section.read("ca_file", out.ca_file);
}

void check_region_name(Findings& findings, const RegionId& region, Place place) {
    const std::vector<std::string_view> parts = split(region.value(), '-');
    const bool good =
        parts.size() >= 3 &&
        std::ranges::all_of(
            parts,
            [](std::string_view part) {
                return !part.empty() && std::ranges::all_of(part, [](unsigned char c) {
                    return std::islower(c) != 0 || std::isdigit(c) != 0;
                });
            }
        ) &&
        std::isdigit(static_cast<unsigned char>(parts.back().back())) != 0;
    if (!good) {
        findings.error(
            place,
            "C113",
            "`" + region.value() + "` is not the name of a Region",
            "for example us-east-1"
        );
    }
}

std::string sha256_hex(std::string_view text) {
    std::array<std::uint8_t, 32> digest{};
    unsigned int length = 0;
    const int done =
        EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
    FARSHORE_ASSERT(done == 1 && length == digest.size(), "SHA-256 is always available");
    return to_hex(digest);
}

}  // namespace farshore::config
