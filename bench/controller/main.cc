#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <sstream>
#include <string>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/standard_output.h"

#include "bench/controller/lab.h"
#include "bench/controller/phases.h"

// How a controller does with many agents: docs/performance.md.
namespace farshore::bench {

namespace {

// The same numbers in every program.
constexpr int kFailed = 1;
constexpr int kUsage = 64;
constexpr int kBug = 70;

struct Options {
    std::size_t agents = 1000;
    unsigned seconds = 10;
    bool keep = false;
    bool json = false;
    bool serves_lab = false;
};

int print(const std::string& text, int status) {
    write_output(text);
    const Status written = flush_output();
    if (!written) {
        std::fprintf(stderr, "farshore-bench-controller: %s\n", written.error().text.c_str());
    }
    return written ? status : kOutputFailed;
}

Status go_through(const Options& options, PollLoop& loop, World& world, Figures& figures) {
    Swarm swarm(
        loop,
        {.agents = options.agents, .port = world.port(), .app = kApp, .regions = {kHome, kStandby}}
    );
    Phases phases(loop, world, swarm, figures);
    Status done = phases.enrol();
    done = done ? phases.quiet(std::chrono::seconds{options.seconds}) : done;
    done = done ? phases.operation("switchover") : done;
    done = done ? phases.operation("failover") : done;
    done = done ? phases.storm() : done;
    swarm.retire();
    return done;
}

int measure(const Options& options) {
    PollLoop loop;
    Figures figures;
    auto world = World::start(loop, {.agents = options.agents, .keep = options.keep});
    Status done =
        world ? go_through(options, loop, **world, figures) : std::unexpected(world.error());
    if (world) {
        const Status ended = (*world)->end();
        done = ended ? done : ended;  // what else failed is the consequence
        if (options.keep) {
            std::fprintf(stderr, "kept: %s\n", (*world)->directory().c_str());
        }
    }
    if (!done) {
        std::fprintf(stderr, "farshore-bench-controller: %s\n", done.error().text.c_str());
        if (!done.error().remedy.empty()) {
            std::fprintf(stderr, "  remedy: %s\n", done.error().remedy.c_str());
        }
    }
    const bool pinned = world && (*world)->is_pinned();
    boost::json::object document = figures.document();
    document["agents"] = options.agents;
    document["pinned"] = pinned;
    const std::string table = fmt::format(
        "{} agents; {}\n{}",
        options.agents,
        pinned ? "farshored on one processor, the swarm and the lab on another"
               : "farshored, the swarm and the lab on any processor",
        figures.table()
    );
    return print(
        options.json ? boost::json::serialize(document) + "\n" : table, done ? 0 : kFailed
    );
}

int run(int argc, char** argv) {
    CLI::App app{
        "Measures a farshored with a swarm of simulated agents: enrolment, a quiet time, a "
        "switchover, a failover, and all agents reconnecting at once."
    };
    Options options;
    app.add_option("--agents", options.agents, "How many hosts (default 1000)")
        ->check(CLI::Range(2, 10'000));
    app.add_option("--seconds", options.seconds, "Length of the quiet time (default 10)")
        ->check(CLI::Range(1, 3600));
    app.add_flag("--keep", options.keep, "Keep the directory with configuration, logs and store");
    app.add_flag("--json", options.json, "Print JSON instead of a table");
    app.add_flag("--serve-lab", options.serves_lab)->group("");
    app.footer("Exit codes: 0 measured, 1 it could not be measured to its end, 64 usage.");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const bool asked = error.get_exit_code() == 0;
        std::ostringstream text;
        (void)app.exit(error, text, text);
        if (!asked) {
            std::fprintf(stderr, "%s\n\n%s", error.what(), app.help().c_str());
            return kUsage;
        }
        return print(text.str(), 0);
    }
    return options.serves_lab ? serve_lab() : measure(options);
}

}  // namespace

}  // namespace farshore::bench

int main(int argc, char** argv) {
    try {
        return farshore::bench::run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "farshore-bench-controller: a bug: %s\n", error.what());
        return farshore::bench::kBug;
    }
}
