#include "controller/agent_words.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/loss/fence_list.h"

namespace farshore::controller {

Error refused(ErrorKind kind, std::string code, std::string text, std::string remedy) {
    return {
        .kind = kind, .text = std::move(text), .remedy = std::move(remedy), .code = std::move(code)
    };
}

wire::OrderBody body_of(const core::OrderAgents& action, const RegionId& users_now) {
    const OperationId& operation = action.step.operation;
    switch (action.type) {
        case core::OrderType::route: {
            const RegionId users = action.users.value().empty() ? users_now : action.users;
            return wire::RouteOrder{
                .active = action.active, .users = users, .operation = operation
            };
        }
        case core::OrderType::hold:
            return wire::HoldOrder{.hold = action.hold_for, .operation = operation};
        case core::OrderType::release: return wire::ReleaseOrder{.operation = operation};
        case core::OrderType::fence:
            return wire::FenceOrder{.grace = action.fence_grace, .operation = operation};
        case core::OrderType::drain:
            return wire::DrainOrder{.timeout = action.timeout, .operation = operation};
        case core::OrderType::verify: return wire::VerifyOrder{.operation = operation};
    }
    std::unreachable();
}

namespace {

// The core counts in 32 bits; more is as bad as the most.
std::uint32_t small(std::uint64_t count) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(count, std::numeric_limits<std::uint32_t>::max())
    );
}

// Does it say what an answer to an order of its type has to say?
bool is_complete(const wire::Ack& ack, core::OrderType type) {
    if (ack.result != wire::AckResult::done) {
        return true;
    }
    switch (type) {
        case core::OrderType::hold: return std::holds_alternative<wire::HoldAck>(ack.body);
        case core::OrderType::fence: return std::holds_alternative<wire::FenceAck>(ack.body);
        case core::OrderType::drain: return std::holds_alternative<wire::DrainAck>(ack.body);
        case core::OrderType::verify: return std::holds_alternative<wire::VerifyAck>(ack.body);
        case core::OrderType::route:
        case core::OrderType::release: return true;
    }
    std::unreachable();
}

core::AgentAcked said_in(const wire::Ack& ack) {
    core::AgentAcked event{
        .epoch = ack.epoch,
        .done = ack.result == wire::AckResult::done,
        .unproven = 0,
        .newest_unknown_ago = ack.unknown ? ack.unknown->newest_age : std::nullopt,
        .says_unknown = ack.unknown.has_value(),
        .detail = ack.detail
    };
    if (ack.result == wire::AckResult::unsupported) {
        event.detail = "its version does not know the order";
    }
    if (const auto* hold = std::get_if<wire::HoldAck>(&ack.body)) {
        event.done = event.done && hold->in_flight == 0;
    } else if (const auto* fence = std::get_if<wire::FenceAck>(&ack.body)) {
        event.adopted_alone = fence->adopted_alone;
        event.unproven =
            small(core::left_open(fence->entries.size(), !fence->truncated, fence->unknown_writes));
        event.cut = small(fence->cut);
        event.detail =
            std::to_string(fence->cut) + " writes cut, " + std::to_string(fence->entries.size()) +
            " acknowledged or unknown ones not proven" + (fence->truncated ? ", and more" : "");
        if (fence->unknown_writes > 0) {
            event.detail += ", keys of " + std::to_string(fence->unknown_writes) +
                            " writes without an answer to be read once more";
        }
    } else if (const auto* drain = std::get_if<wire::DrainAck>(&ack.body)) {
        event.done = event.done && drain->proven;
        event.adopted_alone = drain->adopted_alone;
        event.unproven = small(drain->left);
        event.detail =
            std::to_string(drain->keys) + " keys read, " + std::to_string(drain->left) + " left";
        if (!drain->proven && !ack.detail.empty()) {
            event.detail += ": " + ack.detail;
        }
    } else if (const auto* verify = std::get_if<wire::VerifyAck>(&ack.body)) {
        event.detail = "wrote and read in " + verify->region.value() + " in " +
                       std::to_string(to_ms(verify->took)) + " ms";
    }
    return event;
}

core::link::Sender sender_of(
    const core::Subject& subject, const BootId& boot, const Caller& caller
) {
    return {.credential = caller.credential(), .subject = subject, .boot = boot};
}

core::AgentReported said_in(const wire::Report& report) {
    return {
        .host = report.host,
        .epoch = report.epoch,
        .active = report.active,
        .users = report.users,
        .write_state = std::string{to_string(report.write_state)},
        .last_acknowledged_ago = report.ledger.last_acknowledged_age,
        .unproven = small(report.ledger.unproven),
        .ledger_whole = report.ledger.whole,
        .newest_unknown_ago = report.unknown ? report.unknown->newest_age : std::nullopt,
        .says_unknown = report.unknown.has_value(),
        .oldest_unproven = report.ledger.oldest_unproven
    };
}

}  // namespace

core::link::Hello hello_of(const wire::AgentHello& hello, const Caller& caller) {
    return {
        .from = sender_of(
            {.app = hello.app, .host = hello.host, .region = hello.region}, hello.boot, caller
        ),
        .epoch = hello.epoch,
        .version = wire::common_version({}, hello.protocol).value_or(0)
    };
}

core::link::Report report_of(const wire::Report& report, const Caller& caller) {
    core::link::Report said{
        .from = sender_of(
            {.app = report.app, .host = report.host, .region = report.region}, report.boot, caller
        ),
        .sequence = report.sequence,
        .said = said_in(report),
        .seen = {},
        .acknowledged = report.ledger.acknowledged,
        .left_behind = report.ledger.left_behind,
        .shown =
            {.tables = {},
             .client_keys_required = report.client_keys_required,
             .program = report.program}
    };
    said.seen.reserve(report.evidence.size());
    for (const wire::EvidenceCounts& counts : report.evidence) {
        said.seen.push_back(core::observation_of(counts, report.host));
    }
    for (const wire::TableTrouble& trouble : report.ledger.tables) {
        said.shown.tables.push_back(
            {.table = trouble.table,
             .region = trouble.region,
             .unproven = trouble.unproven,
             .why = trouble.why}
        );
    }
    return said;
}

core::link::ReportAgain again_of(const wire::ReportAgain& again, const Caller& caller) {
    return {
        .from = sender_of({.app = again.app, .host = again.host, .region = {}}, again.boot, caller),
        .sequence = again.sequence,
        .like = again.like,
        .well = again.well,
        .unproven = small(again.unproven),
        .oldest_unproven = again.oldest_unproven,
        .last_acknowledged_ago = again.last_acknowledged_age
    };
}

core::link::Ack ack_of(const wire::Ack& ack, const Caller& caller) {
    const std::optional<core::OrderType> type = enum_from<core::OrderType>(ack.type);
    return {
        .from = sender_of({.app = ack.app, .host = ack.host, .region = {}}, ack.boot, caller),
        .order = ack.order,
        .type = type,
        .complete = type && is_complete(ack, *type),
        .has_list = std::holds_alternative<wire::FenceAck>(ack.body),
        .said = said_in(ack)
    };
}

bool is_of_credential(core::link::AgentRefusal why) {
    return why == core::link::AgentRefusal::other_app ||
           why == core::link::AgentRefusal::other_host ||
           why == core::link::AgentRefusal::other_region;
}

Error not_believed(
    core::link::AgentRefusal why,
    const core::Subject& subject,
    const Caller& caller,
    const AppId& app
) {
    std::string code{to_string(why)};
    if (why == core::link::AgentRefusal::other_app) {
        return refused(
            ErrorKind::denied,
            std::move(code),
            "the token " + caller.name + " is for " + caller.app.value() +
                ", this controller for " + app.value() + ", and the agent asks for " +
                subject.app.value(),
            "give the agent the token of its app, and the address of that app's controller"
        );
    }
    if (why == core::link::AgentRefusal::other_host) {
        return refused(
            ErrorKind::denied,
            std::move(code),
            "the token " + caller.name + " belongs to the host " + caller.host.value() +
                ", and the agent says it is " + subject.host.value(),
            "give each host a token of its own: `farshore init token --role agent --app " +
                app.value() + " --host " + subject.host.value() + "`"
        );
    }
    return refused(
        ErrorKind::denied,
        std::move(code),
        "the token " + caller.name + " belongs to a host in " + caller.region.value() +
            ", and the agent says it stands in " + subject.region.value(),
        "correct `region` in the agent's configuration, or give the host another token"
    );
}

}  // namespace farshore::controller
