#pragma once

#include <functional>
#include <string_view>
#include <tuple>
#include <utility>

#include <boost/json.hpp>

#include "wire/config_section.h"

// A key of a configuration file as a row of a table. The loader, the effective configuration, the
// hash that drills are bound to, the JSON Schemas and the manual's tables are walks over the rows
// of config_keys.h and agent_config_keys.h. Pure, but for files that ${file:/path} names.
namespace farshore::config {

// Does another value of the key make the proof of a drill void (decide.require_drill_within)? It
// does, unless neither what a failover does nor what it promises depends on it. The mark of a
// section counts for all that stands in it. A controller does not know the keys of agent.yaml, so
// theirs say nothing.
enum class Change { disarms, stays_armed };

enum class Need { optional, required };

// A value that is empty, by default too, is left out of the effective configuration.
enum class Shown { unless_empty, always };

struct FieldTerms {
    std::string_view otherwise{};  // what holds without the key, where no default value says it
    Change change = Change::disarms;
    Need need = Need::optional;
    Shown shown = Shown::unless_empty;
};

// `value` leads from the section's struct to what the key says: a pointer to a member, whose value
// in a new struct is the default; or std::identity, where the form reads several members or none.
//
// A form has either parse(section, node, key), which makes one value, or read(section, key, value),
// which asks the section itself; and, where as_written() cannot tell how its value would stand in
// the file, show(value, which).
template <class Value, class Form>
struct Field {
    std::string_view key;
    Value value;
    Form form;
    std::string_view meaning;  // for the manual and the schema: Markdown, without `|`
    FieldTerms terms{};
};

template <class Value, class Form, class Owner>
void read_field(Section& section, const Field<Value, Form>& field, Owner& out) {
    if (field.terms.need == Need::required) {
        (void)section.require(field.key);
    }
    auto& value = std::invoke(field.value, out);
    if constexpr (requires { field.form.read(section, field.key, value); }) {
        field.form.read(section, field.key, value);
    } else if (const YamlNode* node = section.find(field.key)) {
        if (auto parsed = field.form.parse(section, *node, field.key)) {
            value = static_cast<std::remove_reference_t<decltype(value)>>(std::move(*parsed));
        }
    }
}

// Reads all keys of a section, in the order of the rows.
template <class... Fields, class Owner>
void read_fields(Section& section, const std::tuple<Fields...>& rows, Owner& out) {
    std::apply([&](const Fields&... field) { (read_field(section, field, out), ...); }, rows);
}

// Of which keys a document is made: all, or those whose change disarms.
enum class Which { all, disarming };

// A value as a file would say it; durations in the longest unit that says them exactly.
[[nodiscard]] boost::json::value as_written(bool value);
[[nodiscard]] boost::json::value as_written(std::int64_t value);
[[nodiscard]] boost::json::value as_written(Duration value);
[[nodiscard]] boost::json::value as_written(const std::optional<Duration>& value);  // none: "off"
[[nodiscard]] boost::json::value as_written(const std::optional<int>& value);       // none: null
[[nodiscard]] boost::json::value as_written(const std::string& value);
[[nodiscard]] boost::json::value as_written(const Listen& value);
[[nodiscard]] boost::json::value as_written(const core::Quorum& value);
[[nodiscard]] boost::json::value as_written(const AgentController& value);
[[nodiscard]] boost::json::value as_written(const std::optional<core::StepCondition>& value);
[[nodiscard]] boost::json::value as_written(const core::StepCall& value);

template <class Tag>
[[nodiscard]] boost::json::value as_written(const Strong<Tag, std::string>& value) {
    return as_written(value.value());
}

template <class Enum>
    requires requires(Enum value) { names_of(value); }
[[nodiscard]] boost::json::value as_written(Enum value) {
    return boost::json::value(to_string(value));
}

template <class Integer>
    requires std::is_same_v<Integer, int> || std::is_same_v<Integer, std::size_t>
[[nodiscard]] boost::json::value as_written(Integer value) {
    return as_written(static_cast<std::int64_t>(value));
}

template <class Item>
[[nodiscard]] boost::json::value as_written(const std::vector<Item>& list) {
    boost::json::array out;
    for (const Item& item : list) {
        out.push_back(as_written(item));
    }
    return out;
}

template <class Item>
[[nodiscard]] boost::json::value as_written(const std::map<RegionId, Item>& by_region) {
    boost::json::object out;
    for (const auto& [region, item] : by_region) {
        out[region.value()] = as_written(item);
    }
    return out;
}

template <class Form, class Value>
[[nodiscard]] boost::json::value show_value(const Form& form, const Value& value, Which which) {
    if constexpr (requires { form.show(value, which); }) {
        return form.show(value, which);
    } else {
        return as_written(value);
    }
}

[[nodiscard]] bool is_blank(const boost::json::value& shown);

// The section as the file would say it, with every default.
template <class... Fields, class Owner>
[[nodiscard]] boost::json::object show_fields(
    const std::tuple<Fields...>& rows, const Owner& owner, Which which
) {
    boost::json::object out;
    const Owner untouched{};
    const auto show = [&](const auto& field) {
        if (which == Which::disarming && field.terms.change == Change::stays_armed) {
            return;
        }
        auto shown = show_value(field.form, std::invoke(field.value, owner), which);
        if (field.terms.shown == Shown::always || !is_blank(shown) ||
            !is_blank(show_value(field.form, std::invoke(field.value, untouched), which))) {
            out[field.key] = std::move(shown);
        }
    };
    std::apply([&](const Fields&... field) { (show(field), ...); }, rows);
    return out;
}

}  // namespace farshore::config
