#pragma once

#include "wire/config_fields.h"

// The forms that values of a configuration have. Each says how it is read; config_schema.h (of the
// tests) says the same as JSON Schema, and does not compile before it knows a new one.
namespace farshore::config {

struct Text {
    [[nodiscard]] static auto parse(Section& section, const YamlNode& node, std::string_view key) {
        return section.name_of(node, key);
    }
};

// A text of that form.
struct Named {
    const NameForm& name;

    [[nodiscard]] auto parse(Section& section, const YamlNode& node, std::string_view key) const {
        return section.name_of(node, key, name);
    }
};

// A name of the form that its kind has (base/names.h).
template <class Kind>
struct Id {
    [[nodiscard]] static auto parse(Section& section, const YamlNode& node, std::string_view key) {
        return section.id_of<Kind>(node, key);
    }
};

struct Flag {
    [[nodiscard]] static auto parse(Section& section, const YamlNode& node, std::string_view key) {
        return section.flag_of(node, key);
    }
};

struct Time {
    DurationRange range;

    [[nodiscard]] auto parse(Section& section, const YamlNode& node, std::string_view key) const {
        return section.duration_of(node, key, range);
    }
};

// A time, or `off`.
struct TimeOrOff {
    DurationRange range;

    [[nodiscard]] std::optional<std::optional<Duration>> parse(
        Section& section, const YamlNode& node, std::string_view key
    ) const;
};

struct Count {
    NumberRange range;

    [[nodiscard]] auto parse(Section& section, const YamlNode& node, std::string_view key) const {
        return section.number_of(node, key, range);
    }
};

template <class Enum>
struct Word {
    [[nodiscard]] static std::optional<Enum> parse(
        Section& section, const YamlNode& node, std::string_view key
    ) {
        const auto& names = names_of(Enum{});
        const auto index = section.word_index(node, key, {names.begin(), names.end()});
        return index ? std::optional{static_cast<Enum>(*index)} : std::nullopt;
    }
};

struct Url {
    [[nodiscard]] static auto parse(Section& section, const YamlNode& node, std::string_view key) {
        return section.url_of(node, key);
    }
};

// A URL to which paths are appended.
struct Endpoint {
    [[nodiscard]] static auto parse(Section& section, const YamlNode& node, std::string_view key) {
        return section.endpoint_of(node, key);
    }
};

// An endpoint that begins with https://: orders to stop and to start writing come from it.
struct ControllerUrl {
    [[nodiscard]] static std::optional<AgentController> parse(
        Section& section, const YamlNode& node, std::string_view key
    );
};

// address:port
struct Listener {
    [[nodiscard]] static auto parse(Section& section, const YamlNode& node, std::string_view key) {
        return section.address_port_of(node, key);
    }
};

// address:port of a DNS server
struct Resolver {
    [[nodiscard]] static std::optional<Listen> parse(
        Section& section, const YamlNode& node, std::string_view key
    );
};

struct IpAddress {
    [[nodiscard]] static std::optional<std::string> parse(
        Section& section, const YamlNode& node, std::string_view key
    );
};

struct SecretFile {
    [[nodiscard]] static auto parse(Section& section, const YamlNode& node, std::string_view key) {
        return section.secret_file_of(node, key);
    }
};

// A name in the DNS, as it stands there, or with the dot at its end, as Route 53 shows it.
struct RecordName {
    [[nodiscard]] static std::optional<std::string> parse(
        Section& section, const YamlNode& node, std::string_view key
    );
};

struct UrlPath {
    [[nodiscard]] static std::optional<std::string> parse(
        Section& section, const YamlNode& node, std::string_view key
    );
};

// What a record may answer with: the name of a host, or an IPv4 address.
struct HostOrAddress {
    static std::optional<std::string> parse(
        Section& section, const YamlNode& node, std::string_view key
    );
};

// A name for a Host header, with or without a port.
struct HostHeader {
    [[nodiscard]] static std::optional<std::string> parse(
        Section& section, const YamlNode& node, std::string_view key
    );
};

// `2 of 3`
struct QuorumForm {
    [[nodiscard]] static std::optional<core::Quorum> parse(
        Section& section, const YamlNode& node, std::string_view key
    );
};

// `version: 1`, and nothing else.
struct Version {
    static void read(Section& section, std::string_view key, const auto& /*owner*/) {
        check(section, key);
    }

    static void check(Section& section, std::string_view key);

    [[nodiscard]] static boost::json::value show(const auto& /*owner*/, Which /*which*/) {
        return 1;
    }
};

// One word that stands there for those to come.
struct Constant {
    std::string_view word;

    void read(Section& section, std::string_view key, const auto& /*owner*/) const {
        if (const YamlNode* node = section.find(key)) {
            (void)section.word_index(*node, key, {word});
        }
    }

    [[nodiscard]] boost::json::value show(const auto& /*owner*/, Which /*which*/) const {
        return boost::json::value(word);
    }
};

// A key without a value in this version.
struct Valueless {
    [[nodiscard]] static boost::json::value show(const auto& /*owner*/, Which /*which*/) {
        return nullptr;
    }
};

// A word of the language that this version does not act on, or not any more. A file that has it is
// taken all the same, so that programs of another version start with it.
struct NoEffect : Valueless {
    std::string_view more;

    constexpr explicit NoEffect(std::string_view what_to_do = {}) : more(what_to_do) {}

    void read(Section& section, std::string_view key, const auto& /*owner*/) const {
        section.no_effect(key, more);
    }
};

// The same; a secret in it is refused all the same.
struct Notifications : Valueless {
    static void read(Section& section, std::string_view key, const auto& /*owner*/) {
        check(section, key);
    }

    static void check(Section& section, std::string_view key);
};

// A word of the language that must not be ignored, as it would change what a failover does.
struct Refused : Valueless {
    std::string_view hint;
    std::string_view why{};

    constexpr explicit Refused(std::string_view the_hint, std::string_view the_why = {})
        : hint(the_hint), why(the_why) {}

    void read(Section& section, std::string_view key, const auto& /*owner*/) const {
        check(section, key);
    }

    void check(Section& section, std::string_view key) const;
};

// A secret that has no place in the file.
struct Secret : Valueless {
    static void read(Section& section, std::string_view key, const auto& /*owner*/) {
        check(section, key);
    }

    static void check(Section& section, std::string_view key);
};

// A list of values of one form. `when_empty`: an empty one is refused, with this hint. `exactly` is
// for the schema; in the loader it is a rule (config_rules.h).
template <class Item>
struct List {
    Item item;
    std::string_view when_empty{};
    bool may_be_one = false;  // a single value stands for a list of it
    std::size_t exactly = 0;  // so many different values; zero: any number

    template <class Value>
    void read(Section& section, std::string_view key, std::vector<Value>& out) const {
        const YamlNode* node = section.find(key);
        if (node == nullptr) {
            return;
        }
        std::vector<Value> values;
        const auto add = [&](const YamlNode& one) {
            if (auto value = item.parse(section, one, key)) {
                values.push_back(std::move(*value));
            }
        };
        const bool is_list = node->kind == YamlNode::Kind::sequence;
        if (is_list && node->items.empty() && !when_empty.empty()) {
            section.refuse(key, "C106", quoted(key) + " is an empty list", std::string{when_empty});
        } else if (may_be_one && !is_list) {
            add(*node);
        } else {
            section.each_item(key, [&](const YamlNode& one, std::size_t /*index*/) { add(one); });
        }
        out = std::move(values);
    }
};

// A map from Regions to values of one form.
template <class Item>
struct ByRegion {
    Item item;

    template <class Value>
    void read(Section& section, std::string_view key, std::map<RegionId, Value>& out) const {
        section.each_entry(key, [&](Section& regions, const YamlEntry& entry) {
            const RegionId region{entry.key};
            auto value = item.parse(regions, entry.value, entry.key);
            if (regions.check(region, entry.key, entry.key_place) && value) {
                out[region] = std::move(*value);
            }
        });
    }
};

// A section of its own. Of an optional struct, its presence says that there is one.
template <class Rows>
struct Inside {
    Rows rows;

    template <class Owner>
    void read(Section& section, std::string_view key, Owner& out) const {
        section.inside(key, [&](Section& inner) {
            if constexpr (requires { out.emplace(); }) {
                typename Owner::value_type made;
                read_fields(inner, rows, made);
                out = std::move(made);
            } else {
                read_fields(inner, rows, out);
            }
        });
    }

    template <class Owner>
    [[nodiscard]] boost::json::value show(const Owner& owner, Which which) const {
        if constexpr (requires { owner.has_value(); }) {
            return owner ? boost::json::value(show_fields(rows, *owner, which))
                         : boost::json::value(nullptr);
        } else {
            return show_fields(rows, owner, which);
        }
    }
};

// A list of sections, each called by what one of its keys says: "table `orders`".
template <class Rows>
struct Sections {
    Rows rows;
    std::string_view what;      // "table"
    std::string_view named_by;  // "name"

    template <class Item>
    void read(Section& section, std::string_view key, std::vector<Item>& out) const {
        section.each_item(key, [&](const YamlNode& node, std::size_t index) {
            std::string name = std::to_string(index + 1);
            for (const YamlEntry& entry : node.entries) {
                name = entry.key == named_by ? entry.value.text : name;
            }
            Section inner{
                section.findings(),
                node,
                std::string{what} + " " + config::quoted(name),
                section.path_of(key) + "[" + std::to_string(index) + "]"
            };
            Item item;
            read_fields(inner, rows, item);
            inner.finish();
            if constexpr (requires { item.called(name); }) {
                item.called(name);
            }
            out.push_back(std::move(item));
        });
    }

    template <class Item>
    [[nodiscard]] boost::json::value show(const std::vector<Item>& items, Which which) const {
        boost::json::array out;
        for (const Item& item : items) {
            out.push_back(show_fields(rows, item, which));
        }
        return out;
    }
};

// A map from the names of Regions to sections, which may be left empty.
template <class Rows>
struct RegionMap {
    Rows rows;

    void read(Section& section, std::string_view key, std::vector<Region>& out) const {
        section.each_entry(key, [&](Section& names, const YamlEntry& entry) {
            Region region{.id = RegionId{entry.key}};
            names.check(region.id, entry.key, entry.key_place);
            if (entry.value.kind != YamlNode::Kind::null) {
                Section inner{
                    section.findings(),
                    entry.value,
                    "Region " + config::quoted(entry.key),
                    names.path_of(entry.key)
                };
                read_fields(inner, rows, region);
                inner.finish();
            }
            out.push_back(std::move(region));
        });
    }

    [[nodiscard]] boost::json::value show(const std::vector<Region>& regions, Which which) const {
        boost::json::object out;
        for (const Region& region : regions) {
            out[region.id.value()] = show_fields(rows, region, which);
        }
        return out;
    }
};

struct RoleArn {
    [[nodiscard]] static std::optional<std::string> parse(
        Section& section, const YamlNode& node, std::string_view key
    );
};

// Takes account and name from the role's ARN; false: it is the ARN of anything else.
bool take_role_arn(JoinRole& role);

// Roles whose hosts may join: ARNs, or sections.
template <class Rows>
struct JoinRoles {
    Rows rows;

    void read(Section& section, std::string_view key, std::vector<JoinRole>& out) const {
        section.each_item(key, [&](const YamlNode& node, std::size_t index) {
            JoinRole role;
            if (node.kind == YamlNode::Kind::scalar) {
                role.arn = RoleArn::parse(section, node, key).value_or("");
            } else {
                const std::string path = section.path_of(key) + "[" + std::to_string(index) + "]";
                Section inner{section.findings(), node, "a role of `join.aws`", path};
                read_fields(inner, rows, role);
                inner.finish();
            }
            (void)take_role_arn(role);
            out.push_back(std::move(role));
        });
    }

    [[nodiscard]] boost::json::value show(const std::vector<JoinRole>& roles, Which which) const {
        boost::json::array out;
        for (const JoinRole& role : roles) {
            out.push_back(show_fields(rows, role, which));
        }
        return out;
    }
};

// `off`, a file that is there, or a section on the one that the agent makes.
template <class Rows>
struct ClientKeysForm {
    Rows rows;

    void read(Section& section, std::string_view key, ClientKeys& out) const {
        const YamlNode* node = section.find(key);
        if (node == nullptr) {
            return;
        }
        if (node->kind == YamlNode::Kind::map) {
            Inside<Rows>{rows}.read(section, key, out);
            return;
        }
        const auto text = section.name_of(*node, key);
        out.required = text != "off";
        out.file = out.required ? text.value_or("") : "";
        out.is_made = false;
    }
};

// A section whose presence says that the host joins by its role in AWS.
template <class Rows>
struct JoinByIdentity {
    Rows rows;

    void read(Section& section, std::string_view key, AgentConfig& out) const {
        section.inside(key, [&](Section& inner) {
            out.join_by_identity = true;
            read_fields(inner, rows, out);
        });
    }
};

}  // namespace farshore::config
