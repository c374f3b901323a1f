#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include "adapters/system/log.h"
#include "base/daemon_end.h"
#include "base/version.h"
#include "controller/controller.h"
#include "wire/config_loader.h"

namespace farshore::controller {

namespace {

constexpr std::string_view kProgram = "farshored";

void log_warning(const config::Diagnostic& warning) {
    system::log_warning(
        "config", warning.message, {{"code", warning.code}, {"remedy", warning.hint}}
    );
}

// SIGHUP: tokens and certificate are read again, as after any change of them.
void await_hangup(boost::asio::signal_set& signals, Controller& controller) {
    signals.async_wait([&signals, &controller](const boost::system::error_code& error, int) {
        if (!error) {
            controller.reload();
            await_hangup(signals, controller);
        }
    });
}

int serve(config::Config config) {
    net::Io io(1);
    // From here on: a signal that comes while the controller starts is an order to stop.
    boost::asio::signal_set signals(io, SIGTERM, SIGINT);
    Result<std::unique_ptr<Controller>> created = Controller::create(io, std::move(config));
    if (!created) {
        return end_with(kProgram, created.error());
    }
    Controller& controller = **created;
    signals.async_wait([&controller](const boost::system::error_code& error, int number) {
        if (!error) {
            system::log_info("main", "stopping", {{"signal", std::to_string(number)}});
            controller.stop();
        }
    });
    boost::asio::signal_set hangups(io, SIGHUP);
    await_hangup(hangups, controller);
    std::signal(SIGPIPE, SIG_IGN);
    system::log_info("main", "listening", {{"port", std::to_string(controller.port())}});
    controller.start();
    while (!controller.stopped()) {
        io.run_one();
    }
    end_as_ordered();
    return controller.failure() ? end_with(kProgram, *controller.failure()) : 0;
}

int run(int argc, char** argv) {
    CLI::App app{
        "farshored, the controller of Farshore: watches an app's Regions and moves it from one to "
        "another."
    };
    std::string config_file;
    std::string log_format = "plain";
    std::string log_level = "info";
    app.add_option("--config", config_file, "The app's configuration (farshore.yaml)")->required();
    app.add_option("--log-format", log_format, "plain or json")
        ->check(CLI::IsMember({"plain", "json"}));
    app.add_option("--log-level", log_level, "debug, info, warning or error")
        ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
    app.set_version_flag("--version", fmt::format("{} {}", kProgram, kVersion));
    app.footer(std::string{kEndsOfADaemon});
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const bool asked = error.get_exit_code() == 0;
        std::ostringstream text;  // --help, --version
        (void)app.exit(error, text);
        write_output(text.str());
        return asked ? end_printed(kProgram, 0) : kEndUsage;
    }
    system::set_up_log(
        {.program = std::string{kProgram},
         .format = *enum_from<system::LogFormat>(log_format),
         .level = *enum_from<system::LogLevel>(log_level)}
    );
    Result<config::Config> config = config::load_config(config_file, log_warning);
    if (!config) {
        return end_with(kProgram, config.error());
    }
    return serve(std::move(*config));
}

}  // namespace

}  // namespace farshore::controller

int main(int argc, char** argv) {
    try {
        return farshore::controller::run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "farshored: a bug: %s\n", error.what());
        return farshore::kEndBug;
    }
}
