#include "wire/config_loader.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include <gtest/gtest.h>

#include "wire/config_rules.h"

namespace farshore::config {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string contents_of(const fs::path& path) {
    std::ifstream in{path, std::ios::binary};
    EXPECT_TRUE(in) << path;
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

fs::path source() {
    return FARSHORE_SOURCE_DIR;
}

std::string findings_of(const fs::path& path) {
    const std::string text = contents_of(path);
    const bool agent = path.filename().string().starts_with("agent");
    const auto diagnostics =
        agent ? parse_agent_config(text).diagnostics : parse_config(text).diagnostics;
    std::string out;
    for (const Diagnostic& diagnostic : diagnostics) {
        out += render(diagnostic, path.filename().string(), text);
    }
    return out;
}

// test/data/config/NAME.yaml and what the operator sees for it, NAME.txt. With
// FARSHORE_GOLDEN=write the second is written anew.
TEST(ConfigLoader, SaysWhatIsWrongAndWhere) {
    const char* mode = std::getenv("FARSHORE_GOLDEN");
    int files = 0;
    for (const auto& entry : fs::directory_iterator{source() / "test/data/config"}) {
        if (entry.path().extension() != ".yaml") {
            continue;
        }
        ++files;
        const std::string found = findings_of(entry.path());
        fs::path golden = entry.path();
        golden.replace_extension(".txt");
        if (mode != nullptr && std::string_view{mode} == "write") {
            std::ofstream{golden, std::ios::binary} << found;
        }
        EXPECT_EQ(found, contents_of(golden)) << entry.path();
    }
    EXPECT_GE(files, 30);
}

TEST(ConfigLoader, TheDocumentedExamplesAreClean) {
    EXPECT_EQ(findings_of(source() / "examples/farshore.yaml"), "");
    EXPECT_EQ(findings_of(source() / "examples/agent.yaml"), "");
}

// A left-out section means the defaults that the example writes out.
TEST(ConfigLoader, TheExampleShowsTheDefaults) {
    const Config config = parse_config(contents_of(source() / "examples/farshore.yaml")).value;
    const Config defaults;
    EXPECT_EQ(config.rto, defaults.rto);
    EXPECT_EQ(config.rpo, defaults.rpo);
    EXPECT_EQ(config.detect.probe_every, defaults.detect.probe_every);
    EXPECT_EQ(config.detect.unhealthy_for, defaults.detect.unhealthy_for);
    EXPECT_EQ(config.detect.fresh_for, defaults.detect.fresh_for);
    EXPECT_EQ(config.decide.mode, defaults.decide.mode);
    EXPECT_EQ(config.decide.cooldown, defaults.decide.cooldown);
    EXPECT_EQ(config.decide.require_drill_within, defaults.decide.require_drill_within);
    EXPECT_EQ(config.fence.lease, defaults.fence.lease);
    EXPECT_EQ(config.switchover.drain_attempts, defaults.switchover.drain_attempts);
    EXPECT_EQ(config.levers.data_impaired, defaults.levers.data_impaired);
    EXPECT_EQ(config.preferred(), RegionId{"us-east-1"});
    ASSERT_NE(config.region(RegionId{"eu-west-1"}), nullptr);
    EXPECT_EQ(config.region(RegionId{"eu-west-1"})->health, "https://euw1.shop.example/healthz");
    EXPECT_EQ(config.controller.operator_token_file, "/etc/farshore/operator.token");
    EXPECT_EQ(config.agents.size(), 4U);
}

TEST(ConfigLoader, AWordOfTheFileBecomesItsEnumerator) {
    const auto loaded = parse_config(contents_of(source() / "test/data/config/good.yaml"));
    ASSERT_TRUE(loaded.ok());
    EXPECT_EQ(loaded.value.decide.mode, Mode::automatic);
    EXPECT_EQ(loaded.value.tables.at(0).name, TableName{"orders"});
    ASSERT_TRUE(loaded.value.traffic.has_value());
    EXPECT_EQ(loaded.value.traffic->zone, "Z0123ABC");
    EXPECT_EQ(loaded.value.controller.region, RegionId{"us-east-2"})
        << "the controller stands with the witness";
    EXPECT_EQ(loaded.value.hash.size(), 64U);
}

TEST(ConfigLoader, ReadsTheEnvironmentAndFiles) {
    const std::string text = contents_of(source() / "test/data/config/good.yaml");
    const fs::path file =
        fs::temp_directory_path() / ("farshore-config-" + std::to_string(::getpid()));
    std::ofstream{file} << "/etc/from-a-file.pem\n";
    ASSERT_EQ(::setenv("FARSHORE_TEST_PROFILE", "night", 1), 0);
    const auto loaded = parse_config(
        text +
        "aws: { credentials: { profile: \"x-${env:FARSHORE_TEST_PROFILE}\" }, ca_file: \"${file:" +
        file.string() + "}\" }\n"
    );
    fs::remove(file);
    ASSERT_TRUE(loaded.ok());
    EXPECT_EQ(loaded.value.aws.profile, "x-night");
    EXPECT_EQ(loaded.value.aws.ca_file, "/etc/from-a-file.pem");
}

// A default that is written out is the configuration's choice; one that is left out may still be
// chosen by another source.
TEST(ConfigLoader, WhatIsSaidIsToldFromWhatIsNot) {
    const std::string text = contents_of(source() / "test/data/config/good.yaml");
    EXPECT_EQ(parse_config(text).value.aws.profile, "");
    const auto said = parse_config(
        text + "aws: { credentials: { profile: default } }\ncontroller: { id: controller }\n"
    );
    ASSERT_TRUE(said.ok());
    EXPECT_EQ(said.value.aws.profile, "default");
    EXPECT_EQ(said.value.controller.id, ObserverId{"controller"});
    EXPECT_EQ(parse_config(text).value.controller.id, ObserverId{"us-east-2"});
}

TEST(ConfigLoader, AByteOrderMarkIsNoPartOfTheFile) {
    const fs::path file =
        fs::temp_directory_path() / ("farshore-mark-" + std::to_string(::getpid()));
    std::ofstream{file, std::ios::binary} << "\xEF\xBB\xBFversion: 1\r\nappp: x\r\n";
    const auto text = read_config_text(file.string());
    fs::remove(file);
    ASSERT_TRUE(text) << text.error().text;
    const auto loaded = parse_config(*text);
    const auto unknown = std::ranges::find(loaded.diagnostics, "C104", &Diagnostic::code);
    ASSERT_NE(unknown, loaded.diagnostics.end());
    EXPECT_EQ(unknown->line, 2U);
    EXPECT_EQ(unknown->column, 1U);
}

TEST(ConfigLoader, DrillsCanBeSwitchedOffOnlyExplicitly) {
    const std::string text = contents_of(source() / "test/data/config/good.yaml");
    const auto at = text.find("  max_loss");
    std::string off = text;
    off.insert(at, "  require_drill_within: off\n");
    EXPECT_FALSE(parse_config(off).value.decide.require_drill_within.has_value());
    EXPECT_TRUE(parse_config(text).value.decide.require_drill_within.has_value());
}

TEST(ConfigLoader, EveryRuleIsDocumented) {
    const std::string manual = contents_of(source() / "docs/configuration.md");
    for (const Rule& rule : rules()) {
        EXPECT_NE(manual.find(rule.code), std::string::npos) << rule.code;
    }
    for (const AgentRule& rule : agent_rules()) {
        EXPECT_NE(manual.find(rule.code), std::string::npos) << rule.code;
    }
}

TEST(ConfigLoader, AnUnreadableFileIsAnErrorWithItsRemedy) {
    const auto absent = load_config("/nonexistent/farshore.yaml");
    ASSERT_FALSE(absent.has_value());
    EXPECT_EQ(absent.error().kind, ErrorKind::not_found);
    EXPECT_FALSE(absent.error().remedy.empty());
    const auto directory = load_config("/");
    ASSERT_FALSE(directory.has_value());
    const auto wrong =
        load_agent_config((source() / "test/data/config/agent_one_region.yaml").string());
    ASSERT_FALSE(wrong.has_value());
    EXPECT_EQ(wrong.error().kind, ErrorKind::malformed);
    EXPECT_NE(wrong.error().text.find("error[C220]"), std::string::npos) << wrong.error().text;
}

TEST(ConfigLoader, AnUnknownKeyIsToldEachKnownOneOnce) {
    const auto loaded = parse_config("version: 1\napp: shop\nzzzzzzzzzzzz: 1\n");
    const auto unknown = std::ranges::find(loaded.diagnostics, "C104", &Diagnostic::code);
    ASSERT_NE(unknown, loaded.diagnostics.end());
    EXPECT_TRUE(unknown->hint.starts_with("known here: `version`, `app`, ")) << unknown->hint;
    EXPECT_EQ(unknown->hint.find("`app`"), unknown->hint.rfind("`app`")) << unknown->hint;
}

TEST(ConfigLoader, SaysWhatIsNoConfigurationAtAll) {
    for (const std::string_view text : {"", "\n\n", "# nothing yet\n"}) {
        for (const auto& diagnostics :
             {parse_config(text).diagnostics, parse_agent_config(text).diagnostics}) {
            ASSERT_EQ(diagnostics.size(), 1U) << text;
            EXPECT_EQ(diagnostics.front().message, "the file is empty");
            EXPECT_FALSE(diagnostics.front().hint.empty());
        }
    }
    const auto directory = load_config("/");
    ASSERT_FALSE(directory.has_value());
    EXPECT_EQ(directory.error().text, "the configuration / is a directory, not a file");
    EXPECT_EQ(directory.error().code, kUnreadableCode);
    EXPECT_EQ(load_config("/nonexistent/farshore.yaml").error().code, kUnreadableCode);
}

TEST(ConfigLoader, GarbageIsRefusedAndNothingElse) {
    for (const std::string_view text :
         {"\x01", "[", "- a\n- b\n", "{{{{", "a: !!str x", "--- 1\n--- 2\n", ": :", "? ["}) {
        EXPECT_FALSE(parse_config(text).ok()) << text;
        EXPECT_FALSE(parse_agent_config(text).ok()) << text;
    }
    EXPECT_FALSE(parse_config(std::string(20'000, '[')).ok());
}

}  // namespace
}  // namespace farshore::config
