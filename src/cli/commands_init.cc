#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/net/tls_ca.h"
#include "adapters/system/system_clock.h"
#include "base/text.h"
#include "cli/context.h"
#include "cli/exit_codes.h"
#include "cli/operation_calls.h"
#include "cli/output.h"
#include "cli/tokens_file.h"
#include "controller/tokens.h"

// What an installation needs before its first start, and how it is renewed: the CA, the
// controller's certificate, tokens.
namespace farshore::cli {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

struct CaOptions {
    std::string directory = ".";
    std::string name = "farshore";
    std::vector<std::string> names;
    bool force = false;
};

struct TokenOptions {
    std::string role;
    std::string name;
    std::string app;
    std::string host;
    std::string region;
    std::string tokens;
    std::string out;
    std::string length;
    bool force = false;
};

struct RotateOptions {
    std::string name;
    std::string tokens;
    std::string out;
    std::optional<std::string> app;
    std::string overlap = "1h";
    std::string length;
    std::string directory = ".";
    std::vector<std::string> names;
    bool new_key = false;
};

net::CaFiles ca_in(const std::string& directory) {
    return {
        .certificate_file = (fs::path{directory} / "ca.pem").string(),
        .key_file = (fs::path{directory} / "ca.key").string()
    };
}

// The tokens file that is meant: the one that was named, or the configuration's.
Result<std::string> tokens_path(const Context& context, const std::string& given) {
    if (!given.empty()) {
        return given;
    }
    const auto config = context.configuration();
    if (!config) {
        return std::unexpected(config.error());
    }
    if (*config && !(*config)->controller.tokens_file.empty()) {
        return (*config)->controller.tokens_file;
    }
    return fail(
        ErrorKind::malformed,
        "no tokens file is named",
        "--tokens FILE, or a configuration whose controller.tokens names it"
    );
}

int make_ca(const CaOptions& options) {
    const net::CaFiles files = ca_in(options.directory);
    std::error_code error;
    fs::create_directories(options.directory, error);
    for (const std::string& file :
         {files.certificate_file,
          files.key_file,
          (fs::path{options.directory} / "controller.pem").string(),
          (fs::path{options.directory} / "controller.key").string()}) {
        if (const Status absent = check_absent(file, options.force); !absent) {
            return failed_with(absent.error());
        }
    }
    const auto ca = net::create_ca(options.directory, options.name);
    if (!ca) {
        return failed_with(ca.error());
    }
    const auto issued = net::issue_certificate(*ca, options.directory, "controller", options.names);
    if (!issued) {
        return failed_with(issued.error());
    }
    fmt::print(
        "{}\n{}\n{}\n{}\n",
        ca->certificate_file,
        ca->key_file,
        issued->certificate_file,
        issued->key_file
    );
    print_message(fmt::format(
        "every agent and every person's `farshore` needs {} (controller_ca, controller.tls.ca); "
        "keep {} away from the controller: only renewals need it",
        ca->certificate_file,
        ca->key_file
    ));
    return kDone;
}

// Everything that can be wrong is found before anything is written.
int make_token(const Context& context, TokenOptions options) {
    const auto path = tokens_path(context, options.tokens);
    if (!path) {
        return failed_with(path.error());
    }
    json::object entry;
    if (options.role == "agent") {
        const auto app = context.app(options.app);
        if (!app) {
            return failed_with(app.error());
        }
        options.app = *app;
    }
    options.name = !options.name.empty()   ? options.name
                   : !options.host.empty() ? options.host
                                           : options.role;
    entry["name"] = options.name;
    entry["role"] = options.role;
    for (const auto& [key, value] :
         {std::pair{"app", &options.app}, {"host", &options.host}, {"region", &options.region}}) {
        if (!value->empty()) {
            entry[key] = *value;
        }
    }
    if (!options.length.empty()) {
        entry["until"] = to_iso8601(later_by(options.length));
    }
    const std::string out = options.out.empty() ? beside(*path, options.name) : options.out;
    if (const Status absent = check_absent(out, options.force); !absent) {
        return failed_with(absent.error());
    }
    auto tokens = read_tokens(*path);
    if (!tokens) {
        return failed_with(tokens.error());
    }
    const std::string token = new_token();
    entry["token_sha256"] = controller::digest_of(token);
    Status done = add_token(*tokens, std::move(entry), options.force);
    if (done) {
        done = keep_token(*path, *tokens, out, token);
    }
    if (!done) {
        return failed_with(done.error());
    }
    fmt::print("{}\n", out);
    return kDone;
}

int rotate_one_token(const Context& context, const RotateOptions& options) {
    const auto path = tokens_path(context, options.tokens);
    if (!path) {
        return failed_with(path.error());
    }
    auto tokens = read_tokens(*path);
    if (!tokens) {
        return failed_with(tokens.error());
    }
    const TokenOwner owner{.name = options.name, .app = options.app};
    const auto app = app_of(*tokens, owner);
    if (!app) {
        return failed_with(app.error());
    }
    const std::string out = options.out.empty() ? beside(*path, options.name) : options.out;
    if (const Status may = check_may_replace(out, *tokens, options.name, *app); !may) {
        return failed_with(may.error());
    }
    const Rotation rotation{
        .new_token = new_token(),
        .now = system::SystemClock{}.wall(),
        .old_until = later_by(options.overlap),
        .new_end = options.length.empty() ? std::nullopt : std::optional{later_by(options.length)}
    };
    const auto rotated = rotate_token(*tokens, owner, rotation);
    if (!rotated) {
        return failed_with(rotated.error());
    }
    // The controller's file first: a client must not hold a token that the file does not have.
    Status done = write_tokens(*path, *tokens);
    if (done) {
        done = write_secret(out, rotation.new_token);
    }
    if (!done) {
        return failed_with(done.error());
    }
    fmt::print("{}\n", out);
    const std::string old = rotated->old_until ? "is good until " + to_iso8601(*rotated->old_until)
                                               : "had ended before";
    print_message(fmt::format(
        "the old token of {} {}, the new one {}: give the new one to each program and person that "
        "uses it",
        options.name,
        old,
        rotated->new_end ? "until " + to_iso8601(*rotated->new_end) : "has no end"
    ));
    return kDone;
}

int rotate_certificate(const RotateOptions& options) {
    const std::string file = (fs::path{options.directory} / "controller.pem").string();
    std::vector<std::string> names = options.names;
    if (names.empty()) {
        auto found = net::certificate_names(file);
        if (!found) {
            return failed_with(found.error());
        }
        names = std::move(*found);
    }
    const auto issued =
        net::issue_certificate(ca_in(options.directory), options.directory, "controller", names);
    if (!issued) {
        return failed_with(issued.error());
    }
    fmt::print("{}\n{}\n", issued->certificate_file, issued->key_file);
    print_message(fmt::format("for {}; farshored takes it up within a second", joined(names)));
    return kDone;
}

int rotate_ca(const RotateOptions& options) {
    const net::CaFiles ca = ca_in(options.directory);
    if (const Status renewed = net::renew_ca(ca, options.new_key); !renewed) {
        return failed_with(renewed.error());
    }
    fmt::print("{}\n{}\n", ca.certificate_file, ca.key_file);
    print_message(
        options.new_key
            ? fmt::format(
                  "{} holds the new certificate and the old one. Give it to every agent and "
                  "person, "
                  "then `farshore init rotate certificate`, then `farshore init rotate ca` once "
                  "more: that leaves the old one out",
                  ca.certificate_file
              )
            : fmt::format(
                  "{} is of the same key: give it to every agent and person before the old one "
                  "ends",
                  ca.certificate_file
              )
    );
    return kDone;
}

void add_ca(CLI::App& init, Context& context) {
    auto ca_options = std::make_shared<CaOptions>();
    auto* ca = init.add_subcommand(
        "ca", "The installation's own CA, and the controller's certificate: ca.pem, controller.pem"
    );
    ca->add_option(
          "NAME",
          ca_options->names,
          "DNS names and IP addresses by which agents and people reach the controller"
    )
        ->required();
    ca->add_option("--dir", ca_options->directory, "Where the files go (.)");
    ca->add_option("--ca-name", ca_options->name, "The CA's name (farshore)");
    ca->add_flag(
        "--force",
        ca_options->force,
        "Replace the CA that is there: clients must get the new ca.pem"
    );
    ca->callback([&context, ca_options] {
        context.run = [ca_options] {
            return make_ca(*ca_options);
        };
    });
}

void add_token_command(CLI::App& init, Context& context) {
    auto token_options = std::make_shared<TokenOptions>();
    auto* token = init.add_subcommand(
        "token", "A token for a person, a program or one host; its digest goes into the tokens file"
    );
    token->add_option("--role", token_options->role, "operator, viewer or agent")
        ->required()
        ->check(CLI::IsMember({"operator", "viewer", "agent"}));
    token->add_option("--name", token_options->name, "Its owner, for the audit (host, or role)")
        ->check(must_be_file_name);
    token->add_option("--app", token_options->app, "The app (an agent's: the configuration's)");
    auto* host = token->add_option("--host", token_options->host, "The agent's host");
    token->add_option("--region", token_options->region, "The Region in which that host stands")
        ->needs(host);
    token->add_option("--tokens", token_options->tokens, "The tokens file (the configuration's)");
    token->add_option("--out", token_options->out, "Where the token goes (NAME.token beside it)");
    token->add_option("--for", token_options->length, "How long it is valid: 90d (without end)")
        ->check(must_be_duration);
    token->add_flag("--force", token_options->force, "Replace a token and a file of that name");
    token->callback([&context, token_options] {
        if ((token_options->role == "agent") == token_options->host.empty()) {
            throw CLI::ValidationError("--host", "an agent's token names its host, and no other");
        }
        context.run = [&context, token_options] {
            return make_token(context, *token_options);
        };
    });
}

void add_rotate(CLI::App& init, Context& context) {
    auto* rotate = init.add_subcommand("rotate", "Renew a token, the certificate or the CA");
    rotate->require_subcommand(1);
    auto rotate_options = std::make_shared<RotateOptions>();
    auto* rotated_token = rotate->add_subcommand(
        "token", "Another token for the same caller; the old one stays valid for a while"
    );
    rotated_token->add_option("NAME", rotate_options->name, "As the tokens file has it")
        ->required();
    rotated_token->add_option(
        "--app", rotate_options->app, "The token's app, when tokens of several have that name"
    );
    rotated_token->add_option("--tokens", rotate_options->tokens, "The tokens file");
    rotated_token->add_option("--out", rotate_options->out, "Where it goes (NAME.token beside it)");
    rotated_token->add_option("--overlap", rotate_options->overlap, "How long both are valid (1h)")
        ->check(must_be_duration);
    rotated_token
        ->add_option("--for", rotate_options->length, "How long the new one is valid (as the old)")
        ->check(must_be_duration);
    rotated_token->callback([&context, rotate_options] {
        context.run = [&context, rotate_options] {
            return rotate_one_token(context, *rotate_options);
        };
    });
    auto* certificate =
        rotate->add_subcommand("certificate", "The controller's certificate and its key");
    certificate->add_option("NAME", rotate_options->names, "Its names (those that it has)");
    certificate->add_option("--dir", rotate_options->directory, "Where ca.pem and ca.key are (.)");
    certificate->callback([&context, rotate_options] {
        context.run = [rotate_options] {
            return rotate_certificate(*rotate_options);
        };
    });
    auto* rotated_ca = rotate->add_subcommand("ca", "The CA's certificate");
    rotated_ca->add_option("--dir", rotate_options->directory, "Where ca.pem and ca.key are (.)");
    rotated_ca->add_flag("--new-key", rotate_options->new_key, "With a new key, beside the old");
    rotated_ca->callback([&context, rotate_options] {
        context.run = [rotate_options] {
            return rotate_ca(*rotate_options);
        };
    });
}

}  // namespace

void add_init_commands(CLI::App& app, Context& context) {
    auto* init = app.add_subcommand(
        "init",
        "Write a first farshore.yaml and agent.yaml; or make what an installation needs: CA, "
        "certificate, tokens; and renew it"
    );
    init->require_subcommand(0, 1);
    add_draft_options(*init, context);
    add_ca(*init, context);
    add_token_command(*init, context);
    add_join_token_command(*init, context);
    add_rotate(*init, context);
}

}  // namespace farshore::cli
