#include <CLI/CLI.hpp>
#include <memory>

#include <boost/json.hpp>

#include "base/text.h"
#include "cli/operation_calls.h"
#include "wire/request_documents.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

struct PauseOptions {
    std::string app;
    std::string length = "1h";
    std::string reason;
};

}  // namespace

void add_pause_commands(CLI::App& app, Context& context) {
    auto* pause = app.add_subcommand("pause", "No automatic failover for a while");
    auto options = std::make_shared<PauseOptions>();
    pause->add_option("APP", options->app, "The app (default: the configuration's)");
    pause->add_option("--for", options->length, "How long (1h)")->check(must_be_duration);
    pause->add_option("--reason", options->reason, "For the audit")->required();
    pause->callback([&context, options] {
        context.run = [&context, options] {
            const auto app_name = context.app(options->app);
            if (!app_name) {
                return failed_with(app_name.error());
            }
            const wire::PauseBody body{
                .length = *duration_from(options->length), .reason = options->reason
            };
            return post_and_say(context, app_target(*app_name, "pause"), wire::to_json(body));
        };
    });
    auto* resume = app.add_subcommand("resume", "End a pause");
    auto resume_app = std::make_shared<std::string>();
    resume->add_option("APP", *resume_app, "The app (default: the configuration's)");
    auto reason = std::make_shared<std::string>();
    add_reason_option(*resume, *reason);
    resume->callback([&context, resume_app, reason] {
        context.run = [&context, resume_app, reason] {
            const auto app_name = context.app(*resume_app);
            if (!app_name) {
                return failed_with(app_name.error());
            }
            return post_and_say(context, app_target(*app_name, "resume"), with_reason(*reason));
        };
    });
}

}  // namespace farshore::cli
