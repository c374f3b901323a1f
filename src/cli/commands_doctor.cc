#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <memory>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/net/http_message.h"
#include "adapters/system/system_clock.h"
#include "cli/account_checks.h"
#include "cli/context.h"
#include "cli/host_checks.h"
#include "cli/live_checks.h"
#include "cli/operation_calls.h"
#include "cli/region_checks.h"
#include "cli/stack_checks.h"
#include "wire/request_documents.h"

// doctor: is everything that a failover relies on what the configuration takes it for?
namespace farshore::cli {

namespace json = boost::json;

namespace {

using State = LiveCheck::State;

struct DoctorOptions {
    std::string to;       // a table Region; empty: the controller's own choice
    std::string without;  // a Region of the app, or its witness
    bool live = false;
};

// Not ready, and for what reason.
std::vector<LiveCheck> wrong_controller(const Error& error, State state = State::wrong) {
    return {{.what = "controller", .state = state, .text = error.text, .remedy = error.remedy}};
}

// The plan of an operator's failover, as the controller makes it.
std::vector<LiveCheck> ask_for_plan(
    ApiClient& client, const config::Config& config, const RegionId& to
) {
    const wire::ChangeBody body{.verb = "failover", .to = to};
    const auto answer = client.post(app_target(config.app.value(), "plan"), wire::to_json(body));
    if (!answer) {
        return wrong_controller(answer.error());
    }
    if (!answer->ok()) {
        return wrong_controller(answer->error());
    }
    const auto plan = answer->as<wire::PlanDocument>();
    return plan ? plan_checks(*plan, to) : wrong_controller(plan.error(), State::unchecked);
}

// Where the configuration asks for no drill; the default of decide.require_drill_within.
constexpr Duration kProvenFor = std::chrono::days{30};

LiveCheck ask_for_proof(ApiClient& client, const config::Config& config) {
    const auto answer = client.get("/v1/operations");
    const auto operations = !answer        ? std::unexpected(answer.error())
                            : answer->ok() ? answer->as<wire::OperationsDocument>()
                                           : std::unexpected(answer->error());
    if (!operations) {
        return {
            .what = "proof",
            .state = State::unchecked,
            .text = "the controller does not tell its operations: " + operations.error().text,
            .remedy = operations.error().remedy.empty() ? "try again" : operations.error().remedy
        };
    }
    return proof_check(
        *operations,
        system::SystemClock{}.wall(),
        config.decide.require_drill_within.value_or(kProvenFor)
    );
}

std::vector<LiveCheck> ask_controller(
    const Context& context, const config::Config& config, const DoctorOptions& options
) {
    const auto access = context.access();
    if (!access) {
        return wrong_controller(access.error());
    }
    ApiClient client{*access};
    const auto answer = client.get("/v1/status?app=" + net::percent_encode(config.app.value()));
    if (!answer) {
        return wrong_controller(answer.error());
    }
    if (!answer->ok()) {
        return wrong_controller(answer->error());
    }
    const auto status = answer->as<wire::StatusDocument>();
    if (!status) {
        // What it says cannot be read: whether a failover could start is not known.
        return wrong_controller(status.error(), State::unchecked);
    }
    std::vector<LiveCheck> checks = controller_checks(*status);
    std::ranges::move(host_checks(*status), std::back_inserter(checks));
    checks.push_back(ask_for_proof(client, config));
    if (!options.to.empty()) {
        std::ranges::move(
            ask_for_plan(client, config, RegionId{options.to}), std::back_inserter(checks)
        );
    }
    return checks;
}

std::string in_words(LiveVerdict verdict) {
    switch (verdict) {
        case LiveVerdict::ready: return "ready";
        case LiveVerdict::not_ready: return "not ready";
        case LiveVerdict::unchecked:
            return "not known to be ready: something could not be looked at";
    }
    std::unreachable();
}

// Names that are none of the app's are slips of the fingers.
Status known_regions(const config::Config& config, const DoctorOptions& options) {
    std::string known;
    for (const config::Region& region : config.regions) {
        known += (known.empty() ? "" : ", ") + region.id.value();
    }
    if (!options.to.empty() && config.region(RegionId{options.to}) == nullptr) {
        return fail(
            ErrorKind::malformed,
            options.to + " is none of the app's Regions",
            "name one of " + known
        );
    }
    const RegionId without{options.without};
    if (!options.without.empty() && config.region(without) == nullptr &&
        without != config.witness) {
        return fail(
            ErrorKind::malformed,
            options.without + " is none of the app's Regions, and not its witness",
            "name one of " + known +
                (config.witness.value().empty() ? "" : ", " + config.witness.value())
        );
    }
    if (!options.to.empty() && options.to == options.without) {
        return fail(
            ErrorKind::malformed,
            "a failover cannot go to " + options.to + " without " + options.to,
            "name two Regions"
        );
    }
    return {};
}

std::vector<LiveCheck> all_checks(
    const Context& context, const config::Config& config, const DoctorOptions& options
) {
    const RegionId without{options.without};
    std::vector<LiveCheck> checks;
    const auto add = [&checks](std::vector<LiveCheck> more) {
        std::ranges::move(more, std::back_inserter(checks));
    };
    if (const auto refused = refused_keys(config, without)) {
        checks.push_back(*refused);
    } else {
        add(look_up_names(config, without));
        add(try_rights(config, without));
        if (options.live) {
            add(account_checks(config, without));
        }
    }
    add(stack_checks(config, without));
    if (!options.to.empty()) {
        add(checks_to(config, RegionId{options.to}));
    }
    if (!options.without.empty()) {
        add(checks_without(config, without));
    }
    // One that stands there would not answer.
    if (options.without.empty() || config.controller.region != without) {
        add(ask_controller(context, config, options));
    }
    return checks;
}

int run_doctor(const Context& context, const DoctorOptions& options) {
    const auto loaded = context.configuration();
    if (!loaded) {
        return failed_with(loaded.error());
    }
    if (!loaded->has_value()) {
        return failed_with(
            {.kind = ErrorKind::malformed,
             .text = "no configuration file",
             .remedy = "name it with --config or FARSHORE_CONFIG"}
        );
    }
    if (const Status known = known_regions(**loaded, options); !known) {
        print_error(known.error());
        return kUsage;
    }
    const std::vector<LiveCheck> checks = all_checks(context, **loaded, options);
    const LiveVerdict verdict = verdict_of(checks);
    if (is_table(context.format)) {
        fmt::print("{}{}\n", checks_text(checks), in_words(verdict));
    } else {
        print_document(
            context.format,
            json::object{
                {"ready", verdict == LiveVerdict::ready},
                {"verdict", to_string(verdict)},
                {"checks", checks_document(checks)}
            }
        );
    }
    return exit_code_of(verdict);
}

}  // namespace

void add_doctor_command(CLI::App& app, Context& context) {
    auto* doctor = app.add_subcommand(
        "doctor",
        "Look up everything that the configuration names: tables and their keys, replication, "
        "settings, rights, record, and whether the controller is ready; exit 3 when something is "
        "wrong, 9 "
        "when something could not be looked at"
    );
    auto options = std::make_shared<DoctorOptions>();
    doctor->add_option("--to", options->to, "As a failover to this Region would find it");
    doctor->add_option(
        "--without-region",
        options->without,
        "What works while this Region answers nothing: nothing is asked of it"
    );
    doctor->add_flag(
        "--live",
        options->live,
        "Ask the AWS account too: who this is, the clock, DynamoDB's quotas in each Region"
    );
    doctor->callback([&context, options] {
        context.run = [&context, options] {
            return run_doctor(context, *options);
        };
    });
}

}  // namespace farshore::cli
