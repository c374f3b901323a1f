#include <algorithm>
#include <limits>
#include <utility>

#include "base/text.h"
#include "controller/api.h"
#include "controller/api_answers.h"
#include "wire/api.h"
#include "wire/json_reader.h"

// Requests that change something: each is checked, put into the audit, and then begun.
namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kBodyBytesMax = 64 * 1024;
constexpr std::size_t kReasonBytesMax = 1024;
constexpr std::int64_t kPauseMsMax = 30LL * 24 * 3600 * 1000;  // a pause that is forgotten must end

// Nobody has to give a reason; the journal and the audit say so then.
std::string reason_in(wire::ObjectReader& body) {
    std::string reason = body.text("reason", kReasonBytesMax, wire::Field::optional);
    if (reason.empty()) {
        reason = "no reason given";
    }
    return reason;
}

}  // namespace

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
    if (path.size() == 5 && path[0] == "v1" && path[1] == "operations" && path[3] == "losses" &&
        path[4] == "settle") {
        const std::optional<std::string> name = net::percent_decode(path[2]);
        return name ? settle_losses(OperationId{*name}, *body, caller) : refusal(not_here(request));
    }
    const bool long_path = path.size() == 6 && (path[3] == "agents" || path[3] == "join-tokens");
    if ((path.size() != 4 && !long_path) || path[0] != "v1" || path[1] != "apps") {
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
    if (auto changed = change_credentials(path, *body, caller)) {
        return std::move(*changed);
    }
    if (long_path) {
        return refusal(not_here(request));
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
    if (in.has("to") && change.to.value().empty()) {
        in.wrong("to", "empty, which is not the same as left out");
    }
    change.reason = reason_in(in);
    change.by = "operator:" + caller.name;
    change.accept_unfenced = in.flag("accept_unfenced", wire::Field::optional);
    change.accept_unknown = in.flag("accept_unknown", wire::Field::optional);
    if (in.has("accept_loss_ms")) {
        change.accept_loss = std::chrono::milliseconds{
            in.number("accept_loss_ms", 0, std::numeric_limits<std::int32_t>::max())
        };
    }
    if (const json::array* levers =
            in.array("levers", core::kLeverNames.size(), wire::Field::optional)) {
        for (const json::value& value : *levers) {
            const json::string* name = value.if_string();
            const auto lever =
                name == nullptr ? std::nullopt : enum_from<core::Lever>(std::string_view{*name});
            if (!lever) {
                in.wrong("levers", "not a list of repoint and shift");
                break;
            }
            change.levers.push_back(*lever);
        }
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
    std::string detail = change.id.value() + ": " + change.reason;
    if (change.accept_unknown) {
        detail += "; writes of unknown outcome accepted";
    }
    if (const Status noted = note(caller, what, std::move(detail)); !noted) {
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
