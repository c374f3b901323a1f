#include "wire/config_loader.h"

#include "base/text.h"
#include "base/text_file.h"
#include "wire/config_parts.h"
#include "wire/config_rules.h"
#include "wire/config_section.h"
#include "wire/config_steps.h"

namespace farshore::config {

namespace {

constexpr DurationRange kShort{.least = 1ms, .most = 1min};

void read_regions(Section& file, Config& config) {
    (void)file.require("regions");
    file.each_entry("regions", [&](Section& names, const YamlEntry& entry) {
        Region region{.id = RegionId{entry.key}, .preferred = false, .health = {}};
        names.check(region.id, entry.key, entry.key_place);
        if (entry.value.kind != YamlNode::Kind::null) {
            Section section{
                file.findings(), entry.value, "Region `" + entry.key + "`", "regions." + entry.key
            };
            section.read("preferred", region.preferred);
            section.read_url("health", region.health);
            section.finish();
        }
        config.regions.push_back(std::move(region));
    });
}

void read_tables(Section& file, Config& config) {
    (void)file.require("tables");
    file.each_item("tables", [&](const YamlNode& node, std::size_t index) {
        Table table;
        std::string name = std::to_string(index + 1);
        for (const YamlEntry& entry : node.entries) {
            name = entry.key == "name" ? entry.value.text : name;
        }
        const std::string path = "tables[" + std::to_string(index) + "]";
        Section section{file.findings(), node, "table `" + name + "`", path};
        (void)section.require("name");
        section.read("name", table.name);
        section.not_yet("max_lag");
        section.not_yet("canary");
        section.finish();
        config.tables.push_back(std::move(table));
    });
}

void read_quorum(Section& detect, Detect& out) {
    constexpr std::int64_t kObserversMax = 99;
    constexpr std::string_view kOf = " of ";
    std::string quorum;
    detect.read("quorum", quorum);
    if (quorum.empty()) {
        return;
    }
    const std::size_t at = quorum.find(kOf);
    const auto needed = whole_number(std::string_view{quorum}.substr(0, at));
    const auto of = at == std::string::npos
                        ? std::nullopt
                        : whole_number(std::string_view{quorum}.substr(at + kOf.size()));
    if (!needed || !of || *needed < 1 || *of < *needed || *of > kObserversMax) {
        detect.refuse("quorum", "C106", "`quorum` must be like `2 of 3`");
        return;
    }
    out.quorum_needed = static_cast<int>(*needed);
    out.quorum_of = static_cast<int>(*of);
}

void read_detect(Section& detect, Detect& out) {
    read_quorum(detect, out);
    detect.read("probe_every", out.probe_every, {.least = 50ms, .most = 1min});
    detect.read("probe_timeout", out.probe_timeout, {.least = 50ms, .most = 1min});
    detect.read("unhealthy_for", out.unhealthy_for, {.least = 100ms, .most = 1h});
    detect.read("healthy_for", out.healthy_for, {.least = 100ms, .most = 24h});
    detect.read("fresh_for", out.fresh_for, {.least = 100ms, .most = 10min});
    detect.read("early", out.early);
    detect.read("heartbeat_table", out.heartbeat_table);
    detect.read_url("control_target", out.control_target);
    detect.not_yet("probes");
    detect.not_yet("alarms");
}

void read_decide(Section& decide, Decide& out) {
    decide.read("mode", out.mode);
    decide.read("approve_within", out.approve_within, {.least = 1s, .most = 24h});
    decide.read("max_loss", out.max_loss, {.least = 0ms, .most = 24h});
    decide.read("cooldown", out.cooldown, {.least = 0ms, .most = 24h * 30});
    const YamlNode* drill = decide.find("require_drill_within");
    if (drill != nullptr && drill->kind == YamlNode::Kind::scalar && drill->text == "off") {
        out.require_drill_within.reset();
    } else if (drill != nullptr) {
        decide.read(
            "require_drill_within", *out.require_drill_within, {.least = 1min, .most = 24h * 366}
        );
    }
}

void read_levers(Section& levers, Levers& out) {
    const auto read_list = [&](std::string_view key, std::vector<Lever>& list) {
        if (levers.find(key) == nullptr) {
            return;
        }
        list.clear();
        levers.each_item(key, [&](const YamlNode& node, std::size_t /*index*/) {
            if (const auto index =
                    levers.word_index(node, key, {kLeverNames.begin(), kLeverNames.end()})) {
                list.push_back(static_cast<Lever>(*index));
            }
        });
    };
    read_list("data_impaired", out.data_impaired);
    read_list("stack_impaired", out.stack_impaired);
    read_list("region_lost", out.region_lost);
}

// As the DNS has it, or with the dot at its end, as Route 53 shows it.
void read_record(Section& section, std::string& out) {
    section.read("record", out);
    if (out.ends_with('.')) {
        out.pop_back();
    }
    if (section.find("record") != nullptr && !wire::is_host_name(out)) {
        section.refuse(
            "record",
            "C115",
            "`" + shown(out) + "` is not a DNS name",
            "for example shop.example.com"
        );
    }
}

void read_verify(Section& section, Verify& out) {
    section.read("path", out.path);
    if (!out.path.starts_with('/') || !wire::parse_url("http://host" + out.path)) {
        section.refuse(
            "path",
            "C116",
            "`" + shown(out.path) + "` is not the path of a URL",
            "for example /healthz/deep"
        );
    }
    section.read("timeout", out.timeout, {.least = 100ms, .most = 1h});
}

void read_agents(Section& file, Config& config) {
    const YamlNode* list = file.find("agents");
    if (list != nullptr && list->kind == YamlNode::Kind::sequence && list->items.empty()) {
        file.refuse(
            "agents",
            "C106",
            "`agents` is an empty list",
            "name the hosts, or remove the key: then hosts are added as they come"
        );
    }
    file.each_item("agents", [&](const YamlNode& node, std::size_t /*index*/) {
        if (auto host = file.id_of<HostId>(node, "agents")) {
            config.agents.push_back(std::move(*host));
        }
    });
}

void read_traffic(Section& traffic, Config& config) {
    traffic.inside("route53", [&](Section& section) {
        Route53 out;
        (void)section.require("zone");
        (void)section.require("record");
        section.read_named("zone", out.zone, kZoneForm);
        read_record(section, out.record);
        section.read("ttl", out.ttl, {.least = 1s, .most = 24h});
        if (const YamlNode* mechanism = section.find("mechanism")) {
            (void)section.word_index(*mechanism, "mechanism", {"health-state"});
        }
        config.traffic = std::move(out);
    });
}

void read_controller(Section& section, Config::Controller& out) {
    section.read("id", out.id);
    section.read("region", out.region);
    section.read_listen("listen", out.listen);
    section.read_endpoint("url", out.url);
    section.inside("tls", [&](Section& tls) {
        tls.read("certificate", out.certificate_file);
        tls.read("key", out.key_file);
        tls.read("ca", out.ca_file);
    });
    section.read_secret_file("tokens", out.tokens_file);
    section.read_secret_file("operator_token", out.operator_token_file);
}

void read_notify(Section& file) {
    file.each_item("notify", [&](const YamlNode& node, std::size_t /*index*/) {
        for (const YamlEntry& kind : node.entries) {
            for (const YamlEntry& value : kind.value.entries) {
                if (value.key == "webhook" || value.key == "key" || value.key == "token") {
                    refuse_plain_secret(file.findings(), value.value, value.key);
                }
            }
        }
    });
    file.not_yet("notify");
}

// Sections that would change what a failover does must not be ignored in silence, nor with a
// warning.
void refuse_unsupported(Section& file) {
    if (const YamlNode* node = file.find("databases")) {
        file.refuse(
            "databases",
            node->place,
            "C114",
            "`databases` is not available in this version",
            "remove it",
            "a plan that leaves out a step which you wrote down would be worse than none"
        );
    }
}

void read_switchover(Section& section, Switchover& out) {
    section.read("hold_max", out.hold_max, {.least = 50ms, .most = 30s});
    section.read("hold_when_lag_below", out.hold_when_lag_below, kShort);
    section.read("drain_timeout", out.drain_timeout, kShort);
    std::int64_t attempts = out.drain_attempts;
    section.read("drain_attempts", attempts, {.least = 1, .most = 1000});
    out.drain_attempts = static_cast<int>(attempts);
    section.read(
        "pause_between_attempts", out.pause_between_attempts, {.least = 0ms, .most = 10min}
    );
}

void read_file(Section& file, Config& config) {
    read_version(file);
    (void)file.require("app");
    file.read("app", config.app);
    file.inside("objectives", [&](Section& section) {
        section.read("rto", config.rto, {.least = 1s, .most = 24h});
        section.read("rpo", config.rpo, {.least = 0ms, .most = 24h});
    });
    read_regions(file, config);
    file.inside("witness", [&](Section& section) {
        (void)section.require("region");
        section.read("region", config.witness);
    });
    file.inside("store", [&](Section& section) {
        section.read("sqlite", config.store_path);
        if (const YamlNode* etcd = section.find("etcd")) {
            section.refuse(
                "etcd",
                etcd->place,
                "C114",
                "`etcd` is not available in this version",
                "use `sqlite`"
            );
        }
    });
    read_tables(file, config);
    file.inside("detect", [&](Section& section) { read_detect(section, config.detect); });
    file.inside("decide", [&](Section& section) { read_decide(section, config.decide); });
    file.inside("fence", [&](Section& section) {
        section.read("on_controller_loss", config.fence.on_controller_loss);
        section.read("lease", config.fence.lease, {.least = 100ms, .most = 10min});
        section.read("clock_error", config.fence.clock_error, {.least = 0ms, .most = 1min});
        section.read("unknown_for", config.fence.unknown_for, {.least = 0ms, .most = 30s});
        section.read("epoch_table", config.fence.epoch_table);
    });
    file.inside("switchover", [&](Section& section) {
        read_switchover(section, config.switchover);
    });
    file.inside("losses", [&](Section& section) {
        section.read(
            "unreadable_after", config.losses.unreadable_after, {.least = 1s, .most = 24h}
        );
        section.read(
            "undecided_after", config.losses.undecided_after, {.least = 1s, .most = 24h * 30}
        );
    });
    file.inside("levers", [&](Section& section) { read_levers(section, config.levers); });
    file.inside("traffic", [&](Section& section) { read_traffic(section, config); });
    file.inside("verify", [&](Section& section) { read_verify(section, config.verify); });
    read_agents(file, config);
    read_join(file, config.join);
    file.inside("aws", [&](Section& section) { read_aws(section, config.aws); });
    file.inside("controller", [&](Section& section) {
        read_controller(section, config.controller);
    });
    file.not_yet("fleet");
    file.not_yet("drills");
    if (file.find("notify") != nullptr) {
        read_notify(file);
    }
    read_steps(file, config.steps);
    refuse_unsupported(file);
    file.finish();
}

// What is left out follows from what is written.
void fill_in(Config& config) {
    if (config.controller.region.value().empty()) {
        config.controller.region = config.witness;
    }
    if (config.controller.id.value().empty()) {
        const RegionId& region = config.controller.region;
        config.controller.id =
            region.value().empty() ? Config::Controller{}.id : ObserverId{region.value()};
    }
    if (config.controller.url.empty()) {
        const bool secured = !config.controller.certificate_file.empty();
        config.controller.url =
            (secured ? "https://" : "http://") + config.controller.listen.text();
    }
}

template <class T>
Result<T> load(const std::string& path, Loaded<T> (*parse)(std::string_view)) {
    const Result<std::string> text = read_config_text(path);
    if (!text) {
        return std::unexpected(text.error());
    }
    Loaded<T> loaded = parse(*text);
    if (loaded.ok()) {
        return std::move(loaded.value);
    }
    std::string rendered;
    for (const Diagnostic& diagnostic : loaded.diagnostics) {
        rendered += render(diagnostic, path, *text);
    }
    return fail(ErrorKind::malformed, std::move(rendered), "farshore validate " + path);
}

}  // namespace

Loaded<Config> parse_config(std::string_view text) {
    Findings findings;
    Config config;
    const auto root = parse_yaml(text, findings.diagnostics);
    if (root.has_value()) {
        Section file{findings, *root, "the file", ""};
        if (root->kind == YamlNode::Kind::map) {
            config.controller.id = {};  // not said, until the file says it
            read_file(file, config);
            fill_in(config);
            apply_rules(findings, config);
        }
    }
    config.hash = sha256_hex(text);
    return {.value = std::move(config), .diagnostics = std::move(findings.diagnostics)};
}

Result<std::string> read_config_text(const std::string& path) {
    Result<std::string> text = read_text_file(
        path, {.what = "the configuration", .remedy = "check its name", .may_be_empty = true}
    );
    if (!text) {
        text.error().code = kUnreadableCode;
    }
    return text;
}

Result<Config> load_config(const std::string& path) {
    return load<Config>(path, &parse_config);
}

Result<AgentConfig> load_agent_config(const std::string& path) {
    return load<AgentConfig>(path, &parse_agent_config);
}

const Region* Config::region(const RegionId& id) const {
    for (const Region& region : regions) {
        if (region.id == id) {
            return &region;
        }
    }
    return nullptr;
}

RegionId Config::preferred() const {
    for (const Region& region : regions) {
        if (region.preferred) {
            return region.id;
        }
    }
    return {};
}

}  // namespace farshore::config
