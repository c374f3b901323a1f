#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/lint/rto_forecast.h"
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
    // Beside the anchor, what the rule reads: paths, separated by blanks (Findings::usable). The
    // rule is not asked while one of them is wrong by itself.
    std::string_view reads{};
};

struct AgentRule {
    std::string_view code;
    Severity severity = Severity::error;
    std::string_view anchor;  // below apps[n]
    bool (*broken)(const AgentConfig&, const AgentApp&) = nullptr;
    std::string (*text)(const AgentConfig&, const AgentApp&) = nullptr;
    std::string_view hint;
    std::string_view why;
    std::string_view reads{};  // as above, below apps[n]
};

// The observers that `detect.quorum` counts: the controller, unless the configuration does not say
// where it stands, and the agents of each Region.
[[nodiscard]] std::vector<std::string> observers_of(const Config& config);

// What the configuration says of an automatic failover's time. The record's health checks are taken
// for the fastest that there are: how fast they are is known to Route 53 alone.
[[nodiscard]] core::RtoInput rto_input(const Config& config);

[[nodiscard]] std::span<const Rule> rules();
[[nodiscard]] std::span<const AgentRule> agent_rules();

void apply_rules(Findings& findings, const Config& config);
void apply_rules(Findings& findings, const AgentConfig& config);

}  // namespace farshore::config
