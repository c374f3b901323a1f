#include "cli/operation_calls.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/net/http_message.h"
#include "base/text.h"
#include "cli/operation_view.h"
#include "cli/status_view.h"
#include "wire/request_documents.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

ExitCode exit_code_of(core::Outcome outcome) {
    switch (outcome) {
        case core::Outcome::done: return kDone;
        case core::Outcome::partly_done: return kPartlyDone;
        case core::Outcome::running: return kStillRunning;
        case core::Outcome::failed:
        case core::Outcome::aborted: return kFailed;
    }
    std::unreachable();
}

}  // namespace

Result<StatusSeen> status_for(ApiClient& client, const std::string& app, const std::string& to) {
    auto answer = client.get("/v1/status?app=" + net::percent_encode(app));
    if (!answer) {
        return std::unexpected(answer.error());
    }
    if (!answer->ok()) {
        return std::unexpected(answer->error());
    }
    Result<wire::StatusDocument> status = answer->as<wire::StatusDocument>();
    if (!status) {
        return std::unexpected(status.error());
    }
    if (to.empty() || find_region(*status, to) != nullptr) {
        return StatusSeen{.status = std::move(*status), .document = std::move(answer->document)};
    }
    std::vector<std::string> names;
    for (const auto& [name, region] : status->regions) {
        names.push_back(name);
    }
    return fail(
        ErrorKind::malformed,
        fmt::format("{} is no Region of {}: {}", to, app, joined(names)),
        "name one of them with --to"
    );
}

std::string app_target(const std::string& app, std::string_view verb) {
    return "/v1/apps/" + net::percent_encode(app) + "/" + std::string{verb};
}

std::string operation_target(const std::string& id) {
    return "/v1/operations/" + net::percent_encode(id);
}

void add_levers_option(CLI::App& command, std::vector<std::string>& levers) {
    command
        .add_option(
            "--levers",
            levers,
            "Besides the writes: shift (send users to the new Region's stack), repoint (wait until "
            "the old Region's hosts work with the new tables too), or both: repoint,shift "
            "(default: the configuration's)"
        )
        ->delimiter(',')
        ->check(CLI::IsMember({"repoint", "shift"}));
}

std::vector<core::Lever> levers_from(const std::vector<std::string>& words) {
    std::vector<core::Lever> levers;
    for (const std::string& word : words) {
        levers.push_back(enum_from<core::Lever>(word).value_or(core::Lever{}));
    }
    return levers;
}

void add_reason_option(CLI::App& command, std::string& reason) {
    command.add_option("--reason", reason, "For the audit: INC-812");
}

json::object with_reason(const std::string& reason) {
    return wire::to_json(wire::AnswerBody{.step = {}, .reason = reason});
}

std::string must_be_duration(const std::string& text) {
    return duration_from(text) ? std::string{} : "not a duration: write 500ms, 5s, 2m or 1h";
}

int refused(const Answer& answer) {
    const int code = failed_with(answer.error());
    const auto refusal = answer.as<wire::RefusalDocument>();
    if (!refusal || !refusal->error.guards) {
        return code;
    }
    fmt::print(stderr, "{}", guards_table(*refusal->error.guards, Asked::yes));
    return kGuardRefused;
}

int post_and_say(
    const Context& context,
    const std::string& target,
    const json::object& body,
    const std::string& said
) {
    return with_controller(context, [&](ApiClient& client) {
        const auto answer = client.post(target, body);
        if (!answer) {
            return failed_with(answer.error());
        }
        if (!answer->ok()) {
            return refused(*answer);
        }
        if (is_table(context.format)) {
            const auto told = answer->as<wire::SaidDocument>();
            if (!told) {
                return failed_with(told.error());
            }
            fmt::print("{}\n", told->text.empty() ? said : told->text);
        } else {
            print_document(context.format, answer->document);
        }
        return static_cast<int>(kDone);
    });
}

int watch_operation(
    const Context& context, ApiClient& client, const std::string& id, Duration timeout
) {
    const std::string target = operation_target(id);
    const bool as_table = is_table(context.format);
    const auto end = client.watch(target + "/watch", timeout, [&](const Answer& line) {
        // The table form is for people, so it goes where their eyes are; the document comes at the
        // end.
        if (!as_table || line.as_object().contains("operation")) {
            return;
        }
        if (const auto entry = line.as<wire::EntryDocument>()) {
            print_progress(journal_line(*entry));
        } else {
            print_error(entry.error());
        }
    });
    if (!end) {
        return failed_with(end.error());
    }
    if (*end != WatchEnd::finished) {
        print_message(fmt::format(
            "{}; the operation goes on: farshore op watch {}",
            *end == WatchEnd::detached ? "detached" : "timed out",
            id
        ));
        return kStillRunning;
    }
    const auto answer = client.get(target);
    if (!answer) {
        return failed_with(answer.error());
    }
    if (!answer->ok()) {
        return failed_with(answer->error());
    }
    const auto operation = answer->as<wire::OperationDocument>();
    if (!operation) {
        return failed_with(operation.error());
    }
    if (as_table) {
        fmt::print(
            "{} {}{}\n",
            to_string(operation->verb),
            to_string(operation->outcome),
            operation->why.empty() ? "" : ": " + operation->why
        );
    } else {
        print_document(context.format, answer->document);
    }
    return exit_code_of(operation->outcome);
}

}  // namespace farshore::cli
