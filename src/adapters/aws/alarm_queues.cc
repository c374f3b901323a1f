#include <utility>

#include <boost/json.hpp>

#include "adapters/aws/alarm_resources.h"
#include "adapters/aws/members.h"

namespace farshore::aws {
namespace {

namespace json = boost::json;

// Empty: there is no such queue.
net::Task<Result<std::string>> url_of(AwsClient& client, core::AlarmResource wished) {
    json::object input{{"QueueName", wished.name}};
    const auto told = co_await ask(client, "sqs", "GetQueueUrl", wished.region, std::move(input));
    if (told) {
        co_return text_member(*told, "QueueUrl");
    }
    if (told.error().kind == ErrorKind::not_found) {
        co_return std::string{};
    }
    co_return std::unexpected(told.error());
}

}  // namespace

net::Task<SeenResource> see_queue(AwsClient& client, core::AlarmResource wished) {
    const auto url = co_await url_of(client, wished);
    if (!url) {
        co_return std::unexpected(url.error());
    }
    if (url->empty()) {
        co_return std::optional<core::AlarmResource>{};
    }
    json::object input{{"QueueUrl", *url}, {"AttributeNames", json::array{"All"}}};
    const auto told =
        co_await ask(client, "sqs", "GetQueueAttributes", wished.region, std::move(input));
    if (!told) {
        co_return std::unexpected(told.error());
    }
    const json::object& attributes = object_member(*told, "Attributes");
    core::AlarmResource seen = wished;
    for (auto& [name, value] : seen.fields) {
        value = as_wished(value, text_member(attributes, name));
    }
    co_return std::optional{std::move(seen)};
}

net::Task<Result<bool>> queue_is_ours(AwsClient& client, AppId app, core::AlarmResource wished) {
    const auto url = co_await url_of(client, wished);
    if (!url) {
        co_return std::unexpected(url.error());
    }
    json::object input{{"QueueUrl", *url}};
    const auto told = co_await ask(client, "sqs", "ListQueueTags", wished.region, std::move(input));
    if (!told) {
        co_return std::unexpected(told.error());
    }
    co_return text_member(object_member(*told, "Tags"), core::kAppTag) == app.value();
}

net::Task<Status> put_queue(AwsClient& client, AppId app, core::AlarmResource wished) {
    const auto url = co_await url_of(client, wished);
    if (!url) {
        co_return std::unexpected(url.error());
    }
    json::object attributes;
    for (const auto& [name, value] : wished.fields) {
        attributes[name] = value;
    }
    json::object input{{"Attributes", std::move(attributes)}};
    std::string call = "SetQueueAttributes";
    if (url->empty()) {
        call = "CreateQueue";
        input["QueueName"] = wished.name;
        input["tags"] = json::object{{core::kAppTag, app.value()}};
    } else {
        input["QueueUrl"] = *url;
    }
    const auto put = co_await ask(client, "sqs", std::move(call), wished.region, std::move(input));
    co_return put ? Status{} : std::unexpected(put.error());
}

}  // namespace farshore::aws
