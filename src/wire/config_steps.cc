#include "wire/config_steps.h"

#include <algorithm>
#include <utility>

#include "core/plan/plan_words.h"

namespace farshore::config {

namespace json = boost::json;

namespace {

constexpr Duration kCommandTimeout = 1min;
constexpr Duration kApproveTimeout = 15min;
constexpr Duration kFleetTimeout = 10min;

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

// `wrong` is said of the list as a whole, at `place`: no rule reads a part of it.
void refuse(Section& section, Place place, std::string code, std::string wrong, std::string hint) {
    section.findings().unusable.insert("steps");
    section.findings().error(place, std::move(code), std::move(wrong), std::move(hint));
}

core::DeclaredStep step_of(
    Section& list,
    const YamlEntry& entry,
    core::StepKind kind,
    const std::string& path,
    Placed placed
) {
    core::DeclaredStep step;
    step.kind = kind;
    step.timeout = kind == core::StepKind::approve ? kApproveTimeout
                   : core::is_fleet(kind)          ? kFleetTimeout
                                                   : kCommandTimeout;
    const std::string what = "step " + quoted(entry.key);
    Section section{list.findings(), entry.value, what, path + "." + entry.key};
    step_keys::with_rows(kind, placed, [&](const auto& rows) { read_fields(section, rows, step); });
    if (step.best_effort && section.find("on_failure") == nullptr) {
        step.on_failure = core::OnFailure::go_on;
    }
    if (kind == core::StepKind::parallel) {
        step.timeout = 1ms;
        for (const core::DeclaredStep& inner : step.steps) {
            step.timeout = std::max(step.timeout, inner.timeout * inner.attempts);
        }
    }
    section.finish();
    return step;
}

// What plans say about a step on its own.
void check_step(Section& list, const YamlEntry& entry, core::DeclaredStep step) {
    const bool runs = std::ranges::any_of(entry.value.entries, [](const YamlEntry& inner) {
        return inner.key == "run" && inner.value.kind != YamlNode::Kind::null;
    });
    if (!runs && step.kind == core::StepKind::command) {
        step.run = {"?"};  // that it is missing has been told
    }
    for (const std::string& wrong : core::wrong_with(std::span{&step, 1})) {
        refuse(
            list,
            entry.key_place,
            "C252",
            wrong,
            "docs/configuration.md, \"Steps of your own\", says which kind may stand where"
        );
    }
}

// What a text of that key was read as; nullopt: reported, with how it would be written.
template <class Value>
std::optional<Value> found_good(
    Section& section,
    std::string_view key,
    Result<Value> value,
    std::string_view code,
    std::string_view hint
) {
    if (!value) {
        section.refuse(
            key, std::string{code}, quoted(key) + ": " + value.error().text, std::string{hint}
        );
        return std::nullopt;
    }
    return std::move(*value);
}

}  // namespace

void StepList::read(Section& section, std::string_view key, std::vector<core::DeclaredStep>& out)
    const {
    const YamlNode* list = section.find(key);
    if (placed == Placed::no && list != nullptr && list->kind != YamlNode::Kind::sequence) {
        return;  // check_step() says of the parallel one that it has no steps
    }
    section.each_item(key, [&](const YamlNode& node, std::size_t index) {
        const auto kind =
            node.entries.size() == 1 ? declared_kind(node.entries.front().key) : std::nullopt;
        if (!kind) {
            refuse(
                section,
                node.place,
                "C251",
                "each of `steps` is one of `approve`, `command`, `ssm`, `asg`, `ecs`, `lambda`, "
                "`wait` or `parallel` with its values",
                "such as `- approve: { at: before, timeout: 15m }`"
            );
            return;
        }
        const YamlEntry& entry = node.entries.front();
        const std::string path = section.path_of(key) + "[" + std::to_string(index) + "]";
        core::DeclaredStep step = step_of(section, entry, *kind, path, placed);
        if (placed == Placed::yes) {
            check_step(section, entry, step);
        }
        out.push_back(std::move(step));
    });
}

json::value StepList::show(const std::vector<core::DeclaredStep>& steps, Which which) const {
    json::array out;
    for (const core::DeclaredStep& step : steps) {
        step_keys::with_rows(step.kind, placed, [&](const auto& rows) {
            out.push_back(json::object{{to_string(step.kind), show_fields(rows, step, which)}});
        });
    }
    return out;
}

std::optional<core::StepCondition> Condition::parse(
    Section& section, const YamlNode& node, std::string_view key
) {
    const auto text = section.name_of(node, key);
    if (!text) {
        return std::nullopt;
    }
    return found_good(
        section,
        key,
        core::StepCondition::parse(*text),
        "C250",
        "terms like `loss > 2s` or `verb == failover`, joined by ` and `"
    );
}

std::optional<core::StepCall> Call::parse(
    Section& section, const YamlNode& node, std::string_view key
) {
    const auto text = PlanText::parse(section, node, key);
    if (!text) {
        return std::nullopt;
    }
    return found_good(
        section,
        key,
        core::step_call_from(*text),
        "C254",
        "each of data, control, launch or sts, and a Region: its name, ${from} or ${to}"
    );
}

std::optional<std::string> PlanText::parse(
    Section& section, const YamlNode& node, std::string_view key
) {
    constexpr std::string_view kAside = "\x01{";
    YamlNode aside = node;
    aside.text = with_ours(node.text, "${", kAside);
    auto word = section.name_of(aside, key);
    return word ? std::optional{with_ours(std::move(*word), kAside, "${")} : std::nullopt;
}

std::optional<std::string> Script::parse(
    Section& section, const YamlNode& node, std::string_view key
) {
    if (node.kind != YamlNode::Kind::scalar || node.text.empty()) {
        section.refuse(key, "C106", quoted(key) + " holds no lines of a script");
        return std::nullopt;
    }
    return node.text;
}

void PlanTexts::read(Section& section, std::string_view key, core::NamedTexts& out) {
    section.each_entry(key, [&out](Section& inner, const YamlEntry& entry) {
        if (auto text = PlanText::parse(inner, entry.value, entry.key)) {
            out.push_back({.name = entry.key, .value = std::move(*text)});
        }
    });
}

json::value PlanTexts::show(const core::NamedTexts& texts, Which) {
    json::object out;
    for (const core::NamedText& each : texts) {
        out[each.name] = each.value;
    }
    return out;
}

}  // namespace farshore::config
