#include <algorithm>
#include <limits>
#include <utility>

#include "base/text.h"
#include "controller/api.h"
#include "controller/api_answers.h"
#include "wire/api.h"
#include "wire/json_reader.h"
#include "wire/request_documents.h"

// Requests for an operation: safe to repeat, and refused when the world is not the one that the
// operator looked at.
namespace farshore::controller {

namespace json = boost::json;

namespace {

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

// An operation has begun, or had already, or there was nothing to begin.
net::HttpResponse answer_of(const core::Reply& reply) {
    if (!reply) {
        return refusal(reply.error());
    }
    if (!reply->nothing.empty()) {
        return ok({{"text", reply->nothing}});
    }
    const std::string& id = reply->operation.value();
    json::object document{{"id", id}, {"operation", id}};
    if (reply->repeated) {
        document["repeated"] = true;
    }
    return ok(document, reply->repeated ? 200 : 202);
}

}  // namespace

// A plan may leave the target out, as it changes nothing. A change names it: what "the other
// Region" is depends on what has happened meanwhile. A failback goes to the preferred one.
Result<core::ChangeRequest> Api::change_from(
    const wire::ChangeBody& asked, core::Verb verb, bool only_plan, const Caller& caller
) const {
    core::ChangeRequest change{
        .id = OperationId{asked.request_id.empty() ? "" : "op-" + asked.request_id},
        .verb = verb,
        .to = asked.to.value_or(RegionId{}),
        .by = "operator:" + caller.name,
        .reason = caller.reason,
        .accept_loss = asked.accept_loss,
        .accept_unfenced = asked.accept_unfenced,
        .accept_unknown = asked.accept_unknown,
        .levers = asked.levers,
        .expect_active = asked.expect_active,
        .expect_epoch = asked.expect_epoch,
        .expect_plan = asked.expect_plan
    };
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

std::optional<net::HttpResponse> Api::answer_again(const core::ChangeRequest& change) {
    if (change.id.value().empty()) {
        return std::nullopt;
    }
    const auto begun = parts_.stored.operation(change.id);
    if (!begun) {
        return refusal(begun.error());
    }
    return *begun ? std::optional{answer_of(core::reply_again((*begun)->plan, change))}
                  : std::nullopt;
}

// What a failover asks of the person who wants it: it may lose writes.
std::optional<Error> Api::why_not_meant(
    const core::ChangeRequest& change, bool confirmed, const Caller& caller
) const {
    const bool may_lose = change.verb == core::Verb::failover;
    if (!may_lose || pump_->core().why_nothing_to_do(change)) {
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
    if (auto again = answer_again(change)) {
        co_return std::move(*again);
    }
    if (const auto why = why_not_meant(change, confirmed, caller)) {
        co_return refusal(*why);
    }
    if (change.id.value().empty()) {
        change.id = OperationId{
            "op-" + std::to_string(to_ms(pump_->now().wall)) + "-m" + std::to_string(++requests_)
        };
    }
    const std::string what = std::string{to_string(change.verb)} + " to " + change.to.value();
    ports::Commit with;
    with.audit.push_back(row_of(caller, what, change.id.value(), accepted_in_words(change)));
    const core::Reply reply = co_await ask(std::move(change), std::move(with));
    co_return answer_of(reply);
}

}  // namespace farshore::controller
