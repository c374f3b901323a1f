#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>
#include <sstream>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/config_view.h"
#include "cli/context.h"
#include "wire/config_loader.h"

namespace farshore::cli {

namespace {

struct Validate {
    std::vector<std::string> files;
    bool agent = false;
};

// One file: prints its findings to stderr. Warnings do not make it invalid.
int validate_file(const std::string& path, bool agent) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream text;
    if (in) {
        text << in.rdbuf();
    }
    if (!in || text.fail()) {
        print_error(
            {.kind = ErrorKind::not_found,
             .text = "cannot read " + path,
             .remedy = "check its name and mode"}
        );
        return kConfigurationInvalid;
    }
    std::vector<config::Diagnostic> findings;
    bool good = false;
    if (agent) {
        auto loaded = config::parse_agent_config(text.str());
        good = loaded.ok();
        findings = std::move(loaded.diagnostics);
    } else {
        auto loaded = config::parse_config(text.str());
        good = loaded.ok();
        findings = std::move(loaded.diagnostics);
    }
    for (const config::Diagnostic& finding : findings) {
        fmt::print(stderr, "{}", config::render(finding, path, text.str()));
    }
    if (good) {
        fmt::print("{}: valid\n", path);
    }
    return good ? kDone : kConfigurationInvalid;
}

}  // namespace

void add_config_commands(CLI::App& app, Context& context) {
    auto* validate = app.add_subcommand(
        "validate", "Check configuration files: every mistake, with place and remedy"
    );
    auto options = std::make_shared<Validate>();
    validate->add_option(
        "FILE", options->files, "Files to check (default: the one that --config names)"
    );
    validate->add_flag("--agent", options->agent, "They are agent.yaml files");
    validate->callback([&context, options] {
        context.run = [&context, options] {
            std::vector<std::string> files = options->files;
            if (files.empty()) {
                files.push_back(
                    context.config_file.empty() ? "farshore.yaml" : context.config_file
                );
            }
            int worst = kDone;
            for (const std::string& file : files) {
                worst = std::max(worst, validate_file(file, options->agent));
            }
            return worst;
        };
    });

    auto* config = app.add_subcommand("config", "The configuration in force");
    config->require_subcommand(1);
    auto* view = config->add_subcommand("view", "Show it");
    auto effective = std::make_shared<bool>(false);
    view->add_flag("--effective", *effective, "With every default (as it always is)");
    view->callback([&context, effective] {
        context.run = [&context] {
            const auto loaded = context.configuration();
            if (!loaded) {
                return failed_with(loaded.error());
            }
            if (!loaded->has_value()) {
                print_message(
                    "error: no configuration file\n  remedy: name it with --config or "
                    "FARSHORE_CONFIG"
                );
                return static_cast<int>(kUsage);
            }
            // The table form of a configuration is YAML.
            print_document(
                context.format == Format::json ? Format::json : Format::yaml,
                config_document(**loaded)
            );
            return static_cast<int>(kDone);
        };
    });
}

}  // namespace farshore::cli
