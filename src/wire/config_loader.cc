#include "wire/config_loader.h"

#include <algorithm>

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
Result<T> load(
    const std::string& path, Loaded<T> (*parse)(std::string_view), const Warned& warned
) {
    const Result<std::string> text = read_config_text(path);
    if (!text) {
        return std::unexpected(text.error());
    }
    Loaded<T> loaded = parse(*text);
    if (loaded.ok()) {
        if (warned) {
            std::ranges::for_each(loaded.diagnostics, warned);
        }
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
    read_document(findings, text, [&](Section& file) {
        config.controller.id = {};  // not said, until the file says it
        read_fields(file, keys::farshore_yaml::kFile, config);
        file.finish();
        fill_in(config);
        apply_rules(findings, config);
    });
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

Result<Config> load_config(const std::string& path, const Warned& warned) {
    return load<Config>(path, &parse_config, warned);
}

Result<AgentConfig> load_agent_config(const std::string& path, const Warned& warned) {
    return load<AgentConfig>(path, &parse_agent_config, warned);
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
