#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/standard_output.h"
#include "cli/command_line.h"
#include "cli/unknown_command.h"

namespace farshore::cli {

namespace {

int usage_error(std::vector<std::string> complaints, const std::optional<Error>& unknown) {
    if (unknown) {
        print_error(*unknown);
        return kUsage;
    }
    const std::string last = complaints.back();
    complaints.pop_back();
    for (const std::string& complaint : complaints) {
        print_error({.kind = ErrorKind::malformed, .text = complaint});
    }
    print_error({.kind = ErrorKind::malformed, .text = last, .remedy = "farshore --help"});
    return kUsage;
}

int run(int argc, char** argv) {
    CLI::App app;
    Context context;
    std::string format = "table";
    add_commands(app, context, format);
    std::vector<std::string> complaints;
    collect_complaints(app, complaints);
    if (argc == 1) {
        fmt::print(stderr, "{}", app.help());
        return kUsage;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& asked) {
        std::ostringstream text;  // --help, --version
        const int status = app.exit(asked, text);
        write_output(text.str());
        return status;
    } catch (const CLI::ParseError& error) {
        // What is no number, say, is not told twice.
        const std::string text = error.what();
        const bool told = std::ranges::any_of(complaints, [&](const std::string& complaint) {
            return text.contains(complaint.substr(0, complaint.find(':')));
        });
        if (!told) {
            complaints.push_back(text);
        }
        return usage_error(std::move(complaints), unknown_command(app, {argv + 1, argv + argc}));
    }
    if (!complaints.empty()) {
        return usage_error(std::move(complaints), std::nullopt);
    }
    context.format = enum_from<Format>(format).value_or(Format::table);
    return context.run ? context.run() : static_cast<int>(kUsage);
}

// Whatever else the status would have said: what the reader has of the output is not all of it.
int finished(int status) {
    const Status written = flush_output();
    if (written) {
        return status;
    }
    print_error(written.error());
    return kCannotWrite;
}

}  // namespace

}  // namespace farshore::cli

int main(int argc, char** argv) {
    try {
        return farshore::cli::finished(farshore::cli::run(argc, argv));
    } catch (const std::exception& error) {
        // fmt throws where a stream takes no more.
        if (std::ferror(stdout) == 0 && std::ferror(stderr) == 0) {
            std::fprintf(stderr, "farshore: a bug, please report it: %s\n", error.what());
            return 70;
        }
        std::fprintf(
            stderr,
            "error: the output could not be written: %s\n  remedy: %s\n",
            error.what(),
            std::string{farshore::kOutputRemedy}.c_str()
        );
        return farshore::cli::kCannotWrite;
    }
}
