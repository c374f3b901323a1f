#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "cli/context.h"
#include "cli/lab_client.h"
#include "cli/lab_supervisor.h"
#include "cli/lab_view.h"
#include "cli/operation_calls.h"
#include "lab/faults/fault_spec.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

struct LabFlags {
    std::string directory;
    std::string regions = "us-east-1,eu-west-1,us-east-2";
    int hosts_per_region = 2;
    bool bare = false;
    bool any_credentials = false;
    bool foreground = false;
    std::int64_t rate = 0;
    std::uint64_t seed = 1;
    std::string rto = "60s";
    std::string dns_habit = "honest";
};

std::string directory_of(const std::string& given) {
    return std::filesystem::absolute(given.empty() ? default_lab_directory() : given)
        .lexically_normal()
        .string();
}

LabOptions options_of(const LabFlags& flags) {
    LabOptions options;
    options.directory = directory_of(flags.directory);
    options.regions.clear();
    for (const std::string_view region : split(flags.regions, ',')) {
        options.regions.emplace_back(std::string{trim(region)});
    }
    options.hosts_per_region = flags.hosts_per_region;
    options.bare = flags.bare;
    options.any_credentials = flags.any_credentials;
    options.rate = flags.rate;
    options.seed = flags.seed;
    options.dns_habit = flags.dns_habit;
    options.rto = duration_from(flags.rto).value_or(options.rto);
    return options;
}

int run_foreground(const LabFlags& flags) {
    const LabOptions options = options_of(flags);
    const auto served = serve_lab(options, [](const json::value& status) {
        fmt::print("{}", world_summary(status));
        std::fflush(stdout);
    });
    if (!served && served.error().kind == ErrorKind::cancelled) {
        print_message(served.error().text);
        return kInterrupted;
    }
    if (!served) {
        return failed_with(served.error());
    }
    print_bad_ends(*served);
    return served->empty() ? kDone : kFailed;
}

int run_up(const Context& context, const LabFlags& flags) {
    if (flags.foreground) {
        return run_foreground(flags);
    }
    const LabOptions options = options_of(flags);
    if (const Status fit = check_regions(options); !fit) {
        return failed_with(fit.error());
    }
    auto world = LabProcess::start(options);
    if (!world) {
        return failed_with(world.error());
    }
    const auto document = world->wait_ready();
    if (!document) {
        return failed_with(document.error());
    }
    if (const Status kept = world->keep(); !kept) {
        return failed_with(kept.error());
    }
    if (is_table(context.format)) {
        fmt::print("{}", world_summary(*document));
    } else {
        print_document(context.format, *document);
    }
    return kDone;
}

int run_status(const Context& context, const std::string& directory) {
    LabClient client{directory_of(directory)};
    const auto status = client.status();
    if (!status) {
        print_error(status.error());
        return kNotReady;
    }
    if (is_table(context.format)) {
        fmt::print("{}", world_table(*status));
    } else {
        print_document(context.format, *status);
    }
    return has_dead_process(*status) ? kNotReady : kDone;
}

// `farshore lab fault` hands its words to the lab's own grammar, so that it is one grammar. The
// options of ours that may stand among them are taken out first.
struct FaultWords {
    std::vector<std::string> words;
    std::string directory;
    std::string format;
};

FaultWords fault_words(const std::vector<std::string>& given) {
    FaultWords out;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const bool has_value = i + 1 < given.size();
        if (given[i] == "--dir" && has_value) {
            out.directory = given[++i];
        } else if ((given[i] == "-o" || given[i] == "--output") && has_value) {
            out.format = given[++i];
        } else {
            out.words.push_back(given[i]);
        }
    }
    return out;
}

constexpr std::string_view kFaultHelp =
    "usage: farshore lab fault KIND [--for T] [--after T] [--dir DIR]\n\n"
    "  dynamodb REGION --mode M    M: empty-dns, refused, timeout, reset, errors=N%, throttle,\n"
    "                              latency=T, read-only\n"
    "  partition A B [--one-way]   two Regions, or a Region and `internet` (shoppers, health\n"
    "                              checkers, Route 53, DNS), do not reach each other; with\n"
    "                              --one-way A does not reach B\n"
    "  replication REGION          nothing is replicated from it, nor to it\n"
    "  region REGION               the whole Region is cut off\n"
    "  hosts REGION                its hosts are killed, and started again at the end;\n"
    "                              not in a world of `lab up --bare`\n"
    "  random [--within T]         one of these, drawn at random; it says its seed, and\n"
    "         [--seed N]           the same seed gives the same fault again\n\n"
    "Every fault ends by itself; `farshore lab heal ID` ends it before.\n";

int run_fault(
    const Context& context, const std::string& directory, const std::vector<std::string>& given
) {
    const FaultWords words = fault_words(given);
    if (given.empty() || std::ranges::find(given, "--help") != given.end() ||
        std::ranges::find(given, "-h") != given.end()) {
        fmt::print("{}", kFaultHelp);
        return given.empty() ? kUsage : kDone;
    }
    const auto format = words.format.empty() ? context.format : enum_from<Format>(words.format);
    if (!format) {
        print_error(
            {.kind = ErrorKind::malformed,
             .text = fmt::format("no output form `{}`", words.format),
             .remedy = "table, wide, json or yaml"}
        );
        return kUsage;
    }
    LabClient client{directory_of(words.directory.empty() ? directory : words.directory)};
    const auto world = client.world();
    if (!world) {
        return failed_with(world.error());
    }
    const auto spec = lab::fault_spec_from_words(*world, words.words);
    if (!spec) {
        print_error(spec.error());
        return kUsage;
    }
    const auto answer = client.add_fault(*spec);
    if (!answer) {
        return failed_with(answer.error());
    }
    if (is_table(*format)) {
        const std::string seed = text_at(*answer, "seed");
        fmt::print(
            "{}: {}, for {}{}; take it back with `farshore lab heal {}{}`\n",
            text_at(*answer, "id"),
            text_at(*answer, "text"),
            to_text(spec->lasts),
            seed.empty()
                ? seed
                : fmt::format(
                      ", from {}, drawn with --seed {}", text_at(*answer, "starts_at"), seed
                  ),
            text_at(*answer, "id"),
            dir_hint(directory_of(words.directory.empty() ? directory : words.directory))
        );
    } else {
        print_document(*format, *answer);
    }
    return kDone;
}

// A sentence for people, the same as a document for programs.
void say(const Context& context, const std::string& text, json::object document) {
    if (is_table(context.format)) {
        fmt::print("{}\n", text);
        return;
    }
    document["text"] = text;
    print_document(context.format, document);
}

int run_heal(const Context& context, const std::string& directory, const std::string& id) {
    LabClient client{directory_of(directory)};
    const auto healed = client.heal(id);
    if (!healed) {
        return failed_with(healed.error());
    }
    const std::string text = *healed == 0   ? "nothing was broken"
                             : id != "all"  ? id + " taken back"
                             : *healed == 1 ? "1 fault taken back"
                                            : fmt::format("{} faults taken back", *healed);
    say(context, text, {{"taken_back", *healed}});
    return kDone;
}

int run_down(const Context& context, const std::string& directory) {
    const std::string path = directory_of(directory);
    if (!lab_is_running(path)) {
        if (const auto dead = dead_supervisor(path)) {
            print_bad_ends({*dead});
            return kFailed;
        }
        say(context, "no world runs in " + path, {{"directory", path}, {"was_up", false}});
        return kDone;
    }
    const auto ends = stop_lab(path);
    if (!ends) {
        return failed_with(ends.error());
    }
    say(context,
        fmt::format("the world in {} is down; its logs are in {}/logs", path, path),
        {{"directory", path}, {"was_up", true}, {"ended_badly", drill::to_json(*ends)}});
    print_bad_ends(*ends);
    return ends->empty() ? kDone : kFailed;
}

void add_up_options(CLI::App& command, LabFlags& flags) {
    command.add_option("--regions", flags.regions, "Two Regions with tables, and the witness");
    command.add_option("--hosts-per-region", flags.hosts_per_region)->check(CLI::Range(1, 50));
    command.add_option("--dir", flags.directory, "Where the world's files are");
    command.add_flag(
        "--bare", flags.bare, "Without controller and agents: prints how to start them by hand"
    );
    command.add_flag(
        "--any-credentials",
        flags.any_credentials,
        "For clients with other keys: the lab verifies no signature, and the Region that a "
        "signature names serves the request"
    );
    auto* rate = command.add_option("--rate", flags.rate, "Shoppers' requests per second (none)");
    rate->check(CLI::Range(0, 10'000));
    add_habit_option(command, flags.dns_habit)->needs(rate);
    command.add_option("--seed", flags.seed, "Seed of replication lags and error rates");
}

}  // namespace

void add_lab_commands(CLI::App& app, Context& context) {
    auto* lab =
        app.add_subcommand("lab", "A local world of several Regions that can be broken on purpose");
    lab->require_subcommand(1);

    auto flags = std::make_shared<LabFlags>();
    auto* up = lab->add_subcommand("up", "Start a world");
    add_up_options(*up, *flags);
    up->add_flag("--foreground", flags->foreground, "Stay in the foreground until Ctrl-C");
    up->callback([&context, flags] {
        context.run = [&context, flags] {
            return run_up(context, *flags);
        };
    });
    auto* serve = lab->add_subcommand("serve", "");
    serve->group("");
    add_up_options(*serve, *flags);
    serve->add_option("--rto", flags->rto)->check(must_be_duration);
    serve->callback([&context, flags] {
        context.run = [flags] {
            return run_foreground(*flags);
        };
    });

    auto directory = std::make_shared<std::string>();
    auto* status = lab->add_subcommand("status", "Addresses, processes, faults");
    status->add_option("--dir", *directory, "The world's directory");
    status->callback([&context, directory] {
        context.run = [&context, directory] {
            return run_status(context, *directory);
        };
    });
    auto* fault = lab->add_subcommand(
        "fault",
        "Break something: dynamodb REGION --mode M | partition A B [--one-way] | replication "
        "REGION | region REGION | hosts REGION | random [--within T] [--seed N]; each with --for T "
        "and "
        "--after T"
    );
    fault->prefix_command();
    fault->fallthrough(false);  // or its words would be taken for the command's own
    fault->callback([&context, directory, fault] {
        context.run = [&context, directory, fault] {
            return run_fault(context, *directory, fault->remaining());
        };
    });
    auto* heal = lab->add_subcommand("heal", "End a fault before its time");
    auto id = std::make_shared<std::string>();
    heal->add_option("ID", *id, "The fault, or `all`")->required();
    heal->add_option("--dir", *directory, "The world's directory");
    heal->callback([&context, directory, id] {
        context.run = [&context, directory, id] {
            return run_heal(context, *directory, *id);
        };
    });
    auto* down = lab->add_subcommand("down", "End the world and all its processes");
    down->add_option("--dir", *directory, "The world's directory");
    down->callback([&context, directory] {
        context.run = [&context, directory] {
            return run_down(context, *directory);
        };
    });
    add_lab_shop_commands(*lab, context);
}

}  // namespace farshore::cli
