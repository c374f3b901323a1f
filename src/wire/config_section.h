#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/names.h"
#include "base/time.h"
#include "wire/config_loader.h"
#include "wire/url.h"
#include "wire/yaml_tree.h"

// Reads a YAML tree into values, strictly: everything that is wrong becomes a diagnostic with its
// place, and reading goes on, so that one run names all mistakes of a file.
namespace farshore::config {

struct DurationRange {
    Duration least = std::chrono::milliseconds{1};
    Duration most = std::chrono::hours{24} * 3650;
};

struct NumberRange {
    std::int64_t least = 0;
    std::int64_t most = 0;
};

// What all sections of one file share: the findings, and where each value was written, by path
// ("fence.lease"), for the rules that compare several values.
struct Findings {
    std::vector<Diagnostic> diagnostics;
    std::map<std::string, Place> places;
    // Paths of values that are wrong or missing: a rule that reads one of them is not asked, as the
    // default that stands there instead was never meant.
    std::set<std::string> unusable;

    void error(
        Place place,
        std::string code,
        std::string message,
        std::string hint = {},
        std::string why = {}
    );
    void warn(Place place, std::string code, std::string message, std::string hint);

    // May a rule read the value at `path`? Not when that is wrong, or what it stands in. "levers.*"
    // means all that stands in `levers`, too; "regions.*.preferred" of that only what ends so.
    [[nodiscard]] bool usable(std::string_view path) const;
};

// One map of the file. Each find() names a known key; finish() reports the keys that were not asked
// for. What keys there are stands in config_keys.h and agent_config_keys.h.
class Section {
  public:
    // `what` completes "unknown key `x` in …": "table `orders`". `path` prefixes the places.
    Section(Findings& findings, const YamlNode& node, std::string what, std::string path);
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;
    ~Section() = default;

    // nullptr: absent (or null, which is reported).
    const YamlNode* find(std::string_view key);
    const YamlNode& require(std::string_view key);  // reports an absent key; then a null node

    // Calls `each` for every item of a list.
    void each_item(
        std::string_view key, const std::function<void(const YamlNode&, std::size_t)>& each
    );
    // Calls `each` for every entry of a map whose keys are names, not words of ours, with the
    // section of that map.
    void each_entry(
        std::string_view key, const std::function<void(Section&, const YamlEntry&)>& each
    );
    // Calls `read_inside` with the section below `key`, if it is there, and finishes it.
    void inside(std::string_view key, const std::function<void(Section&)>& read_inside);
    // Warns of a word of the language that this version does not act on. `more`: what to do.
    void no_effect(std::string_view key, std::string_view more = {});

    void finish();

    [[nodiscard]] Findings& findings() { return findings_; }

    [[nodiscard]] Place place() const { return node_.place; }

    [[nodiscard]] std::string path_of(std::string_view key) const;

    // The value of `key` is wrong: an error at `place`, and rules that read the value are not
    // asked.
    void refuse(
        std::string_view key,
        Place place,
        std::string code,
        std::string message,
        std::string hint = {},
        std::string why = {}
    );
    // The same, of a value that was found.
    void refuse(
        std::string_view key,
        std::string code,
        std::string message,
        std::string hint = {},
        std::string why = {}
    );

    // The value of `node`, which stands under `key`; nullopt: reported. Of a scalar ${env:X} and
    // ${file:/path} are replaced.
    [[nodiscard]] std::optional<std::string> text_of(const YamlNode& node, std::string_view key);
    // A text that is not empty.
    [[nodiscard]] std::optional<std::string> name_of(const YamlNode& node, std::string_view key);
    // A text of that form.
    [[nodiscard]] std::optional<std::string> name_of(
        const YamlNode& node, std::string_view key, const NameForm& form
    );
    [[nodiscard]] std::optional<bool> flag_of(const YamlNode& node, std::string_view key);
    [[nodiscard]] std::optional<Duration> duration_of(
        const YamlNode& node, std::string_view key, DurationRange range
    );
    [[nodiscard]] std::optional<std::int64_t> number_of(
        const YamlNode& node, std::string_view key, NumberRange range
    );
    [[nodiscard]] std::optional<std::string> url_of(const YamlNode& node, std::string_view key);
    // A URL to which paths are appended.
    [[nodiscard]] std::optional<std::string> endpoint_of(
        const YamlNode& node, std::string_view key
    );
    [[nodiscard]] std::optional<Listen> address_port_of(const YamlNode& node, std::string_view key);
    // "/path" or "${file:/path}": the place of a secret. A secret itself is refused.
    [[nodiscard]] std::optional<std::string> secret_file_of(
        const YamlNode& node, std::string_view key
    );

    // A name of the form that its kind has (base/names.h).
    template <class Id>
    [[nodiscard]] std::optional<Id> id_of(const YamlNode& node, std::string_view key) {
        auto text = name_of(node, key);
        if (!text) {
            return std::nullopt;
        }
        Id id{std::move(*text)};
        return check(id, key, node.place) ? std::optional{std::move(id)} : std::nullopt;
    }

    // Has the name its kind's form? Else an error at `place`.
    template <class Id>
    bool check(const Id& id, std::string_view key, Place place) {
        Status good = check_name(id);
        if (!good) {
            refuse(
                key,
                place,
                std::is_same_v<Id, RegionId> ? "C113" : "C115",
                std::move(good.error().text),
                std::move(good.error().remedy)
            );
        }
        return good.has_value();
    }

    [[nodiscard]] std::optional<std::size_t> word_index(
        const YamlNode& node, std::string_view key, const std::vector<std::string_view>& words
    );

  private:
    void wrong_type(const YamlNode& node, std::string_view key, std::string_view expected);
    // `wanted` completes "`key` in the file is not".
    template <class Value>
    [[nodiscard]] std::optional<Value> parsed_of(
        const YamlNode& node,
        std::string_view key,
        Result<Value> (*parse)(std::string_view),
        std::string_view wanted
    );

    Findings& findings_;
    const YamlNode& node_;
    std::string what_;
    std::string path_;
    std::vector<std::string> known_;
};

// "`lease`", and "`keep`, `verify` or `fence`", as diagnostics have them.
[[nodiscard]] std::string quoted(std::string_view word);
[[nodiscard]] std::string list_of(const std::vector<std::string_view>& words);

// Without a sign and without leading zeros; nullopt: it is none.
[[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view text);

// A file that looks like a secret where only ${env:X} or ${file:/path} may stand.
void refuse_plain_secret(Findings& findings, const YamlNode& node, std::string_view name);

// `read` gets the section that is the whole file, unless that is no map, which is reported.
void read_document(
    Findings& findings, std::string_view text, const std::function<void(Section&)>& read
);

}  // namespace farshore::config
