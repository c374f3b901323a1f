#include "wire/agent_config_keys.h"
#include "wire/config_document.h"
#include "wire/config_loader.h"
#include "wire/config_rules.h"

namespace farshore::config {

Loaded<AgentConfig> parse_agent_config(std::string_view text) {
    Findings findings;
    AgentConfig config;
    read_document(findings, text, [&](Section& file) {
        read_fields(file, keys::agent_yaml::kFile, config);
        if (config.apps.empty() && findings.usable("apps")) {
            file.refuse("apps", "C105", "no app is named in `apps`");
        }
        file.finish();
        apply_rules(findings, config);
    });
    config.hash = sha256_hex(text);
    return {.value = std::move(config), .diagnostics = std::move(findings.diagnostics)};
}

}  // namespace farshore::config
