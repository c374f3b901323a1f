#include "dataplane/update_learning.h"

#include "dataplane/json_members.h"

namespace farshore::dataplane {

namespace {

// People change policies, in minutes at best.
constexpr Duration kLeftAloneFor = std::chrono::minutes{10};
constexpr std::size_t kTablesMax = 1024;

std::string_view table_of(std::string_view body) {
    const auto members = json_members(body);
    const auto name = members ? find_member(*members, "TableName") : std::nullopt;
    return name ? plain_string(*name).value_or("") : "";
}

}  // namespace

void UnlearnedTables::add(std::string_view body, Instant now) {
    std::erase_if(until_, [now](const auto& each) { return each.second <= now; });
    if (until_.size() < kTablesMax) {
        until_.insert_or_assign(std::string{table_of(body)}, now + kLeftAloneFor);
    }
}

bool UnlearnedTables::has(std::string_view body, Instant now) {
    if (until_.empty()) {
        return false;
    }
    const auto found = until_.find(table_of(body));
    return found != until_.end() && now < found->second;
}

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
            return {};  // twice: only DynamoDB knows which one counts
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
