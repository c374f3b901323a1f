#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "core/failover/readiness.h"

namespace farshore::cli {
namespace {

namespace fs = std::filesystem;

// What the sources call a command and the command line does not know, with the reason.
const std::map<std::string, std::string> kNotCommands{
    {"farshore drill run", "of src/core: drills have no command in this version"},
    {"farshore init", "all commands about credentials"},
    {"farshore init token", "what it needs is in the manual"},
    {"farshore lab", "all commands about a world"},
    {"farshore lab fault", "prints its grammar, and is a usage error"},
    {"farshore lab storefront", "hidden: started by a world with everything it needs"},
    {"farshore lab shoppers", "hidden, the same"},
    {"farshore provision", "its plan and its apply together"},
    {"farshore provision export", "all of its commands"},
    {"farshore provision export cloudformation", "the manual says what it needs"},
};

std::string contents_of(const fs::path& path) {
    const std::ifstream in{path};
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

// Literals that follow each other are one text.
std::string with_joined_literals(const std::string& text) {
    return std::regex_replace(text, std::regex{R"("\s*\n\s*")"}, "");
}

void find_in(const std::string& text, const std::regex& pattern, std::set<std::string>& commands) {
    for (std::sregex_iterator at{text.begin(), text.end(), pattern}, end; at != end; ++at) {
        commands.insert((*at)[1].str());
    }
}

// Each command that a remedy, a hint or a manual names: in backticks, or in a text of the program
// behind a colon or at the beginning of a line.
std::set<std::string> named_commands() {
    const std::regex in_backticks{"`(farshore [a-z-][^`\n]*)`"};
    const std::regex in_a_text{R"re((?:: |\\n  )(farshore [a-z][^"`\\;)]*))re"};
    const std::regex as_a_text{R"re("(farshore [a-z][^"`:;{]*))re"};
    const fs::path root{FARSHORE_SOURCE_DIR};
    std::set<std::string> commands;
    for (const auto& entry : fs::recursive_directory_iterator{root / "src"}) {
        const fs::path& path = entry.path();
        if (path.filename().string().ends_with("_test.cc") ||
            (path.extension() != ".cc" && path.extension() != ".h")) {
            continue;
        }
        const std::string text = with_joined_literals(contents_of(path));
        find_in(text, in_backticks, commands);
        find_in(text, in_a_text, commands);
        find_in(text, as_a_text, commands);
    }
    const fs::path docs = root / "docs";
    for (const fs::path& manual :
         {root / "README.md", docs / "configuration.md", docs / "commands.md"}) {
        find_in(contents_of(manual), in_backticks, commands);
    }
    return commands;
}

// Empty: it parses. Nothing is run.
std::string complaint_about(std::string command) {
    // What stands for something that is put in: "{}{}" is a value and what may follow it.
    command = std::regex_replace(command, std::regex{R"(\{[^}]*\}\{[^}]*\})"}, "x");
    command =
        std::regex_replace(command, std::regex{R"( --mode empty-dns --for 1m\{\})"}, " --for 1m");
    command = std::regex_replace(command, std::regex{R"((lab down|lab up)\{\})"}, "$1");
    command = std::regex_replace(command, std::regex{R"(\{[^}]*\})"}, "x");
    CLI::App app;
    Context context;
    std::string format;
    add_commands(app, context, format);
    try {
        app.parse(command, true);
    } catch (const CLI::Success&) {
        return {};  // --help
    } catch (const CLI::ParseError& error) {
        return error.what();
    }
    return context.run ? std::string{} : "it names no command";
}

// "switchover", "op abort": what a person can type.
void collect_names(CLI::App& app, const std::string& before, std::vector<std::string>& names) {
    for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
        if (command->get_description().empty()) {
            continue;  // hidden
        }
        const std::string name = before + command->get_name();
        if (command->get_subcommands([](CLI::App*) { return true; }).empty()) {
            names.push_back(name);
        }
        collect_names(*command, name + " ", names);
    }
}

TEST(CommandLine, TheManualHasEveryCommandStatusAndCodeOfReadiness) {
    const std::string manual = contents_of(fs::path{FARSHORE_SOURCE_DIR} / "docs" / "commands.md");
    CLI::App app;
    Context context;
    std::string format;
    add_commands(app, context, format);
    std::vector<std::string> names;
    collect_names(app, "farshore ", names);
    EXPECT_GE(names.size(), 20U);
    for (const std::string& name : names) {
        const bool elsewhere = name.starts_with("farshore init ");  // configuration.md
        EXPECT_TRUE(elsewhere || manual.find("`" + name) != std::string::npos) << name;
    }
    for (const ExitCodeRow& row : kExitCodes) {
        const std::string line = "| " + std::to_string(row.code) + " | " + std::string{row.meaning};
        // The manual has flags and commands in backticks.
        std::string plain = manual;
        std::erase(plain, '`');
        std::string wanted = line;
        std::erase(wanted, '`');
        EXPECT_NE(plain.find(wanted), std::string::npos) << line;
    }
    for (const std::string_view code : core::kShortfallNames) {
        EXPECT_NE(manual.find("| `" + std::string{code} + "` |"), std::string::npos) << code;
    }
}

TEST(CommandLine, EveryCommandThatATextNamesIsOne) {
    const std::set<std::string> commands = named_commands();
    EXPECT_GE(commands.size(), 20U);
    for (const std::string& command : commands) {
        if (!kNotCommands.contains(command)) {
            EXPECT_EQ(complaint_about(command), "") << command;
        }
    }
}

TEST(CommandLine, EachWrongValueIsToldInOneRun) {
    CLI::App app;
    Context context;
    std::string format;
    std::vector<std::string> complaints;
    add_commands(app, context, format);
    collect_complaints(app, complaints);
    app.parse("farshore -o xml pause magento --for soon --reason x", true);
    ASSERT_EQ(complaints.size(), 2U);
    EXPECT_TRUE(complaints[0].starts_with("--output: ")) << complaints[0];
    EXPECT_TRUE(complaints[1].starts_with("--for: not a duration")) << complaints[1];
    complaints.clear();
    app.parse({"", "--reason", "", "pause"});  // in reverse, as CLI11 takes them
    ASSERT_EQ(complaints.size(), 2U);
    EXPECT_TRUE(complaints[0].ends_with(": is empty")) << complaints[0];
    complaints.clear();
    app.parse("farshore -o json pause magento --for 5m --reason x", true);
    EXPECT_TRUE(complaints.empty());
}

TEST(CommandLine, WhatIsNoCommandIsSeen) {
    for (const char* wrong :
         {"farshore sttaus", "farshore op watch", "farshore status --nonsense", "farshore lab"}) {
        EXPECT_NE(complaint_about(wrong), "") << wrong;
    }
    EXPECT_EQ(complaint_about("farshore op watch {}"), "");
    EXPECT_EQ(complaint_about("farshore --help"), "");
}

}  // namespace
}  // namespace farshore::cli
