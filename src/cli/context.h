#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/api_client.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "wire/config.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace farshore::cli {

// What all commands share: the global flags, and what the chosen command will do. Flags win over
// the environment, the environment over the configuration file.
struct Context {
    Format format = Format::table;
    std::string config_file;
    std::string controller;
    std::string token_file;
    std::string ca_file;

    std::function<int()> run;  // set by the command that was named

    // The file that is named, or stands where files usually stand; empty: there is none.
    [[nodiscard]] std::string config_path() const;
    // The configuration, when there is a file to read. Errors: load_config's.
    [[nodiscard]] Result<std::optional<config::Config>> configuration() const;
    // Errors: malformed (no controller is known), denied (token file unreadable).
    [[nodiscard]] Result<Access> access() const;
    // The app that is meant: `given`, or the configuration's. Errors: malformed, load_config's.
    [[nodiscard]] Result<std::string> app(const std::string& given) const;
};

void add_config_commands(CLI::App& app, Context& context);
void add_status_commands(CLI::App& app, Context& context);
void add_losses_commands(CLI::App& app, Context& context);  // export, settle
void add_doctor_command(CLI::App& app, Context& context);
void add_plan_command(CLI::App& app, Context& context);
void add_provision_commands(CLI::App& app, Context& context);  // provision export
void add_replay_command(CLI::App& app, Context& context);
void add_simulate_command(CLI::App& app, Context& context);
void add_start_commands(CLI::App& app, Context& context);  // switchover, failover, failback
void add_agents_commands(CLI::App& app, Context& context);
void add_init_commands(CLI::App& app, Context& context);
void add_draft_options(CLI::App& init, Context& context);  // init without a subcommand
void add_join_token_command(CLI::App& init, Context& context);
void add_pause_commands(CLI::App& app, Context& context);  // and resume
void add_op_commands(CLI::App& app, Context& context);
void add_lab_commands(CLI::App& app, Context& context);
void add_lab_shop_commands(CLI::App& lab, Context& context);  // hidden: a storefront as a process
void add_demo_command(CLI::App& app, Context& context);
// --dns-habit, of commands that send shoppers.
CLI::Option* add_habit_option(CLI::App& command, std::string& habit);

// Prints the error and gives the exit status for it.
[[nodiscard]] int failed_with(const Error& error);

// Runs `body` with a client of the controller; reports what keeps it from being made.
[[nodiscard]] int with_controller(
    const Context& context, const std::function<int(ApiClient&)>& body
);

// GET `target` and print the answer in the chosen form; `as_table` gives the table.
[[nodiscard]] int show_answer(
    const Context& context,
    const std::string& target,
    const std::function<Result<std::string>(const Answer&)>& as_table
);

template <wire::Listed Document>
[[nodiscard]] int show(
    const Context& context,
    const std::string& target,
    const std::function<std::string(const Document&)>& as_table
) {
    return show_answer(context, target, [&](const Answer& answer) -> Result<std::string> {
        const Result<Document> read = answer.as<Document>();
        return read ? Result<std::string>{as_table(*read)} : std::unexpected(read.error());
    });
}

}  // namespace farshore::cli
