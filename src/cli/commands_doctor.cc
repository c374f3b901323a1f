#include <CLI/CLI.hpp>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/net/http_message.h"
#include "cli/context.h"
#include "cli/live_checks.h"

// doctor: is everything that a failover relies on what the configuration takes it for?
namespace farshore::cli {

namespace json = boost::json;

namespace {

using State = LiveCheck::State;

std::vector<LiveCheck> ask_controller(const Context& context, const config::Config& config) {
    const auto wrong = [](const Error& error) {
        return std::vector<LiveCheck>{
            {.what = "controller", .state = State::wrong, .text = error.text, .remedy = error.remedy
            }
        };
    };
    const auto access = context.access();
    if (!access) {
        return wrong(access.error());
    }
    ApiClient client{*access};
    const auto answer = client.get("/v1/status?app=" + net::percent_encode(config.app.value()));
    if (!answer) {
        return wrong(answer.error());
    }
    if (!answer->ok()) {
        return wrong(answer->error());
    }
    const auto status = answer->as<wire::StatusDocument>();
    if (status) {
        return controller_checks(*status);
    }
    // What it says cannot be read: whether a failover could start is not known.
    std::vector<LiveCheck> checks = wrong(status.error());
    checks.front().state = State::unchecked;
    return checks;
}

std::string in_words(LiveVerdict verdict) {
    switch (verdict) {
        case LiveVerdict::ready: return "ready";
        case LiveVerdict::not_ready: return "not ready";
        case LiveVerdict::unchecked:
            return "not known to be ready: something could not be looked at";
    }
    std::unreachable();
}

int run_doctor(const Context& context) {
    const auto loaded = context.configuration();
    if (!loaded) {
        return failed_with(loaded.error());
    }
    if (!loaded->has_value()) {
        return failed_with(
            {.kind = ErrorKind::malformed,
             .text = "no configuration file",
             .remedy = "name it with --config or FARSHORE_CONFIG"}
        );
    }
    std::vector<LiveCheck> checks = look_up_names(**loaded);
    const auto add = [&checks](std::vector<LiveCheck> more) {
        checks.insert(
            checks.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end())
        );
    };
    add(try_rights(**loaded));
    add(ask_controller(context, **loaded));
    const LiveVerdict verdict = verdict_of(checks);
    if (is_table(context.format)) {
        fmt::print("{}{}\n", checks_text(checks), in_words(verdict));
    } else {
        print_document(
            context.format,
            json::object{
                {"ready", verdict == LiveVerdict::ready},
                {"verdict", to_string(verdict)},
                {"checks", checks_document(checks)}
            }
        );
    }
    return exit_code_of(verdict);
}

}  // namespace

void add_doctor_command(CLI::App& app, Context& context) {
    auto* doctor = app.add_subcommand(
        "doctor",
        "Look up everything that the configuration names: tables and their keys, replication, "
        "rights, record, and whether the controller is ready; exit 3 when something is wrong, 9 "
        "when something could not be looked at"
    );
    doctor->callback([&context] {
        context.run = [&context] {
            return run_doctor(context);
        };
    });
}

}  // namespace farshore::cli
