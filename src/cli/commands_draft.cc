#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/aws/discovery.h"
#include "base/names.h"
#include "cli/aws_world.h"
#include "cli/context.h"
#include "cli/draft_text.h"
#include "cli/exit_codes.h"
#include "cli/lab_directory.h"
#include "cli/output.h"
#include "cli/tokens_file.h"

// `farshore init` without a word more: the first farshore.yaml and agent.yaml.
namespace farshore::cli {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

constexpr unsigned kDraftMode = 0644;

struct DraftOptions {
    bool discover = false;
    std::string app = "magento";
    std::vector<std::string> tables;
    std::string preferred;
    std::string standby;
    std::string witness;
    std::string record;
    std::string zone;
    std::vector<std::string> health;  // "REGION=URL"
    std::string profile;
    std::string directory = ".";
    bool force = false;
};

std::string environment(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): never changed
    return value == nullptr ? "" : value;
}

// On a terminal, one line each; an empty one leaves it open.
void ask_for_what_is_missing(DraftOptions& options) {
    const auto ask = [](const char* question, std::string& answer) {
        if (answer.empty()) {
            fmt::print(stderr, "{}: ", question);
            std::getline(std::cin, answer);
        }
    };
    std::string tables;
    if (options.tables.empty()) {
        ask("DynamoDB tables that the application writes to, apart by blanks", tables);
        std::istringstream words{tables};
        for (std::string word; words >> word;) {
            options.tables.push_back(word);
        }
    }
    ask("Region where users are in quiet times (us-east-1)", options.preferred);
    ask("Region to go to when that one fails (eu-west-1)", options.standby);
    ask("Third Region, for the controller (empty: chosen for you)", options.witness);
    ask("Record that users ask for (empty: none)", options.record);
    if (!options.record.empty()) {
        ask("Id of its hosted zone", options.zone);
    }
}

Result<core::InitWish> wish_of(const DraftOptions& options) {
    core::InitWish wish{
        .app = AppId{options.app},
        .tables = {},
        .preferred = RegionId{options.preferred},
        .standby = RegionId{options.standby},
        .witness = RegionId{options.witness},
        .record = options.record,
        .zone = options.zone,
        .health = {}
    };
    Status good = check_name(wish.app);
    for (const RegionId* region : {&wish.preferred, &wish.standby, &wish.witness}) {
        if (good && !region->value().empty()) {
            good = check_name(*region);
        }
    }
    for (const std::string& name : options.tables) {
        wish.tables.emplace_back(name);
        if (good) {
            good = check_name(wish.tables.back());
        }
    }
    for (const std::string& one : options.health) {
        const std::size_t equals = one.find('=');
        if (good && equals == std::string::npos) {
            good = fail(
                ErrorKind::malformed,
                "--health " + one + " names no Region",
                "--health REGION=URL, as in us-east-1=https://use1.shop.example/healthz"
            );
        }
        wish.health[RegionId{one.substr(0, equals)}] =
            equals == std::string::npos ? "" : one.substr(equals + 1);
    }
    if (!good) {
        return std::unexpected(good.error());
    }
    return wish;
}

// How AWS is reached is taken from a configuration that is named, and nothing else of it: one that
// only lies about may be what this command is to replace.
Result<config::AwsAccess> access_of(const Context& context, const DraftOptions& options) {
    config::AwsAccess access;
    if (!context.config_file.empty()) {
        Result<std::optional<config::Config>> config = context.configuration();
        if (!config) {
            return std::unexpected(std::move(config.error()));
        }
        access = (*config)->aws;
    }
    if (!options.profile.empty()) {
        access.profile = options.profile;
    }
    return access;
}

Result<core::Discovered> look(
    const Context& context, const DraftOptions& options, const core::InitWish& wish
) {
    const std::string usual = environment("AWS_REGION");
    const std::string region = !options.preferred.empty() ? options.preferred
                               : !usual.empty()           ? usual
                                                          : environment("AWS_DEFAULT_REGION");
    if (region.empty()) {
        return fail(
            ErrorKind::malformed,
            "it is not known which Region to look in",
            "--preferred REGION, or AWS_REGION"
        );
    }
    const RegionId first{region};
    if (const Status good = check_name(first); !good) {
        return std::unexpected(good.error());
    }
    Result<config::AwsAccess> access = access_of(context, options);
    if (!access) {
        return std::unexpected(std::move(access.error()));
    }
    config::Config config;
    config.aws = *std::move(access);
    AwsWorld world(config);
    return world.run(aws::discover(
        world.client(),
        {.region = first,
         .tables = wish.tables,
         .standby = wish.standby,
         .record = wish.record,
         .zone = wish.zone}
    ));
}

struct NamedFile {
    std::string path;
    std::string text;
};

// All or none: what is in the way is found before anything is written.
Status write_all(const std::vector<NamedFile>& files, const DraftOptions& options) {
    for (const NamedFile& file : files) {
        if (Status absent = check_absent(file.path, options.force); !absent) {
            return absent;
        }
    }
    std::error_code error;
    fs::create_directories(options.directory, error);
    for (const NamedFile& file : files) {
        if (Status written = write_file(file.path, file.text, kDraftMode); !written) {
            return written;
        }
    }
    return {};
}

void tell(const Context& context, const core::Draft& draft, const std::vector<NamedFile>& files) {
    if (!is_table(context.format)) {
        json::array paths;
        for (const NamedFile& file : files) {
            paths.emplace_back(file.path);
        }
        json::array questions;
        for (const core::OpenQuestion& question : draft.questions) {
            questions.emplace_back(json::object{{"about", question.about}, {"text", question.text}}
            );
        }
        json::array notes(draft.notes.begin(), draft.notes.end());
        print_document(
            context.format,
            json::object{
                {"files", std::move(paths)},
                {"questions", std::move(questions)},
                {"notes", std::move(notes)}
            }
        );
        return;
    }
    for (const NamedFile& file : files) {
        fmt::print("{}\n", file.path);
    }
    for (const core::OpenQuestion& question : draft.questions) {
        print_message(
            folded_for_people(fmt::format("OPEN {}: {}", question.about, question.text), 2)
        );
    }
    print_message(
        fmt::format(
            "next: edit {0}, then `farshore validate {0}`, `farshore init ca NAME`, and ",
            files.front().path
        ) +
        "`farshore provision plan --config " + files.front().path + "`"
    );
}

int make_draft(const Context& context, DraftOptions options) {
    if (!options.discover && ::isatty(STDIN_FILENO) == 1) {
        ask_for_what_is_missing(options);
    }
    const Result<core::InitWish> wish = wish_of(options);
    if (!wish) {
        return failed_with(wish.error());
    }
    Result<core::Discovered> found = core::Discovered{};
    if (options.discover) {
        found = look(context, options, *wish);
    }
    if (!found) {
        return failed_with(found.error());
    }
    const Result<core::Draft> draft = core::draft_of(*wish, *found);
    if (!draft) {
        return failed_with(draft.error());
    }
    const fs::path directory{options.directory};
    std::vector<NamedFile> files{
        {.path = (directory / "farshore.yaml").string(), .text = controller_file(*draft)}
    };
    for (const core::DraftRegion& region : draft->regions) {
        files.push_back(
            {.path = (directory / ("agent-" + region.id.value() + ".yaml")).string(),
             .text = agent_file(*draft, region.id)}
        );
    }
    if (const Status written = write_all(files, options); !written) {
        return failed_with(written.error());
    }
    tell(context, *draft, files);
    return kDone;
}

}  // namespace

void add_draft_options(CLI::App& init, Context& context) {
    auto options = std::make_shared<DraftOptions>();
    init.add_flag(
        "--discover",
        options->discover,
        "Read what the AWS account has: replicas, records, checks, load balancers, groups, alarms "
        "(reached as --config says, when it is given). Changes nothing there"
    );
    init.add_option("--app", options->app, "The app's name")->capture_default_str();
    init.add_option("--tables", options->tables, "Those that the application writes to");
    init.add_option("--preferred", options->preferred, "The Region of quiet times (AWS_REGION)");
    init.add_option("--standby", options->standby, "The other one");
    init.add_option("--witness", options->witness, "The third one, for the controller");
    init.add_option("--record", options->record, "The name that users ask for");
    init.add_option("--zone", options->zone, "The id of its hosted zone");
    init.add_option(
        "--health", options->health, "REGION=URL: the page that tells that its stack serves"
    );
    init.add_option("--profile", options->profile, "Of the AWS credentials (AWS_PROFILE)");
    init.add_option("--dir", options->directory, "Where the files go")->capture_default_str();
    init.add_flag("--force", options->force, "Replace files that are there");
    init.callback([&init, &context, options] {
        if (init.get_subcommands().empty()) {
            context.run = [&context, options] {
                return make_draft(context, *options);
            };
        }
    });
}

}  // namespace farshore::cli
