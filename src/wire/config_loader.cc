#include "wire/config_loader.h"

#include "base/text_file.h"
#include "wire/config_document.h"
#include "wire/config_keys.h"
#include "wire/config_rules.h"

namespace farshore::config {

namespace {

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
            read_fields(file, keys::farshore_yaml::kFile, config);
            file.finish();
            fill_in(config);
            apply_rules(findings, config);
        }
    }
    config.hash = proof_hash(config);
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
