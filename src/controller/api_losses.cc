#include <algorithm>
#include <charconv>

#include "controller/api.h"
#include "controller/api_answers.h"
#include "wire/api.h"
#include "wire/json_reader.h"
#include "wire/request_documents.h"

// The loss books: read in pages, and decided by operators.
namespace farshore::controller {

namespace json = boost::json;

namespace {

// nullopt: it is not a whole number.
std::optional<std::size_t> number_in(const net::HttpRequest& request, std::string_view name) {
    const std::optional<std::string> text = request.query_value(name);
    std::size_t number = 0;
    if (!text) {
        return number;
    }
    const char* end = text->data() + text->size();
    const auto [stopped, error] = std::from_chars(text->data(), end, number);
    return error == std::errc{} && stopped == end && !text->empty() ? std::optional{number}
                                                                    : std::nullopt;
}

}  // namespace

net::HttpResponse Api::read_losses(
    const net::HttpRequest& request, const OperationId& id, const Caller& caller
) {
    const std::optional<std::size_t> after = number_in(request, "after");
    const std::optional<std::size_t> limit = number_in(request, "limit");
    if (!after || !limit) {
        return refusal(
            {.kind = ErrorKind::malformed,
             .text = "after, limit: whole numbers, of keys",
             .remedy = "the answer's \"next\" is the \"after\" of the next page",
             .code = "page"}
        );
    }
    Result<json::object> losses = parts_.losses.document(id, {.after = *after, .limit = *limit});
    if (!losses) {
        return refusal(losses.error());
    }
    return ok(caller.role == Role::operator_ ? *losses : mask_.hidden(std::move(*losses)));
}

net::Task<net::HttpResponse> Api::settle_losses(OperationId id, json::object body, Caller caller) {
    if (const auto known = operation_document(view(), id, false); !known) {
        co_return refusal(known.error());
    }
    wire::JsonTrouble trouble;
    wire::ObjectReader in(body, "", trouble);
    const auto asked = wire::read_listed<wire::SettleRequest>(in);
    const std::optional<core::Fate> said = enum_from<core::Fate>(asked.fate);
    if (!said) {
        in.wrong("fate", "unknown word \"" + asked.fate + "\"");
    }
    LossKeeper::Decision decision;
    decision.table = asked.table;
    decision.key = asked.key;
    decision.open_only = asked.all_open;
    decision.fate = said.value_or(core::Fate::unknown);
    if (decision.fate == core::Fate::at_risk) {
        in.wrong(
            "fate",
            "at_risk is no fate: one of present, applied_late, suppressed, "
            "never_arrived, unknown"
        );
    }
    if (asked.all_open == decision.key.has_value()) {
        in.wrong("all_open", "either \"key\" or \"all_open\": true is needed, and not both");
    }
    if (decision.key && !decision.table) {
        in.wrong("table", "missing: a key belongs to a table");
    }
    if (asked.confirm != id.value()) {
        in.wrong("confirm", "must be the operation's id");
    }
    if (const Status status = trouble.status(); !status) {
        co_return refusal(status.error());
    }
    const std::string fate{to_string(decision.fate)};
    const std::string which = (asked.all_open ? "all open writes" : std::string{"one key"}) +
                              (decision.table ? " of table " + *decision.table : "");
    decision.reason = "operator:" + caller.name + ": " + asked.reason;
    // The key itself stands in the book: viewers read the audit too.
    ports::AuditRow row = row_of(caller, "settle losses of " + id.value(), which + " as " + fate);
    const Result<std::size_t> decided =
        co_await parts_.losses.decide(id, std::move(decision), std::move(row));
    if (!decided) {
        co_return refusal(decided.error());
    }
    if (*decided == 0) {
        co_return refusal(
            {.kind = ErrorKind::conflict,
             .text = "no write of " + id.value() + " waits for a decision there",
             .remedy = "`farshore losses " + id.value() + "` shows each with its fate",
             .code = "settled"}
        );
    }
    co_return ok(
        {{"text", std::to_string(*decided) + (*decided == 1 ? " write is " : " writes are ") + fate
         },
         {"writes", *decided}}
    );
}

}  // namespace farshore::controller
