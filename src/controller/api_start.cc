#include <algorithm>
#include <limits>
#include <utility>

#include "base/text.h"
#include "controller/api.h"
#include "controller/api_answers.h"
#include "wire/api.h"
#include "wire/json_reader.h"

// Requests for an operation: safe to repeat, and refused when the world is not the one that the
// operator looked at.
namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kFingerprintBytesMax = 64;

// A command's own name for its request: a repetition after a lost answer finds the operation by it.
bool is_request_id(std::string_view id) {
    constexpr std::size_t kBytesMin = 8;  // shorter ones are soon taken
    constexpr std::size_t kBytesMax = 64;
    return id.size() >= kBytesMin && id.size() <= kBytesMax && std::ranges::all_of(id, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

// What would lower each guard that refuses.
std::string remedies_of(const std::vector<core::GuardAnswer>& guards) {
    std::string text;
    for (const core::GuardAnswer& answer : guards) {
        if (!answer.passed && !answer.remedy.empty()) {
            text += (text.empty() ? "" : "; ") + answer.remedy;
        }
    }
    return text.empty() ? "`farshore plan` shows every guard" : text;
}

std::string accepted_in_words(const core::ChangeRequest& change) {
    std::string text;
    const auto add = [&text](const std::string& what) {
        text += (text.empty() ? "" : ", ") + what;
    };
    if (change.accept_loss) {
        add("a loss of " + to_text(*change.accept_loss));
    }
    if (change.accept_unfenced) {
        add("hosts that are not fenced");
    }
    if (change.accept_unknown) {
        add("writes of unknown outcome");
    }
    return text.empty() ? text : text + " accepted";
}

net::HttpResponse moved(const std::string& why) {
    return refusal(
        {.kind = ErrorKind::conflict,
         .text = "nothing was done: " + why,
         .remedy = "look at `farshore status`, and decide again",
         .code = std::string{wire::kMovedCode}}
    );
}

}  // namespace

// A plan may leave the target out, as it changes nothing. A change names it: what "the other
// Region" is depends on what has happened meanwhile. A failback goes to the preferred one.
Result<core::ChangeRequest> Api::change_from(
    const json::object& body, core::Verb verb, bool only_plan, const Caller& caller
) {
    wire::JsonTrouble trouble;
    wire::ObjectReader in(body, "", trouble);
    core::ChangeRequest change;
    change.verb = verb;
    change.to = in.id<RegionId>("to", wire::Field::optional);
    if (in.has("to") && change.to.value().empty()) {
        in.wrong("to", "empty, which is not the same as left out");
    }
    change.reason = caller.reason;
    change.by = "operator:" + caller.name;
    change.accept_unfenced = in.flag("accept_unfenced", wire::Field::optional);
    change.accept_unknown = in.flag("accept_unknown", wire::Field::optional);
    if (in.has("accept_loss_ms")) {
        change.accept_loss = std::chrono::milliseconds{
            in.number("accept_loss_ms", 0, std::numeric_limits<std::int32_t>::max())
        };
    }
    if (in.has("expect_active")) {
        change.expect_active = in.id<RegionId>("expect_active");
    }
    if (in.has("expect_epoch")) {
        change.expect_epoch = Epoch{static_cast<std::uint64_t>(
            in.number("expect_epoch", 0, std::numeric_limits<std::int64_t>::max())
        )};
    }
    change.expect_plan = in.text("expect_plan", kFingerprintBytesMax, wire::Field::optional);
    if (in.has("request_id")) {
        const std::string id = in.text("request_id", wire::ObjectReader::kIdBytesMax);
        if (!is_request_id(id)) {
            in.wrong("request_id", "not 8 to 64 of a-z, 0-9 and -");
        }
        change.id = OperationId{"op-" + id};
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
        if (!only_plan || others.size() != 1) {
            return fail(
                ErrorKind::malformed,
                "to: a " + std::string{to_string(verb)} + " names the Region to go to",
                "send \"to\": now " + farshore::joined(others) + " could be it"
            );
        }
        change.to = others.front();
    }
    return change;
}

// The operation that this very request has started already: its answer was lost, and nothing is
// started twice. nullopt: there is none.
std::optional<net::HttpResponse> Api::answer_again(const core::ChangeRequest& change) {
    if (change.id.value().empty()) {
        return std::nullopt;
    }
    const Result<json::object> document = operation_document(view(), change.id, false);
    if (!document) {
        return document.error().kind == ErrorKind::not_found
                   ? std::nullopt
                   : std::optional{refusal(document.error())};
    }
    if (document->at("verb").as_string() != to_string(change.verb) ||
        document->at("to").as_string() != change.to.value()) {
        return refusal(
            {.kind = ErrorKind::conflict,
             .text = change.id.value() + " is another operation: a " +
                     std::string{document->at("verb").as_string()} + " to " +
                     std::string{document->at("to").as_string()},
             .remedy = "give each request an id of its own",
             .code = "request_id"}
        );
    }
    return ok({{"id", change.id.value()}, {"operation", change.id.value()}, {"repeated", true}});
}

// What a failover asks of the person who wants it: it may lose writes.
std::optional<Error> Api::why_not_meant(
    const core::ChangeRequest& change, bool confirmed, const Caller& caller
) const {
    if (change.verb != core::Verb::failover) {
        return std::nullopt;
    }
    if (!confirmed) {
        return Error{
            .kind = ErrorKind::malformed,
            .text = "a failover may lose writes: it needs \"confirm\" with the app's name",
            .remedy = "send \"confirm\": \"" + parts_.config.app.value() + "\"",
            .code = "confirm"
        };
    }
    if (!caller.has_reason) {
        return Error{
            .kind = ErrorKind::malformed,
            .text = "a failover may lose writes: it needs a \"reason\" for the audit",
            .remedy = "send \"reason\": \"INC-812\"",
            .code = "reason"
        };
    }
    return std::nullopt;
}

net::Task<net::HttpResponse> Api::start(core::ChangeRequest change, bool confirmed, Caller caller) {
    const core::Now now = pump_->now();
    if (auto again = answer_again(change)) {
        co_return std::move(*again);
    }
    const core::AppCore& core = pump_->core();
    if (const auto why = core.why_not_as_expected(now, change)) {
        co_return moved(*why);
    }
    if (const auto text = nothing_to_do(view(), change)) {
        co_return ok({{"text", *text}});
    }
    if (const auto why = why_not_meant(change, confirmed, caller)) {
        co_return refusal(*why);
    }
    if (!pump_->trouble().empty()) {
        co_return refusal(
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
        const Error error{
            .kind = ErrorKind::conflict,
            .text = text,
            .remedy = remedies_of(preview.guards),
            .code = "guard"
        };
        co_return net::HttpResponse::json(409, wire::error_document(error, preview.guards));
    }
    if (change.id.value().empty()) {
        change.id = OperationId{
            "op-" + std::to_string(to_ms(now.wall)) + "-m" + std::to_string(++requests_)
        };
    }
    const Status noted =
        co_await parts_.desk.note(row_of(caller, what, change.id.value(), accepted_in_words(change))
        );
    if (!noted) {
        co_return refusal(noted.error());
    }
    const OperationId id = change.id;
    co_await deliver(std::move(change));
    const auto& operation = pump_->core().record().operation;
    if (!operation || operation->plan.id != id) {
        co_return refusal(
            {.kind = ErrorKind::conflict,
             .text = what + ": another operation was first",
             .code = "guard"}
        );
    }
    co_return ok({{"id", id.value()}, {"operation", id.value()}}, 202);
}

}  // namespace farshore::controller
