#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "cli/context.h"
#include "wire/status_document.h"

// What the commands about operations share: where to ask, what to say, and which status it gives.
namespace farshore::cli {

struct StatusSeen {
    wire::StatusDocument status;
    boost::json::value document;  // as the controller sent it
};

// The app's status, when `to` is empty or one of the app's Regions. Errors: malformed (it is none:
// a slip of the fingers, which no guard should have to answer), those of the call.
[[nodiscard]] Result<StatusSeen> status_for(
    ApiClient& client, const std::string& app, const std::string& to
);

[[nodiscard]] std::string app_target(const std::string& app, std::string_view verb);
[[nodiscard]] std::string operation_target(const std::string& id);

// --levers, of commands that ask for a change or a plan; left empty, the configuration decides.
void add_levers_option(CLI::App& command, std::vector<std::string>& levers);
// Of words that the option has checked.
[[nodiscard]] std::vector<core::Lever> levers_from(const std::vector<std::string>& words);

// --reason, for the audit; may be left out.
void add_reason_option(CLI::App& command, std::string& reason);
[[nodiscard]] boost::json::object with_reason(const std::string& reason);

// For CLI11, which shows the text as a usage error; empty: it is one.
[[nodiscard]] std::string must_be_duration(const std::string& text);

// Prints a refusal with the guards that refused.
[[nodiscard]] int refused(const Answer& answer);

// Posts and prints the one line that the controller answers, or `said` when it has none.
[[nodiscard]] int post_and_say(
    const Context& context,
    const std::string& target,
    const boost::json::object& body,
    const std::string& said = "done"
);

// Shows an operation until it ends, Ctrl-C is pressed or `timeout` has passed (zero: never). The
// status says how it ended.
[[nodiscard]] int watch_operation(
    const Context& context, ApiClient& client, const std::string& id, Duration timeout
);

}  // namespace farshore::cli
