#include "controller/api.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "adapters/net/http_guard.h"
#include "base/text.h"
#include "controller/api_answers.h"
#include "wire/api.h"
#include "wire/url.h"

namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kAuditRows = 500;
constexpr std::size_t kOperationRows = 100;

// "POST /v1/apps/shop/pause": for the audit.
std::string words_of(const net::HttpRequest& request) {
    return request.method + " " + std::string{request.path()};
}

net::HttpResponse no_room() {
    net::HttpResponse response = refusal(
        {.kind = ErrorKind::exhausted,
         .text = "the connections that are left are for operators",
         .remedy = "allow the controller more open files (LimitNOFILE), or run fewer agents",
         .code = "no_room"}
    );
    response.status = 503;
    response.last = true;
    return response;
}

Error starting() {
    return {
        .kind = ErrorKind::unavailable,
        .text = "the controller is starting: it reads the epoch records",
        .remedy = "try again in a second; its log says what it waits for",
        .code = "starting"
    };
}

}  // namespace

void Api::ready(runtime::Pump& pump) {
    pump_ = &pump;
}

Api::Words Api::words_in(const net::HttpRequest& request) {
    Words path = split(request.path(), '/');
    path.erase(path.begin());
    return path;
}

net::Task<core::Reply> Api::ask(core::Event request, ports::Commit with) {
    const net::Later<core::Reply> later{parts_.io};
    pump_->ask(std::move(request), std::move(with), [later](core::Reply reply) {
        later.set(std::move(reply));
    });
    std::optional<core::Reply> reply = co_await later.get();
    if (!reply) {
        co_return std::unexpected(core::Refused{
            .error =
                {.kind = ErrorKind::cancelled,
                 .effect = Effect::possible,
                 .text = "the controller ends, and the store has not answered"}
        });
    }
    co_return std::move(*reply);
}

View Api::view() const {
    return {
        .config = parts_.config,
        .pump = *pump_,
        .link = parts_.link,
        .losses = parts_.losses,
        .tables = parts_.tables,
        .epochs = parts_.epochs,
        .stored = parts_.stored,
        .credentials = parts_.credentials,
        .joining = parts_.joining,
        .guesses = guesses_.guesses()
    };
}

// With TLS the browser itself looks whether the certificate has the name that its page used.
std::optional<net::HttpResponse> Api::refuse_foreign(const net::HttpRequest& request) const {
    if (auto page = net::refuse_web_page(request); page || request.tls) {
        return page;
    }
    const auto url = wire::parse_endpoint(parts_.config.controller.url);
    const std::string name = url ? wire::bracketed(url->host) : std::string{};
    return net::refuse_foreign_host(request, {&name, url ? 1U : 0U});
}

net::Task<net::HttpResponse> Api::answer(net::HttpRequest request) {
    if (request.path() == "/livez") {
        if (request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS") {
            co_return wrong_method(request, "GET, HEAD, OPTIONS");
        }
        co_return net::HttpResponse::text(200, pump_ == nullptr ? "starting\n" : "ok\n");
    }
    if (auto refusal = refuse_foreign(request)) {
        co_return std::move(*refusal);
    }
    if (request.path() == "/v1/agents/join" || request.path() == "/v1/agents/challenge") {
        if (request.crowded) {
            co_return no_room();
        }
        net::HttpResponse response = co_await answer_join(std::move(request));
        co_return response;
    }
    const Result<Caller> caller = parts_.credentials.caller(request.header("authorization"));
    if (!caller) {
        note_denied(request.peer_address, words_of(request), "nobody", caller.error().text);
        net::HttpResponse response = refusal(caller.error());
        response.status = 401;
        response.headers.push_back({.name = "WWW-Authenticate", .value = "Bearer"});
        response.last = request.crowded;
        if (caller.error().code == "bad_token") {
            response = co_await slowed(request.peer_address, std::move(response));
        }
        co_return response;
    }
    if (request.crowded && caller->role == Role::agent) {
        co_return no_room();
    }
    if (pump_ == nullptr) {
        co_return refusal(starting());
    }
    const std::string who = std::string{to_string(caller->role)} + ":" + caller->name;
    if (const auto why = why_not_for(request, *caller)) {
        note_denied(request.peer_address, words_of(request), who, why->text);
        co_return refusal(*why);
    }
    if (caller->role == Role::agent) {
        const std::string peer = request.peer_address;
        const std::string asked = words_of(request);
        net::HttpResponse response = co_await parts_.link.answer(std::move(request), *caller);
        if (response.status == 403) {
            note_denied(peer, asked, who, error_text_in(response));
        }
        co_return response;
    }
    if (request.method == "GET" || request.method == "HEAD") {
        co_return read(request, words_in(request), *caller);
    }
    if (request.method != "POST") {
        co_return wrong_method(request, "GET, POST");
    }
    if (caller->role != Role::operator_) {
        const Error why{
            .kind = ErrorKind::denied,
            .text = "the token " + caller->name + " may look, but not change anything",
            .remedy = "use a token of the role operator",
            .code = "role"
        };
        note_denied(request.peer_address, words_of(request), who, why.text);
        co_return refusal(why);
    }
    net::HttpResponse response = co_await change(std::move(request), *caller);
    co_return response;
}

// What a token is for: agents' for agents, people's for people, and each for its own app.
std::optional<Error> Api::why_not_for(const net::HttpRequest& request, const Caller& caller) const {
    const bool for_agents = request.path().starts_with("/v1/agents/");
    if (for_agents != (caller.role == Role::agent) || caller.role == Role::join) {
        return Error{
            .kind = ErrorKind::denied,
            .text =
                "the token " + caller.name + " has the role " + std::string{to_string(caller.role)},
            .remedy = for_agents ? "agents need a token of the role agent"
                                 : "use a token of the role viewer or operator",
            .code = "role"
        };
    }
    // An agent names the app that it asks for, and gets its answer for that.
    if (!for_agents && !caller.may_speak_for(parts_.config.app)) {
        return Error{
            .kind = ErrorKind::denied,
            .text = "the token " + caller.name + " is for " + caller.app.value() +
                    ", and this controller serves " + parts_.config.app.value(),
            .remedy = "use a token for this app",
            .code = "other_app"
        };
    }
    return std::nullopt;
}

net::Task<net::HttpResponse> Api::answer_join(net::HttpRequest request) {
    if (pump_ == nullptr) {
        co_return refusal(starting());
    }
    const std::string peer = request.peer_address;
    const std::string asked = words_of(request);
    net::HttpResponse response = co_await parts_.joining.answer(std::move(request));
    if (response.status == 401 || response.status == 403) {
        note_denied(peer, asked, "joining", error_text_in(response));
    }
    // A proof that is refused is no guess of a secret, and its host's people need the reason.
    if (response.status == 401) {
        response = co_await slowed(peer, std::move(response));
    }
    co_return response;
}

net::Task<net::HttpResponse> Api::slowed(std::string peer, net::HttpResponse response) {
    // An answer that waits holds a connection: those of agents must not run out.
    constexpr std::size_t kSlowedMax = 64;
    constexpr Duration kHeldMax = std::chrono::seconds{1};
    const Duration wait = guesses_.wrong(peer, parts_.clock.now());
    if (wait <= Duration::zero()) {
        co_return response;
    }
    if (slowed_ < kSlowedMax) {
        ++slowed_;
        const std::shared_ptr<void> counted(nullptr, [this](void*) { --slowed_; });
        const Duration held = std::min(wait, kHeldMax);
        const bool slept = co_await net::sleep_for(parts_.io, held);
        static_cast<void>(slept);
    }
    net::HttpResponse slow = refusal(
        {.kind = ErrorKind::throttled,
         .text = "too many wrong tokens came from " + peer,
         .remedy = "show a right one; it is taken at once",
         .code = "slow_down"}
    );
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    slow.headers.push_back({.name = "Retry-After", .value = std::to_string(seconds)});
    co_return slow;
}

net::HttpResponse Api::read(
    const net::HttpRequest& request, const Words& path, const Caller& caller
) {
    if (request.path() == "/metrics") {
        net::HttpResponse response = net::HttpResponse::text(200, metrics_text(view()));
        std::erase_if(response.headers, [](const net::HttpHeader& h) {
            return equals_ignoring_case(h.name, "content-type");
        });
        response.headers.push_back(
            {.name = "Content-Type", .value = "text/plain; version=0.0.4; charset=utf-8"}
        );
        return response;
    }
    if (path.size() < 2 || path[0] != "v1") {
        return refusal(not_here(request));
    }
    if (path[1] == "operations") {
        return read_operation(request, path, caller);
    }
    if (path.size() != 2) {
        return refusal(not_here(request));
    }
    const std::optional<std::string> app = request.query_value("app");
    if (app && *app != parts_.config.app.value()) {
        return refusal(
            {.kind = ErrorKind::not_found,
             .text = "this controller serves " + parts_.config.app.value() + ", not " + *app,
             .code = "app"}
        );
    }
    if (path[1] == "status") {
        return ok(wire::to_json(status_of(view())));
    }
    if (path[1] == "why") {
        return ok(wire::to_json(why_of(view())));
    }
    if (path[1] == "audit") {
        return audit();
    }
    if (path[1] == "join-tokens") {
        return join_tokens();
    }
    return refusal(not_here(request));
}

net::HttpResponse Api::audit() const {
    const auto rows = parts_.stored.audit(kAuditRows);
    if (!rows) {
        return refusal(rows.error());
    }
    wire::AuditDocument document;
    for (const ports::AuditRow& row : *rows) {
        document.entries.push_back(
            {.at = row.at, .who = row.who, .what = row.what, .detail = row.detail}
        );
    }
    return ok(wire::to_json(document));
}

net::HttpResponse Api::operations() const {
    const auto records = parts_.stored.operations(kOperationRows);
    if (!records) {
        return refusal(records.error());
    }
    wire::OperationsDocument document;
    for (const core::OperationRecord& record : *records) {
        if (auto operation = operation_of(view(), record.plan.id, false)) {
            document.operations.push_back(std::move(*operation));
        }
    }
    return ok(wire::to_json(document));
}

net::HttpResponse Api::read_operation(
    const net::HttpRequest& request, const Words& path, const Caller& caller
) {
    if (path.size() == 2) {
        return operations();
    }
    const std::optional<std::string> name = net::percent_decode(path[2]);
    if (!name) {
        return refusal(not_here(request));
    }
    const OperationId id{*name};
    const Result<json::object> document = operation_document(view(), id, path.size() == 3);
    if (!document) {
        return refusal(document.error());
    }
    if (path.size() == 3) {
        return ok(*document);
    }
    if (path.size() == 4 && path[3] == "losses") {
        return read_losses(request, id, caller);
    }
    if (path.size() == 4 && path[3] == "watch") {
        return watch(id);
    }
    return refusal(not_here(request));
}

}  // namespace farshore::controller
