#include <CLI/CLI.hpp>
#include <memory>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "cli/operation_calls.h"
#include "cli/operation_view.h"
#include "wire/request_documents.h"

// op list, show, watch, abort, and answers to steps that ask.
namespace farshore::cli {

namespace {

struct AnswerOptions {
    std::string id;
    std::string step;
    std::string reason;
};

// What a person says to a step that waits for a person.
void add_answers(CLI::App& op, Context& context) {
    for (const auto& [name, help] : std::initializer_list<std::pair<const char*, const char*>>{
             {"approve", "Approve the step that waits for an approval: the plan goes on"},
             {"deny", "Refuse the approval that the plan waits for"},
             {"continue", "Run the step again that waits for an operator's answer"},
             {"skip", "Go on without the step that runs, or that waits for an operator"}
         }) {
        auto* command = op.add_subcommand(name, help);
        auto options = std::make_shared<AnswerOptions>();
        command->add_option("ID", options->id, "The operation")->required();
        command->add_option("--step", options->step, "Its step (default: the one that asks)");
        add_reason_option(*command, options->reason);
        const std::string answer = name;
        command->callback([&context, options, answer] {
            context.run = [&context, options, answer] {
                return post_and_say(
                    context,
                    operation_target(options->id) + "/" + answer,
                    wire::to_json(wire::AnswerBody{.step = options->step, .reason = options->reason}
                    ),
                    answer + " of " + options->id + " taken"
                );
            };
        });
    }
}

}  // namespace

void add_op_commands(CLI::App& app, Context& context) {
    auto* op = app.add_subcommand(
        "op", "Operations: list, show, watch, abort, approve, deny, continue, skip"
    );
    op->require_subcommand(1);
    auto* list = op->add_subcommand("list", "All operations, newest first");
    list->callback([&context] {
        context.run = [&context] {
            return show<wire::OperationsDocument>(context, "/v1/operations", operations_table);
        };
    });
    const auto with_id = [&](const char* name, const char* help, auto body) {
        auto* command = op->add_subcommand(name, help);
        auto id = std::make_shared<std::string>();
        command->add_option("ID", *id, "The operation")->required();
        command->callback([&context, id, body] {
            context.run = [&context, id, body] {
                return body(context, *id);
            };
        });
        return command;
    };
    (void)with_id(
        "show",
        "Phases, steps and losses of one operation",
        [](const Context& given, const std::string& id) {
            return show<wire::OperationDocument>(given, operation_target(id), operation_table);
        }
    );
    auto reason = std::make_shared<std::string>();
    auto* abort = with_id(
        "abort",
        "Stop an operation where that is still safe; exit 4 where it is too late",
        [reason](const Context& given, const std::string& id) {
            return post_and_say(
                given,
                operation_target(id) + "/abort",
                with_reason(*reason),
                "abort of " + id + " asked for"
            );
        }
    );
    add_reason_option(*abort, *reason);
    add_answers(*op, context);
    auto timeout = std::make_shared<std::string>("10m");
    auto* watch = with_id(
        "watch",
        "Show an operation until it ends",
        [timeout](const Context& given, const std::string& id) {
            return with_controller(given, [&](ApiClient& client) {
                return watch_operation(
                    given, client, id, duration_from(*timeout).value_or(Duration::zero())
                );
            });
        }
    );
    watch->add_option("--timeout", *timeout, "Stop watching after this time (10m)")
        ->check(must_be_duration);
}

}  // namespace farshore::cli
