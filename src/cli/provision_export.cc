#include "cli/provision_export.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cli/context.h"
#include "cli/provision_documents.h"
#include "cli/provision_wishes.h"
#include "cli/rights_scope.h"
#include "core/provision/rights.h"
#include "core/provision/stack_plan.h"

namespace farshore::cli {

namespace {

struct RightsOptions {
    std::string account;
    std::string host;
    std::vector<std::string> actions;
};

struct IamOptions : RightsOptions {
    std::string principal = "controller";
};

struct StackOptions : RightsOptions {
    std::string region;
    std::vector<std::string> tables;
};

// What applications do with sessions, carts and the like, when nothing else is said.
constexpr std::string_view kUsualActions[] = {
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:Query",
};

core::RightsScope scope_of(const config::Config& config, const RightsOptions& options) {
    core::RightsScope scope = rights_scope(config, options.account);
    scope.application_actions = options.actions;
    if (!options.host.empty()) {
        scope.host = options.host;
    }
    if (scope.application_actions.empty()) {
        scope.application_actions.assign(std::begin(kUsualActions), std::end(kUsualActions));
    }
    return scope;
}

// Other tools read it, so a table is no choice.
Format exported_as(const Context& context) {
    return context.format == Format::yaml ? Format::yaml : Format::json;
}

int export_iam(const Context& context, const IamOptions& options) {
    const auto config = needed_configuration(context);
    if (!config) {
        return failed_with(config.error());
    }
    print_document(
        exported_as(context),
        policy_document(core::rights_of(
            *enum_from<core::Principal>(options.principal), scope_of(*config, options)
        ))
    );
    return kDone;
}

// "sessions=id:S,at:N".
Result<std::pair<TableName, std::vector<core::StackAttribute>>> key_of(const std::string& text) {
    const std::size_t equals = text.find('=');
    std::vector<core::StackAttribute> key;
    bool good = equals != std::string::npos && equals > 0;
    for (const std::string_view part :
         split(good ? std::string_view{text}.substr(equals + 1) : "", ',')) {
        const std::size_t colon = part.rfind(':');
        const std::string_view type = colon == part.npos ? "S" : part.substr(colon + 1);
        key.push_back({.name = std::string{part.substr(0, colon)}, .type = std::string{type}});
        good = good && !key.back().name.empty() && (type == "S" || type == "N" || type == "B");
    }
    if (!good || key.size() > 2) {
        return fail(
            ErrorKind::malformed,
            "--table is NAME=KEY or NAME=KEY,SORTKEY, not '" + text + "'",
            "a key is the attribute's name and its type, S, N or B: --table sessions=id:S"
        );
    }
    return std::pair{TableName{text.substr(0, equals)}, std::move(key)};
}

// The zone of a load balancer is not in the configuration: it becomes a parameter of that name.
void name_balancer_zone(core::TrafficSide& side, std::string_view parameter) {
    if (side.answer && is_aws_balancer(side.answer->name)) {
        side.answer->alias_zone = parameter;
    }
}

Result<core::StackWish> stack_wish(const config::Config& config, const StackOptions& options) {
    core::StackWish wish{
        .tables = wishes_of(config), .keys = {}, .traffic = {}, .rights = scope_of(config, options)
    };
    for (const std::string& text : options.tables) {
        auto key = key_of(text);
        if (!key) {
            return std::unexpected(key.error());
        }
        if (std::ranges::find(wish.rights.tables, key->first) == wish.rights.tables.end()) {
            return fail(
                ErrorKind::malformed,
                key->first.value() + " is no table of the configuration",
                "name it under `tables`"
            );
        }
        wish.keys.insert(*std::move(key));
    }
    if (config.traffic) {
        wish.traffic = traffic_wish(config);
        name_balancer_zone(wish.traffic->preferred, "LoadBalancerZonePreferred");
        name_balancer_zone(wish.traffic->standby, "LoadBalancerZoneStandby");
    }
    return wish;
}

// Without a stack there is nothing to export.
bool has_stack(const core::StackWish& wish, const RegionId& region) {
    return std::ranges::any_of(wish.tables, [&](const core::TableWish& table) {
        return std::ranges::find(table.regions, region) != table.regions.end();
    });
}

int export_stack(const Context& context, const StackOptions& options) {
    const auto config = needed_configuration(context);
    if (!config) {
        return failed_with(config.error());
    }
    const auto wish = stack_wish(*config, options);
    if (!wish) {
        return failed_with(wish.error());
    }
    const RegionId region = options.region.empty() ? config->preferred() : RegionId{options.region};
    if (!has_stack(*wish, region)) {
        print_error(
            {.kind = ErrorKind::malformed,
             .text = region.value() + " is no Region of the configuration",
             .remedy = "name one of `regions`, or that of `witness`"}
        );
        return kUsage;
    }
    const core::Stack stack = core::stack_of(*wish, region);
    for (const core::Obstacle& obstacle : stack.obstacles) {
        print_error({.kind = ErrorKind::conflict, .text = obstacle.text, .remedy = obstacle.remedy}
        );
    }
    print_document(exported_as(context), stack_template(stack));
    return stack.obstacles.empty() ? kDone : kNotReady;
}

std::string wrong_account(const std::string& text) {
    const bool digits = text.size() == 12 && std::ranges::all_of(text, [](char byte) {
                            return byte >= '0' && byte <= '9';
                        });
    return digits ? "" : "is the twelve digits of an AWS account, not '" + text + "'";
}

void add_rights_options(CLI::App& command, RightsOptions& options) {
    command.add_option("--account", options.account, "The AWS account of the tables")
        ->required()
        ->check(wrong_account);
    command.add_option(
        "--host",
        options.host,
        "An agent's host, when its role is its own (default: ${aws:userid}, for one role of many "
        "hosts; see docs/iam.md)"
    );
    command.add_option(
        "--action",
        options.actions,
        "What the application behind an agent does with its tables, as dynamodb:PutItem; repeat "
        "(default: get, put, update, delete, query)"
    );
}

}  // namespace

void add_export_commands(CLI::App& provision, Context& context) {
    auto* exports = provision.add_subcommand("export", "Write what is needed for other tools");
    exports->require_subcommand(1);
    auto* iam = exports->add_subcommand(
        "iam", "The least-privilege policy of a program's role, made from the configuration"
    );
    auto options = std::make_shared<IamOptions>();
    add_rights_options(*iam, *options);
    iam->add_option("--for", options->principal, "Whose role")
        ->check(CLI::IsMember(core::kPrincipalNames))
        ->capture_default_str();
    iam->callback([&context, options] {
        context.run = [&context, options] {
            return export_iam(context, *options);
        };
    });
    auto* stack = exports->add_subcommand(
        "cloudformation",
        "A Region's CloudFormation template: what `provision apply` makes, and the programs' roles"
    );
    auto stack_options = std::make_shared<StackOptions>();
    add_rights_options(*stack, *stack_options);
    stack->add_option(
        "--region", stack_options->region, "Whose template (default: the preferred Region)"
    );
    stack->add_option(
        "--table",
        stack_options->tables,
        "A table of the application that is to be in the stack of the preferred Region, with its "
        "key: sessions=id:S or orders=customer:S,number:N; repeat"
    );
    stack->callback([&context, stack_options] {
        context.run = [&context, stack_options] {
            return export_stack(context, *stack_options);
        };
    });
}

}  // namespace farshore::cli
