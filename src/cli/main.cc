#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/unknown_command.h"

namespace farshore::cli {

namespace {

int usage_error(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
    const auto unknown = unknown_command(app, {argv + 1, argv + argc});
    print_error(unknown.value_or(
        Error{.kind = ErrorKind::malformed, .text = error.what(), .remedy = "farshore --help"}
    ));
    return kUsage;
}

int run(int argc, char** argv) {
    CLI::App app;
    Context context;
    std::string format = "table";
    add_commands(app, context, format);
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
