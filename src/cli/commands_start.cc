#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "cli/operation_calls.h"
#include "cli/plan_file.h"
#include "cli/status_view.h"
#include "wire/request_documents.h"

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
    std::string expect_active;
    std::optional<std::uint64_t> expect_epoch;
    std::string plan_file;
    std::string expect_plan;  // the fingerprint that stands in it
    std::string request_id;
    bool accept_unfenced = false;
    bool accept_unknown = false;
    bool wait = false;
    std::string timeout = "10m";
};

bool stdin_is_terminal() {
    return ::isatty(STDIN_FILENO) == 1;
}

// "1764489600123-5f0c77aa": no two requests have the same.
std::string new_request_id() {
    std::random_device random;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return fmt::format(
        "{}-{:08x}", std::chrono::duration_cast<std::chrono::milliseconds>(now).count(), random()
    );
}

std::vector<std::string> standbys_of(const wire::StatusDocument& status) {
    std::vector<std::string> names;
    for (const auto& [name, region] : status.regions) {
        if (name != status.active.value()) {
            names.push_back(name);
        }
    }
    return names;
}

// The target is named, or chosen from a list. There is no default: which Region is "the other one"
// depends on what has happened meanwhile, and a command that is repeated would go back.
int choose_target(const wire::StatusDocument& status, StartOptions& options) {
    const std::vector<std::string> names = standbys_of(status);
    if (!stdin_is_terminal()) {
        print_message(fmt::format(
            "error: a {} names the Region to go to\n  remedy: --to REGION, now {}",
            options.verb,
            joined(names)
        ));
        return kUsage;
    }
    fmt::print(stderr, "writes go to {}; a {} could go to\n", status.active.value(), options.verb);
    for (std::size_t i = 0; i < names.size(); ++i) {
        fmt::print(stderr, "  {}  {}\n", i + 1, region_health(status, names[i]));
    }
    fmt::print(stderr, "type its number or name: ");
    std::string typed;
    std::getline(std::cin, typed);
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (typed == names[i] || typed == std::to_string(i + 1)) {
            options.to = names[i];
            return kDone;
        }
    }
    print_message("declined; nothing was changed");
    return kDeclined;
}

// A failover needs the app's name, typed or given: a flag like --yes is too easy to keep in a
// script.
int confirm_failover(const std::string& app, const StartOptions& options) {
    if (!options.confirm.empty()) {
        if (options.confirm == app) {
            return kDone;
        }
        print_message(
            fmt::format("error: --confirm says `{}`, the app is `{}`", options.confirm, app)
        );
        return kDeclined;
    }
    if (!stdin_is_terminal()) {
        print_message(fmt::format(
            "error: a failover may lose writes and needs the app's name\n  remedy: --confirm {}",
            app
        ));
        return kUsage;
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

json::object start_body(const StartOptions& options, const std::string& app, bool confirmed) {
    wire::ChangeBody body{
        .to = RegionId{options.to},
        .request_id = options.request_id,
        .reason = options.reason,
        .confirm = confirmed ? app : std::string{},
        .levers = levers_from(options.levers),
        .accept_unfenced = options.accept_unfenced,
        .accept_unknown = options.accept_unknown,
        .expect_plan = options.expect_plan
    };
    if (const auto loss = duration_from(options.accept_loss)) {
        body.accept_loss = *loss;
    }
    if (!options.expect_active.empty()) {
        body.expect_active = RegionId{options.expect_active};
    }
    if (options.expect_epoch) {
        body.expect_epoch = Epoch{*options.expect_epoch};
    }
    return wire::to_json(body);
}

// What is to be seen of an operation that was started: its end, or its id.
int follow(
    const Context& context,
    ApiClient& client,
    const StartOptions& options,
    const json::value& answer,
    const std::string& id
) {
    if (options.wait) {
        print_message(fmt::format("operation {}", id));
        return watch_operation(
            context, client, id, duration_from(options.timeout).value_or(Duration::zero())
        );
    }
    if (is_table(context.format)) {
        fmt::print("{}\n", id);
    } else {
        print_document(context.format, answer);
    }
    print_message(fmt::format("follow it with: farshore op watch {}", id));
    return kDone;
}

// The request may have been carried out, and its answer does not say: its own id tells, so the
// operator does not have to guess.
int without_answer(
    const Context& context, ApiClient& client, const StartOptions& options, Error error
) {
    const std::string id = "op-" + options.request_id;
    const auto found = client.get(operation_target(id));
    if (found && found->ok()) {
        print_message(error.text);
        print_message(fmt::format("the {} was started", options.verb));
        const json::object answer{{"id", id}, {"operation", id}};
        return follow(context, client, options, answer, id);
    }
    // Any other answer tells of the question, and not of the operation.
    const auto refusal = found ? found->as<wire::RefusalDocument>() : std::unexpected(error);
    const bool knows_none =
        found && found->status == 404 && refusal && refusal->error.kind == "not_found";
    error.remedy = fmt::format(
        "the {} {}; asking again with `--request-id {}` starts one at the most",
        options.verb,
        knows_none ? "was not started" : "may have been started: `farshore op list` shows it",
        options.request_id
    );
    return failed_with(error);
}

// Asks the operator for the target and for a confirmation, where the request changes something.
int make_sure(
    const wire::StatusDocument& status,
    const std::string& app,
    StartOptions& options,
    bool& confirmed
) {
    if (options.verb == "failback") {
        options.to = status.preferred.value();
    }
    if (options.to.empty()) {
        if (const int chosen = choose_target(status, options); chosen != kDone) {
            return chosen;
        }
    }
    const bool there = status.active.value() == options.to && status.users.value() == options.to &&
                       !status.operation;
    // Nothing is to be confirmed then; the controller decides, and asks for the word if it is not.
    if (there) {
        return kDone;
    }
    if (stdin_is_terminal()) {
        fmt::print(stderr, "{}", change_preview(status, options.verb, options.to));
    }
    if (options.verb == "failover") {
        const int sure = confirm_failover(app, options);
        confirmed = sure == kDone;
        return sure;
    }
    return kDone;
}

// What the file says takes the place of the options that a plan is made from.
Status take_plan(StartOptions& options) {
    if (options.plan_file.empty()) {
        return {};
    }
    auto plan = read_plan_file(options.plan_file);
    if (!plan) {
        return std::unexpected(std::move(plan.error()));
    }
    const std::string verb{to_string(plan->verb)};
    if (verb != options.verb || (!options.app.empty() && options.app != plan->app)) {
        return fail(
            ErrorKind::malformed,
            options.plan_file + " is a plan of a " + verb + " of " + plan->app,
            "farshore " + verb + " --plan " + options.plan_file
        );
    }
    options.app = plan->app;
    options.to = plan->to;
    options.levers = plan->levers;
    options.expect_plan = plan->fingerprint;
    return {};
}

int run_start(const Context& context, StartOptions options) {
    if (const Status taken = take_plan(options); !taken) {
        return failed_with(taken.error());
    }
    const auto app = context.app(options.app);
    if (!app) {
        return failed_with(app.error());
    }
    if (options.request_id.empty()) {
        options.request_id = new_request_id();
    }
    return with_controller(context, [&](ApiClient& client) {
        const auto before = status_for(client, *app, options.to);
        if (!before) {
            return failed_with(before.error());
        }
        bool confirmed = !options.confirm.empty() && options.confirm == *app;
        if (const int sure = make_sure(before->status, *app, options, confirmed); sure != kDone) {
            return sure;
        }
        const std::string target = app_target(*app, options.verb);
        auto answer = client.post(target, start_body(options, *app, confirmed));
        if (answer && !answer->ok() && answer->error().code == "confirm" && !confirmed) {
            // It looked done already, and something is left to do.
            if (const int sure = confirm_failover(*app, options); sure != kDone) {
                return sure;
            }
            answer = client.post(target, start_body(options, *app, true));
        }
        const std::optional<Error> error = !answer        ? std::optional{answer.error()}
                                           : answer->ok() ? std::nullopt
                                                          : std::optional{answer->error()};
        if (error && error->effect == Effect::possible) {
            return without_answer(context, client, options, *error);
        }
        if (!answer) {
            return failed_with(answer.error());
        }
        if (!answer->ok()) {
            return refused(*answer);
        }
        const auto started = answer->as<wire::StartedDocument>();
        if (!started) {
            return failed_with(started.error());
        }
        const std::string id = started->id.value();
        if (id.empty()) {
            // Done already is a success.
            if (is_table(context.format)) {
                fmt::print("{}\n", started->text);
            } else {
                print_document(context.format, answer->document);
            }
            return static_cast<int>(kDone);
        }
        return follow(context, client, options, answer->document, id);
    });
}

// What makes a repetition safe.
void add_safety_options(CLI::App& command, StartOptions& options) {
    command.add_option(
        "--plan",
        options.plan_file,
        "Do what this file of `farshore plan --out FILE` says, or nothing, and exit 5"
    );
    command.add_option(
        "--expect-active",
        options.expect_active,
        "Do nothing, and exit 5, unless this Region is active"
    );
    command.add_option(
        "--expect-epoch",
        options.expect_epoch,
        "Do nothing, and exit 5, unless this epoch is in force"
    );
    command
        .add_option(
            "--request-id",
            options.request_id,
            "A name for this request, of 8 to 64 of a-z, 0-9 and -: however often it is sent, it "
            "starts one operation at the most (default: a new one)"
        )
        ->check([](const std::string& id) {
            return wire::is_request_id(id) ? std::string{}
                                           : std::string{"not 8 to 64 of a-z, 0-9 and -"};
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
        command->add_option(
            "--to", options->to, "The Region to go to; asked for on a terminal, needed elsewhere"
        );
    }
    command->add_option("--reason", options->reason, "For the audit: INC-812")
        ->required(verb == "failover");
    add_safety_options(*command, *options);
    add_levers_option(*command, options->levers);
    for (const char* made_from : {"--to", "--levers"}) {
        if (auto* option = command->get_option_no_throw(made_from)) {
            option->excludes(command->get_option("--plan"));
        }
    }
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
        "Change the active Region as planned: nothing lost, no failed request. Done already where "
        "the Region is active: it is safe to repeat"
    );
    add_start_command(
        app,
        context,
        "failover",
        "Change the active Region in an emergency: loss possible, and measured. Safe to repeat"
    );
    add_start_command(
        app, context, "failback", "A switchover to the preferred Region. Safe to repeat"
    );
}

}  // namespace farshore::cli
