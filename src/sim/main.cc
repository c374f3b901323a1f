#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <sstream>
#include <string>

#include "base/standard_output.h"

#include "sim/planted_world.h"

// Plays generated worlds and says which invariants they broke; or replays one and tells its story.
namespace farshore::sim {

namespace {

// The same numbers in every program; 1 is for what was found.
constexpr int kFound = 1;
constexpr int kUsage = 64;
constexpr int kBug = 70;

struct Options {
    std::uint64_t first = 1;
    std::uint64_t seeds = 100;
    double hours = 2;
    std::optional<std::uint64_t> seed;
    std::string plant = "none";
    bool whole = false;
};

Script script_of(const Options& options, std::uint64_t seed) {
    const auto length = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double, std::ratio<3600>>{options.hours}
    );
    Script script = random_script(seed, length);
    script.bug = *enum_from<core::PlantedBug>(options.plant);
    script.skips_quiet_time = !options.whole;
    return script;
}

std::string replay_line(const Options& options, std::uint64_t seed) {
    std::string line = "farshore-sim --seed " + std::to_string(seed);
    char hours[32];
    std::snprintf(hours, sizeof hours, "%g", options.hours);
    line += std::string{" --hours "} + hours;
    line += options.plant == "none" ? "" : " --plant " + options.plant;
    return line + (options.whole ? " --whole" : "");
}

double in_hours(Duration length) {
    return std::chrono::duration<double, std::ratio<3600>>{length}.count();
}

int replay(const Options& options, std::uint64_t seed) {
    const Outcome outcome = run(script_of(options, seed), Telling::story);
    for (const std::string& line : outcome.story) {
        std::puts(line.c_str());
    }
    for (const std::string& violation : outcome.violations) {
        std::printf("VIOLATED %s\n", violation.c_str());
    }
    std::printf(
        "seed %llu: %.2f h, %d operations, %llu writes, %llu acknowledged, %llu lost, %llu "
        "refused; "
        "active %s, epoch %llu; trace %016llx\n",
        static_cast<unsigned long long>(seed),
        in_hours(outcome.length),
        outcome.operations_begun,
        static_cast<unsigned long long>(outcome.writes),
        static_cast<unsigned long long>(outcome.acknowledged),
        static_cast<unsigned long long>(outcome.lost),
        static_cast<unsigned long long>(outcome.refused),
        outcome.active.value().c_str(),
        static_cast<unsigned long long>(outcome.epoch.value()),
        static_cast<unsigned long long>(outcome.trace_hash)
    );
    return outcome.violations.empty() ? 0 : kFound;
}

struct Totals {
    Coverage coverage;
    Duration length{};
    Duration skipped{};
    int begun = 0;
    int done = 0;
    int failovers = 0;
    std::uint64_t failed = 0;  // worlds in which an invariant broke

    void add(const Outcome& outcome) {
        coverage.add(outcome.coverage);
        length += outcome.length;
        skipped += outcome.skipped;
        begun += outcome.operations_begun;
        done += outcome.operations_done;
        failovers += outcome.failovers;
        failed += outcome.violations.empty() ? 0 : 1;
    }
};

void print(const Options& options, const Totals& totals, double seconds) {
    for (const std::string& row : totals.coverage.missing()) {
        std::printf("never taken: %s\n", row.c_str());
    }
    const Coverage::Rows operation = totals.coverage.count(Coverage::Table::operation);
    const Coverage::Rows host = totals.coverage.count(Coverage::Table::host);
    const double hours = in_hours(totals.length);
    std::printf(
        "%llu worlds, %.0f simulated hours (%.0f of them quiet and skipped) in %.1f s: %.0f hours "
        "a "
        "second\n",
        static_cast<unsigned long long>(options.seeds),
        hours,
        in_hours(totals.skipped),
        seconds,
        hours / seconds
    );
    std::printf(
        "%d operations, %d done, %d automatic failovers; rows of the operation's table %zu of %zu, "
        "of "
        "the host's %zu of %zu\n",
        totals.begun,
        totals.done,
        totals.failovers,
        operation.taken,
        operation.possible,
        host.taken,
        host.possible
    );
    std::printf("%llu worlds broke an invariant\n", static_cast<unsigned long long>(totals.failed));
}

int campaign(const Options& options) {
    const auto started = std::chrono::steady_clock::now();
    Totals totals;
    for (std::uint64_t seed = options.first; seed < options.first + options.seeds; ++seed) {
        const Outcome outcome = run(script_of(options, seed));
        totals.add(outcome);
        if (!outcome.violations.empty()) {
            std::printf(
                "seed %llu: %s\n  replay: %s\n",
                static_cast<unsigned long long>(seed),
                outcome.violations.front().c_str(),
                replay_line(options, seed).c_str()
            );
            std::fflush(stdout);
        }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    print(options, totals, took.count());
    return totals.failed == 0 ? 0 : kFound;
}

int run_command(int argc, char** argv) {
    Options options;
    CLI::App app{
        "farshore-sim, the simulation of Farshore: the real core and runtime in generated worlds "
        "of "
        "faults and commands, with every invariant watched. A world is a function of its seed."
    };
    const auto* seeds = app.add_option("--seeds", options.seeds, "How many worlds")
                            ->check(CLI::PositiveNumber)
                            ->capture_default_str();
    const auto* first =
        app.add_option("--first", options.first, "The first seed")->capture_default_str();
    app.add_option("--hours", options.hours, "Simulated hours of each world")
        ->check(CLI::Range(0.2, 10'000.0))
        ->capture_default_str();
    auto* seed = app.add_option("--seed", options.seed, "Replay this world and tell its story");
    std::vector<std::string> plants(core::kPlantedBugNames.begin(), core::kPlantedBugNames.end());
    app.add_option("--plant", options.plant, "Plant a bug: the checkers must find it")
        ->check(CLI::IsMember(std::move(plants)))
        ->capture_default_str();
    app.add_flag("--whole", options.whole, "Play quiet time too, instead of skipping it");
    app.footer(
        "Exit codes: 0 every invariant held, 1 one was broken, 64 usage, 74 the output could not "
        "be written."
    );
    try {
        app.parse(argc, argv);
        if (seed->count() > 0 && seeds->count() + first->count() > 0) {
            throw CLI::ExcludesError("--seed", "--seeds and --first");
        }
    } catch (const CLI::ParseError& error) {
        const bool asked = error.get_exit_code() == 0;
        std::ostringstream text;  // --help, --version
        (void)app.exit(error, text);
        write_output(text.str());
        return asked ? 0 : kUsage;
    }
    return options.seed ? replay(options, *options.seed) : campaign(options);
}

int finished(int status) {
    const Status written = flush_output();
    if (!written) {
        std::fprintf(stderr, "farshore-sim: %s\n", written.error().text.c_str());
        return kOutputFailed;
    }
    return status;
}

}  // namespace

}  // namespace farshore::sim

int main(int argc, char** argv) {
    try {
        return farshore::sim::finished(farshore::sim::run_command(argc, argv));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "farshore-sim: a bug: %s\n", error.what());
        return farshore::sim::kBug;
    }
}
