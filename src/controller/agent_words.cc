#include "controller/agent_words.h"

#include <algorithm>
#include <limits>
#include <utility>

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

core::Component component_of(wire::EvidenceComponent component) {
    switch (component) {
        case wire::EvidenceComponent::dynamodb: return core::Component::dynamodb;
        case wire::EvidenceComponent::stack: return core::Component::stack;
        case wire::EvidenceComponent::control: return core::Component::control;
    }
    std::unreachable();
}

core::Path path_of(wire::EvidencePath path) {
    switch (path) {
        case wire::EvidencePath::fresh: return core::Path::fresh;
        case wire::EvidencePath::reused: return core::Path::reused;
        case wire::EvidencePath::passive: return core::Path::passive;
    }
    std::unreachable();
}

std::uint32_t small(std::uint64_t count) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(count, std::numeric_limits<std::uint32_t>::max())
    );
}

bool answers(const wire::Ack& ack, core::OrderType type) {
    if (ack.type != to_string(type)) {
        return false;
    }
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
    return false;
}

core::AgentAcked acked_event(
    const HostId& host, const wire::Ack& ack, const core::StepId& step, core::OrderType type
) {
    core::AgentAcked event{
        .step = step,
        .host = host,
        .type = type,
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
            small(fence->entries.size() + (fence->truncated ? 1U : 0U) + fence->unknown_writes);
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

}  // namespace farshore::controller
