#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/net/http_message.h"
#include "base/text.h"
#include "cli/context.h"
#include "cli/exit_codes.h"
#include "cli/operation_calls.h"
#include "cli/output.h"
#include "cli/tokens_file.h"
#include "controller/tokens.h"
#include "wire/answer_documents.h"
#include "wire/request_documents.h"

// Tokens with which hosts join: made by a controller, or put into its file; listed, ended.
namespace farshore::cli {

namespace json = boost::json;

namespace {

struct JoinOptions {
    std::string app;
    std::string name;
    std::string region;
    std::string hosts = "*";
    std::string tokens;
    std::string out;
    std::string length = "1h";
    std::uint64_t uses = 1;
    bool list = false;
    std::string end;
    bool force = false;
};

int list_join_tokens(const Context& context) {
    const auto as_table = [](const wire::JoinTokensDocument& document) {
        TextTable table{{"NAME", "HOSTS", "REGION", "USED", "UNTIL", "BY"}};
        for (const wire::JoinTokenDocument& token : document.join_tokens) {
            table.add(
                {token.name,
                 token.hosts,
                 token.region.value_or(RegionId{}).value(),
                 fmt::format("{} of {}", token.uses, token.uses_max),
                 to_iso8601(token.until),
                 token.by}
            );
        }
        return table.empty() ? std::string{"no join token\n"} : table.text();
    };
    return show<wire::JoinTokensDocument>(context, "/v1/join-tokens", as_table);
}

int end_join_token(const Context& context, const JoinOptions& options) {
    const auto app = context.app(options.app);
    if (!app) {
        return failed_with(app.error());
    }
    return post_and_say(
        context, app_target(*app, "join-tokens/" + net::percent_encode(options.end) + "/end"), {}
    );
}

// Into the file: a controller that runs takes it up within a second.
int file_join_token(const JoinOptions& options, const std::string& app, const std::string& out) {
    auto tokens = read_tokens(options.tokens);
    if (!tokens) {
        return failed_with(tokens.error());
    }
    const std::string token = new_token();
    json::object entry{
        {"name", options.name},
        {"role", "join"},
        {"app", app},
        {"hosts", options.hosts},
        {"uses", options.uses},
        {"until", to_iso8601(later_by(options.length))},
        {"token_sha256", controller::digest_of(token)}
    };
    if (!options.region.empty()) {
        entry["region"] = options.region;
    }
    Status done = add_token(*tokens, std::move(entry), options.force);
    if (done) {
        done = keep_token(options.tokens, *tokens, out, token);
    }
    if (!done) {
        return failed_with(done.error());
    }
    fmt::print("{}\n", out);
    return kDone;
}

int ask_for_join_token(
    const Context& context,
    const JoinOptions& options,
    const std::string& app,
    const std::string& out
) {
    const wire::JoinTokenRequest request{
        .name = options.name,
        .hosts = options.hosts,
        .uses = options.uses,
        .valid_for = *duration_from(options.length),
        .region = RegionId{options.region}
    };
    return with_controller(context, [&](ApiClient& client) {
        const auto answer = client.post(app_target(app, "join-tokens"), wire::to_json(request));
        if (!answer) {
            return failed_with(answer.error());
        }
        if (!answer->ok()) {
            return failed_with(answer->error());
        }
        const auto made = answer->as<wire::MadeJoinToken>();
        if (!made) {
            return failed_with(made.error());
        }
        if (const Status kept = write_secret(out, made->token); !kept) {
            return failed_with(kept.error());
        }
        fmt::print("{}\n", out);
        return static_cast<int>(kDone);
    });
}

int make_join_token(const Context& context, JoinOptions options) {
    if (options.list) {
        return list_join_tokens(context);
    }
    if (!options.end.empty()) {
        return end_join_token(context, options);
    }
    const auto app = context.app(options.app);
    if (!app) {
        return failed_with(app.error());
    }
    if (options.name.empty()) {
        options.name = "join-" + new_token().substr(0, 8);
    }
    const std::string out = !options.out.empty()      ? options.out
                            : !options.tokens.empty() ? beside(options.tokens, options.name)
                                                      : options.name + ".token";
    if (const Status absent = check_absent(out, options.force); !absent) {
        return failed_with(absent.error());
    }
    return options.tokens.empty() ? ask_for_join_token(context, options, *app, out)
                                  : file_join_token(options, *app, out);
}

}  // namespace

void add_join_token_command(CLI::App& init, Context& context) {
    auto join_options = std::make_shared<JoinOptions>();
    auto* join = init.add_subcommand(
        "join-token", "A token with which new hosts get a credential each, by themselves"
    );
    join->add_option("APP", join_options->app, "The app (default: the configuration's)");
    join->add_option("--name", join_options->name, "Its name, for the audit")
        ->check(must_be_file_name);
    join->add_option("--uses", join_options->uses, "How many hosts may join with it (1)")
        ->check(CLI::Range(1, 10'000));
    join->add_option("--for", join_options->length, "How long it is valid (1h)")
        ->check(must_be_duration);
    join->add_option("--region", join_options->region, "Region of its hosts (any of the app's)");
    join->add_option("--hosts", join_options->hosts, "Pattern of their names: i-* (*)");
    join->add_option("--out", join_options->out, "Where the token goes (NAME.token)");
    join->add_option(
        "--tokens", join_options->tokens, "Write it into this tokens file, without a controller"
    );
    join->add_flag("--force", join_options->force, "Replace a token and a file of that name");
    join->add_flag("--list", join_options->list, "List the join tokens");
    join->add_option("--end", join_options->end, "End the join token of this name");
    join->callback([&context, join_options] {
        context.run = [&context, join_options] {
            return make_join_token(context, *join_options);
        };
    });
}

}  // namespace farshore::cli
