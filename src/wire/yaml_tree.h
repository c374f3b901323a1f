#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/config_loader.h"

// A YAML document as a plain tree in which every key and value knows its place. Stricter than YAML:
// anchors, aliases, explicit tags, several documents and quoted values over several lines are
// errors, because each of them has made a configuration mean something its author did not see.
namespace farshore::config {

struct Place {
    std::size_t line = 0;    // from 1; 0: nowhere
    std::size_t column = 0;  // from 1, in bytes
    std::size_t length = 1;  // to underline
};

// An error there, if nothing else is said.
[[nodiscard]] Diagnostic diagnostic_at(
    Place place,
    std::string code,
    std::string message,
    std::string hint = {},
    std::string why = {},
    Severity severity = Severity::error
);

struct YamlEntry;

struct YamlNode {
    enum class Kind { null, scalar, sequence, map };

    Kind kind = Kind::null;
    Place place;
    std::string text;     // of a scalar
    bool quoted = false;  // a quoted scalar is always a text
    std::vector<YamlNode> items;
    std::vector<YamlEntry> entries;  // in the order of the file; may hold duplicates
};

struct YamlEntry {
    std::string key;
    Place key_place;
    YamlNode value;
};

// nullopt: the reason has been added to `diagnostics` (C101, C102, C107).
[[nodiscard]] std::optional<YamlNode> parse_yaml(
    std::string_view text, std::vector<Diagnostic>& diagnostics
);

}  // namespace farshore::config
