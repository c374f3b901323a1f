#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include "adapters/system/log.h"
#include "adapters/system/system_clock.h"
#include "agent/agent.h"
#include "agent/client_environment.h"
#include "base/standard_output.h"
#include "wire/config_loader.h"

namespace {

using namespace farshore;
using namespace std::chrono_literals;

constexpr int kUsage = 64;          // EX_USAGE
constexpr int kUnavailable = 69;    // EX_UNAVAILABLE: a port is taken, the network is not there
constexpr int kSoftware = 70;       // EX_SOFTWARE
constexpr int kConfiguration = 78;  // EX_CONFIG
constexpr std::string_view kVersion = "0.1.0";

struct EnvironmentArguments {
    std::string app;
    std::string format{to_string(agent::EnvironmentFormat::shell)};
    bool shows_secret = false;
};

struct Arguments {
    std::string config = "/etc/farshore/agent.yaml";
    bool json_log = false;
    bool debug = false;
    EnvironmentArguments environment;
};

int exit_code_of(const Error& error) {
    switch (error.kind) {
        case ErrorKind::conflict:
        case ErrorKind::unavailable:
        case ErrorKind::timed_out:
        case ErrorKind::throttled:
        case ErrorKind::cancelled: return kUnavailable;
        case ErrorKind::malformed:
        case ErrorKind::denied:
        case ErrorKind::not_found:
        case ErrorKind::exhausted: return kConfiguration;
    }
    return kSoftware;
}

void complain(const Error& error) {
    std::string text = "farshore-agent: " + error.text + "\n";
    if (!error.remedy.empty()) {
        text += "  remedy: " + error.remedy + "\n";
    }
    (void)std::fwrite(text.data(), 1, text.size(), stderr);
}

// The status for a run that has printed all it had to say.
int finished(int status) {
    const Status written = flush_output();
    if (!written) {
        complain(written.error());
        return kOutputFailed;
    }
    return status;
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
        complain(config.error());
        return kConfiguration;
    }
    Result<agent::ClientEnvironment> environment =
        agent::client_environment(*config, arguments.environment.app);
    if (!environment) {
        complain(environment.error());
        return exit_code_of(environment.error());
    }
    environment->shows_secret = arguments.environment.shows_secret;
    const auto format = enum_from<agent::EnvironmentFormat>(arguments.environment.format);
    const Result<std::string> text = agent::environment_text(*environment, format.value());
    if (!text) {
        complain(text.error());
        return exit_code_of(text.error());
    }
    (void)std::fwrite(text->data(), 1, text->size(), stdout);
    return finished(0);
}

int run(const Arguments& arguments) {
    const Result<config::AgentConfig> config = config::load_agent_config(arguments.config);
    if (!config) {
        complain(config.error());
        return kConfiguration;
    }
    system::set_up_log({
        .program = "farshore-agent",
        .format = arguments.json_log ? system::LogFormat::json : system::LogFormat::plain,
        .level = arguments.debug ? system::LogLevel::debug : system::LogLevel::info,
    });
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
        complain(agent.error());
        return exit_code_of(agent.error());
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
        std::_Exit(kSoftware);
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

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{
        "Farshore's agent: the local DynamoDB endpoint that follows the active Region.",
        "farshore-agent"
    };
    Arguments arguments;
    app.add_option("--config,-c", arguments.config, "configuration file")->capture_default_str();
    app.add_flag("--json-log", arguments.json_log, "log as JSON lines");
    app.add_flag("--debug", arguments.debug, "log more");
    app.set_version_flag("--version", fmt::format("farshore-agent {}", kVersion));
    CLI::App* env = add_env(app, arguments);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) {
        std::ostringstream text;  // --help, --version
        const int status = app.exit(success, text);
        write_output(text.str());
        return finished(status);
    } catch (const CLI::ParseError& error) {
        (void)app.exit(error);
        return kUsage;
    }
    try {
        return env->parsed() ? print_environment(arguments) : run(arguments);
    } catch (const std::exception& error) {
        (void)std::fprintf(stderr, "farshore-agent: %s\n", error.what());
        return kSoftware;
    }
}
