#include <CLI/CLI.hpp>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/context.h"
#include "cli/live_checks.h"

// doctor: is everything that a failover relies on what the configuration takes it for?
namespace farshore::cli {

namespace json = boost::json;

namespace {

using State = LiveCheck::State;

LiveCheck ask_controller(const Context& context, const config::Config& config) {
    LiveCheck check{.what = "controller"};
    const auto wrong = [&check](const Error& error) {
        check.state = State::wrong;
        check.text = error.text;
        check.remedy = error.remedy;
        return check;
    };
    const auto access = context.access();
    if (!access) {
        return wrong(access.error());
    }
    ApiClient client{*access};
    const auto answer = client.get("/v1/status?app=" + config.app.value());
    if (!answer) {
        return wrong(answer.error());
    }
    if (!answer->ok()) {
        return wrong(answer->error());
    }
    check.text = text_at(answer->document, "first_line");
    return check;
}

// What hosts say of tables that they write to, whether the configuration names them or not.
std::vector<LiveCheck> ask_hosts(const Context& context) {
    std::vector<LiveCheck> checks;
    const auto access = context.access();
    if (!access) {
        return checks;
    }
    ApiClient client{*access};
    const auto answer = client.get("/v1/status");
    if (!answer || !answer->ok()) {
        return checks;
    }
    for (const json::value& agent : list_at(answer->document, "agents")) {
        for (const json::value& table : list_at(agent, "tables")) {
            checks.push_back(
                {.what = "table " + text_at(table, "table"),
                 .state = State::wrong,
                 .text = fmt::format(
                     "{} cannot prove {} writes, since {} refuses to read their keys: {}",
                     text_at(agent, "host"),
                     text_at(table, "unproven"),
                     text_at(table, "region"),
                     text_at(table, "why")
                 ),
                 .remedy =
                     "make it a global table with a replica there, and let the hosts' role read it"}
            );
        }
    }
    return checks;
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
    checks.push_back(ask_controller(context, **loaded));
    add(ask_hosts(context));
    const bool ready = !any_wrong(checks);
    if (is_table(context.format)) {
        fmt::print("{}{}\n", checks_text(checks), ready ? "ready" : "not ready");
    } else {
        print_document(
            context.format, json::object{{"ready", ready}, {"checks", checks_document(checks)}}
        );
    }
    return ready ? kDone : kNotReady;
}

}  // namespace

void add_doctor_command(CLI::App& app, Context& context) {
    auto* doctor = app.add_subcommand(
        "doctor",
        "Look up everything that the configuration names: tables and their keys, replication, "
        "rights, record, controller; exit 3 when something is wrong"
    );
    doctor->callback([&context] {
        context.run = [&context] {
            return run_doctor(context);
        };
    });
}

}  // namespace farshore::cli
