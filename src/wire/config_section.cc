#include "wire/config_section.h"

#include <algorithm>

#include "base/text.h"

namespace farshore::config {

namespace {

const YamlNode kAbsent;

}  // namespace

std::string quoted(std::string_view word) {
    return "`" + std::string{word} + "`";
}

std::string list_of(const std::vector<std::string_view>& words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        out += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + quoted(words[i]);
    }
    return out;
}

void Findings::error(
    Place place, std::string code, std::string message, std::string hint, std::string why
) {
    diagnostics.push_back(
        diagnostic_at(place, std::move(code), std::move(message), std::move(hint), std::move(why))
    );
}

void Findings::warn(Place place, std::string code, std::string message, std::string hint) {
    diagnostics.push_back(diagnostic_at(
        place, std::move(code), std::move(message), std::move(hint), {}, Severity::warning
    ));
}

bool Findings::usable(std::string_view path) const {
    const std::size_t star = path.find(".*");
    const std::string_view whole = path.substr(0, star);
    const std::string_view end = star == std::string_view::npos ? "" : path.substr(star + 2);
    const auto stands_in = [](std::string_view inner, std::string_view outer) {
        return inner.starts_with(outer) &&
               (inner.size() == outer.size() || outer.empty() || inner[outer.size()] == '.' ||
                inner[outer.size()] == '[');
    };
    return std::ranges::none_of(unusable, [&](std::string_view wrong) {
        const bool inside = star != std::string_view::npos && stands_in(wrong, whole);
        return stands_in(whole, wrong) || (inside && wrong.ends_with(end));
    });
}

Section::Section(Findings& findings, const YamlNode& node, std::string what, std::string path)
    : findings_(findings), node_(node), what_(std::move(what)), path_(std::move(path)) {
    if (node.kind != YamlNode::Kind::map) {
        findings_.unusable.insert(path_);
        findings_.error(node.place, "C106", what_ + " must be a map of keys and values");
        return;
    }
    findings_.places[path_] = node.place;
    std::map<std::string_view, Place> first;
    for (const YamlEntry& entry : node.entries) {
        const auto [at, is_new] = first.emplace(entry.key, entry.key_place);
        if (!is_new) {
            refuse(
                entry.key,
                entry.key_place,
                "C103",
                "key " + quoted(entry.key) + " a second time in " + what_,
                "the first is in line " + std::to_string(at->second.line)
            );
        }
    }
}

std::string Section::path_of(std::string_view key) const {
    return path_.empty() ? std::string{key} : path_ + "." + std::string{key};
}

void Section::refuse(
    std::string_view key,
    Place place,
    std::string code,
    std::string message,
    std::string hint,
    std::string why
) {
    findings_.unusable.insert(path_of(key));
    findings_.error(place, std::move(code), std::move(message), std::move(hint), std::move(why));
}

void Section::refuse(
    std::string_view key, std::string code, std::string message, std::string hint, std::string why
) {
    refuse(
        key,
        findings_.places[path_of(key)],
        std::move(code),
        std::move(message),
        std::move(hint),
        std::move(why)
    );
}

const YamlNode* Section::find(std::string_view key) {
    known_.emplace_back(key);
    const auto entry = std::ranges::find(node_.entries, key, &YamlEntry::key);
    if (entry == node_.entries.end()) {
        return nullptr;
    }
    if (entry->value.kind == YamlNode::Kind::null) {
        const bool first_time = std::ranges::count(known_, key) == 1;
        if (first_time) {
            refuse(key, entry->key_place, "C106", "key " + quoted(key) + " has no value");
        }
        return nullptr;
    }
    findings_.places[path_of(key)] = entry->value.place;
    return &entry->value;
}

const YamlNode& Section::require(std::string_view key) {
    const bool absent =
        std::ranges::find(node_.entries, key, &YamlEntry::key) == node_.entries.end();
    const YamlNode* node = find(key);
    if (absent && node_.kind == YamlNode::Kind::map) {
        refuse(key, node_.place, "C105", "key " + quoted(key) + " is missing in " + what_);
    }
    return node != nullptr ? *node : kAbsent;
}

void Section::each_item(
    std::string_view key, const std::function<void(const YamlNode&, std::size_t)>& each
) {
    const YamlNode* node = find(key);
    if (node == nullptr) {
        return;
    }
    if (node->kind != YamlNode::Kind::sequence) {
        wrong_type(*node, key, "a list");
        return;
    }
    for (std::size_t i = 0; i < node->items.size(); ++i) {
        each(node->items[i], i);
    }
}

void Section::each_entry(
    std::string_view key, const std::function<void(Section&, const YamlEntry&)>& each
) {
    const YamlNode* node = find(key);
    if (node == nullptr) {
        return;
    }
    // The map's keys are names, so none of them is unknown.
    Section names{findings_, *node, quoted(key), path_of(key)};
    for (const YamlEntry& entry : node->entries) {
        findings_.places[names.path_of(entry.key)] = entry.key_place;
        each(names, entry);
    }
}

void Section::inside(std::string_view key, const std::function<void(Section&)>& read_inside) {
    if (const YamlNode* node = find(key)) {
        Section section{findings_, *node, quoted(key), path_of(key)};
        if (node->kind == YamlNode::Kind::map) {
            read_inside(section);
            section.finish();
        }
    }
}

void Section::no_effect(std::string_view key, std::string_view more) {
    if (find(key) != nullptr) {
        const auto entry = std::ranges::find(node_.entries, key, &YamlEntry::key);
        findings_.warn(
            entry->key_place,
            "C241",
            quoted(key) + " has no effect in this version",
            more.empty() ? "remove it" : std::string{more}
        );
    }
}

void Section::finish() {
    // A key that is both required and read was asked for twice.
    std::vector<std::string_view> known;
    for (const std::string& key : known_) {
        if (std::ranges::find(known, std::string_view{key}) == known.end()) {
            known.emplace_back(key);
        }
    }
    for (const YamlEntry& entry : node_.entries) {
        if (std::ranges::find(known, std::string_view{entry.key}) != known.end()) {
            continue;
        }
        const auto near = did_you_mean(entry.key, known);
        if (near) {
            // What is meant was written, but not understood: its default was not meant.
            findings_.unusable.insert(path_of(*near));
        }
        findings_.error(
            entry.key_place,
            "C104",
            "unknown key " + quoted(entry.key) + " in " + what_,
            near ? "did you mean " + quoted(*near) + "?" : "known here: " + list_of(known)
        );
    }
}

void refuse_plain_secret(Findings& findings, const YamlNode& node, std::string_view name) {
    if (node.kind == YamlNode::Kind::scalar && !node.text.starts_with("${")) {
        findings.error(
            node.place,
            "C111",
            quoted(name) + " is a secret in the clear",
            "write ${env:NAME} or ${file:/path}",
            "configuration files are copied, mailed and committed; secrets in them leak"
        );
    }
}

void read_document(
    Findings& findings, std::string_view text, const std::function<void(Section&)>& read
) {
    const std::optional<YamlNode> root = parse_yaml(text, findings.diagnostics);
    if (!root) {
        return;
    }
    Section file{findings, *root, "the file", ""};
    if (root->kind == YamlNode::Kind::map) {
        read(file);
    }
}

}  // namespace farshore::config
