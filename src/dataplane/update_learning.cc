#include "dataplane/update_learning.h"

#include "dataplane/json_members.h"

namespace farshore::dataplane {

LearningPlan plan_learning(std::string_view body) {
    const auto members = json_members(body);
    if (!members || members->empty()) {
        return {};
    }
    const JsonMember* asked = nullptr;
    for (const JsonMember& member : *members) {
        if (member.name != "ReturnValues") {
            continue;
        }
        if (asked != nullptr) {
            return {};  // twice: which one counts is DynamoDB's business
        }
        asked = &member;
    }
    LearningPlan plan{.learning = Learning::asked_by_us, .asked_body = {}};
    if (asked == nullptr) {
        const std::size_t start = body.find('{') + 1;
        plan.asked_body.reserve(body.size() + 32);
        plan.asked_body += body.substr(0, start);
        plan.asked_body += R"("ReturnValues":"ALL_NEW",)";
        plan.asked_body += body.substr(start);
        return plan;
    }
    const auto value = plain_string(asked->value);
    if (value == "ALL_NEW") {
        return {.learning = Learning::asked_by_client, .asked_body = {}};
    }
    if (value != "NONE") {
        return {};
    }
    const auto at = static_cast<std::size_t>(asked->value.data() - body.data());
    plan.asked_body = std::string{body.substr(0, at)} + R"("ALL_NEW")";
    plan.asked_body += body.substr(at + asked->value.size());
    return plan;
}

std::optional<std::string> without_attributes(std::string_view answer) {
    const auto members = json_members(answer);
    if (!members) {
        return std::nullopt;
    }
    std::string out = "{";
    for (const JsonMember& member : *members) {
        if (member.name == "Attributes") {
            continue;
        }
        if (out.size() > 1) {
            out += ',';
        }
        out += member.whole;
    }
    return out + "}";
}

}  // namespace farshore::dataplane
