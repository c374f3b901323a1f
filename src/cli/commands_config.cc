#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/context.h"
#include "cli/live_checks.h"
#include "wire/config_document.h"
#include "wire/config_loader.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

struct Validate {
    std::vector<std::string> files;
    bool agent = false;
    bool live = false;
};

// What validate found out about one file.
struct Checked {
    std::string path;
    bool ok = false;  // warnings do not make it invalid
    std::vector<config::Diagnostic> findings;
    std::string text;             // what the findings point into
    std::optional<Error> unread;  // there is no text
    std::vector<LiveCheck> live;  // what was looked up, when that was asked for
};

Checked check_file(const std::string& path, const Validate& options) {
    Checked checked{.path = path};
    auto text = config::read_config_text(path);
    if (!text) {
        checked.unread = std::move(text.error());
        return checked;
    }
    checked.text = std::move(*text);
    const auto take = [&checked](auto& loaded) {
        checked.ok = loaded.ok();
        checked.findings = std::move(loaded.diagnostics);
    };
    if (options.agent) {
        auto loaded = config::parse_agent_config(checked.text);
        take(loaded);
        return checked;
    }
    auto loaded = config::parse_config(checked.text);
    take(loaded);
    if (checked.ok && options.live) {
        const auto refused = refused_keys(loaded.value);
        checked.live = refused ? std::vector<LiveCheck>{*refused} : look_up_names(loaded.value);
    }
    return checked;
}

// Findings are messages, so they go to stderr.
void print_checked(const Checked& checked) {
    if (checked.unread) {
        print_error(*checked.unread);
    }
    for (const config::Diagnostic& finding : checked.findings) {
        fmt::print(stderr, "{}", config::render(finding, checked.path, checked.text));
    }
    if (checked.ok) {
        fmt::print("{}: valid\n{}", checked.path, checks_text(checked.live));
    }
}

json::object problem_document(const Checked& checked, const config::Diagnostic& finding) {
    const auto number_or_null = [](std::size_t number) {
        return number == 0 ? json::value(nullptr) : json::value(number);
    };
    return {
        {"file", checked.path},
        {"line", number_or_null(finding.line)},
        {"column", number_or_null(finding.line == 0 ? 0 : finding.column)},
        {"severity", finding.severity == config::Severity::error ? "error" : "warning"},
        {"code", finding.code},
        {"text", finding.message},
        {"remedy", finding.hint},
        {"why", finding.why}
    };
}

// {"ok", "problems": [{"file", "line", "column", "severity", "code", "text", "remedy", "why"}],
// and, when it was asked for, "live": [{"what", "state", "text", "remedy"}]}.
json::object checked_document(const std::vector<Checked>& files, bool looked_up) {
    json::array problems;
    json::array live;
    bool ok = true;
    for (const Checked& checked : files) {
        ok = ok && checked.ok && verdict_of(checked.live) == LiveVerdict::ready;
        for (json::value& check : checks_document(checked.live)) {
            live.push_back(std::move(check));
        }
        if (checked.unread) {
            const config::Diagnostic nowhere{
                .code = checked.unread->code,
                .message = checked.unread->text,
                .hint = checked.unread->remedy
            };
            problems.push_back(problem_document(checked, nowhere));
        }
        for (const config::Diagnostic& finding : checked.findings) {
            problems.push_back(problem_document(checked, finding));
        }
    }
    json::object document{{"ok", ok}, {"problems", std::move(problems)}};
    if (looked_up) {
        document["live"] = std::move(live);
    }
    return document;
}

int run_validate(const Context& context, const Validate& options) {
    std::vector<std::string> files = options.files;
    if (files.empty()) {
        const std::string named = context.config_path();
        files.push_back(options.agent ? "agent.yaml" : named.empty() ? "farshore.yaml" : named);
    }
    std::vector<Checked> checked;
    for (const std::string& file : files) {
        checked.push_back(check_file(file, options));
        if (is_table(context.format)) {
            print_checked(checked.back());
        }
    }
    if (!is_table(context.format)) {
        print_document(context.format, checked_document(checked, options.live));
    }
    if (!std::ranges::all_of(checked, &Checked::ok)) {
        return kConfigurationInvalid;
    }
    std::vector<LiveCheck> live;
    for (const Checked& file : checked) {
        live.insert(live.end(), file.live.begin(), file.live.end());
    }
    return exit_code_of(verdict_of(live));
}

}  // namespace

void add_config_commands(CLI::App& app, Context& context) {
    auto* validate = app.add_subcommand(
        "validate", "Check configuration files: every mistake, with place and remedy"
    );
    auto options = std::make_shared<Validate>();
    validate->add_option(
        "FILE",
        options->files,
        "Files to check (default: the one that --config or FARSHORE_CONFIG names)"
    );
    auto* agent = validate->add_flag("--agent", options->agent, "The files are agent.yaml files");
    validate
        ->add_flag(
            "--live",
            options->live,
            "Look up in AWS what the file names: tables, keys and replicas in each Region, record; "
            "exit 3 when one is wrong, 9 when one could not be looked up"
        )
        ->excludes(agent);
    validate->callback([&context, options] {
        context.run = [&context, options] {
            return run_validate(context, *options);
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
                config::config_document(**loaded)
            );
            return static_cast<int>(kDone);
        };
    });
}

}  // namespace farshore::cli
