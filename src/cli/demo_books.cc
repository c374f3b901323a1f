#include "cli/demo_books.h"

#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/aws/dynamodb.h"
#include "adapters/net/http_message.h"
#include "adapters/system/system_clock.h"
#include "cli/output.h"
#include "wire/answer_documents.h"
#include "wire/client_log.h"
#include "wire/config.h"

namespace farshore::cli {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

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
    const auto client =
        aws::AwsClient::create(io, clock, {.access = aws_access, .fixed_credentials = {}});
    aws::DynamoDb dynamodb{*client};
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
    const auto book = answer->as<wire::LossesDocument>();
    if (!book) {
        return std::unexpected(book.error());
    }
    LossesSeen seen{.writes = {}, .settled = book->settled, .truncated = book->truncated};
    for (const wire::LossEntryDocument& entry : book->entries) {
        // No client was told that the others had happened.
        if (!entry.acknowledged) {
            continue;
        }
        seen.writes.push_back(
            {.table = entry.table,
             .key = json::serialize(entry.key),
             .fate = entry.fate,
             .acknowledged_at = entry.at,
             .operation = entry.op,
             .host = entry.host.value()}
        );
    }
    return seen;
}

std::string fates_text(const LossesSeen& losses) {
    std::map<std::string, int> fates;
    for (const drill::BookedWrite& write : losses.writes) {
        ++fates[write.fate];
    }
    std::string text;
    for (const auto& [fate, count] : fates) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, fate);
    }
    const std::string_view more =
        losses.truncated ? "; a host could not name every write, so more may be lost" : "";
    return (text.empty() ? losses.truncated ? "no acknowledged write is named as at risk"
                                            : "no acknowledged write was at risk"
                         : "writes at risk: " + text) +
           std::string{more};
}

namespace {

void note_trouble(drill::StoryRecord& record, const Error& error) {
    record.interrupted += (record.interrupted.empty() ? "" : "; ") + error.text;
}

// The last writes are still on their way when the shoppers stop; replication gets ten seconds.
Result<std::vector<drill::Carts>> equal_carts(const TableAccess& access) {
    const system::SystemClock clock;
    const Instant deadline = clock.now() + 10s;
    while (true) {
        auto carts = read_carts(access);
        if (!carts || carts->front() == carts->back() || clock.now() > deadline) {
            return carts;
        }
        std::this_thread::sleep_for(200ms);
    }
}

}  // namespace

void keep_books(
    drill::StoryRecord& record,
    const std::string& client_log,
    ApiClient& api,
    const TableAccess& tables
) {
    const std::ifstream in{client_log, std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    auto log = wire::parse_client_log(text.str());
    if (!log) {
        note_trouble(record, log.error());
        return;
    }
    record.log = std::move(*log);
    const std::string id = text_at(json::value(record.failover), "id");
    if (!id.empty()) {
        auto losses = read_losses(api, id);
        if (losses) {
            record.loss_book_complete = !losses->truncated;
            record.booked = std::move(losses->writes);
        } else {
            note_trouble(record, losses.error());
        }
    }
    const auto carts = equal_carts(tables);
    if (!carts) {
        note_trouble(record, carts.error());
        return;
    }
    record.booked =
        drill::decided_by_carts(std::move(record.booked), record.log, carts->front(), tables.table);
    record.books = drill::keep_books(record.log, *carts, record.booked, tables.table);
}

}  // namespace farshore::cli
