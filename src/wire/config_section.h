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
#include "base/time.h"
#include "wire/config_loader.h"
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

    void error(
        Place place,
        std::string code,
        std::string message,
        std::string hint = {},
        std::string why = {}
    );
    void warn(Place place, std::string code, std::string message);
};

// One map of the file. Each read names a known key; finish() reports the keys that nobody asked
// for.
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

    void read(std::string_view key, std::string& out);
    void read(std::string_view key, bool& out);
    void read(std::string_view key, Duration& out, DurationRange range = {});
    void read(std::string_view key, std::int64_t& out, NumberRange range);
    void read_url(std::string_view key, std::string& out);
    void read_listen(std::string_view key, Listen& out);
    // "/path" or "${file:/path}": the place of a secret. A secret itself is refused.
    void read_secret_file(std::string_view key, std::string& out);

    template <class Tag>
    void read(std::string_view key, Strong<Tag, std::string>& out) {
        std::string text{out.value()};
        read(key, text);
        out = Strong<Tag, std::string>{std::move(text)};
    }

    template <class Enum>
        requires requires(Enum value) { names_of(value); }
    void read(std::string_view key, Enum& out) {
        if (const YamlNode* node = find(key)) {
            const auto& names = names_of(Enum{});
            if (const auto index = word_index(*node, key, {names.begin(), names.end()})) {
                out = static_cast<Enum>(*index);
            }
        }
    }

    // Calls `each` for every item of a list.
    void each_item(
        std::string_view key, const std::function<void(const YamlNode&, std::size_t)>& each
    );
    // Calls `each` for every entry of a map whose keys are names, not words of ours.
    void each_entry(std::string_view key, const std::function<void(const YamlEntry&)>& each);
    // Calls `read_inside` with the section below `key`, if it is there, and finishes it.
    void inside(std::string_view key, const std::function<void(Section&)>& read_inside);
    // A word of the language that this version does not act on.
    void not_yet(std::string_view key);

    void finish();

    [[nodiscard]] Findings& findings() { return findings_; }

    [[nodiscard]] Place place() const { return node_.place; }

    [[nodiscard]] std::string path_of(std::string_view key) const;

    // The text of a scalar with ${env:X} and ${file:/path} replaced; nullopt: reported.
    [[nodiscard]] std::optional<std::string> text_of(const YamlNode& node, std::string_view key);
    // The same, and not empty.
    [[nodiscard]] std::optional<std::string> name_of(const YamlNode& node, std::string_view key);
    // The same, of a URL with a host.
    [[nodiscard]] std::optional<std::string> url_of(const YamlNode& node, std::string_view key);
    [[nodiscard]] std::optional<std::size_t> word_index(
        const YamlNode& node, std::string_view key, const std::vector<std::string_view>& words
    );

  private:
    void wrong_type(
        const YamlNode& node, std::string_view key, std::string_view expected, std::string hint = {}
    );

    Findings& findings_;
    const YamlNode& node_;
    std::string what_;
    std::string path_;
    std::vector<std::string> known_;
};

// Without a sign and without leading zeros; nullopt: it is none.
[[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view text);

// A file that looks like a secret where only ${env:X} or ${file:/path} may stand.
void refuse_plain_secret(Findings& findings, const YamlNode& node, std::string_view name);

}  // namespace farshore::config
