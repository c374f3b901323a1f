#include <algorithm>
#include <utility>

#include "base/printable.h"
#include "base/text.h"
#include "controller/api.h"
#include "controller/api_answers.h"
#include "wire/api.h"
#include "wire/json_reader.h"
#include "wire/request_documents.h"

// Requests that change something: each is read, asked of the core once, and answered with its
// reply.
namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kBodyBytesMax = 64 * 1024;
constexpr std::size_t kReasonBytesMax = 1024;

// A failover needs one; of everything else the journal and the audit say that there is none.
constexpr std::string_view kNoReason = "no reason given";

// "switchover to eu-west-1", "forget use1-web-1", "abort op-7": of a request that was not carried
// out.
std::string words_of(const std::vector<std::string_view>& path, const json::object& body) {
    constexpr std::size_t kWordsMax = 256;
    std::string words{path.back()};
    if (path.size() == 4 && path[1] == "operations") {
        words += " " + std::string{path[2]};
    } else if (path.size() == 6) {
        words += " " + std::string{path[4]};
    } else if (const json::value* to = body.if_contains("to"); to != nullptr && to->is_string()) {
        words += " to " + std::string{to->get_string()};
    }
    return words.substr(0, kWordsMax);
}

net::Task<net::HttpResponse> at_once(net::HttpResponse response) {
    co_return response;
}

}  // namespace

ports::AuditRow Api::row_of(
    const Caller& caller, std::string what, std::string detail, std::string_view remark
) const {
    if (!caller.reason.empty()) {
        detail += (detail.empty() ? "" : ": ") + caller.reason;
    }
    if (!remark.empty()) {
        detail.append("; ").append(remark);
    }
    if (!caller.from.empty()) {
        detail += (detail.empty() ? "" : "; ") + ("from " + caller.from);
    }
    return {
        .at = pump_->now().wall,
        .who = std::string{to_string(caller.role)} + ":" + caller.name,
        .what = printable(what),
        .detail = printable(detail)
    };
}

// Denied attempts are in the audit too, but a client without a right cannot fill it with them.
void Api::note_denied(
    const std::string& peer,
    const std::string& asked,
    const std::string& who,
    const std::string& why
) {
    if (pump_ == nullptr) {
        return;
    }
    const auto attempts = denials_.note(peer + " " + who, pump_->now().at);
    if (!attempts) {
        return;
    }
    constexpr std::size_t kAskedMax = 200;
    std::string detail = asked.substr(0, kAskedMax) + ": " + why + "; from " + peer;
    if (*attempts > 1) {
        detail += "; " + std::to_string(*attempts) + " attempts since it was last written down";
    }
    // The attempt is in words of a client that was not let in.
    parts_.desk.note_later(
        {.at = pump_->now().wall, .who = who, .what = "denied", .detail = printable(detail)}
    );
}

net::Task<net::HttpResponse> Api::change(net::HttpRequest request, Caller caller) {
    Result<json::object> body = json::object{};
    if (!request.body.empty()) {
        body = wire::parse_json_object(request.body, kBodyBytesMax);
        if (!body) {
            co_return refusal(body.error());
        }
    }
    const Words path = words_in(request);
    wire::JsonTrouble trouble;
    wire::ObjectReader in(*body, "", trouble);
    caller.from = request.peer_address;
    caller.reason = in.text("reason", kReasonBytesMax, wire::Field::optional);
    if (const Status status = trouble.status(); !status) {
        co_return refusal(status.error());
    }
    caller.has_reason = !caller.reason.empty();
    if (!caller.has_reason) {
        caller.reason = kNoReason;
    }
    net::HttpResponse response = co_await carry_out(request, path, *body, caller);
    const bool only_plan = path.back() == "plan";
    if (response.status >= 400 && !only_plan) {
        parts_.desk.note_later(
            row_of(caller, words_of(path, *body) + ": refused", error_text_in(response))
        );
    }
    co_return response;
}

// Chooses what is asked for; not a coroutine itself, so the references hold.
net::Task<net::HttpResponse> Api::carry_out(
    const net::HttpRequest& request,
    const Words& path,
    const json::object& body,
    const Caller& caller
) {
    if (path.size() == 4 && path[0] == "v1" && path[1] == "operations" && path[3] == "abort") {
        const std::optional<std::string> name = net::percent_decode(path[2]);
        return name ? abort(OperationId{*name}, caller) : at_once(refusal(not_here(request)));
    }
    if (path.size() == 4 && path[0] == "v1" && path[1] == "operations") {
        const std::optional<std::string> name = net::percent_decode(path[2]);
        const auto said = enum_from<core::Answer>(path[3]);
        return name && said ? answer(OperationId{*name}, *said, body, caller)
                            : at_once(refusal(not_here(request)));
    }
    if (path.size() == 5 && path[0] == "v1" && path[1] == "operations" && path[3] == "losses" &&
        path[4] == "settle") {
        const std::optional<std::string> name = net::percent_decode(path[2]);
        return name ? settle_losses(OperationId{*name}, body, caller)
                    : at_once(refusal(not_here(request)));
    }
    const bool long_path = path.size() == 6 && (path[3] == "agents" || path[3] == "join-tokens");
    if ((path.size() != 4 && !long_path) || path[0] != "v1" || path[1] != "apps") {
        return at_once(refusal(not_here(request)));
    }
    if (path[2] != parts_.config.app.value()) {
        return at_once(refusal(
            {.kind = ErrorKind::not_found,
             .text = "this controller serves " + parts_.config.app.value() + ", not " +
                     std::string{path[2]},
             .code = "app"}
        ));
    }
    if (auto changed = change_credentials(path, body, caller)) {
        return std::move(*changed);
    }
    if (long_path) {
        return at_once(refusal(not_here(request)));
    }
    return change_app(request, path, body, caller);
}

net::Task<net::HttpResponse> Api::change_app(
    const net::HttpRequest& request,
    const Words& path,
    const json::object& body,
    const Caller& caller
) {
    if (path[3] == "pause") {
        return pause(body, caller);
    }
    if (path[3] == "resume") {
        return resume(caller);
    }
    const bool only_plan = path[3] == "plan";
    if (!only_plan && !enum_from<core::Verb>(path[3])) {
        return at_once(refusal(not_here(request)));
    }
    wire::JsonTrouble trouble;
    wire::ObjectReader in(body, "", trouble);
    const auto asked = wire::read_listed<wire::ChangeBody>(in);
    if (!asked.request_id.empty() && !wire::is_request_id(asked.request_id)) {
        in.wrong("request_id", "not 8 to 64 of a-z, 0-9 and -");
    }
    const auto verb = enum_from<core::Verb>(only_plan ? std::string_view{asked.verb} : path[3]);
    if (!verb) {
        in.wrong("verb", "one of switchover, failover, failback");
    }
    if (const Status status = trouble.status(); !status) {
        return at_once(refusal(status.error()));
    }
    const Result<core::ChangeRequest> wanted = change_from(asked, *verb, only_plan, caller);
    if (!wanted) {
        return at_once(refusal(wanted.error()));
    }
    if (only_plan) {
        return at_once(ok(plan_document(view(), *wanted)));
    }
    return start(*wanted, asked.confirm == parts_.config.app.value(), caller);
}

net::Task<net::HttpResponse> Api::pause(json::object body, Caller caller) {
    wire::JsonTrouble trouble;
    wire::ObjectReader in(body, "", trouble);
    const auto asked = wire::read_listed<wire::PauseBody>(in);
    core::Pause pause;
    pause.reason = caller.reason;
    pause.by = "operator:" + caller.name;
    if (const Status status = trouble.status(); !status) {
        co_return refusal(status.error());
    }
    pause.until = pump_->now().wall + std::chrono::duration_cast<WallClock::duration>(asked.length);
    ports::Commit with;
    with.audit.push_back(row_of(caller, "pause", "until " + to_iso8601(*pause.until)));
    const core::Reply reply = co_await ask(core::PauseRequest{.pause = pause}, std::move(with));
    if (!reply) {
        co_return refusal(reply.error());
    }
    co_return ok(
        {{"text", parts_.config.app.value() + " is paused for " + to_text(asked.length)},
         {"until_ms", to_ms(*pause.until)}}
    );
}

net::Task<net::HttpResponse> Api::resume(Caller caller) {
    ports::Commit with;
    with.audit.push_back(row_of(caller, "resume", {}));
    const core::Reply reply = co_await ask(
        core::ResumeRequest{.by = "operator:" + caller.name, .reason = caller.reason},
        std::move(with)
    );
    if (!reply) {
        co_return refusal(reply.error());
    }
    const bool resumed = reply->nothing.empty();
    co_return ok({{"text", resumed ? parts_.config.app.value() + " is resumed" : reply->nothing}});
}

// The core knows the newest operation only, so that there is none is for the store to say.
net::Task<net::HttpResponse> Api::ask_about(
    OperationId id, core::Event request, ports::AuditRow row
) {
    if (const Result<json::object> known = operation_document(view(), id, false); !known) {
        co_return refusal(known.error());
    }
    ports::Commit with;
    with.audit.push_back(std::move(row));
    const core::Reply reply = co_await ask(std::move(request), std::move(with));
    if (!reply) {
        co_return refusal(reply.error());
    }
    const Result<json::object> document = operation_document(view(), id, false);
    co_return document ? ok(*document) : refusal(document.error());
}

net::Task<net::HttpResponse> Api::answer(
    OperationId id, core::Answer said, json::object body, Caller caller
) {
    wire::JsonTrouble trouble;
    wire::ObjectReader in(body, "", trouble);
    core::StepAnswered answered{
        .operation = id,
        .step = wire::read_listed<wire::AnswerBody>(in).step,
        .answer = said,
        .by = "operator:" + caller.name,
        .reason = caller.has_reason ? caller.reason : std::string{}
    };
    if (const Status status = trouble.status(); !status) {
        return at_once(refusal(status.error()));
    }
    const std::string what = std::string{to_string(said)} + " " + id.value() +
                             (answered.step.empty() ? "" : ", step " + answered.step);
    return ask_about(std::move(id), std::move(answered), row_of(caller, what, {}));
}

net::Task<net::HttpResponse> Api::abort(OperationId id, Caller caller) {
    core::AbortRequest request{
        .operation = id, .by = "operator:" + caller.name, .reason = caller.reason
    };
    ports::AuditRow row = row_of(caller, "abort", id.value());
    return ask_about(std::move(id), std::move(request), std::move(row));
}

}  // namespace farshore::controller
