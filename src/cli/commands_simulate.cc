#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/standard_output.h"
#include "base/text.h"
#include "cli/context.h"
#include "cli/demo_stage.h"
#include "cli/simulate_report.h"
#include "wire/config_loader.h"

namespace farshore::cli {

namespace {

struct SimulateOptions {
    Simulated wanted;
    std::vector<std::string> weather;
    std::string lag = to_text(sim::Ground{}.lag);
    std::string compare;
    bool rates = false;
};

// On a terminal, one line that is written over.
class Progress {
  public:
    void tell(int done, int all) {
        if (wanted_ && done != told_) {
            fmt::print(stderr, "\r{} of {} worlds", done, all);
            told_ = done;
        }
    }

    void end() const {
        if (told_ >= 0) {
            fmt::print(stderr, "\r\x1b[K");
        }
    }

  private:
    bool wanted_ = ::isatty(STDERR_FILENO) == 1;
    int told_ = -1;
};

// The operator's, and the one to compare it with. Errors: load_config's, malformed (there is none).
Result<SimulateReport> read_configurations(const Context& context, const std::string& compare) {
    SimulateReport report;
    auto own = context.configuration();
    if (!own) {
        return std::unexpected(own.error());
    }
    if (!*own) {
        return fail(
            ErrorKind::malformed,
            "no configuration is named",
            "name a farshore.yaml with --config; nothing is asked of a controller"
        );
    }
    report.files.push_back(context.config_path());
    report.configs.push_back(std::move(**own));
    if (!compare.empty()) {
        auto other = config::load_config(compare);
        if (!other) {
            return std::unexpected(other.error());
        }
        report.files.push_back(compare);
        report.configs.push_back(std::move(*other));
    }
    return report;
}

Simulated wanted_by(const SimulateOptions& options) {
    Simulated wanted = options.wanted;
    wanted.lag = *duration_from(options.lag);
    for (const sim::WeatherRow& row : sim::weather_rows()) {
        const bool named =
            std::ranges::find(options.weather, to_string(row.weather)) != options.weather.end();
        if (options.weather.empty() || named) {
            wanted.weather.push_back(row.weather);
        }
    }
    return wanted;
}

int run_simulate(const Context& context, const SimulateOptions& options) {
    if (options.rates) {
        write_output(weather_text());
        return kDone;
    }
    auto report = read_configurations(context, options.compare);
    if (!report) {
        return failed_with(report.error());
    }
    report->wanted = wanted_by(options);
    std::vector<const config::Config*> configs;
    for (const config::Config& config : report->configs) {
        configs.push_back(&config);
    }
    const Interrupts interrupts;
    Progress progress;
    report->played = play_worlds(configs, report->wanted, [&](int done, int all) {
        progress.tell(done, all);
        return !Interrupts::asked();
    });
    progress.end();
    report->interrupted = report->played.done < report->played.all;
    if (is_table(context.format)) {
        write_output(simulate_text(*report));
    } else {
        print_document(context.format, simulate_document(*report));
    }
    return report->interrupted ? kInterrupted : kDone;
}

std::string must_be_lag(const std::string& text) {
    const std::optional<Duration> lag = duration_from(text);
    const bool fits = lag && *lag > Duration::zero() && *lag <= std::chrono::seconds{5};
    return fits ? "" : text + " is no time of up to 5s, such as 80ms";
}

}  // namespace

void add_simulate_command(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand(
        "simulate",
        "Play your policy in simulated worlds: how often would it fire, how fast, what would it "
        "lose"
    );
    auto options = std::make_shared<SimulateOptions>();
    command->add_option("--worlds", options->wanted.worlds, "How many of each kind of weather")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    command->add_option("--seed", options->wanted.seed, "The same seed plays the same worlds")
        ->capture_default_str();
    command
        ->add_option(
            "--weather", options->weather, "Only these kinds of weather (default: all of them)"
        )
        ->check(CLI::IsMember(std::vector<std::string>(
            sim::kLikelyWeatherNames.begin(), sim::kLikelyWeatherNames.end()
        )));
    command->add_option(
        "--compare", options->compare, "Another farshore.yaml, played in the same worlds"
    );
    command->add_option("--hosts", options->wanted.hosts, "Hosts with an agent in each Region")
        ->check(CLI::Range(1, 20))
        ->capture_default_str();
    command
        ->add_option(
            "--lag", options->lag, "What replication takes in quiet; up to twice this by chance"
        )
        ->check(must_be_lag)
        ->capture_default_str();
    command->add_flag(
        "--armed", options->wanted.armed, "As if decide.mode were `auto`, and a drill had proven it"
    );
    command->add_flag("--rates", options->rates, "Only list the weather, and its assumed rates");
    command->callback([&context, options] {
        context.run = [&context, options] {
            return run_simulate(context, *options);
        };
    });
}

}  // namespace farshore::cli
