#pragma once

#include <span>
#include <string>
#include <string_view>

#include "wire/config_section.h"

// Values that must fit together are checked together. The text of a rule is the error message and a
// paragraph of docs/configuration.md.
namespace farshore::config {

struct Rule {
    std::string_view code;
    Severity severity = Severity::error;
    std::string_view anchor;  // the value to underline; its nearest written parent stands in for it
    bool (*broken)(const Config&) = nullptr;
    std::string (*text)(const Config&) = nullptr;
    std::string_view hint;
    std::string_view why;
};

struct AgentRule {
    std::string_view code;
    Severity severity = Severity::error;
    std::string_view anchor;  // below apps[n]
    bool (*broken)(const AgentConfig&, const AgentApp&) = nullptr;
    std::string (*text)(const AgentConfig&, const AgentApp&) = nullptr;
    std::string_view hint;
    std::string_view why;
};

[[nodiscard]] std::span<const Rule> rules();
[[nodiscard]] std::span<const AgentRule> agent_rules();

void apply_rules(Findings& findings, const Config& config);
void apply_rules(Findings& findings, const AgentConfig& config);

}  // namespace farshore::config
