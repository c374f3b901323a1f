#include <CLI/CLI.hpp>
#include <memory>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/net/http_message.h"
#include "cli/operation_calls.h"
#include "cli/status_view.h"

// The register of hosts: list, forget.
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
            const std::string table = agents_table(*status);
            fmt::print("{}", table.empty() ? "no host is registered\n" : table);
        } else {
            const json::value* agents = value_at(*status, "agents");
            print_document(
                context.format, agents == nullptr ? json::value{json::array{}} : *agents
            );
        }
        return static_cast<int>(kDone);
    });
}

int forget_agent(
    const Context& context,
    const std::string& given,
    const std::string& host,
    const std::string& reason
) {
    const auto app = context.app(given);
    if (!app) {
        return failed_with(app.error());
    }
    return post_and_say(
        context,
        app_target(*app, "agents/" + net::percent_encode(host) + "/forget"),
        with_reason(reason)
    );
}

}  // namespace

void add_agents_commands(CLI::App& app, Context& context) {
    auto* agents = app.add_subcommand("agents", "The register of hosts: list, forget");
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
    auto* forget = agents->add_subcommand(
        "forget", "Take a host that is gone for good out of the register: nothing waits for it then"
    );
    forget->add_option("HOST", *host, "Its name, as `farshore agents list` shows it")->required();
    forget->add_option("APP", *app_name, "The app (default: the configuration's)");
    auto reason = std::make_shared<std::string>();
    add_reason_option(*forget, *reason);
    forget->callback([&context, app_name, host, reason] {
        context.run = [&context, app_name, host, reason] {
            return forget_agent(context, *app_name, *host, *reason);
        };
    });
}

}  // namespace farshore::cli
