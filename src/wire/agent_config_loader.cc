#include "base/names.h"
#include "base/own_names.h"
#include "base/text.h"
#include "wire/config_loader.h"
#include "wire/config_parts.h"
#include "wire/config_rules.h"
#include "wire/config_section.h"

namespace farshore::config {

namespace {

void read_regions(Section& section, AgentApp& app) {
    section.each_item("regions", [&](const YamlNode& node, std::size_t /*index*/) {
        if (auto region = section.id_of<RegionId>(node, "regions")) {
            app.regions.push_back(std::move(*region));
        }
    });
}

void read_bound(Section& section, std::string_view key, std::size_t& out, NumberRange range) {
    auto value = static_cast<std::int64_t>(out);
    section.read(key, value, range);
    out = static_cast<std::size_t>(value);
}

AgentApp read_app(Findings& findings, const YamlNode& node, std::size_t index) {
    AgentApp app;
    std::string name = std::to_string(index + 1);
    for (const YamlEntry& entry : node.entries) {
        name = entry.key == "app" ? entry.value.text : name;
    }
    Section section{findings, node, "app `" + name + "`", "apps[" + std::to_string(index) + "]"};
    (void)section.require("app");
    (void)section.require("regions");
    section.read("app", app.app);
    if (app.app.value().empty()) {
        app.app = AppId{name};  // for the texts of rules
    }
    section.read_listen("listen", app.listen);
    read_regions(section, app);
    section.read("witness", app.witness);
    section.read("on_controller_loss", app.on_controller_loss);
    section.read("lease", app.lease, {.least = 100ms, .most = 10min});
    section.read("epoch_table", app.epoch_table);
    section.read("heartbeat_table", app.heartbeat_table);
    section.read("hold_max", app.hold_max, {.least = 50ms, .most = 30s});
    read_bound(
        section, "hold_requests_max", app.hold_requests_max, {.least = 1, .most = 1'000'000}
    );
    section.read("probe_every", app.probe_every, {.least = 50ms, .most = 1min});
    section.read("upstream_timeout", app.upstream_timeout, {.least = 50ms, .most = 1min});
    read_bound(
        section, "ledger_entries_max", app.ledger_entries_max, {.least = 16, .most = 16'777'216}
    );
    section.read("ledger_learns_updates", app.ledger_learns_updates);
    section.read_named("health_table", app.health_table, kTableForm);
    section.each_entry("health_urls", [&](Section& regions, const YamlEntry& entry) {
        const RegionId region{entry.key};
        auto url = regions.url_of(entry.value, entry.key);
        if (regions.check(region, entry.key, entry.key_place) && url) {
            app.health_urls[region] = std::move(*url);
        }
    });
    section.finish();
    return app;
}

void read_controllers(Section& file, AgentConfig& config) {
    file.each_item("controllers", [&](const YamlNode& node, std::size_t /*index*/) {
        auto url = file.endpoint_of(node, "controllers");
        if (!url) {
            return;
        }
        // Orders to stop and to start writing come over this link.
        if (!url->starts_with("https://")) {
            file.refuse(
                "controllers",
                node.place,
                "C116",
                "a controller's address must begin with https://",
                "for example https://10.0.6.1:8640"
            );
        }
        config.controllers.push_back({.url = std::move(*url)});
    });
}

void read_listen_names(Section& file, AgentConfig& config) {
    file.each_item("listen_names", [&](const YamlNode& node, std::size_t /*index*/) {
        auto name = file.name_of(node, "listen_names");
        if (!name) {
            return;
        }
        if (!OwnNames::is_one(*name)) {
            file.refuse(
                "listen_names",
                node.place,
                "C116",
                "not a name for a Host header: `" + shown(*name) + "`",
                "for example dynamodb.internal, or dynamodb.internal:8642"
            );
        }
        config.listen_names.push_back(std::move(*name));
    });
}

// `off`, a file that is there, or what the agent makes.
void read_client_keys(Section& file, ClientKeys& keys) {
    const YamlNode* node = file.find("client_keys");
    if (node == nullptr) {
        return;
    }
    if (node->kind == YamlNode::Kind::map) {
        file.inside("client_keys", [&](Section& section) {
            section.read("file", keys.file);
            section.read("group", keys.group);
        });
        return;
    }
    std::string text;
    file.read("client_keys", text);
    keys.required = text != "off";
    keys.file = keys.required ? text : "";
    keys.is_made = false;
}

void read_file(Section& file, AgentConfig& config) {
    read_version(file);
    for (const std::string_view key : {"host", "region", "apps"}) {
        (void)file.require(key);
    }
    file.read("host", config.host);
    file.read("region", config.region);
    read_controllers(file, config);
    file.read("controller_ca", config.controller_ca_file);
    file.read_secret_file("token", config.token_file);
    read_agent_join(file, config);
    file.read("registration", config.registration);
    file.read("state_directory", config.state_directory);
    file.read("run_directory", config.run_directory);
    file.read_listen("health", config.health);
    read_listen_names(file, config);
    read_client_keys(file, config.client_keys);
    file.inside("aws", [&](Section& section) { read_aws(section, config.aws); });
    file.each_item("apps", [&](const YamlNode& node, std::size_t index) {
        config.apps.push_back(read_app(file.findings(), node, index));
    });
    if (config.apps.empty() && file.findings().usable("apps")) {
        file.refuse("apps", "C105", "no app is named in `apps`");
    }
    file.finish();
}

}  // namespace

Loaded<AgentConfig> parse_agent_config(std::string_view text) {
    Findings findings;
    AgentConfig config;
    const auto root = parse_yaml(text, findings.diagnostics);
    if (root.has_value()) {
        Section file{findings, *root, "the file", ""};
        if (root->kind == YamlNode::Kind::map) {
            read_file(file, config);
            apply_rules(findings, config);
        }
    }
    config.hash = sha256_hex(text);
    return {.value = std::move(config), .diagnostics = std::move(findings.diagnostics)};
}

}  // namespace farshore::config
