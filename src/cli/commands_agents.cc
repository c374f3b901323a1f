#include <CLI/CLI.hpp>
#include <memory>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/net/http_message.h"
#include "cli/operation_calls.h"
#include "cli/status_view.h"

// The register of hosts: list, forget, revoke.
namespace farshore::cli {

namespace json = boost::json;

namespace {

int list_agents(const Context& context, const std::string& given) {
    const auto app = context.app(given);
    if (!app) {
        return failed_with(app.error());
    }
    return with_controller(context, [&](ApiClient& client) {
        const auto status = status_for(client, *app, {});
        if (!status) {
            return failed_with(status.error());
        }
        if (is_table(context.format)) {
            const std::string table = agents_table(status->status);
            fmt::print("{}", table.empty() ? "no host is registered\n" : table);
        } else {
            print_document(context.format, list_at(status->document, "agents"));
        }
        return static_cast<int>(kDone);
    });
}

int change_agent(
    const Context& context,
    const std::string& given,
    const std::string& host,
    const std::string& verb,
    const std::string& reason
) {
    const auto app = context.app(given);
    if (!app) {
        return failed_with(app.error());
    }
    return post_and_say(
        context,
        app_target(*app, "agents/" + net::percent_encode(host) + "/" + verb),
        with_reason(reason)
    );
}

}  // namespace

void add_agents_commands(CLI::App& app, Context& context) {
    auto* agents = app.add_subcommand("agents", "The register of hosts: list, forget, revoke");
    agents->require_subcommand(1);
    auto app_name = std::make_shared<std::string>();
    auto* list = agents->add_subcommand("list", "Every host that a fence waits for, and its state");
    list->add_option("APP", *app_name, "The app (default: the configuration's)");
    list->callback([&context, app_name] {
        context.run = [&context, app_name] {
            return list_agents(context, *app_name);
        };
    });
    auto host = std::make_shared<std::string>();
    auto reason = std::make_shared<std::string>();
    const auto add = [&](const std::string& verb, const char* what) {
        auto* command = agents->add_subcommand(verb, what);
        command->add_option("HOST", *host, "Its name, as `farshore agents list` shows it")
            ->required();
        command->add_option("APP", *app_name, "The app (default: the configuration's)");
        add_reason_option(*command, *reason);
        command->callback([&context, app_name, host, verb, reason] {
            context.run = [&context, app_name, host, verb, reason] {
                return change_agent(context, *app_name, *host, verb, *reason);
            };
        });
    };
    add("forget",
        "Remove from the register a host that will not return: no fence waits for it then");
    add("revoke",
        "End a host's credential at once: the host has no vote and no lease; it may join again");
}

}  // namespace farshore::cli
