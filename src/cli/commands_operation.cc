#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/net/http_message.h"
#include "base/text.h"
#include "cli/context.h"
#include "cli/status_view.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

struct StartOptions {
    std::string verb;
    std::string app;
    std::string to;
    std::string reason;
    std::string confirm;
    std::string accept_loss;
    bool accept_unfenced = false;
    bool wait = false;
    std::string timeout = "10m";
};

std::string app_target(const std::string& app, std::string_view verb) {
    return "/v1/apps/" + net::percent_encode(app) + "/" + std::string{verb};
}

// CLI11 shows the text as a usage error.
std::string must_be_duration(const std::string& text) {
    return duration_from(text) ? std::string{} : "not a duration: write 500ms, 5s, 2m or 1h";
}

int exit_code_of_outcome(const json::value& operation) {
    const std::string outcome = text_at(operation, "outcome");
    if (outcome == "done") {
        return kDone;
    }
    if (outcome == "partly_done") {
        return kPartlyDone;
    }
    return outcome == "running" ? kStillRunning : kFailed;
}

// A refusal with the guards that refused.
int refused(const Answer& answer) {
    const json::value* guards = value_at(answer.document, "error/guards");
    const int code = failed_with(answer.error());
    if (guards == nullptr) {
        return code;
    }
    fmt::print(stderr, "{}", guards_table(*guards));
    return kGuardRefused;
}

int watch_operation(
    const Context& context, ApiClient& client, const std::string& id, Duration timeout
) {
    const std::string target = "/v1/operations/" + net::percent_encode(id);
    const bool as_table = is_table(context.format);
    const auto end = client.watch(target + "/watch", timeout, [&](const json::value& entry) {
        // The table form is for people, so it goes where their eyes are; the document comes at the
        // end.
        if (as_table && value_at(entry, "kind") != nullptr) {
            fmt::print("{}\n", journal_line(entry));
            std::fflush(stdout);
        }
    });
    if (!end) {
        return failed_with(end.error());
    }
    if (*end != WatchEnd::finished) {
        print_message(fmt::format(
            "{}; the operation goes on: farshore op watch {}",
            *end == WatchEnd::detached ? "detached" : "timed out",
            id
        ));
        return kStillRunning;
    }
    const auto answer = client.get(target);
    if (!answer) {
        return failed_with(answer.error());
    }
    if (!answer->ok()) {
        return failed_with(answer->error());
    }
    if (as_table) {
        const std::string why = text_at(answer->document, "why");
        fmt::print(
            "{} {}{}\n",
            text_at(answer->document, "verb"),
            text_at(answer->document, "outcome"),
            why.empty() ? "" : ": " + why
        );
    } else {
        print_document(context.format, answer->document);
    }
    return exit_code_of_outcome(answer->document);
}

// A failover needs the app's name, typed or given: a flag like --yes is too easy to keep in a
// script.
int confirm_failover(ApiClient& client, const std::string& app, const StartOptions& options) {
    if (!options.confirm.empty()) {
        if (options.confirm == app) {
            return kDone;
        }
        print_message(
            fmt::format("error: --confirm says `{}`, the app is `{}`", options.confirm, app)
        );
        return kDeclined;
    }
    if (::isatty(STDIN_FILENO) != 1) {
        print_message(fmt::format(
            "error: a failover may lose writes and needs the app's name\n  remedy: --confirm {}",
            app
        ));
        return kUsage;
    }
    const auto status = client.get("/v1/status?app=" + net::percent_encode(app));
    if (status && status->ok()) {
        fmt::print(
            stderr,
            "{}\na failover now could lose {} of writes; {} keys are not proven in the standby\n",
            text_at(status->document, "first_line"),
            age_text(number_at(status->document, "loss/window_ms", -1)),
            text_at(status->document, "loss/unproven_writes")
        );
    }
    fmt::print(stderr, "type the app's name to go on: ");
    std::string typed;
    std::getline(std::cin, typed);
    if (typed == app) {
        return kDone;
    }
    print_message("declined; nothing was changed");
    return kDeclined;
}

json::object start_body(const StartOptions& options, const std::string& app) {
    json::object body;
    if (!options.to.empty()) {
        body["to"] = options.to;
    }
    if (!options.reason.empty()) {
        body["reason"] = options.reason;
    }
    if (const auto loss = duration_from(options.accept_loss)) {
        body["accept_loss_ms"] = to_ms(*loss);
    }
    if (options.accept_unfenced) {
        body["accept_unfenced"] = true;
    }
    if (options.verb == "failover") {
        body["confirm"] = app;
    }
    return body;
}

int run_start(const Context& context, const StartOptions& options) {
    const auto app = context.app(options.app);
    if (!app) {
        return failed_with(app.error());
    }
    return with_controller(context, [&](ApiClient& client) {
        if (options.verb == "failover") {
            const int confirmed = confirm_failover(client, *app, options);
            if (confirmed != kDone) {
                return confirmed;
            }
        }
        const auto answer = client.post(app_target(*app, options.verb), start_body(options, *app));
        if (!answer) {
            return failed_with(answer.error());
        }
        if (!answer->ok()) {
            return refused(*answer);
        }
        const std::string id = text_at(answer->document, "id");
        if (id.empty()) {
            // Nothing to do is a success: the app is there already.
            fmt::print("{}\n", text_at(answer->document, "text"));
            return static_cast<int>(kDone);
        }
        if (!options.wait) {
            fmt::print("{}\n", id);
            print_message(fmt::format("follow it with: farshore op watch {}", id));
            return static_cast<int>(kDone);
        }
        print_message(fmt::format("operation {}", id));
        return watch_operation(
            context, client, id, duration_from(options.timeout).value_or(Duration::zero())
        );
    });
}

void add_start_command(
    CLI::App& app, Context& context, const std::string& verb, const std::string& help
) {
    auto* command = app.add_subcommand(verb, help);
    auto options = std::make_shared<StartOptions>();
    options->verb = verb;
    command->add_option("APP", options->app, "The app (default: the configuration's)");
    if (verb != "failback") {
        command->add_option("--to", options->to, "The Region to go to (default: the other one)");
    }
    command->add_option("--reason", options->reason, "For the audit: INC-812");
    command->add_flag(
        "--wait", options->wait, "Show the operation until it ends; Ctrl-C detaches, and it goes on"
    );
    command
        ->add_option(
            "--timeout",
            options->timeout,
            "With --wait: stop watching after this time; the operation goes on (10m)"
        )
        ->check(must_be_duration);
    if (verb == "failover") {
        command
            ->add_option(
                "--accept-loss", options->accept_loss, "Go on when up to this much may be lost: 5s"
            )
            ->check(must_be_duration);
        command->add_flag(
            "--accept-unfenced",
            options->accept_unfenced,
            "Go on although the old Region may still write"
        );
        command->add_option("--confirm", options->confirm, "The app's name, instead of typing it");
    }
    command->callback([&context, options] {
        context.run = [&context, options] {
            return run_start(context, *options);
        };
    });
}

struct PlanOptions {
    std::string verb = "failover";
    std::string app;
    std::string to;
};

void add_plan_command(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("plan", "What would be done, and why not");
    auto options = std::make_shared<PlanOptions>();
    command->add_option("VERB", options->verb, "switchover, failover or failback")
        ->check(CLI::IsMember({"switchover", "failover", "failback"}));
    command->add_option("APP", options->app, "The app (default: the configuration's)");
    command->add_option("--to", options->to, "The Region to go to");
    command->callback([&context, options] {
        context.run = [&context, options] {
            const auto app_name = context.app(options->app);
            if (!app_name) {
                return failed_with(app_name.error());
            }
            return with_controller(context, [&](ApiClient& client) {
                json::object body{{"verb", options->verb}};
                if (!options->to.empty()) {
                    body["to"] = options->to;
                }
                const auto answer = client.post(app_target(*app_name, "plan"), body);
                if (!answer) {
                    return failed_with(answer.error());
                }
                if (!answer->ok()) {
                    return refused(*answer);
                }
                if (is_table(context.format)) {
                    fmt::print("{}", plan_table(answer->document));
                } else {
                    print_document(context.format, answer->document);
                }
                const json::value* allowed = value_at(answer->document, "allowed");
                return static_cast<int>(
                    allowed != nullptr && *allowed == false ? kGuardRefused : kDone
                );
            });
        };
    });
}

struct PauseOptions {
    std::string app;
    std::string length = "1h";
    std::string reason;
};

// Posts and prints the one line that the controller answers, or `said` when it has none.
int post_and_say(
    const Context& context,
    const std::string& target,
    const json::object& body,
    const std::string& said = "done"
) {
    return with_controller(context, [&](ApiClient& client) {
        const auto answer = client.post(target, body);
        if (!answer) {
            return failed_with(answer.error());
        }
        if (!answer->ok()) {
            return refused(*answer);
        }
        if (is_table(context.format)) {
            const std::string text = text_at(answer->document, "text");
            fmt::print("{}\n", text.empty() ? said : text);
        } else {
            print_document(context.format, answer->document);
        }
        return static_cast<int>(kDone);
    });
}

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
            const json::object body{
                {"for_ms", to_ms(*duration_from(options->length))}, {"reason", options->reason}
            };
            return post_and_say(context, app_target(*app_name, "pause"), body);
        };
    });
    auto* resume = app.add_subcommand("resume", "End a pause");
    auto resume_app = std::make_shared<std::string>();
    resume->add_option("APP", *resume_app, "The app (default: the configuration's)");
    resume->callback([&context, resume_app] {
        context.run = [&context, resume_app] {
            const auto app_name = context.app(*resume_app);
            if (!app_name) {
                return failed_with(app_name.error());
            }
            return post_and_say(context, app_target(*app_name, "resume"), {});
        };
    });
}

void add_op_commands(CLI::App& app, Context& context) {
    auto* op = app.add_subcommand("op", "Operations: list, show, watch, abort");
    op->require_subcommand(1);
    auto* list = op->add_subcommand("list", "All operations, newest first");
    list->callback([&context] {
        context.run = [&context] {
            return show(context, "/v1/operations", operations_table);
        };
    });
    const auto with_id = [&](const char* name, const char* help, auto body) {
        auto* command = op->add_subcommand(name, help);
        auto id = std::make_shared<std::string>();
        command->add_option("ID", *id, "The operation")->required();
        command->callback([&context, id, body] {
            context.run = [&context, id, body] {
                return body(context, *id);
            };
        });
        return command;
    };
    (void)with_id(
        "show",
        "Phases, steps and losses of one",
        [](const Context& given, const std::string& id) {
            return show(given, "/v1/operations/" + net::percent_encode(id), operation_table);
        }
    );
    (void)with_id(
        "abort",
        "Give it up, where that is still safe",
        [](const Context& given, const std::string& id) {
            return post_and_say(
                given,
                "/v1/operations/" + net::percent_encode(id) + "/abort",
                {},
                "abort of " + id + " asked for"
            );
        }
    );
    auto timeout = std::make_shared<std::string>("10m");
    auto* watch = with_id(
        "watch",
        "Follow one until it ends",
        [timeout](const Context& given, const std::string& id) {
            return with_controller(given, [&](ApiClient& client) {
                return watch_operation(
                    given, client, id, duration_from(*timeout).value_or(Duration::zero())
                );
            });
        }
    );
    watch->add_option("--timeout", *timeout, "Stop watching after this time (10m)")
        ->check(must_be_duration);
}

}  // namespace

void add_operation_commands(CLI::App& app, Context& context) {
    add_plan_command(app, context);
    add_start_command(
        app,
        context,
        "switchover",
        "Change the active Region as planned: nothing lost, no failed request"
    );
    add_start_command(
        app,
        context,
        "failover",
        "Change the active Region in an emergency: loss possible, and measured"
    );
    add_start_command(app, context, "failback", "A switchover to the preferred Region");
    add_pause_commands(app, context);
    add_op_commands(app, context);
}

}  // namespace farshore::cli
