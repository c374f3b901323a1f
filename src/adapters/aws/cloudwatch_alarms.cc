#include <array>
#include <charconv>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/aws/alarm_resources.h"
#include "adapters/aws/members.h"

namespace farshore::aws {
namespace {

namespace json = boost::json;

constexpr std::string_view kDimension = "Dimensions.";

// What people may have added to an alarm: a call that leaves it out would take it away.
constexpr std::array<std::string_view, 8> kKept{
    "ActionsEnabled",
    "AlarmActions",
    "OKActions",
    "InsufficientDataActions",
    "AlarmDescription",
    "ActionsSuppressor",
    "ActionsSuppressorWaitPeriod",
    "ActionsSuppressorExtensionPeriod"
};

bool is_composite(const core::AlarmResource& wished) {
    return wished.kind == core::AlarmResourceKind::composite_alarm;
}

std::string text_of(const json::value& value) {
    if (value.is_string()) {
        return std::string{value.get_string()};
    }
    return value.is_number() ? fmt::format("{}", value.to_number<double>())
                             : json::serialize(value);
}

// Whole, as our thresholds are.
json::value number_of(std::string_view text) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// The alarm as CloudWatch tells of it; empty: there is none.
net::Task<Result<json::object>> describe(AwsClient& client, core::AlarmResource wished) {
    // Without its type a composite alarm is not told of.
    const std::string_view type = is_composite(wished) ? "CompositeAlarm" : "MetricAlarm";
    json::object input{{"AlarmNames", json::array{wished.name}}, {"AlarmTypes", json::array{type}}};
    const auto told =
        co_await ask(client, "cloudwatch", "DescribeAlarms", wished.region, std::move(input));
    if (!told) {
        co_return std::unexpected(told.error());
    }
    const auto alarms = entries(*told, is_composite(wished) ? "CompositeAlarms" : "MetricAlarms");
    co_return alarms.empty() ? json::object{} : *alarms.front();
}

}  // namespace

net::Task<SeenResource> see_alarm(AwsClient& client, core::AlarmResource wished) {
    const auto alarm = co_await describe(client, wished);
    if (!alarm) {
        co_return std::unexpected(alarm.error());
    }
    if (alarm->empty()) {
        co_return std::optional<core::AlarmResource>{};
    }
    core::AlarmResource seen = wished;
    for (auto& [name, value] : seen.fields) {
        const json::value* member = alarm->if_contains(name);
        value = member == nullptr ? "" : text_of(*member);
    }
    // A dimension that was not wished for makes it another metric: it is told as a field.
    std::erase_if(seen.fields, [](const auto& field) {
        return field.first.starts_with(kDimension);
    });
    for (const json::object* dimension : entries(*alarm, "Dimensions")) {
        seen.fields[std::string{kDimension} + text_member(*dimension, "Name")] =
            text_member(*dimension, "Value");
    }
    co_return std::optional{std::move(seen)};
}

net::Task<Result<bool>> alarm_is_ours(AwsClient& client, AppId app, core::AlarmResource wished) {
    const auto alarm = co_await describe(client, wished);
    if (!alarm) {
        co_return std::unexpected(alarm.error());
    }
    json::object input{{"ResourceARN", text_member(*alarm, "AlarmArn")}};
    const auto told =
        co_await ask(client, "cloudwatch", "ListTagsForResource", wished.region, std::move(input));
    if (!told) {
        co_return std::unexpected(told.error());
    }
    co_return has_tag(*told, "Tags", app);
}

net::Task<Status> put_alarm(AwsClient& client, AppId app, core::AlarmResource wished) {
    const auto alarm = co_await describe(client, wished);
    if (!alarm) {
        co_return std::unexpected(alarm.error());
    }
    json::object input{{"AlarmName", wished.name}};
    json::array dimensions;
    for (const auto& [name, value] : wished.fields) {
        const bool number = name == "Threshold" || name == "Period" ||
                            name == "EvaluationPeriods" || name == "DatapointsToAlarm";
        if (name.starts_with(kDimension)) {
            dimensions.push_back(
                json::object{{"Name", name.substr(kDimension.size())}, {"Value", value}}
            );
        } else {
            input[name] = number ? number_of(value) : json::value(value);
        }
    }
    for (const std::string_view name : kKept) {
        if (const json::value* member = alarm->if_contains(name)) {
            input[name] = *member;
        }
    }
    if (alarm->empty()) {
        // CloudWatch takes tags with a new alarm alone.
        input["Tags"] = tags_of(app);
    }
    std::string call = "PutCompositeAlarm";
    if (!is_composite(wished)) {
        call = "PutMetricAlarm";
        input["Dimensions"] = std::move(dimensions);
    }
    const auto put =
        co_await ask(client, "cloudwatch", std::move(call), wished.region, std::move(input));
    co_return put ? Status{} : std::unexpected(put.error());
}

}  // namespace farshore::aws
