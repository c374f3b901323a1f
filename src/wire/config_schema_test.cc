#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "wire/agent_config_keys.h"
#include "wire/config_keys.h"

// The JSON Schemas are written from the rows of config_keys.h and agent_config_keys.h. With
// FARSHORE_GOLDEN=write they are written anew. test/clients/test_schemas.py holds that they accept
// what the loader accepts.
namespace farshore::config {
namespace {

namespace json = boost::json;

// Regular expressions of what the loader's parsers accept.
const std::string kPort =
    "(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})";
const std::string kByte = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const std::string kIpv4 = "(?:" + kByte + "\\.){3}" + kByte;
const std::string kIpv6 = "[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*";
const std::string kInBrackets = "\\[[0-9A-Fa-f:.]+\\]";
const std::string kLabel = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";
const std::string kHostName = kLabel + "(?:\\." + kLabel + ")*";
const std::string kInUrl = "[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2}";
const std::string kServer = "(?:" + kHostName + "|" + kInBrackets + ")(?::" + kPort + ")?";
const std::string kUrlPath = "/(?:" + kInUrl + ")*";
const std::string kQuery = "(?:\\?(?:(?:" + kInUrl + ")|\\?)*)?";

json::value any_of(json::array choices) {
    return json::object{{"anyOf", std::move(choices)}};
}

json::object pattern(const std::string& expression) {
    return {{"type", "string"}, {"pattern", "^" + expression + "$"}};
}

// One schema as it grows: its definitions, in the order in which they are first used.
class Schema {
  public:
    json::value ref(const std::string& name, json::value definition, std::string_view description) {
        json::object described = std::move(definition.as_object());
        described["description"] = description;
        definitions_.emplace(name, std::move(described));
        return json::object{{"$ref", "#/definitions/" + name}};
    }

    json::value substitution() {
        return ref(
            "substitution",
            json::object{{"type", "string"}, {"pattern", "\\$\\{"}},
            "${env:NAME} or ${file:/path}: what it stands for is checked when the file is read"
        );
    }

    json::value or_substitution(json::value schema) {
        return any_of({std::move(schema), substitution()});
    }

    // YAML reads some texts as numbers or booleans.
    json::value plain_text(const std::string& expression) {
        return any_of(
            {pattern(expression), json::object{{"type", {"number", "boolean"}}}, substitution()}
        );
    }

    json::object take_definitions() { return std::move(definitions_); }

  private:
    json::object definitions_;
};

json::value schema_of(Schema& schema, const NameForm& form) {
    std::string signs{form.signs};
    std::ranges::reverse(signs);  // a hyphen at the end of a set is a hyphen
    const std::string set = "[A-Za-z0-9" + signs + "]";
    const std::string most = std::to_string(form.most);
    const std::string expression =
        form.begins_with_a_letter_or_digit
            ? "[A-Za-z0-9]" + set + "{0," + std::to_string(form.most - 1) + "}"
            : set + "{" + std::to_string(form.least) + "," + most + "}";
    // "an app's name": app_name
    std::string name{form.what.substr(form.what.find(' ') + 1)};
    name.erase(name.find("'s"), 2);
    std::ranges::replace(name, ' ', '_');
    return schema.ref(name, schema.plain_text(expression), allowed(form));
}

json::value schema_of(Schema& schema, const Text&) {
    json::value text = any_of(
        {json::object{{"type", "string"}, {"minLength", 1}},
         json::object{{"type", {"number", "boolean"}}}}
    );
    return schema.ref(
        "text", std::move(text), "a text; numbers and words such as true are read as texts too"
    );
}

json::value schema_of(Schema& schema, const Condition&) {
    return schema_of(schema, Text{});
}

json::value schema_of(Schema& schema, const Call&) {
    return schema_of(schema, Text{});
}

json::value schema_of(Schema& schema, const PlanText&) {
    return schema_of(schema, Text{});
}

json::value schema_of(Schema& schema, const Script&) {
    return schema_of(schema, Text{});
}

json::value schema_of(Schema& schema, const PlanTexts&) {
    return json::object{{"type", "object"}, {"additionalProperties", schema_of(schema, Text{})}};
}

json::value schema_of(Schema& schema, const Named& form) {
    return schema_of(schema, form.name);
}

json::value schema_of(Schema& schema, const Id<AppId>&) {
    return schema_of(schema, kAppForm);
}

json::value schema_of(Schema& schema, const Id<HostId>&) {
    return schema_of(schema, kHostForm);
}

json::value schema_of(Schema& schema, const Id<ObserverId>&) {
    return schema_of(schema, kObserverForm);
}

json::value schema_of(Schema& schema, const Id<TableName>&) {
    return schema_of(schema, kTableForm);
}

json::value region_name(Schema& schema) {
    return schema.ref(
        "region_name", pattern("[a-z0-9]+(-[a-z0-9]+)+-[a-z0-9]*[0-9]"), "for example us-east-1"
    );
}

json::value schema_of(Schema& schema, const Id<RegionId>&) {
    return schema.or_substitution(region_name(schema));
}

json::value schema_of(Schema& schema, const Flag&) {
    return schema.or_substitution(json::object{{"type", "boolean"}});
}

json::value schema_of(Schema& schema, const Time&) {
    return schema.ref(
        "duration",
        schema.or_substitution(pattern("[0-9]{1,9}(ns|us|ms|s|m|h|d)")),
        "a whole number and a unit: 500ms, 5s, 2m, 1h, 30d"
    );
}

json::value schema_of(Schema& schema, const TimeOrOff& form) {
    return any_of({schema_of(schema, Time{form.range}), json::object{{"const", "off"}}});
}

json::value schema_of(Schema& schema, const Count& form) {
    return schema.or_substitution(json::object{
        {"type", "integer"}, {"minimum", form.range.least}, {"maximum", form.range.most}
    });
}

template <class Enum>
json::value schema_of(Schema& schema, const Word<Enum>&) {
    json::array words;
    for (const std::string_view word : names_of(Enum{})) {
        if (word != "none") {  // stands for what no file says
            words.emplace_back(word);
        }
    }
    return schema.or_substitution(json::object{{"enum", std::move(words)}});
}

json::value schema_of(Schema& schema, const Url&) {
    return schema.ref(
        "url",
        schema.or_substitution(pattern("https?://" + kServer + "(?:" + kUrlPath + ")?" + kQuery)),
        "http:// or https://; an IPv6 address stands in brackets"
    );
}

json::value schema_of(Schema& schema, const Endpoint&) {
    return schema.ref(
        "endpoint",
        schema.or_substitution(pattern("https?://" + kServer + "(?:" + kUrlPath + ")?")),
        "a URL to which paths are appended; an IPv6 address stands in brackets"
    );
}

json::value schema_of(Schema& schema, const ControllerUrl&) {
    return schema.or_substitution(pattern("https://" + kServer + "(?:" + kUrlPath + ")?"));
}

json::value schema_of(Schema& schema, const Listener&) {
    return schema.ref(
        "listen",
        schema.or_substitution(pattern("(?:" + kIpv4 + "|" + kInBrackets + "):(?:" + kPort + "|0)")
        ),
        "address:port; an IPv6 address stands in brackets"
    );
}

json::value schema_of(Schema& schema, const Resolver&) {
    return schema.ref(
        "resolver",
        schema.or_substitution(pattern("(?:" + kIpv4 + "|" + kInBrackets + "):" + kPort)),
        "address:port of a DNS server"
    );
}

json::value schema_of(Schema& schema, const IpAddress&) {
    return schema.or_substitution(pattern("(?:" + kIpv4 + "|" + kIpv6 + ")"));
}

json::value schema_of(Schema& schema, const SecretFile&) {
    return schema.ref(
        "secret_file",
        json::object{{"type", "string"}, {"pattern", "^/|^\\./|^\\$\\{(file:/|env:)"}},
        "the file that holds the secret: /path or ${file:/path}"
    );
}

// No name of a host ends with a number.
const std::string kNamesEnd = "(?!(?:.*\\.)?(?:[0-9]+|0[xX][^.]*)\\.?$)";

json::value schema_of(Schema& schema, const RecordName&) {
    return schema.plain_text(kNamesEnd + kHostName + "\\.?");
}

json::value schema_of(Schema& schema, const UrlPath&) {
    return schema.or_substitution(pattern(kUrlPath + kQuery));
}

json::value schema_of(Schema& schema, const HostOrAddress&) {
    const std::string byte = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    const std::string address = "(?:" + byte + "\\.){3}" + byte;
    return schema.or_substitution(any_of(
        {pattern("(?:" + kNamesEnd + kHostName + "|" + address + ")"),
         json::object{{"type", "boolean"}}}
    ));
}

json::value schema_of(Schema& schema, const HostHeader&) {
    return schema.plain_text("(?:[A-Za-z0-9._-]+|" + kInBrackets + ")(?::" + kPort + ")?");
}

json::value schema_of(Schema& schema, const RoleArn&) {
    return schema.ref(
        "role_arn",
        schema.or_substitution(pattern("arn:[^:*]*:iam::[0-9]{12}:role/([^:*]*/)?[^:*/]+")),
        "the ARN of a role"
    );
}

json::value schema_of(Schema& schema, const QuorumForm&) {
    return schema.or_substitution(pattern("[1-9][0-9]? of [1-9][0-9]?"));
}

json::value schema_of(Schema&, const Version&) {
    return json::object{{"const", 1}};
}

json::value schema_of(Schema& schema, const Constant& form) {
    return schema.or_substitution(json::object{{"const", form.word}});
}

json::value schema_of(Schema& schema, const NoEffect&) {
    return schema.ref(
        "without_effect", json::object{{"not", {{"type", "null"}}}}, "no effect in this version"
    );
}

json::value schema_of(Schema&, const Notifications&) {
    return json::object{{"type", "array"}, {"description", "no effect in this version"}};
}

// Keys that are refused are none.
json::value schema_of(Schema&, const Refused&) {
    return nullptr;
}

json::value schema_of(Schema&, const Secret&) {
    return nullptr;
}

json::value schema_of(Schema& schema, const StepList& form);

template <class Item>
json::value schema_of(Schema& schema, const List<Item>& form);
template <class Item>
json::value schema_of(Schema& schema, const ByRegion<Item>& form);
template <class Rows>
json::value schema_of(Schema& schema, const Inside<Rows>& form);
template <class Rows>
json::value schema_of(Schema& schema, const Sections<Rows>& form);
template <class Rows>
json::value schema_of(Schema& schema, const RegionMap<Rows>& form);
template <class Rows>
json::value schema_of(Schema& schema, const JoinRoles<Rows>& form);
template <class Rows>
json::value schema_of(Schema& schema, const ClientKeysForm<Rows>& form);
template <class Rows>
json::value schema_of(Schema& schema, const JoinByIdentity<Rows>& form);

// Without the links that an editor does not follow.
std::string plain(std::string_view markdown) {
    std::string out;
    for (std::size_t i = 0; i < markdown.size(); ++i) {
        if (markdown.substr(i).starts_with("](")) {
            i = markdown.find(')', i);
        } else if (markdown[i] != '[' && markdown[i] != '`') {
            out += markdown[i];
        }
    }
    return out;
}

template <class... Fields>
json::object object_of(Schema& schema, const std::tuple<Fields...>& rows) {
    json::object properties;
    json::array required;
    const auto add = [&](const auto& field) {
        json::value of_value = schema_of(schema, field.form);
        if (of_value.is_null()) {
            return;
        }
        json::object property = std::move(of_value.as_object());
        if (!field.meaning.empty()) {
            property["description"] = plain(field.meaning);
        }
        properties[field.key] = std::move(property);
        if (field.terms.need == Need::required) {
            required.emplace_back(field.key);
        }
    };
    std::apply([&](const auto&... field) { (add(field), ...); }, rows);
    json::object out{
        {"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}
    };
    if (!required.empty()) {
        out["required"] = std::move(required);
    }
    return out;
}

template <class Item>
json::value schema_of(Schema& schema, const List<Item>& form) {
    json::object list{{"type", "array"}, {"items", schema_of(schema, form.item)}};
    if (form.exactly != 0) {
        list["minItems"] = form.exactly;
        list["maxItems"] = form.exactly;
        list["uniqueItems"] = true;
    } else if (!form.when_empty.empty()) {
        list["minItems"] = 1;
    }
    return form.may_be_one ? any_of({schema_of(schema, form.item), std::move(list)})
                           : json::value(std::move(list));
}

template <class Item>
json::value schema_of(Schema& schema, const ByRegion<Item>& form) {
    return json::object{
        {"type", "object"},
        {"propertyNames", region_name(schema)},
        {"additionalProperties", schema_of(schema, form.item)}
    };
}

template <class Rows>
json::value schema_of(Schema& schema, const Inside<Rows>& form) {
    return object_of(schema, form.rows);
}

template <class Rows>
json::value schema_of(Schema& schema, const Sections<Rows>& form) {
    return json::object{
        {"type", "array"}, {"minItems", 1}, {"items", object_of(schema, form.rows)}
    };
}

template <class Rows>
json::value schema_of(Schema& schema, const RegionMap<Rows>& form) {
    return json::object{
        {"type", "object"},
        {"minProperties", 2},
        {"maxProperties", 2},
        {"propertyNames", region_name(schema)},
        {"additionalProperties",
         any_of({json::object{{"type", "null"}}, object_of(schema, form.rows)})}
    };
}

template <class Rows>
json::value schema_of(Schema& schema, const JoinRoles<Rows>& form) {
    return json::object{
        {"type", "array"},
        {"items", any_of({schema_of(schema, RoleArn{}), object_of(schema, form.rows)})}
    };
}

template <class Rows>
json::value schema_of(Schema& schema, const ClientKeysForm<Rows>& form) {
    return any_of({schema_of(schema, Text{}), object_of(schema, form.rows)});
}

template <class Rows>
json::value schema_of(Schema& schema, const JoinByIdentity<Rows>& form) {
    return object_of(schema, form.rows);
}

// A step beside others holds no further ones.
json::value schema_of(Schema& schema, const StepList& form) {
    json::array choices;
    for (std::size_t i = 0; i < core::kStepKindNames.size(); ++i) {
        const auto kind = static_cast<core::StepKind>(i);
        if (form.placed == Placed::no && kind == core::StepKind::parallel) {
            continue;
        }
        step_keys::with_rows(kind, form.placed, [&](const auto& rows) {
            choices.push_back(json::object{
                {"type", "object"},
                {"additionalProperties", false},
                {"properties", {{to_string(kind), object_of(schema, rows)}}},
                {"required", {to_string(kind)}}
            });
        });
    }
    json::object list{{"type", "array"}, {"items", any_of(std::move(choices))}};
    if (form.placed == Placed::no) {
        list["minItems"] = 1;
    }
    return list;
}

void write_pretty(std::string& out, const json::value& value, const std::string& margin) {
    const bool is_object = value.is_object();
    if ((is_object && !value.as_object().empty()) ||
        (value.is_array() && !value.as_array().empty() && !value.as_array()[0].is_primitive())) {
        const char* separator = is_object ? "{\n" : "[\n";
        const auto begin = [&] {
            out += separator + margin + "  ";
            separator = ",\n";
        };
        if (is_object) {
            for (const auto& [key, member] : value.as_object()) {
                begin();
                out += json::serialize(json::string(key)) + ": ";
                write_pretty(out, member, margin + "  ");
            }
        } else {
            for (const json::value& item : value.as_array()) {
                begin();
                write_pretty(out, item, margin + "  ");
            }
        }
        out += "\n" + margin + (is_object ? "}" : "]");
        return;
    }
    out += json::serialize(value);
}

template <class Rows>
std::string document(const std::string& file, const std::string& description, const Rows& rows) {
    Schema schema;
    json::object of_file = object_of(schema, rows);
    json::object out{
        {"$schema", "http://json-schema.org/draft-07/schema#"},
        {"$id", "https://farshore.example/schema/" + file + ".schema.json"},
        {"title", file + ".yaml"},
        {"description", description + " docs/configuration.md is the manual."}
    };
    out.insert(of_file.begin(), of_file.end());
    out["definitions"] = schema.take_definitions();
    std::string text;
    write_pretty(text, out, "");
    return text + "\n";
}

void expect_current(const std::string& file, const std::string& wanted) {
    const std::string path = std::string{FARSHORE_SOURCE_DIR} + "/schema/" + file + ".schema.json";
    const char* mode = std::getenv("FARSHORE_GOLDEN");
    if (mode != nullptr && std::string_view{mode} == "write") {
        std::ofstream{path, std::ios::binary} << wanted;
    }
    std::ifstream in{path, std::ios::binary};
    std::ostringstream found;
    found << in.rdbuf();
    EXPECT_EQ(found.str(), wanted) << "write it anew: FARSHORE_GOLDEN=write wire_test";
}

TEST(ConfigSchema, OfTheAppsFileIsCurrent) {
    expect_current(
        "farshore",
        document(
            "farshore",
            "One app, read by farshored and by the farshore command.",
            keys::farshore_yaml::kFile
        )
    );
}

TEST(ConfigSchema, OfTheAgentsFileIsCurrent) {
    expect_current(
        "agent",
        document(
            "agent", "One host, one or more apps, read by farshore-agent.", keys::agent_yaml::kFile
        )
    );
}

}  // namespace
}  // namespace farshore::config
