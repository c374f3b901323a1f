#include "wire/config_parts.h"

#include <algorithm>
#include <array>

#include <openssl/evp.h>

#include "base/assert.h"
#include "base/text.h"

namespace farshore::config {

void read_version(Section& file) {
    const YamlNode& node = file.require("version");
    if (node.kind == YamlNode::Kind::null ||
        (node.kind == YamlNode::Kind::scalar && node.text == "1" && !node.quoted)) {
        return;  // an absent one has been reported
    }
    const bool word = node.kind == YamlNode::Kind::scalar;
    file.refuse(
        "version",
        node.place,
        "C110",
        "version " + (word ? node.text + " " : std::string{}) + "of the configuration is not known",
        "this program reads version 1"
    );
}

namespace {

void read_regional_urls(
    Section& endpoints, std::string_view service, std::map<RegionId, std::string>& out
) {
    endpoints.each_entry(service, [&](Section& regions, const YamlEntry& entry) {
        const RegionId region{entry.key};
        auto url = regions.endpoint_of(entry.value, entry.key);
        if (regions.check(region, entry.key, entry.key_place) && url) {
            out[region] = std::move(*url);
        }
    });
}

// One address, or a list of them.
void read_resolvers(Section& section, AwsAccess& out) {
    const YamlNode* node = section.find("resolver");
    if (node == nullptr) {
        return;
    }
    const auto read = [&](const YamlNode& item) {
        auto resolver = section.address_port_of(item, "resolver");
        if (resolver && resolver->port == 0) {
            section.refuse(
                "resolver",
                item.place,
                "C116",
                "`resolver` names no port",
                "DNS servers listen on port 53"
            );
        } else if (resolver) {
            out.resolvers.push_back(std::move(*resolver));
        }
    };
    if (node->kind != YamlNode::Kind::sequence) {
        read(*node);
        return;
    }
    if (node->items.empty()) {
        section.refuse(
            "resolver",
            "C106",
            "`resolver` is an empty list",
            "name a DNS server, or remove the key: then the system's resolver is asked"
        );
    }
    std::ranges::for_each(node->items, read);
}

}  // namespace

void read_aws(Section& section, AwsAccess& out) {
    section.inside("credentials", [&](Section& credentials) {
        credentials.read("file", out.credentials_file);
        credentials.read("profile", out.profile);
        for (const std::string_view secret :
             {"access_key_id", "secret_access_key", "session_token"}) {
            if (const YamlNode* node = credentials.find(secret)) {
                credentials.refuse(
                    secret,
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
        endpoints.read_endpoint("route53", out.route53);
    });
    read_resolvers(section, out);
    section.read("source_address", out.source_address);
    if (!out.source_address.empty() && !wire::is_ip_address(out.source_address)) {
        section.refuse(
            "source_address",
            "C116",
            "`source_address` is not an IP address: `" + shown(out.source_address) + "`",
            "an address of this host, see: ip address"
        );
    }
    section.read("ca_file", out.ca_file);
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
