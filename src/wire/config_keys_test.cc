#include "wire/config_keys.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <boost/pfr.hpp>
#include <gtest/gtest.h>

#include "wire/agent_config_keys.h"
#include "wire/config_document.h"

namespace farshore::config {
namespace {

namespace json = boost::json;

// How many members of the section's struct the rows lead to.
template <class... Fields>
constexpr std::size_t members_of(const std::tuple<Fields...>& rows) {
    const auto count = [](const auto& field) -> std::size_t {
        if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(field.value)>, std::identity>) {
            return 1;
        } else if constexpr (requires { field.form.rows; }) {
            return members_of(field.form.rows);
        } else {
            return 0;
        }
    };
    return std::apply(
        [&](const auto&... field) { return (std::size_t{0} + ... + count(field)); }, rows
    );
}

// A member without a row is one that no file can set. `beside` says how many follow from others.
template <class Owner>
constexpr bool all_have_a_row(const auto& rows, std::size_t beside = 0) {
    return members_of(rows) + beside == boost::pfr::tuple_size_v<Owner>;
}

static_assert(all_have_a_row<Config>(keys::farshore_yaml::kFile, 1), "beside its keys: hash");
static_assert(all_have_a_row<Region>(keys::farshore_yaml::kRegion, 1), "beside its keys: id");
static_assert(all_have_a_row<Table>(keys::farshore_yaml::kTable));
static_assert(all_have_a_row<Detect>(keys::farshore_yaml::kDetect));
static_assert(all_have_a_row<Decide>(keys::farshore_yaml::kDecide));
static_assert(all_have_a_row<Fence>(keys::farshore_yaml::kFence));
static_assert(all_have_a_row<Switchover>(keys::farshore_yaml::kSwitchover));
static_assert(all_have_a_row<Losses>(keys::farshore_yaml::kLosses));
static_assert(all_have_a_row<Levers>(keys::farshore_yaml::kLevers));
static_assert(all_have_a_row<Route53>(keys::farshore_yaml::kRoute53));
static_assert(all_have_a_row<Verify>(keys::farshore_yaml::kVerify));
static_assert(
    all_have_a_row<JoinRole>(keys::farshore_yaml::kRole, 2), "beside them: account, role"
);
static_assert(all_have_a_row<Join>(keys::farshore_yaml::kJoin));
static_assert(all_have_a_row<AwsAccess>(keys::kAws));
static_assert(all_have_a_row<Config::Controller>(keys::farshore_yaml::kController));
static_assert(
    all_have_a_row<AgentConfig>(keys::agent_yaml::kFile, 2), "beside them: by_identity, hash"
);
static_assert(all_have_a_row<AgentApp>(keys::agent_yaml::kApp));
static_assert(all_have_a_row<ClientKeys>(keys::agent_yaml::kClientKeys, 2), "required, is_made");

// Calls `use` with the path of each key that has a value, its row, whether a change of it disarms,
// and a way from a configuration to the value: an entry is made where the path leads through a
// list.
template <class Rows, class Reach>
void each_key(
    const Rows& rows, const std::string& before, bool disarms, const Reach& reach, const auto& use
) {
    const auto visit = [&](const auto& field) {
        const auto value = [field, reach](auto& root) -> auto& {
            return std::invoke(field.value, reach(root));
        };
        const bool here = disarms && field.terms.change == Change::disarms;
        const std::string path = before + std::string{field.key};
        if constexpr (requires { field.form.rows; }) {
            using Form = std::remove_cvref_t<decltype(field.form)>;
            using Inner = std::remove_cvref_t<decltype(field.form.rows)>;
            if constexpr (std::is_same_v<Form, JoinRoles<Inner>>) {
                use(path, field, here, value);
            }
            const auto inside = [value](auto& root) -> auto& {
                auto& section = value(root);
                if constexpr (requires { section.emplace_back(); }) {
                    return section.empty() ? section.emplace_back() : section.front();
                } else if constexpr (requires { section.emplace(); }) {
                    return section ? *section : section.emplace();
                } else {
                    return section;
                }
            };
            const bool named = std::is_same_v<Form, RegionMap<Inner>>;
            const bool listed =
                std::is_same_v<Form, Sections<Inner>> || std::is_same_v<Form, JoinRoles<Inner>>;
            const std::string entry = named ? ".<name>" : listed ? "[]" : "";
            each_key(field.form.rows, path + entry + ".", here, inside, use);
        } else if (!field.meaning.empty()) {
            use(path, field, here, value);
        }
    };
    std::apply([&](const auto&... field) { (visit(field), ...); }, rows);
}

constexpr std::identity kRoot{};

void change(bool& value) {
    value = !value;
}

void change(int& value) {
    ++value;
}

void change(Duration& value) {
    value += 1s;
}

void change(std::optional<Duration>& value) {
    value.reset();
}

void change(std::string& value) {
    value += "x";
}

template <class Tag>
void change(Strong<Tag, std::string>& value) {
    value = Strong<Tag, std::string>{value.value() + "x"};
}

void change(Listen& value) {
    ++value.port;
}

void change(core::Quorum& value) {
    ++value.needed;
}

template <class Enum>
    requires std::is_enum_v<Enum>
void change(Enum& value) {
    value = static_cast<Enum>((static_cast<std::size_t>(value) + 1) % names_of(value).size());
}

template <class Item>
void change(std::vector<Item>& list) {
    list.emplace_back();
}

void change(std::map<RegionId, std::string>& by_region) {
    by_region.emplace("us-east-1", "http://h");
}

// A row's mark is what the hash does, for every key; and each of them is shown.
TEST(ConfigKeys, AChangeOfAKeyDisarmsAsItsRowSays) {
    int disarming = 0;
    int others = 0;
    each_key(
        keys::farshore_yaml::kFile,
        "",
        true,
        kRoot,
        [&](const std::string& path, const auto& field, bool disarms, const auto& value) {
            Config before;
            using Value = std::remove_cvref_t<decltype(value(before))>;
            if constexpr (!std::is_same_v<
                              std::remove_cvref_t<decltype(field.value)>,
                              std::identity>) {
                Value changed = value(before);
                change(changed);
                Config after = before;
                value(after) = changed;
                EXPECT_NE(config_document(before), config_document(after)) << path;
                EXPECT_EQ(proof_hash(before) != proof_hash(after), disarms) << path;
                ++(disarms ? disarming : others);
            }
        }
    );
    EXPECT_GT(disarming, 40);
    EXPECT_GT(others, 10);
}

std::string contents_of(const std::string& name) {
    std::ifstream in{std::string{FARSHORE_SOURCE_DIR} + "/" + name, std::ios::binary};
    EXPECT_TRUE(in) << name;
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), by);
}

std::string hash_of(const std::string& text) {
    const auto loaded = parse_config(text);
    EXPECT_TRUE(loaded.ok()) << text;
    return loaded.value.hash;
}

TEST(ConfigKeys, ADrillIsBoundToWhatAFailoverDoes) {
    const std::string good = contents_of("test/data/config/good.yaml");
    const std::string hash = hash_of(good);
    for (const auto& [what, by] :
         {std::pair{"lease: 3s", "lease: 4s"},
          std::pair{"2 of 3", "3 of 3"},
          std::pair{"name: orders", "name: carts"}}) {
        EXPECT_NE(hash_of(replaced(good, what, by)), hash) << by;
    }
    const std::string step = "steps: [{ wait: { at: before, timeout: 1s } }]\n";
    EXPECT_NE(hash_of(good + step), hash);
    EXPECT_NE(hash_of(good + step), hash_of(good + replaced(step, "1s", "2s")));
}

TEST(ConfigKeys, ADrillIsNotBoundToHowTheControllerIsReachedNorToHowTheFileIsWritten) {
    const std::string good = contents_of("test/data/config/good.yaml");
    const std::string hash = hash_of(good);
    for (const std::string_view more :
         {"# a comment\n",
          "controller: { listen: 127.0.0.1:9640, url: http://127.0.0.1:9640 }\n",
          "controller: { tls: { certificate: /c.pem, key: /k.pem }, tokens: /tokens.json }\n",
          "join: { aws: { urls: [https://10.0.6.1:8640] } }\n",
          "verify: { timeout: 30s }\n"}) {
        EXPECT_EQ(hash_of(good + std::string{more}), hash) << more;
    }
    EXPECT_EQ(hash_of(replaced(good, "mode: auto", "mode: observe")), hash)
        << "a drill in mode `observe` proves the failover that mode `auto` begins";
    EXPECT_EQ(hash_of(replaced(good, "lease: 3s", "lease: 3000ms")), hash);
}

// What holds without the key, in words of the manual: "[repoint, shift]".
std::string default_of(const auto& field, const json::value& shown) {
    if (!field.terms.otherwise.empty()) {
        return std::string{field.terms.otherwise};
    }
    if (is_blank(shown) || field.terms.need == Need::required) {
        return "";
    }
    std::string text = shown.is_string() ? shown.as_string().c_str() : json::serialize(shown);
    std::erase(text, '"');
    for (std::size_t at = text.find(','); at != std::string::npos; at = text.find(',', at + 1)) {
        text.insert(at + 1, " ");
    }
    return text;
}

// A row for each key, without the section `left_out`. `with_change`: does a change of it disarm?
std::string table_of(
    const auto& rows, const auto& root, bool with_change, std::string_view left_out = "none"
) {
    const auto cell = [](const std::string& text) {
        return text.empty() ? " |" : " " + text + " |";
    };
    std::string out = with_change
                          ? "| key | default | a change disarms | meaning |\n|---|---|---|---|\n"
                          : "| key | default | meaning |\n|---|---|---|\n";
    each_key(
        rows,
        "",
        true,
        kRoot,
        [&](const std::string& path, const auto& field, bool disarms, const auto& value) {
            auto defaults = root;
            using Value = std::remove_cvref_t<decltype(value(defaults))>;
            const bool is_map = std::is_same_v<Value, std::map<RegionId, std::string>>;
            const json::value shown = show_value(field.form, value(defaults), Which::all);
            if (!path.starts_with(left_out)) {
                out += "|" + cell("`" + path + (is_map ? ".<region>`" : "`"));
                out += cell(default_of(field, shown));
                out += with_change ? cell(disarms ? "yes" : "no") : "";
                out += cell(std::string{field.meaning}) + "\n";
            }
        }
    );
    return out;
}

// The table is the first one below the heading. With FARSHORE_GOLDEN=write it is written anew.
void expect_in_the_manual(std::string_view heading, const std::string& table) {
    const std::string name = "docs/configuration.md";
    const std::string manual = contents_of(name);
    const std::size_t at = manual.find("\n| key |", manual.find("\n## " + std::string{heading}));
    ASSERT_NE(at, std::string::npos) << heading;
    const std::size_t end = manual.find("\n\n", at);
    const std::string found = manual.substr(at + 1, end - at);
    const char* mode = std::getenv("FARSHORE_GOLDEN");
    if (mode != nullptr && std::string_view{mode} == "write") {
        std::ofstream{std::string{FARSHORE_SOURCE_DIR} + "/" + name, std::ios::binary}
            << manual.substr(0, at + 1) << table << manual.substr(end + 1);
        return;
    }
    EXPECT_EQ(found, table) << "write it anew: FARSHORE_GOLDEN=write wire_test";
}

TEST(ConfigKeys, TheManualHasEachKeyOfTheAppsFile) {
    expect_in_the_manual("farshore.yaml", table_of(keys::farshore_yaml::kFile, Config{}, true));
}

TEST(ConfigKeys, TheManualHasEachKeyOfTheAgentsFile) {
    expect_in_the_manual(
        "agent.yaml", table_of(keys::agent_yaml::kFile, AgentConfig{}, false, "aws.")
    );
}

}  // namespace
}  // namespace farshore::config
