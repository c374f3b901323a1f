#include "cli/unknown_command.h"

#include <CLI/CLI.hpp>

#include <gtest/gtest.h>

namespace farshore::cli {
namespace {

class UnknownCommand : public testing::Test {
  protected:
    UnknownCommand() {
        app.name("farshore");
        app.require_subcommand(1);
        app.add_option("--config", config);
        auto* status = app.add_subcommand("status");
        status->add_option("APP", app_name);
        auto* lab = app.add_subcommand("lab");
        lab->require_subcommand(1);
        lab->add_subcommand("up");
        lab->add_subcommand("status");
        lab->add_subcommand("serve")->group("");
    }

    std::string told(const std::vector<std::string>& words) {
        const auto error = unknown_command(app, words);
        return error ? error->text + " | " + error->remedy : "";
    }

    CLI::App app;
    std::string config;
    std::string app_name;
};

TEST_F(UnknownCommand, IsNamedWithTheNearestKnownOnes) {
    EXPECT_EQ(told({"sttaus"}), "unknown command `sttaus` | did you mean `status`?");
    EXPECT_EQ(told({"wibble"}), "unknown command `wibble` | farshore --help");
    EXPECT_EQ(told({"x"}), "unknown command `x` | farshore --help");
}

TEST_F(UnknownCommand, IsNamedInsideOtherCommandsToo) {
    EXPECT_EQ(told({"lab", "foo"}), "unknown command `foo` of `farshore lab` | one of up, status");
    EXPECT_EQ(
        told({"lab", "stats"}), "unknown command `stats` of `farshore lab` | did you mean `status`?"
    );
}

TEST_F(UnknownCommand, IsNotAnOptionsValueAndNotAnArgument) {
    EXPECT_EQ(
        told({"--config", "sttaus", "sttatus"}),
        "unknown command `sttatus` | did you mean `status`?"
    );
    EXPECT_EQ(told({"--config=x", "lab", "--config", "y", "up"}), "");
    EXPECT_EQ(told({"status", "shop"}), "");
    EXPECT_EQ(told({"lab"}), "");
    EXPECT_EQ(told({}), "");
}

}  // namespace
}  // namespace farshore::cli
