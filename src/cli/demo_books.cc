#include "cli/demo_books.h"

#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>

#include "adapters/aws/dynamodb.h"
#include "adapters/net/http_message.h"
#include "adapters/system/system_clock.h"
#include "cli/output.h"
#include "wire/config.h"

namespace farshore::cli {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr std::string_view kCartPrefix = "cart#";

void add_cart(drill::Carts& carts, const aws::Item& item) {
    const auto id = aws::string_of(item, "id");
    if (!id || !id->starts_with(kCartPrefix)) {
        return;
    }
    std::vector<std::string>& lines = carts[id->substr(kCartPrefix.size())];
    const json::value document(item);
    const json::value* list = value_at(document, "lines/L");
    if (list == nullptr || !list->is_array()) {
        return;
    }
    for (const json::value& line : list->get_array()) {
        lines.push_back(text_at(line, "S"));
    }
}

net::Task<Result<std::vector<drill::Carts>>> scan_all(aws::DynamoDb& dynamodb, TableAccess access) {
    std::vector<drill::Carts> regions;
    for (const auto& [region, url] : access.endpoints) {
        drill::Carts carts;
        std::optional<aws::Item> start_after;
        do {
            aws::Scan scan;
            scan.table = TableName{access.table};
            scan.consistent = true;
            scan.start_after = start_after;
            auto page = co_await dynamodb.scan(RegionId{region}, scan);
            if (!page) {
                co_return std::unexpected(in_context("reading the carts in " + region, page.error())
                );
            }
            for (const aws::Item& item : page->items) {
                add_cart(carts, item);
            }
            start_after = std::move(page->last_key);
        } while (start_after.has_value());
        regions.push_back(std::move(carts));
    }
    co_return regions;
}

}  // namespace

Result<std::vector<drill::Carts>> read_carts(const TableAccess& access) {
    net::Io io{1};
    const system::SystemClock clock;
    config::AwsAccess aws_access;
    aws_access.credentials_file = access.credentials_file;
    aws_access.profile = access.profile;
    for (const auto& [region, url] : access.endpoints) {
        aws_access.dynamodb[RegionId{region}] = url;
    }
    auto client =
        aws::AwsClient::create(io, clock, {.access = aws_access, .fixed_credentials = {}});
    if (!client) {
        return std::unexpected(client.error());
    }
    aws::DynamoDb dynamodb{**client};
    std::optional<Result<std::vector<drill::Carts>>> outcome;
    asio::co_spawn(
        io,
        scan_all(dynamodb, access),
        [&](const std::exception_ptr& failure, Result<std::vector<drill::Carts>> carts) {
            outcome = failure ? fail(ErrorKind::cancelled, "given up") : std::move(carts);
        }
    );
    while (!outcome.has_value() && io.run_one() > 0) {
    }
    return outcome ? std::move(*outcome) : fail(ErrorKind::cancelled, "given up");
}

Result<LossesSeen> read_losses(ApiClient& api, const std::string& operation) {
    const auto answer = api.get("/v1/operations/" + net::percent_encode(operation) + "/losses");
    if (!answer) {
        return std::unexpected(answer.error());
    }
    if (!answer->ok()) {
        return std::unexpected(answer->error());
    }
    LossesSeen seen;
    seen.settled = flag_at(answer->document, "settled");
    const json::value* entries = value_at(answer->document, "entries");
    if (entries == nullptr || !entries->is_array()) {
        return seen;
    }
    for (const json::value& entry : entries->get_array()) {
        // Nobody was told that the others had happened.
        if (!flag_at(entry, "acknowledged")) {
            continue;
        }
        const json::value* key = value_at(entry, "key");
        seen.writes.push_back(
            {.table = text_at(entry, "table"),
             .key = key == nullptr ? "" : json::serialize(*key),
             .fate = text_at(entry, "fate"),
             .acknowledged_at = utc_from_ms(number_at(entry, "at_ms")),
             .operation = text_at(entry, "op")}
        );
    }
    return seen;
}

}  // namespace farshore::cli
