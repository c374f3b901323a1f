#include <CLI/CLI.hpp>
#include <memory>

#include "cli/context.h"
#include "cli/demo_story.h"
#include "lab/shop/shoppers.h"

namespace farshore::cli {

CLI::Option* add_habit_option(CLI::App& command, std::string& habit) {
    return command
        .add_option(
            "--dns-habit",
            habit,
            "How long shoppers use a DNS answer: honest (its TTL), libcurl (60 s) or jvm (without "
            "end)"
        )
        ->check(CLI::IsMember(
            std::vector<std::string>{lab::kDnsHabitNames.begin(), lab::kDnsHabitNames.end()}
        ));
}

void add_demo_command(CLI::App& app, Context& context) {
    auto* demo = app.add_subcommand(
        "demo", "Starts a local world, breaks a Region, fails over and back, writes a report"
    );
    auto options = std::make_shared<DemoOptions>();
    demo->add_option("STORY", options->story, "dynamodb (default), servers or region")
        ->check(CLI::IsMember({"dynamodb", "servers", "region"}));
    demo->add_option("--rate", options->rate, "Shoppers' requests per second (100)")
        ->check(CLI::Range(1, 5000));
    add_habit_option(*demo, options->dns_habit);
    demo->add_flag("--keep", options->keep, "Leave the world running");
    demo->add_option("--seed", options->seed, "Seed of everything drawn at random");
    demo->add_option(
        "--out", options->directory, "Where the report goes: a new directory, or an earlier demo's"
    );
    demo->add_option(
        "--dir",
        options->world,
        "Where the world's files are while it lives (below the report; with --keep where `farshore "
        "lab` looks by itself)"
    );
    demo->callback([&context, options] {
        context.run = [options] {
            return tell_story(*options);
        };
    });
}

}  // namespace farshore::cli
