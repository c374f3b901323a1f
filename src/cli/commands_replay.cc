#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cli/context.h"
#include "cli/replay_report.h"
#include "wire/config_loader.h"

namespace farshore::cli {

namespace {

struct ReplayOptions {
    std::vector<std::string> files;
    std::string policy;
};

// The files that are named, or else those beside the store of the configuration. Errors:
// load_config's, not_found.
Result<std::vector<std::string>> files_of(const Context& context, const ReplayOptions& options) {
    if (!options.files.empty()) {
        return options.files;
    }
    const auto config = context.configuration();
    if (!config) {
        return std::unexpected(config.error());
    }
    if (!config->has_value()) {
        return fail(
            ErrorKind::malformed,
            "no recording is named",
            "name its files, oldest first, or the configuration of the controller on this machine "
            "with --config"
        );
    }
    const std::string& store = (*config)->store_path;
    std::vector<std::string> files = recording::files_beside(store);
    if (files.empty()) {
        return fail(
            ErrorKind::not_found,
            "no recording stands beside " + store,
            "recordings are on the controller's machine; `recording.keep_for` must not be `off`"
        );
    }
    return files;
}

int run_replay(const Context& context, const ReplayOptions& options) {
    std::optional<config::Config> policy;
    if (!options.policy.empty()) {
        auto loaded = config::load_config(options.policy);
        if (!loaded) {
            return failed_with(loaded.error());
        }
        policy = std::move(*loaded);
    }
    const auto files = files_of(context, options);
    if (!files) {
        return failed_with(files.error());
    }
    const auto report = replay_files(*files, policy ? &*policy : nullptr);
    if (!report) {
        return failed_with(report.error());
    }
    for (const ReplayedFile& file : report->files) {
        if (file.found.end == recording::End::damaged) {
            print_error(
                {.kind = ErrorKind::malformed,
                 .text = file.path + " is damaged: " + file.found.why,
                 .remedy = fmt::format("the {} lines before are used", file.found.lines)}
            );
        } else if (file.found.end == recording::End::cut) {
            print_message(
                file.path + ": " + file.found.why +
                ": it is being written, or its controller was killed; what it holds is used"
            );
        }
    }
    if (is_table(context.format)) {
        fmt::print("{}", replay_text(*report));
    } else {
        print_document(context.format, replay_document(*report));
    }
    return report->difference ? kFailed : report->is_damaged() ? kInconclusive : kDone;
}

}  // namespace

void add_replay_command(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand(
        "replay",
        "Make recorded decisions again: exit 1 when one is another now, 9 when a file is damaged"
    );
    auto options = std::make_shared<ReplayOptions>();
    command->add_option(
        "FILE",
        options->files,
        "Files of one recording, oldest first (default: those beside the configuration's store)"
    );
    command->add_option(
        "--policy",
        options->policy,
        "Say what this farshore.yaml would have decided: when it would have begun a failover, and "
        "which guards would have refused"
    );
    command->callback([&context, options] {
        context.run = [&context, options] {
            return run_replay(context, *options);
        };
    });
}

}  // namespace farshore::cli
