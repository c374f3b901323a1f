#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/net/http_message.h"
#include "base/standard_output.h"
#include "cli/context.h"
#include "cli/status_view.h"

namespace farshore::cli {

namespace {

constexpr std::chrono::seconds kRefresh{1};

struct StatusOptions {
    std::string app;
    bool watch = false;
};

std::string status_target(const std::string& app) {
    return app.empty() ? "/v1/status" : "/v1/status?app=" + net::percent_encode(app);
}

// On a terminal the screen is drawn anew; elsewhere a line is printed when the state changes.
void show_change(
    const Context& context, const wire::StatusDocument& status, std::string& last_state
) {
    if (stdout_is_terminal()) {
        fmt::print("\x1b[H\x1b[2J{}", status_table(status, context.format));
        return;
    }
    // Figures change all the time; a line is for what they mean.
    const std::string state = status_in_short(status);
    if (state != last_state) {
        fmt::print("{} {}\n", status.at, status.first_line);
        last_state = state;
    }
}

// Until Ctrl-C, or as long as the output can be written.
int watch_status(const Context& context, ApiClient& client, const std::string& target) {
    std::string last_state;
    while (true) {
        const auto answer = client.get(target);
        if (!answer) {
            print_error(answer.error());
        } else if (!answer->ok()) {
            return failed_with(answer->error());
        } else if (!is_table(context.format)) {
            fmt::print("{}\n", boost::json::serialize(answer->document));
        } else if (const auto status = answer->as<wire::StatusDocument>()) {
            show_change(context, *status, last_state);
        } else {
            return failed_with(status.error());
        }
        if (!flush_output()) {
            return kCannotWrite;  // which is said as the command ends
        }
        std::this_thread::sleep_for(kRefresh);
    }
}

int run_status(const Context& context, const StatusOptions& options) {
    const std::string target = status_target(options.app);
    return with_controller(context, [&](ApiClient& client) {
        if (options.watch) {
            return watch_status(context, client, target);
        }
        const auto answer = client.get(target);
        if (!answer) {
            return failed_with(answer.error());
        }
        if (!answer->ok()) {
            return failed_with(answer->error());
        }
        const auto status = answer->as<wire::StatusDocument>();
        if (!status) {
            return failed_with(status.error());
        }
        if (is_table(context.format)) {
            fmt::print("{}", status_table(*status, context.format));
        } else {
            print_document(context.format, answer->document);
        }
        const bool ready = status->readiness.verdict == core::ReadinessVerdict::ready;
        return static_cast<int>(ready ? kDone : kNotReady);
    });
}

}  // namespace

void add_status_commands(CLI::App& app, Context& context) {
    auto* status = app.add_subcommand(
        "status",
        "Could I fail over now, and what would I lose: exit 0 when ready, 3 when not. Then who is "
        "active, what the observers say, the lag, the hosts"
    );
    auto options = std::make_shared<StatusOptions>();
    status->add_option("APP", options->app, "The app, when the controller has several");
    status->add_flag("-w,--watch", options->watch, "Show it again each second, until Ctrl-C");
    status->callback([&context, options] {
        context.run = [&context, options] {
            return run_status(context, *options);
        };
    });

    auto* why = app.add_subcommand("why", "Whether automation acts now, and what its guards say");
    why->callback([&context] {
        context.run = [&context] {
            return show<wire::WhyDocument>(context, "/v1/why", why_table);
        };
    });
    auto* audit = app.add_subcommand("audit", "Who did what");
    audit->callback([&context] {
        context.run = [&context] {
            return show<wire::AuditDocument>(context, "/v1/audit", audit_table);
        };
    });
}

}  // namespace farshore::cli
