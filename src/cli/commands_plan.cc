#include <CLI/CLI.hpp>
#include <memory>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/operation_calls.h"
#include "cli/operation_view.h"
#include "cli/plan_file.h"
#include "wire/request_documents.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

struct PlanOptions {
    std::string verb = "failover";
    std::string app;
    std::string to;
    std::vector<std::string> levers;
    std::string out;
};

int run_plan(const Context& context, const PlanOptions& options) {
    const auto app_name = context.app(options.app);
    if (!app_name) {
        return failed_with(app_name.error());
    }
    return with_controller(context, [&](ApiClient& client) {
        if (const auto status = status_for(client, *app_name, options.to); !status) {
            return failed_with(status.error());
        }
        wire::ChangeBody body{.verb = options.verb, .levers = levers_from(options.levers)};
        if (!options.to.empty()) {
            body.to = RegionId{options.to};
        }
        const auto answer = client.post(app_target(*app_name, "plan"), wire::to_json(body));
        if (!answer) {
            return failed_with(answer.error());
        }
        if (!answer->ok()) {
            return refused(*answer);
        }
        const auto plan = answer->as<wire::PlanDocument>();
        if (!plan) {
            return failed_with(plan.error());
        }
        if (is_table(context.format)) {
            fmt::print("{}", plan_table(*plan));
        } else {
            print_document(context.format, answer->document);
        }
        if (!options.out.empty()) {
            if (const Status written = write_plan_file(options.out, answer->document); !written) {
                return failed_with(written.error());
            }
            print_message("written to " + options.out);
        }
        return static_cast<int>(plan->allowed ? kDone : kGuardRefused);
    });
}

}  // namespace

void add_plan_command(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("plan", "Show the steps of a change, and its guards");
    auto options = std::make_shared<PlanOptions>();
    command->add_option("VERB", options->verb, "switchover, failover or failback")
        ->check(CLI::IsMember({"switchover", "failover", "failback"}));
    command->add_option("APP", options->app, "The app (default: the configuration's)");
    command->add_option("--to", options->to, "The Region to go to");
    add_levers_option(*command, options->levers);
    command->add_option(
        "--out",
        options->out,
        "Write the plan to this file; --plan FILE of the change then carries it out"
    );
    command->callback([&context, options] {
        context.run = [&context, options] {
            return run_plan(context, *options);
        };
    });
}

}  // namespace farshore::cli
