#include "controller/api.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/text.h"
#include "wire/api.h"
#include "wire/json_reader.h"

namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kBodyBytesMax = 64 * 1024;
constexpr std::size_t kReasonBytesMax = 1024;
constexpr std::size_t kWatchersMax = 100;
constexpr std::size_t kRowsPerRead = 500;
constexpr std::size_t kAuditRows = 500;
constexpr std::size_t kOperationRows = 100;
constexpr Duration kWatchEvery = std::chrono::seconds{1};
constexpr std::int64_t kPauseMsMax = 30LL * 24 * 3600 * 1000;  // a pause that is forgotten must end

net::HttpResponse refusal(const Error& error) {
    return net::HttpResponse::json(wire::http_status_of(error), wire::error_document(error));
}

net::HttpResponse ok(const json::object& document, int status = 200) {
    return net::HttpResponse::json(status, json::serialize(document));
}

// Nobody has to give a reason; the journal and the audit say so then.
std::string reason_in(wire::ObjectReader& body) {
    std::string reason = body.text("reason", kReasonBytesMax, wire::Field::optional);
    return reason.empty() ? "no reason given" : reason;
}

Error not_here(const net::HttpRequest& request) {
    return {
        .kind = ErrorKind::not_found,
        .text = "no such thing: " + request.method + " " + std::string{request.path()},
        .code = "path"
    };
}

net::HttpResponse wrong_method(const net::HttpRequest& request, const char* allowed) {
    net::HttpResponse response = refusal(
        {.kind = ErrorKind::malformed,
         .text = request.method + " is not for " + std::string{request.path()},
         .remedy = std::string{"use "} + allowed,
         .code = "method"}
    );
    response.status = 405;
    response.headers.push_back({.name = "Allow", .value = allowed});
    return response;
}

}  // namespace

void Api::ready(runtime::Pump& pump) {
    pump_ = &pump;
}

View Api::view() const {
    return {
        .config = parts_.config,
        .pump = *pump_,
        .link = parts_.link,
        .losses = parts_.losses,
        .store = parts_.store,
        .lags = parts_.lags
    };
}

net::Task<net::HttpResponse> Api::answer(net::HttpRequest request) {
    if (request.path() == "/livez") {
        if (request.method != "GET" && request.method != "HEAD") {
            co_return wrong_method(request, "GET");
        }
        co_return net::HttpResponse::text(200, pump_ == nullptr ? "starting\n" : "ok\n");
    }
    const Result<Caller> caller = parts_.tokens.caller(request.header("authorization"));
    if (!caller) {
        net::HttpResponse response = refusal(caller.error());
        response.status = 401;
        response.headers.push_back({.name = "WWW-Authenticate", .value = "Bearer"});
        co_return response;
    }
    if (pump_ == nullptr) {
        co_return refusal(
            {.kind = ErrorKind::unavailable,
             .text = "the controller is starting: it reads the epoch records",
             .remedy = "try again in a second; its log says what it waits for",
             .code = "starting"}
        );
    }
    const bool for_agents = request.path().starts_with("/v1/agents/");
    if (for_agents != (caller->role == Role::agent)) {
        co_return refusal(
            {.kind = ErrorKind::denied,
             .text = "the token " + caller->name + " has the role " +
                     std::string{to_string(caller->role)},
             .remedy = for_agents ? "agents need a token of the role agent"
                                  : "use a token of the role viewer or operator",
             .code = "role"}
        );
    }
    if (for_agents) {
        net::HttpResponse response = co_await parts_.link.answer(std::move(request), *caller);
        co_return response;
    }
    Words path = split(request.path(), '/');
    path.erase(path.begin());
    if (request.method == "GET" || request.method == "HEAD") {
        co_return read(request, path);
    }
    if (request.method != "POST") {
        co_return wrong_method(request, "GET, POST");
    }
    if (caller->role != Role::operator_) {
        co_return refusal(
            {.kind = ErrorKind::denied,
             .text = "the token " + caller->name + " may look, but not change anything",
             .remedy = "use a token of the role operator",
             .code = "role"}
        );
    }
    co_return change(request, path, *caller);
}

net::HttpResponse Api::read(const net::HttpRequest& request, const Words& path) {
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
        return read_operation(request, path);
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
        return ok(status_document(view()));
    }
    if (path[1] == "why") {
        return ok(why_document(view()));
    }
    if (path[1] == "audit") {
        return audit();
    }
    return refusal(not_here(request));
}

net::HttpResponse Api::audit() const {
    const auto rows = parts_.store.audit(kAuditRows);
    if (!rows) {
        return refusal(rows.error());
    }
    json::array entries;
    for (const sqlite::AuditRow& row : *rows) {
        entries.push_back(json::object{
            {"at_ms", to_ms(row.at)}, {"who", row.who}, {"what", row.what}, {"detail", row.detail}
        });
    }
    return ok({{"schema_version", wire::kApiSchemaVersion}, {"entries", std::move(entries)}});
}

net::HttpResponse Api::operations() const {
    const auto records = parts_.store.operations(kOperationRows);
    if (!records) {
        return refusal(records.error());
    }
    json::array list;
    for (const core::OperationRecord& record : *records) {
        if (Result<json::object> document = operation_document(view(), record.plan.id, false)) {
            list.push_back(std::move(*document));
        }
    }
    return ok({{"schema_version", wire::kApiSchemaVersion}, {"operations", std::move(list)}});
}

net::HttpResponse Api::read_operation(const net::HttpRequest& request, const Words& path) {
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
        const Result<json::object> losses = parts_.losses.document(id);
        return losses ? ok(*losses) : refusal(losses.error());
    }
    if (path.size() == 4 && path[3] == "watch") {
        return watch(id);
    }
    return refusal(not_here(request));
}

net::HttpResponse Api::watch(const OperationId& id) {
    if (watchers_.size() >= kWatchersMax) {
        return refusal(
            {.kind = ErrorKind::throttled,
             .text = std::to_string(kWatchersMax) + " operations are being watched already",
             .remedy = "ask for the operation itself from time to time"}
        );
    }
    net::HttpResponse response;
    response.headers.push_back({.name = "Content-Type", .value = "application/x-ndjson"});
    response.headers.push_back({.name = "Cache-Control", .value = "no-store"});
    response.stream = [this, id](net::ByteSink& sink) {
        return run_watch(id, sink);
    };
    return response;
}

net::Task<> Api::run_watch(OperationId id, net::ByteSink& sink) {
    const auto wake = std::make_shared<net::Timer>(parts_.io.get_executor());
    watchers_.push_back(wake);

    struct Leave {
        std::vector<std::shared_ptr<net::Timer>>& all;
        std::shared_ptr<net::Timer> mine;

        ~Leave() { std::erase(all, mine); }
    };

    const Leave leave{.all = watchers_, .mine = wake};
    std::uint64_t after = 0;
    while (!closed_) {
        const auto rows = parts_.store.journal(id, after, kRowsPerRead);
        if (!rows) {
            co_return;
        }
        for (const sqlite::JournalRow& row : *rows) {
            after = row.sequence;
            std::string line =
                json::serialize(wire::entry_document({.sequence = row.sequence, .entry = row.entry})
                ) +
                "\n";
            const bool sent = co_await sink.write(std::move(line));
            if (!sent) {
                co_return;
            }
        }
        if (!rows->empty()) {
            continue;
        }
        const Result<json::object> document = operation_document(view(), id, false);
        if (!document) {
            co_return;
        }
        if (document->at("outcome").as_string() != "running") {
            std::string line = json::serialize(json::object{{"operation", *document}}) + "\n";
            const bool sent = co_await sink.write(std::move(line));
            static_cast<void>(sent);
            co_return;
        }
        wake->expires_after(kWatchEvery);
        auto [error] = co_await wake->async_wait(net::kAwait);
        static_cast<void>(error);  // the news, or the time, whichever comes first
    }
}

void Api::journal_changed() {
    for (const auto& watcher : watchers_) {
        watcher->cancel();
    }
}

void Api::close() {
    closed_ = true;
    journal_changed();
}

Status Api::note(const Caller& caller, std::string what, std::string detail) {
    const sqlite::AuditRow row{
        .at = pump_->now().wall,
        .who = "operator:" + caller.name,
        .what = std::move(what),
        .detail = std::move(detail)
    };
    return parts_.store.append_audit(row);
}

net::HttpResponse Api::change(
    const net::HttpRequest& request, const Words& path, const Caller& caller
) {
    Result<json::object> body = json::object{};
    if (!request.body.empty()) {
        body = wire::parse_json_object(request.body, kBodyBytesMax);
        if (!body) {
            return refusal(body.error());
        }
    }
    if (path.size() == 4 && path[0] == "v1" && path[1] == "operations" && path[3] == "abort") {
        const std::optional<std::string> name = net::percent_decode(path[2]);
        return name ? abort(OperationId{*name}, caller) : refusal(not_here(request));
    }
    if (path.size() != 4 || path[0] != "v1" || path[1] != "apps") {
        return refusal(not_here(request));
    }
    if (path[2] != parts_.config.app.value()) {
        return refusal(
            {.kind = ErrorKind::not_found,
             .text = "this controller serves " + parts_.config.app.value() + ", not " +
                     std::string{path[2]},
             .code = "app"}
        );
    }
    if (path[3] == "pause") {
        return pause(*body, caller);
    }
    if (path[3] == "resume") {
        return resume(caller);
    }
    const bool only_plan = path[3] == "plan";
    std::string verb_name{path[3]};
    if (only_plan) {
        wire::JsonTrouble trouble;
        wire::ObjectReader in(*body, "", trouble);
        verb_name = in.text("verb", 64);
        if (const Status status = trouble.status(); !status) {
            return refusal(status.error());
        }
    }
    const std::optional<core::Verb> verb = enum_from<core::Verb>(verb_name);
    if (!verb) {
        return refusal(
            only_plan
                ? Error{.kind = ErrorKind::malformed, .text = "verb: one of switchover, failover, failback", .code = "verb"}
                : not_here(request)
        );
    }
    const Result<core::ChangeRequest> wanted = change_from(*body, *verb, caller);
    if (!wanted) {
        return refusal(wanted.error());
    }
    if (only_plan) {
        return ok(plan_document(view(), *wanted));
    }
    wire::JsonTrouble trouble;
    wire::ObjectReader in(*body, "", trouble);
    if (*verb == core::Verb::failover &&
        in.text("confirm", kReasonBytesMax, wire::Field::optional) != path[2]) {
        return refusal(
            {.kind = ErrorKind::malformed,
             .text = "a failover may lose writes: it needs \"confirm\" with the app's name",
             .remedy = "send \"confirm\": \"" + parts_.config.app.value() + "\"",
             .code = "confirm"}
        );
    }
    return start(*wanted, caller);
}

// The other Region when there are two, the preferred one for a failback.
Result<core::ChangeRequest> Api::change_from(
    const json::object& body, core::Verb verb, const Caller& caller
) {
    wire::JsonTrouble trouble;
    wire::ObjectReader in(body, "", trouble);
    core::ChangeRequest change;
    change.verb = verb;
    change.to = in.id<RegionId>("to", wire::Field::optional);
    change.reason = reason_in(in);
    change.by = "operator:" + caller.name;
    change.accept_unfenced = in.flag("accept_unfenced", wire::Field::optional);
    if (in.has("accept_loss_ms")) {
        change.accept_loss = std::chrono::milliseconds{
            in.number("accept_loss_ms", 0, std::numeric_limits<std::int32_t>::max())
        };
    }
    if (const Status status = trouble.status(); !status) {
        return std::unexpected(status.error());
    }
    if (verb == core::Verb::failback) {
        const RegionId preferred = parts_.config.preferred();
        if (!change.to.value().empty() && change.to != preferred) {
            return fail(
                ErrorKind::malformed,
                "a failback goes to the preferred Region, " + preferred.value() + ", not to " +
                    change.to.value(),
                "leave \"to\" out, or use a switchover"
            );
        }
        change.to = preferred;
    }
    if (change.to.value().empty()) {
        std::vector<RegionId> others;
        for (const config::Region& region : parts_.config.regions) {
            if (region.id != pump_->core().record().active) {
                others.push_back(region.id);
            }
        }
        if (others.size() != 1) {
            return fail(
                ErrorKind::malformed,
                "to: there is more than one Region to go to",
                "name the Region with \"to\""
            );
        }
        change.to = others.front();
    }
    return change;
}

net::HttpResponse Api::start(core::ChangeRequest change, const Caller& caller) {
    const core::Now now = pump_->now();
    if (const auto text = nothing_to_do(view(), change)) {
        return ok({{"text", *text}});
    }
    if (!pump_->trouble().empty()) {
        return refusal(
            {.kind = ErrorKind::exhausted,
             .text = "the store refuses to write: " + pump_->trouble(),
             .remedy = "make room for the store first: nothing is done without a durable record",
             .code = "store"}
        );
    }
    const core::AppCore::Preview preview = pump_->core().preview(now, change);
    const std::string what = std::string{to_string(change.verb)} + " to " + change.to.value();
    if (!core::all_passed(preview.guards)) {
        std::string text = what + " refused";
        for (const core::GuardAnswer& answer : preview.guards) {
            if (!answer.passed) {
                text += "; " + answer.text;
            }
        }
        const Status noted = note(caller, what + ": refused", text);
        static_cast<void>(noted);  // nothing was changed; the refusal itself matters more
        const Error error{
            .kind = ErrorKind::conflict,
            .text = text,
            .remedy = "`farshore plan` shows every guard",
            .code = "guard"
        };
        return net::HttpResponse::json(409, wire::error_document(error, preview.guards));
    }
    change.id =
        OperationId{"op-" + std::to_string(to_ms(now.wall)) + "-m" + std::to_string(++requests_)};
    if (const Status noted = note(caller, what, change.id.value() + ": " + change.reason); !noted) {
        return refusal(noted.error());
    }
    const OperationId id = change.id;
    pump_->deliver(std::move(change));
    const auto& operation = pump_->core().record().operation;
    if (!operation || operation->plan.id != id) {
        return refusal(
            {.kind = ErrorKind::conflict,
             .text = what + ": another operation was first",
             .code = "guard"}
        );
    }
    return ok({{"id", id.value()}, {"operation", id.value()}}, 202);
}

net::HttpResponse Api::pause(const json::object& body, const Caller& caller) {
    wire::JsonTrouble trouble;
    wire::ObjectReader in(body, "", trouble);
    const std::int64_t for_ms = in.number("for_ms", 1, kPauseMsMax);
    core::Pause pause;
    pause.reason = reason_in(in);
    pause.by = "operator:" + caller.name;
    if (const Status status = trouble.status(); !status) {
        return refusal(status.error());
    }
    pause.until = pump_->now().wall + WallClock::duration{for_ms};
    if (const Status noted =
            note(caller, "pause", "until " + to_iso8601(*pause.until) + ": " + pause.reason);
        !noted) {
        return refusal(noted.error());
    }
    pump_->deliver(core::PauseRequest{.pause = pause});
    return ok(
        {{"text",
          parts_.config.app.value() + " is paused for " + to_text(std::chrono::milliseconds{for_ms})
         },
         {"until_ms", to_ms(*pause.until)}}
    );
}

net::HttpResponse Api::resume(const Caller& caller) {
    const std::string& app = parts_.config.app.value();
    if (!is_paused(pump_->core().record(), pump_->now().wall)) {
        return ok({{"text", "nothing was paused: " + app + " goes on as before"}});
    }
    if (const Status noted = note(caller, "resume", {}); !noted) {
        return refusal(noted.error());
    }
    pump_->deliver(core::ResumeRequest{.by = "operator:" + caller.name});
    return ok({{"text", app + " is resumed"}});
}

net::HttpResponse Api::abort(const OperationId& id, const Caller& caller) {
    const auto& operation = pump_->core().record().operation;
    if (!operation || operation->plan.id != id || core::has_ended(operation->state)) {
        const Result<json::object> document = operation_document(view(), id, false);
        if (!document) {
            return refusal(document.error());
        }
        return refusal(
            {.kind = ErrorKind::conflict, .text = id.value() + " has ended already", .code = "ended"
            }
        );
    }
    if (const Status noted = note(caller, "abort", id.value()); !noted) {
        return refusal(noted.error());
    }
    pump_->deliver(core::AbortRequest{.operation = id, .by = "operator:" + caller.name});
    const Result<json::object> document = operation_document(view(), id, false);
    return document ? ok(*document) : refusal(document.error());
}

}  // namespace farshore::controller
