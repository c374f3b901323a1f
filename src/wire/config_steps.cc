#include "wire/config_steps.h"

#include <utility>

#include "core/plan/plan_words.h"

namespace farshore::config {

namespace {

using namespace std::chrono_literals;

constexpr DurationRange kBound{.least = 10ms, .most = 24h};
constexpr int kAttemptsMax = 100;
constexpr Duration kCommandTimeout = 1min;
constexpr Duration kApproveTimeout = 15min;

std::optional<core::StepKind> declared_kind(std::string_view word) {
    const auto kind = enum_from<core::StepKind>(word);
    return kind && core::row_of(*kind).declared ? kind : std::nullopt;
}

// ${to} and its like are for the plan; ${env:X} and ${file:/path} are for the file, as everywhere.
// Ours stand aside while the others are replaced.
std::string with_ours(std::string word, std::string_view before, std::string_view after) {
    for (const std::string_view name : core::kPlanWords) {
        const std::string from = std::string{before} + std::string{name} + "}";
        const std::string to = std::string{after} + std::string{name} + "}";
        for (auto at = word.find(from); at != std::string::npos; at = word.find(from, at)) {
            word.replace(at, from.size(), to);
            at += to.size();
        }
    }
    return word;
}

void read_words(Section& section, const char* key, std::vector<std::string>& out) {
    constexpr std::string_view kAside = "\x01{";
    section.each_item(key, [&](const YamlNode& node, std::size_t /*index*/) {
        YamlNode aside = node;
        aside.text = with_ours(node.text, "${", kAside);
        if (const auto word = section.name_of(aside, key)) {
            out.push_back(with_ours(*word, kAside, "${"));
        }
    });
}

void read_calls(Section& section, std::vector<core::StepCall>& out) {
    std::vector<std::string> words;
    read_words(section, "calls", words);
    for (const std::string& word : words) {
        const auto call = core::step_call_from(word);
        if (call) {
            out.push_back(*call);
        } else {
            section.refuse(
                "calls",
                "C254",
                "`calls`: " + call.error().text,
                "each of data, control, launch or sts, and a Region: its name, ${from} or ${to}"
            );
        }
    }
}

void read_verbs(Section& section, std::vector<core::Verb>& out) {
    section.each_item("verbs", [&](const YamlNode& node, std::size_t /*index*/) {
        const auto& names = core::kVerbNames;
        if (const auto index = section.word_index(node, "verbs", {names.begin(), names.end()})) {
            out.push_back(static_cast<core::Verb>(*index));
        }
    });
}

void read_when(Section& section, core::DeclaredStep& out) {
    std::string text;
    section.read("when", text);
    if (text.empty()) {
        return;
    }
    auto when = core::StepCondition::parse(text);
    if (when) {
        out.when = std::move(*when);
    } else {
        section.refuse(
            "when",
            "C250",
            "`when`: " + when.error().text,
            "terms like `loss > 2s` or `verb == failover`, joined by ` and `"
        );
    }
}

void read_step(
    Section& file,
    const YamlNode& node,
    const std::string& path,
    bool inside,
    std::vector<core::DeclaredStep>& out
);

void read_values(
    Section& file,
    Section& section,
    const YamlNode& node,
    const std::string& path,
    bool inside,
    core::DeclaredStep& out
) {
    section.read("name", out.name);
    if (!inside) {
        (void)section.require("at");
        section.read("at", out.at);
        read_verbs(section, out.verbs);
        read_when(section, out);
    }
    if (out.kind == core::StepKind::wait) {
        (void)section.require("timeout");
    }
    out.timeout = out.kind == core::StepKind::approve ? kApproveTimeout : kCommandTimeout;
    section.read("timeout", out.timeout, kBound);
    if (out.kind == core::StepKind::command) {
        (void)section.require("run");
        read_words(section, "run", out.run);
        read_calls(section, out.calls);
        section.read("best_effort", out.best_effort);
        std::int64_t attempts = 1;
        section.read("attempts", attempts, {.least = 1, .most = kAttemptsMax});
        out.attempts = static_cast<int>(attempts);
    }
    out.on_failure = out.best_effort ? core::OnFailure::go_on : core::OnFailure::stop;
    section.read("on_failure", out.on_failure);
    if (out.kind == core::StepKind::parallel) {
        for (const YamlEntry& entry : node.entries) {
            for (std::size_t i = 0; entry.key == "steps" && i < entry.value.items.size(); ++i) {
                read_step(
                    file,
                    entry.value.items[i],
                    path + ".steps[" + std::to_string(i) + "]",
                    true,
                    out.steps
                );
            }
        }
        (void)section.require("steps");
        Duration longest{};
        for (const core::DeclaredStep& step : out.steps) {
            longest = std::max(longest, step.timeout * step.attempts);
        }
        out.timeout = std::max(longest, Duration{1ms});
    }
}

void read_step(
    Section& file,
    const YamlNode& node,
    const std::string& path,
    bool inside,
    std::vector<core::DeclaredStep>& out
) {
    const auto kind =
        node.entries.size() == 1 ? declared_kind(node.entries.front().key) : std::nullopt;
    if (!kind) {
        file.refuse(
            "steps",
            node.place,
            "C251",
            "each of `steps` is one of `approve`, `command`, `wait` or `parallel` with its values",
            "such as `- approve: { at: before, timeout: 15m }`"
        );
        return;
    }
    const YamlEntry& entry = node.entries.front();
    core::DeclaredStep step;
    step.kind = *kind;
    Section section{
        file.findings(), entry.value, "step `" + entry.key + "`", path + "." + entry.key
    };
    read_values(file, section, entry.value, path + "." + entry.key, inside, step);
    section.finish();
    if (!inside) {
        core::DeclaredStep checked = step;
        if (section.find("run") == nullptr && step.kind == core::StepKind::command) {
            checked.run = {"?"};  // that it is missing has been told
        }
        for (const std::string& wrong : core::wrong_with(std::span{&checked, 1})) {
            file.refuse(
                "steps",
                entry.key_place,
                "C252",
                wrong,
                "docs/configuration.md, \"Steps of your own\", says which kind may stand where"
            );
        }
    }
    out.push_back(std::move(step));
}

}  // namespace

void read_steps(Section& file, std::vector<core::DeclaredStep>& out) {
    file.each_item("steps", [&](const YamlNode& node, std::size_t index) {
        read_step(file, node, "steps[" + std::to_string(index) + "]", false, out);
    });
}

}  // namespace farshore::config
