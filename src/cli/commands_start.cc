#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "cli/operation_calls.h"

// switchover, failover, failback: what starts an operation.
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
    std::vector<std::string> levers;
    bool accept_unfenced = false;
    bool accept_unknown = false;
    bool wait = false;
    std::string timeout = "10m";
};

// A failover needs the app's name, typed or given: a flag like --yes is too easy to keep in a
// script.
int confirm_failover(
    const json::value& status, const std::string& app, const StartOptions& options
) {
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
    fmt::print(
        stderr,
        "{}\na failover now could lose {} of writes; {} keys are not proven in the standby\n",
        text_at(status, "first_line"),
        age_text(number_at(status, "loss/window_ms", -1)),
        text_at(status, "loss/unproven_writes")
    );
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
    add_levers(body, options.levers);
    if (options.accept_unfenced) {
        body["accept_unfenced"] = true;
    }
    if (options.accept_unknown) {
        body["accept_unknown"] = true;
    }
    if (options.verb == "failover") {
        body["confirm"] = app;
    }
    return body;
}

int said_started(const Context& context, const json::value& answer, const std::string& id) {
    if (is_table(context.format)) {
        fmt::print("{}\n", id);
    } else {
        print_document(context.format, answer);
    }
    print_message(fmt::format("follow it with: farshore op watch {}", id));
    return kDone;
}

// The request got no answer, and may have been carried out: nobody should have to guess.
int without_answer(
    const Context& context,
    ApiClient& client,
    const StartOptions& options,
    const std::string& app,
    const json::value& before,
    Error error
) {
    if (error.effect == Effect::possible) {
        const std::string id = operation_since(client, app, options.verb, before);
        if (!id.empty()) {
            print_message(error.text);
            print_message(fmt::format("the {} was started", options.verb));
            return said_started(context, json::object{{"id", id}, {"operation", id}}, id);
        }
        error.remedy =
            fmt::format("the {} may have been started: `farshore op list` shows it", options.verb);
    }
    return failed_with(error);
}

int run_start(const Context& context, const StartOptions& options) {
    const auto app = context.app(options.app);
    if (!app) {
        return failed_with(app.error());
    }
    return with_controller(context, [&](ApiClient& client) {
        const auto before = status_for(client, *app, options.to);
        if (!before) {
            return failed_with(before.error());
        }
        if (options.verb == "failover") {
            const int confirmed = confirm_failover(*before, *app, options);
            if (confirmed != kDone) {
                return confirmed;
            }
        }
        const auto answer = client.post(app_target(*app, options.verb), start_body(options, *app));
        if (!answer) {
            return without_answer(context, client, options, *app, *before, answer.error());
        }
        if (!answer->ok()) {
            return refused(*answer);
        }
        const std::string id = text_at(answer->document, "id");
        if (id.empty()) {
            // Nothing to do is a success: the app is there already.
            if (is_table(context.format)) {
                fmt::print("{}\n", text_at(answer->document, "text"));
            } else {
                print_document(context.format, answer->document);
            }
            return static_cast<int>(kDone);
        }
        if (!options.wait) {
            return said_started(context, answer->document, id);
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
    add_levers_option(*command, options->levers);
    auto* wait = command->add_flag(
        "--wait", options->wait, "Show the operation until it ends; Ctrl-C detaches, and it goes on"
    );
    command
        ->add_option(
            "--timeout",
            options->timeout,
            "With --wait: stop watching after this time; the operation goes on (10m)"
        )
        ->needs(wait)
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
    if (verb != "failover") {
        command->add_flag(
            "--accept-unknown",
            options->accept_unknown,
            "Do not wait for writes that got no answer: the service may carry one out after the "
            "switch, and replace a newer one"
        );
    }
    command->callback([&context, options] {
        context.run = [&context, options] {
            return run_start(context, *options);
        };
    });
}

}  // namespace

void add_start_commands(CLI::App& app, Context& context) {
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
}

}  // namespace farshore::cli
