#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "base/text_file.h"
#include "cli/context.h"
#include "cli/lab_directory.h"
#include "cli/live_checks.h"
#include "cli/provision_plan.h"
#include "core/provision/rights.h"

#include "aws_model/endpoint.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

struct IamOptions {
    std::string principal = "controller";
    std::string account;
    std::string host;
    std::vector<std::string> actions;
};

// What applications do with sessions, carts and the like, when nothing else is said.
constexpr std::string_view kUsualActions[] = {
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:Query",
};

core::RightsScope scope_of(const config::Config& config, const IamOptions& options) {
    core::RightsScope scope{
        .partition =
            std::string{aws_model::partition_of(aws_model::model(), config.preferred().value())},
        .account = options.account,
        .app = config.app,
        .regions = {},
        .witness = config.witness,
        .tables = {},
        .epoch_table = config.fence.epoch_table,
        .heartbeat_table = config.detect.heartbeat_table,
        .zone = config.traffic ? config.traffic->zone : "",
        .record = config.traffic ? to_lower(config.traffic->record) : "",
        .application_actions = options.actions
    };
    for (const config::Region& region : config.regions) {
        scope.regions.push_back(region.id);
    }
    for (const config::Table& table : config.tables) {
        scope.tables.push_back(table.name);
    }
    if (!options.host.empty()) {
        scope.host = options.host;
    }
    if (scope.application_actions.empty()) {
        scope.application_actions.assign(std::begin(kUsualActions), std::end(kUsualActions));
    }
    return scope;
}

json::array texts(const std::vector<std::string>& values) {
    return json::array(values.begin(), values.end());
}

json::object statement(const core::Right& right) {
    json::object out{
        {"Sid", right.id},
        {"Effect", "Allow"},
        {"Action", texts(right.actions)},
        {"Resource", texts(right.resources)}
    };
    if (!right.conditions.empty()) {
        json::object conditions;
        for (const core::RightCondition& one : right.conditions) {
            conditions[one.comparison] = json::object{{one.key, texts(one.values)}};
        }
        out["Condition"] = std::move(conditions);
    }
    return out;
}

constexpr TextFile kPlanFile{
    .what = "provision plan", .remedy = "`farshore provision plan --out FILE` writes one"
};
constexpr unsigned kPlanMode = 0600;
constexpr std::size_t kPlanBytesMax = std::size_t{1} << 20U;

struct PlanOptions {
    std::string out;
    bool detailed = false;
};

// The configuration that a command of this family cannot do without.
Result<config::Config> needed_configuration(const Context& context) {
    Result<std::optional<config::Config>> config = context.configuration();
    if (!config) {
        return std::unexpected(config.error());
    }
    if (!*config) {
        return fail(
            ErrorKind::malformed,
            "no configuration is named",
            "name farshore.yaml with --config; `farshore init` writes one"
        );
    }
    return **std::move(config);
}

// The same, of a command that looks at AWS, which takes its keys.
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

int apply_plan(const Context& context, const std::string& file) {
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
    const Applied applied = apply_changes(*config, looked, print_progress);
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

int export_iam(const Context& context, const IamOptions& options) {
    const auto config = needed_configuration(context);
    if (!config) {
        return failed_with(config.error());
    }
    json::array statements;
    for (const core::Right& right : core::rights_of(
             *enum_from<core::Principal>(options.principal), scope_of(*config, options)
         )) {
        statements.push_back(statement(right));
    }
    print_document(
        Format::json, json::object{{"Version", "2012-10-17"}, {"Statement", std::move(statements)}}
    );
    return kDone;
}

std::string wrong_account(const std::string& text) {
    const bool digits = text.size() == 12 && std::ranges::all_of(text, [](char byte) {
                            return byte >= '0' && byte <= '9';
                        });
    return digits ? "" : "is the twelve digits of an AWS account, not '" + text + "'";
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
    make->callback([&context, file] {
        context.run = [&context, file] {
            return apply_plan(context, *file);
        };
    });
    auto* exports = provision->add_subcommand("export", "Write what is needed for other tools");
    exports->require_subcommand(1);
    auto* iam = exports->add_subcommand(
        "iam", "The least-privilege policy of a program's role, made from the configuration"
    );
    auto options = std::make_shared<IamOptions>();
    iam->add_option("--for", options->principal, "Whose role")
        ->check(CLI::IsMember(core::kPrincipalNames))
        ->capture_default_str();
    iam->add_option("--account", options->account, "The AWS account of the tables")
        ->required()
        ->check(wrong_account);
    iam->add_option(
        "--host",
        options->host,
        "An agent's host, when its role is its own (default: ${aws:userid}, for one role of many "
        "hosts; see docs/iam.md)"
    );
    iam->add_option(
        "--action",
        options->actions,
        "What the application behind an agent does with its tables, as dynamodb:PutItem; repeat "
        "(default: get, put, update, delete, query)"
    );
    iam->callback([&context, options] {
        context.run = [&context, options] {
            return export_iam(context, *options);
        };
    });
}

}  // namespace farshore::cli
