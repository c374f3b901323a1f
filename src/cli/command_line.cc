#include "cli/command_line.h"

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "base/version.h"

namespace farshore::cli {

namespace {

std::string exit_code_text() {
    std::string out = "Exit status:\n";
    for (const ExitCodeRow& row : kExitCodes) {
        out += fmt::format("  {:>3}  {}\n", static_cast<int>(row.code), row.meaning);
    }
    return out;
}

void add_global_options(CLI::App& app, Context& context, std::string& format) {
    app.add_option("-o,--output", format, "table, wide, json or yaml")
        ->check(CLI::IsMember({"table", "wide", "json", "yaml"}));
    app.add_option("--config", context.config_file, "farshore.yaml (also: FARSHORE_CONFIG)");
    app.add_option(
        "--controller", context.controller, "Address of a controller (also: FARSHORE_CONTROLLER)"
    );
    app.add_option(
        "--token-file", context.token_file, "File with your token (also: FARSHORE_TOKEN_FILE)"
    );
    app.add_option("--ca-file", context.ca_file, "The installation's CA (also: FARSHORE_CA_FILE)");
}

}  // namespace

void add_commands(CLI::App& app, Context& context, std::string& format) {
    app.description(
        "Moves an application with its state in DynamoDB Global Tables out of a failing AWS Region."
    );
    app.name("farshore");
    app.set_version_flag("--version", fmt::format("farshore {}", kVersion));
    app.require_subcommand(1);
    app.fallthrough();
    app.footer(exit_code_text());
    add_global_options(app, context, format);
    add_demo_command(app, context);
    add_init_commands(app, context);
    add_lab_commands(app, context);
    add_status_commands(app, context);
    add_losses_commands(app, context);
    add_doctor_command(app, context);
    add_plan_command(app, context);
    add_provision_commands(app, context);
    add_start_commands(app, context);
    add_pause_commands(app, context);
    add_agents_commands(app, context);
    add_op_commands(app, context);
    add_config_commands(app, context);
    add_replay_command(app, context);
    add_simulate_command(app, context);
}

void collect_complaints(CLI::App& app, std::vector<std::string>& complaints) {
    for (CLI::Option* option : app.get_options()) {
        const std::string name = option->get_name();
        // `--to "$REGION"` of a shell that does not know the variable is not the same as no --to.
        if (option->get_items_expected_max() > 0) {
            option->check([](const std::string& value) {
                return value.empty() ? std::string{"is empty"} : std::string{};
            });
        }
        try {
            for (int index = 0;; ++index) {
                CLI::Validator& check = *option->get_validator(index);
                const auto complain = [original = check, name, &complaints](std::string& value) {
                    const std::string complaint = original(value);
                    if (!complaint.empty()) {
                        complaints.push_back(fmt::format("{}: {}", name, complaint));
                    }
                    return std::string{};
                };
                check.operation(complain);
            }
        } catch (const CLI::OptionNotFound&) {
            continue;  // that was the last check
        }
    }
    for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
        collect_complaints(*command, complaints);
    }
}

}  // namespace farshore::cli
