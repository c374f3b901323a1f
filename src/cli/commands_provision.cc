#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/text_file.h"
#include "cli/context.h"
#include "cli/lab_directory.h"
#include "cli/live_checks.h"
#include "cli/provision_export.h"
#include "cli/provision_plan.h"
#include "cli/provision_wishes.h"

namespace farshore::cli {

namespace {

constexpr TextFile kPlanFile{
    .what = "provision plan", .remedy = "`farshore provision plan --out FILE` writes one"
};
constexpr unsigned kPlanMode = 0600;
constexpr std::size_t kPlanBytesMax = std::size_t{1} << 20U;

struct PlanOptions {
    std::string out;
    bool detailed = false;
};

// The configuration, of a command that looks at AWS, which takes its keys.
Result<config::Config> usable_configuration(const Context& context) {
    Result<config::Config> config = needed_configuration(context);
    if (config) {
        if (const auto refused = refused_keys(*config)) {
            return fail(ErrorKind::denied, refused->text, refused->remedy);
        }
    }
    return config;
}

int show_plan(const Context& context, const PlanOptions& options) {
    const auto config = usable_configuration(context);
    if (!config) {
        return failed_with(config.error());
    }
    const ProvisionPlan plan = look_at_installation(*config).plan;
    if (is_table(context.format)) {
        fmt::print("{}", text_of(plan));
    } else {
        print_document(context.format, wire::to_json(plan));
    }
    if (!options.out.empty()) {
        const Status written =
            write_file(options.out, to_pretty_json(wire::to_json(plan)), kPlanMode);
        if (!written) {
            return failed_with(written.error());
        }
        print_message("written to " + options.out);
    }
    if (!plan.obstacles.empty()) {
        return kNotReady;
    }
    return options.detailed && plan.count() > 0 ? kChanges : kDone;
}

Result<ProvisionPlan> read_plan(const std::string& path, const std::string& app) {
    const Result<std::string> text = read_text_file(path, kPlanFile);
    if (!text) {
        return std::unexpected(text.error());
    }
    Result<ProvisionPlan> looked_at =
        wire::parse_document<ProvisionPlan>(path, *text, kPlanBytesMax);
    if (looked_at && looked_at->app != app) {
        return fail(
            ErrorKind::malformed,
            path + " is a plan of app " + looked_at->app + ", and the configuration is of " + app,
            kPlanFile.remedy.data()
        );
    }
    return looked_at;
}

int apply_plan(const Context& context, const std::string& file, bool skips_health) {
    const auto config = usable_configuration(context);
    if (!config) {
        return failed_with(config.error());
    }
    const auto looked_at = read_plan(file, config->app.value());
    if (!looked_at) {
        return failed_with(looked_at.error());
    }
    const Looked looked = look_at_installation(*config);
    const ProvisionPlan& now = looked.plan;
    if (const std::string change = not_looked_at(*looked_at, now); !change.empty()) {
        print_error(
            {.kind = ErrorKind::conflict,
             .text =
                 "the installation has changed since the plan was made: now it takes to " + change,
             .remedy = "look at it with `farshore provision plan --out FILE`, and apply that one"}
        );
        return kMoved;
    }
    const Applied applied = apply_changes(*config, looked, skips_health, print_progress);
    print_message(fmt::format("{} of {} changes made", applied.made, now.count()));
    if (!applied.status) {
        print_message("apply the same file again to go on: what is made stays made");
        return failed_with(applied.status.error());
    }
    if (applied.interrupted && applied.made < now.count()) {
        print_message("interrupted; apply the same file again to go on");
        return kInterrupted;
    }
    for (const core::Obstacle& obstacle : now.obstacles) {
        print_error({.kind = ErrorKind::conflict, .text = obstacle.text, .remedy = obstacle.remedy}
        );
    }
    return now.obstacles.empty() ? kDone : kNotReady;
}

}  // namespace

void add_provision_commands(CLI::App& app, Context& context) {
    auto* provision = app.add_subcommand("provision", "What Farshore needs in AWS");
    provision->require_subcommand(1);
    auto* show = provision->add_subcommand(
        "plan", "What is missing in AWS, and what a person must decide first; changes nothing"
    );
    auto plan_options = std::make_shared<PlanOptions>();
    show->add_option("--out", plan_options->out, "Write the plan to this file, for `apply`");
    show->add_flag(
        "--detailed-exitcode", plan_options->detailed, "Exit 2 when there is something to make"
    );
    show->callback([&context, plan_options] {
        context.run = [&context, plan_options] {
            return show_plan(context, *plan_options);
        };
    });
    auto* make = provision->add_subcommand(
        "apply",
        "Make what a plan names, and nothing else; deletes nothing, and may be run again at any "
        "time"
    );
    auto file = std::make_shared<std::string>();
    make->add_option("FILE", *file, "The file of `provision plan --out`")->required();
    auto skips_health = std::make_shared<bool>(false);
    make->add_flag(
        "--skip-health",
        *skips_health,
        "Set the records though Route 53 does not find both stacks healthy"
    );
    make->callback([&context, file, skips_health] {
        context.run = [&context, file, skips_health] {
            return apply_plan(context, *file, *skips_health);
        };
    });
    add_export_commands(*provision, context);
}

}  // namespace farshore::cli
