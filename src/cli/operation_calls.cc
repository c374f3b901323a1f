#include "cli/operation_calls.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/net/http_message.h"
#include "base/text.h"
#include "cli/status_view.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

int exit_code_of_outcome(const json::value& operation) {
    const std::string outcome = text_at(operation, "outcome");
    if (outcome == "done") {
        return kDone;
    }
    if (outcome == "partly_done") {
        return kPartlyDone;
    }
    return outcome == "running" ? kStillRunning : kFailed;
}

}  // namespace

Result<json::value> status_for(ApiClient& client, const std::string& app, const std::string& to) {
    auto answer = client.get("/v1/status?app=" + net::percent_encode(app));
    if (!answer) {
        return std::unexpected(answer.error());
    }
    if (!answer->ok()) {
        return std::unexpected(answer->error());
    }
    const json::value* regions = value_at(answer->document, "regions");
    if (to.empty() || regions == nullptr || !regions->is_object() ||
        regions->get_object().contains(to)) {
        return std::move(answer->document);
    }
    std::vector<std::string> names;
    for (const auto& [name, region] : regions->get_object()) {
        names.emplace_back(name);
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

void add_levers(json::object& body, const std::vector<std::string>& levers) {
    if (!levers.empty()) {
        body["levers"] = json::array(levers.begin(), levers.end());
    }
}

void add_reason_option(CLI::App& command, std::string& reason) {
    command.add_option("--reason", reason, "For the audit: INC-812");
}

json::object with_reason(const std::string& reason) {
    return reason.empty() ? json::object{} : json::object{{"reason", reason}};
}

std::string must_be_duration(const std::string& text) {
    return duration_from(text) ? std::string{} : "not a duration: write 500ms, 5s, 2m or 1h";
}

int refused(const Answer& answer) {
    const json::value* guards = value_at(answer.document, "error/guards");
    const int code = failed_with(answer.error());
    if (guards == nullptr) {
        return code;
    }
    fmt::print(stderr, "{}", guards_table(*guards, Asked::yes));
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
            const std::string text = text_at(answer->document, "text");
            fmt::print("{}\n", text.empty() ? said : text);
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
    const auto end = client.watch(target + "/watch", timeout, [&](const json::value& entry) {
        // The table form is for people, so it goes where their eyes are; the document comes at the
        // end.
        if (as_table && value_at(entry, "kind") != nullptr) {
            print_progress(journal_line(entry));
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
    if (as_table) {
        const std::string why = text_at(answer->document, "why");
        fmt::print(
            "{} {}{}\n",
            text_at(answer->document, "verb"),
            text_at(answer->document, "outcome"),
            why.empty() ? "" : ": " + why
        );
    } else {
        print_document(context.format, answer->document);
    }
    return exit_code_of_outcome(answer->document);
}

}  // namespace farshore::cli
