#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <utility>

#include <boost/asio/signal_set.hpp>

#include "adapters/system/log.h"
#include "base/standard_output.h"
#include "controller/controller.h"
#include "wire/config_loader.h"

namespace farshore::controller {

namespace {

// docs/operations: the same numbers in every program.
constexpr int kUsage = 64;
constexpr int kUnreachable = 69;
constexpr int kBug = 70;
constexpr int kDenied = 77;
constexpr int kConfiguration = 78;

int exit_code_of(const Error& error) {
    switch (error.kind) {
        case ErrorKind::denied: return kDenied;
        case ErrorKind::malformed:
        case ErrorKind::not_found: return kConfiguration;
        case ErrorKind::conflict:
        case ErrorKind::exhausted:
        case ErrorKind::throttled:
        case ErrorKind::unavailable:
        case ErrorKind::timed_out:
        case ErrorKind::cancelled: return kUnreachable;
    }
    return kUnreachable;
}

int refuse(const Error& error) {
    std::fprintf(stderr, "farshored: %s\n", error.text.c_str());
    if (!error.remedy.empty()) {
        std::fprintf(stderr, "  remedy: %s\n", error.remedy.c_str());
    }
    return exit_code_of(error);
}

// The status for a run that has printed all it had to say.
int finished(int status) {
    const Status written = flush_output();
    if (!written) {
        (void)refuse(written.error());
        return kOutputFailed;
    }
    return status;
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
        return refuse(created.error());
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
    return controller.failure() ? refuse(*controller.failure()) : 0;
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
    app.set_version_flag("--version", std::string{"farshored "} + FARSHORE_VERSION);
    app.footer(
        "Exit codes: 0 stopped by a signal, 64 usage, 69 a port, file or service is in use or not "
        "there, or another controller leads, 74 the output could not be written, 77 denied, 78 "
        "configuration."
    );
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const bool asked = error.get_exit_code() == 0;
        std::ostringstream text;  // --help, --version
        (void)app.exit(error, text);
        write_output(text.str());
        return asked ? finished(0) : kUsage;
    }
    Result<config::Config> config = config::load_config(config_file);
    if (!config) {
        return refuse(config.error());
    }
    system::set_up_log(
        {.program = "farshored",
         .format = *enum_from<system::LogFormat>(log_format),
         .level = *enum_from<system::LogLevel>(log_level)}
    );
    return serve(std::move(*config));
}

}  // namespace

}  // namespace farshore::controller

int main(int argc, char** argv) {
    try {
        return farshore::controller::run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "farshored: a bug: %s\n", error.what());
        return farshore::controller::kBug;
    }
}
