#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/host/durable_file.h"
#include "adapters/net/http_message.h"
#include "base/standard_output.h"
#include "cli/losses_export.h"
#include "cli/operation_calls.h"
#include "cli/operation_view.h"
#include "wire/request_documents.h"

// losses, losses export, losses settle.
namespace farshore::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kKeysPerPage = 1'000;

struct ExportOptions {
    std::string operation;
    std::string table;
    std::string format = "csv";
    std::string out;
};

struct SettleOptions {
    std::string operation;
    std::string table;
    std::string key;
    bool all_open = false;
    std::string fate;
    std::string reason;
    std::string confirm;
};

std::string losses_target(const std::string& id) {
    return operation_target(id) + "/losses";
}

// The newest failover's id. Errors: not_found, those of the call.
Result<std::string> last_failover(ApiClient& client) {
    const auto answer = client.get("/v1/operations");
    if (!answer) {
        return std::unexpected(answer.error());
    }
    if (!answer->ok()) {
        return std::unexpected(answer->error());
    }
    const auto all = answer->as<wire::OperationsDocument>();
    if (!all) {
        return std::unexpected(all.error());
    }
    for (const wire::OperationDocument& operation : all->operations) {
        if (operation.verb == core::Verb::failover) {
            return operation.id.value();
        }
    }
    return fail(ErrorKind::not_found, "there was no failover yet");
}

// Every page of a book, in one document.
Result<LossBookSeen> whole_book(ApiClient& client, const std::string& id) {
    LossBookSeen seen;
    std::vector<wire::LossEntryDocument> entries;
    json::array as_sent;
    for (std::optional<std::uint64_t> after = 0; after;) {
        const auto answer =
            client.get(fmt::format("{}?limit={}&after={}", losses_target(id), kKeysPerPage, *after)
            );
        if (!answer) {
            return std::unexpected(answer.error());
        }
        if (!answer->ok()) {
            return std::unexpected(answer->error());
        }
        Result<wire::LossesDocument> page = answer->as<wire::LossesDocument>();
        if (!page) {
            return std::unexpected(page.error());
        }
        after = page->next;
        entries.insert(
            entries.end(),
            std::make_move_iterator(page->entries.begin()),
            std::make_move_iterator(page->entries.end())
        );
        seen = {.book = std::move(*page), .document = answer->as_object()};
        for (const json::value& entry : list_at(answer->document, "entries")) {
            as_sent.push_back(entry);
        }
    }
    seen.book.entries = std::move(entries);
    seen.document["entries"] = std::move(as_sent);
    seen.document.erase("next");
    return seen;
}

// Runs `body` with the book of the operation, or of the last failover.
int with_book(
    const Context& context,
    const std::string& given,
    const std::function<int(const std::string& id, const LossBookSeen& seen)>& body
) {
    return with_controller(context, [&](ApiClient& client) {
        std::string id = given;
        if (id.empty()) {
            Result<std::string> last = last_failover(client);
            if (!last && last.error().kind == ErrorKind::not_found) {
                print_message(last.error().text);
                return static_cast<int>(kDone);
            }
            if (!last) {
                return failed_with(last.error());
            }
            id = std::move(*last);
            print_message("operation " + id);
        }
        const Result<LossBookSeen> seen = whole_book(client, id);
        return seen ? body(id, *seen) : failed_with(seen.error());
    });
}

int run_losses(const Context& context, const std::string& given) {
    return with_book(context, given, [&](const std::string&, const LossBookSeen& seen) {
        if (is_table(context.format)) {
            fmt::print("{}", losses_table(seen.book));
        } else {
            print_document(context.format, seen.document);
        }
        return static_cast<int>(kDone);
    });
}

int run_export(const Context& context, const ExportOptions& options) {
    return with_book(
        context,
        options.operation,
        [&](const std::string& id, const LossBookSeen& seen) {
            const LossFormat format = *enum_from<LossFormat>(options.format);
            if (seen.book.keys_hidden && format == LossFormat::dynamodb_json) {
                return failed_with(
                    {.kind = ErrorKind::denied,
                     .text = "a viewer's token does not get the keys, and there is no item without "
                             "its key",
                     .remedy = "use a token of the role operator"}
                );
            }
            const std::string text =
                losses_export(seen, {.format = format, .table = options.table});
            if (options.out.empty()) {
                write_output(text);
                if (!flush_output()) {
                    return static_cast<int>(kCannotWrite);  // which is said as the command ends
                }
            } else if (const Status written =
                           host::replace_file(options.out, text, host::Durability::on_disk, 0600);
                       !written) {
                return failed_with(written.error());
            }
            print_message(export_summary(id, seen.book, options.table));
            // A script wants to notice that the list is not all there is to know.
            const bool whole = seen.book.settled && !seen.book.truncated;
            return static_cast<int>(whole ? kDone : kInconclusive);
        }
    );
}

// A decision on what became of writes stays in the book: the operator types or gives the id first.
int confirm_settling(const SettleOptions& options, const std::string& what) {
    if (!options.confirm.empty()) {
        if (options.confirm == options.operation) {
            return kDone;
        }
        print_message(fmt::format(
            "error: --confirm says `{}`, the operation is `{}`", options.confirm, options.operation
        ));
        return kDeclined;
    }
    if (::isatty(STDIN_FILENO) != 1) {
        print_message(fmt::format(
            "error: an operator's decision stays in the loss book, and needs the "
            "operation's id\n  remedy: --confirm {}",
            options.operation
        ));
        return kUsage;
    }
    fmt::print(
        stderr,
        "{} of {} will count as {}; type the operation's id to go on: ",
        what,
        options.operation,
        options.fate
    );
    std::string typed;
    std::getline(std::cin, typed);
    if (typed == options.operation) {
        return kDone;
    }
    print_message("declined; nothing was changed");
    return kDeclined;
}

int run_settle(const Context& context, const SettleOptions& options) {
    wire::SettleRequest request{
        .fate = options.fate, .reason = options.reason, .confirm = options.operation
    };
    std::string what = "every write without a fate";
    if (options.all_open) {
        request.all_open = true;
    } else {
        boost::system::error_code error;
        json::value key = json::parse(options.key, error);
        if (error || !key.is_object()) {
            return failed_with(
                {.kind = ErrorKind::malformed,
                 .text = "--key " + options.key + " is no key as the book shows it",
                 .remedy = R"(for example --key '{"id":{"S":"cart-7"}}')"}
            );
        }
        request.key = std::move(key.get_object());
        what = "the writes of " + options.key;
    }
    if (!options.table.empty()) {
        request.table = options.table;
        what += " of table " + options.table;
    }
    if (const int confirmed = confirm_settling(options, what); confirmed != kDone) {
        return confirmed;
    }
    return post_and_say(
        context, losses_target(options.operation) + "/settle", wire::to_json(request)
    );
}

void add_export(CLI::App& losses, Context& context) {
    auto* command = losses.add_subcommand(
        "export", "A book as a file: exit 9 when it is not whole, or writes have no fate yet"
    );
    auto options = std::make_shared<ExportOptions>();
    command->add_option(
        "--operation", options->operation, "The operation (default: the last failover)"
    );
    command->add_option("--table", options->table, "Only this table's writes");
    command
        ->add_option(
            "--format",
            options->format,
            "csv; json; dynamodb-json: one line per key, as DynamoDB imports it"
        )
        ->check(CLI::IsMember(
            std::vector<std::string>{kLossFormatNames.begin(), kLossFormatNames.end()}
        ));
    command->add_option("--out", options->out, "The file, mode 0600 (default: standard output)");
    command->callback([&context, options] {
        context.run = [&context, options] {
            return run_export(context, *options);
        };
    });
}

void add_settle(CLI::App& losses, Context& context) {
    auto* command = losses.add_subcommand(
        "settle", "Decide what became of writes that Farshore cannot find out about"
    );
    auto options = std::make_shared<SettleOptions>();
    command->add_option("ID", options->operation, "The operation")->required();
    auto* table = command->add_option("--table", options->table, "Of this table");
    auto* key = command->add_option(
        "--key", options->key, R"(The key as the book shows it: '{"id":{"S":"cart-7"}}')"
    );
    key->needs(table);
    auto* all = command->add_flag("--all-open", options->all_open, "Every write without a fate");
    key->excludes(all);
    command
        ->add_option(
            "--fate", options->fate, "present, applied_late, suppressed, never_arrived or unknown"
        )
        ->required()
        ->check(CLI::IsMember({"present", "applied_late", "suppressed", "never_arrived", "unknown"})
        );
    command->add_option("--reason", options->reason, "For the book and the audit: INC-812")
        ->required();
    command->add_option("--confirm", options->confirm, "The operation's id, instead of typing it");
    command->callback([&context, options, key, all] {
        if (key->empty() && all->empty()) {
            throw CLI::RequiredError("either --table and --key, or --all-open");
        }
        context.run = [&context, options] {
            return run_settle(context, *options);
        };
    });
}

}  // namespace

void add_losses_commands(CLI::App& app, Context& context) {
    auto* losses =
        app.add_subcommand("losses", "The writes a failover put at risk, and what became of each");
    auto operation = std::make_shared<std::string>();
    losses->add_option("ID", *operation, "The operation (default: the last failover)");
    losses->callback([&context, losses, operation] {
        if (losses->get_subcommands().empty()) {
            context.run = [&context, operation] {
                return run_losses(context, *operation);
            };
        }
    });
    add_export(*losses, context);
    add_settle(*losses, context);
}

}  // namespace farshore::cli
