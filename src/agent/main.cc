#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/system/log.h"
#include "adapters/system/system_clock.h"
#include "agent/agent.h"
#include "agent/client_check.h"
#include "agent/client_environment.h"
#include "base/daemon_end.h"
#include "base/version.h"
#include "wire/config_loader.h"

namespace {

using namespace farshore;
using namespace std::chrono_literals;

constexpr std::string_view kProgram = "farshore-agent";

struct EnvironmentArguments {
    std::string app;
    std::string format{to_string(agent::EnvironmentFormat::shell)};
    bool shows_secret = false;
};

struct CheckArguments {
    std::string ranges;
    std::string output = "table";
};

struct Arguments {
    std::string config = "/etc/farshore/agent.yaml";
    std::string log_format = "plain";
    std::string log_level = "info";
    EnvironmentArguments environment;
    CheckArguments check;
};

void log_warning(const config::Diagnostic& warning) {
    system::log_warning(
        "config", warning.message, {{"code", warning.code}, {"remedy", warning.hint}}
    );
}

std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32U) | device();
}

using Signals = boost::asio::basic_signal_set<net::Io::executor_type>;

net::Task<> stop_on_signal(net::Io* io, agent::Agent* agent, Signals* signals) {
    auto [error, number] = co_await signals->async_wait(net::kAwait);
    if (!error) {
        system::log_info("main", "stopping", {{"signal", std::to_string(number)}});
    }
    co_await agent->stop();
    io->stop();
}

int print_environment(const Arguments& arguments) {
    const Result<config::AgentConfig> config = config::load_agent_config(arguments.config);
    if (!config) {
        return end_with(kProgram, config.error());
    }
    Result<agent::ClientEnvironment> environment =
        agent::client_environment(*config, arguments.environment.app);
    if (!environment) {
        return end_with(kProgram, environment.error());
    }
    environment->shows_secret = arguments.environment.shows_secret;
    const auto format = enum_from<agent::EnvironmentFormat>(arguments.environment.format);
    const Result<std::string> text = agent::environment_text(*environment, format.value());
    if (!text) {
        return end_with(kProgram, text.error());
    }
    (void)std::fwrite(text->data(), 1, text->size(), stdout);
    return end_printed(kProgram, 0);
}

// As `farshore doctor` ends.
constexpr int kNotReady = 3;
constexpr int kInconclusive = 9;

int print_check(const Arguments& arguments) {
    const Result<config::AgentConfig> config = config::load_agent_config(arguments.config);
    if (!config) {
        return end_with(kProgram, config.error());
    }
    const Result<agent::ClientReport> report =
        agent::check_clients(*config, arguments.check.ranges);
    if (!report) {
        return end_with(kProgram, report.error());
    }
    write_output(
        arguments.check.output == "json"
            ? boost::json::serialize(agent::report_document(*report)) + "\n"
            : agent::report_text(*report)
    );
    return end_printed(
        kProgram,
        report->is_broken()  ? kNotReady
        : report->is_whole() ? 0
                             : kInconclusive
    );
}

int run(const Arguments& arguments) {
    system::set_up_log({
        .program = std::string{kProgram},
        .format = *enum_from<system::LogFormat>(arguments.log_format),
        .level = *enum_from<system::LogLevel>(arguments.log_level),
    });
    const Result<config::AgentConfig> config =
        config::load_agent_config(arguments.config, log_warning);
    if (!config) {
        return end_with(kProgram, config.error());
    }
    // A client that goes away is an error of one write, not of the process.
    (void)std::signal(SIGPIPE, SIG_IGN);
    (void)std::signal(SIGHUP, SIG_IGN);
    net::Io io{1};
    // From here on: a signal that comes while the agent starts is not its end but an order to stop.
    Signals signals(io.get_executor(), SIGTERM, SIGINT);
    agent::Agent::Options options{
        .config = *config, .clock = std::make_shared<system::SystemClock>(), .seed = random_seed()
    };
    Result<std::unique_ptr<agent::Agent>> agent = agent::Agent::start(io, std::move(options));
    if (!agent) {
        return end_with(kProgram, agent.error());
    }
    system::log_info(
        "main",
        "started",
        {{"host", config->host.value()},
         {"region", config->region.value()},
         {"health_port", std::to_string((*agent)->health_port())}}
    );
    net::TaskGroup waiting(io);
    waiting.spawn("signals", [&] { return stop_on_signal(&io, agent->get(), &signals); });
    io.run();
    end_as_ordered();
    // Cancelled tasks run to their end. What does not end in time is cut with the process, which is
    // then no stop in order.
    const auto deadline = std::chrono::steady_clock::now() + 1500ms;
    while ((!(*agent)->stopped() || !waiting.idle()) && std::chrono::steady_clock::now() < deadline
    ) {
        io.restart();
        io.run_one_for(20ms);
    }
    if (!(*agent)->stopped() || !waiting.idle()) {
        system::log_error("main", "a bug: some tasks did not end in time");
        std::fflush(nullptr);
        std::_Exit(kEndBug);
    }
    return 0;
}

CLI::App* add_env(CLI::App& app, Arguments& arguments) {
    CLI::App* env = app.add_subcommand(
        "env", "Print the environment that an application's AWS SDK needs to use this agent."
    );
    env->fallthrough();  // --config
    env->add_option("--app", arguments.environment.app, "the app, when this host has several");
    const auto& formats = agent::kEnvironmentFormatNames;
    env->add_option("--format", arguments.environment.format, "the program that will read it")
        ->check(CLI::IsMember(std::vector<std::string>{formats.begin(), formats.end()}))
        ->capture_default_str();
    env->add_flag(
        "--show-secret",
        arguments.environment.shows_secret,
        "print the keys, not the name of the file that holds them"
    );
    return env;
}

CLI::App* add_check(CLI::App& app, Arguments& arguments) {
    CLI::App* check = app.add_subcommand(
        "check",
        "Look for programs on this host that reach DynamoDB past the agent, or would: their "
        "connections and their settings. Run it as root, or only your own programs are seen. Exit "
        "3 when there is such a program, 9 when something could not be looked at."
    );
    check->fallthrough();  // --config
    check->add_option(
        "--ranges",
        arguments.check.ranges,
        "AWS's ip-ranges.json: then all addresses of DynamoDB are known, and not only those that "
        "its names have at this moment"
    );
    check->add_option("-o,--output", arguments.check.output, "table or json")
        ->check(CLI::IsMember({"table", "json"}))
        ->capture_default_str();
    return check;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{
        "Farshore's agent: the local DynamoDB endpoint that follows the active Region.",
        std::string{kProgram}
    };
    Arguments arguments;
    app.add_option("--config,-c", arguments.config, "configuration file")->capture_default_str();
    app.add_option("--log-format", arguments.log_format, "plain or json")
        ->check(CLI::IsMember({"plain", "json"}));
    app.add_option("--log-level", arguments.log_level, "debug, info, warning or error")
        ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
    app.set_version_flag("--version", fmt::format("{} {}", kProgram, kVersion));
    app.footer(std::string{kEndsOfADaemon});
    const CLI::App* env = add_env(app, arguments);
    const CLI::App* check = add_check(app, arguments);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) {
        std::ostringstream text;  // --help, --version
        const int status = app.exit(success, text);
        write_output(text.str());
        return end_printed(kProgram, status);
    } catch (const CLI::ParseError& error) {
        (void)app.exit(error);
        return kEndUsage;
    }
    try {
        return env->parsed()     ? print_environment(arguments)
               : check->parsed() ? print_check(arguments)
                                 : run(arguments);
    } catch (const std::exception& error) {
        (void)std::fprintf(stderr, "farshore-agent: a bug: %s\n", error.what());
        return kEndBug;
    }
}
