#include <algorithm>

#include "drill/report_parts.h"

namespace farshore::drill {

namespace json = boost::json;

std::int64_t number_at(const json::object& object, std::string_view name) {
    const json::value* found = object.if_contains(name);
    return found != nullptr && found->is_number() ? found->to_number<std::int64_t>() : 0;
}

std::string text_at(const json::object& object, std::string_view name) {
    const json::value* found = object.if_contains(name);
    return found != nullptr && found->is_string() ? std::string{found->as_string()} : std::string{};
}

bool passed(const json::object& report) {
    return text_at(report, "verdict") == "passed";
}

namespace {

std::string shown(const json::object& clock, std::string_view name) {
    const json::value* found = clock.if_contains(name);
    if (found == nullptr || !found->is_number()) {
        return "-";
    }
    return std::to_string(found->to_number<std::int64_t>()) + " ms";
}

void row(std::string& table, std::string_view name, const std::string& value) {
    constexpr std::size_t kNameWidth = 34;
    table += "  " + std::string{name} +
             std::string(kNameWidth - std::min(kNameWidth - 1, name.size()), ' ') + value + "\n";
}

}  // namespace

std::string report_table(const json::object& report) {
    const json::object& clock = report.at("phase_clock").as_object();
    const json::object& data = report.at("data").as_object();
    const json::object& objectives = report.at("objectives").as_object();
    const auto count = [&](const json::object& object, std::string_view name) {
        return std::to_string(number_at(object, name));
    };
    const auto failed = [&](std::string_view span) {
        const json::object& traffic = report.at("traffic").as_object().at(span).as_object();
        return count(traffic, "failed") + " of " + count(traffic, "requests");
    };
    std::string table;
    row(table, "detect", shown(clock, "detect_ms"));
    row(table, "decide", shown(clock, "decide_ms"));
    row(table, "fence", shown(clock, "fence_ms"));
    row(table, "switch", shown(clock, "switch_ms"));
    row(table, "verify", shown(clock, "verify_ms"));
    row(table, "DNS tail", shown(clock, "dns_tail_ms"));
    row(table,
        "RTO as shoppers saw it",
        shown(clock, "rto_ms") + " (objective " + count(objectives, "rto_ms") + " ms)");
    row(table, "failed requests, before", failed("steady"));
    row(table, "failed requests, failover", failed("failover"));
    row(table, "  after it was stable", count(clock, "failed_after_stable"));
    row(table, "failed requests, switchover", failed("switchover"));
    row(table, "writes held for, switchover", shown(clock, "hold_ms"));
    row(table, "writes acknowledged", count(data, "acknowledged"));
    row(table, "writes at risk", count(data, "at_risk"));
    row(table, "  late", count(data, "applied_late"));
    row(table, "  suppressed", count(data, "suppressed"));
    row(table, "  never arrived", count(data, "never_arrived"));
    row(table, "  decided by the carts", count(data, "decided_by_carts"));
    if (number_at(data, "undecided") > 0) {
        row(table, "  undecided", count(data, "undecided"));
    }
    const bool whole = data.at("loss_book_complete").as_bool();
    row(table, "writes lost", count(data, "lost") + (whole ? "" : ", as the carts tell"));
    row(table,
        "  within",
        shown(data, "lost_for_ms") + " (objective " + count(objectives, "rpo_ms") + " ms)");
    row(table, "writes doubled", count(data, "doubled"));
    if (!whole) {
        row(table, "loss book", "not whole: a host could not tell of all its writes");
    }
    row(table,
        "books balance",
        !data.at("balance").as_bool() ? "no"
        : whole                       ? "yes"
                                      : "yes, as far as they go");
    row(table, "verdict", text_at(report, "verdict"));
    for (const json::value& remark : report.at("remarks").as_array()) {
        table += "  " + std::string{remark.as_string()} + "\n";
    }
    for (const json::value& finding : report.at("findings").as_array()) {
        table += "  - " + std::string{finding.as_string()} + "\n";
    }
    for (const auto& [list, left_out] : report.at("truncated").as_object()) {
        if (left_out.to_number<std::int64_t>() > 0) {
            table += "  " + std::string{list} + " is truncated: " + json::serialize(left_out) +
                     " more are counted, and not named\n";
        }
    }
    return table;
}

}  // namespace farshore::drill
