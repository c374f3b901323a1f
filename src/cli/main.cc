#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "cli/context.h"
#include "cli/unknown_command.h"
#include "cli/version.h"

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

int usage_error(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
    const auto unknown = unknown_command(app, {argv + 1, argv + argc});
    print_error(unknown.value_or(
        Error{.kind = ErrorKind::malformed, .text = error.what(), .remedy = "farshore --help"}
    ));
    return kUsage;
}

int run(int argc, char** argv) {
    CLI::App app{
        "Moves an application with its state in DynamoDB Global Tables out of a failing AWS Region."
    };
    app.name("farshore");
    app.set_version_flag("--version", fmt::format("farshore {}", kVersion));
    app.require_subcommand(1);
    app.fallthrough();
    app.footer(exit_code_text());
    Context context;
    std::string format = "table";
    add_global_options(app, context, format);
    add_demo_command(app, context);
    add_lab_commands(app, context);
    add_status_commands(app, context);
    add_plan_command(app, context);
    add_start_commands(app, context);
    add_pause_commands(app, context);
    add_op_commands(app, context);
    add_config_commands(app, context);
    if (argc == 1) {
        fmt::print(stderr, "{}", app.help());
        return kUsage;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& asked) {
        return app.exit(asked);  // --help, --version
    } catch (const CLI::ParseError& error) {
        return usage_error(app, error, argc, argv);
    }
    context.format = enum_from<Format>(format).value_or(Format::table);
    return context.run ? context.run() : static_cast<int>(kUsage);
}

}  // namespace

}  // namespace farshore::cli

int main(int argc, char** argv) {
    try {
        return farshore::cli::run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "farshore: a bug, please report it: %s\n", error.what());
        return 70;
    }
}
