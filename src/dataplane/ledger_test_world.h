#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "dataplane/item_digest.h"
#include "dataplane/ledger.h"

// A small ledger, and writes as the endpoint's loops hand them over.
namespace farshore::dataplane::testing {

inline const TableName kTable{"t"};

inline std::string digest_of(std::string_view item) {
    return item_digest(boost::json::parse(item).as_object()).value_or("?");
}

inline Instant at_ms(std::int64_t ms) {
    return Instant{std::chrono::milliseconds{ms}};
}

class LedgerTest : public ::testing::Test {
  protected:
    void write(
        std::string operation,
        std::string request,
        std::string answer = {},
        bool acknowledged = true
    ) {
        queue->push({
            .operation = std::move(operation),
            .request = std::move(request),
            .answer = std::move(answer),
            .at = utc_from_ms(++ms),
            .ended_at = at_ms(ms),
            .epoch = Epoch{1},
            .acknowledged = acknowledged,
        });
    }

    void put(const std::string& id, int value) {
        write("PutItem", R"({"TableName":"t","Item":)" + item(id, value) + "}");
    }

    static std::string item(const std::string& id, int value) {
        return R"({"id":{"S":")" + id + R"("},"v":{"N":")" + std::to_string(value) + R"("}})";
    }

    static std::string key(const std::string& id) { return R"({"id":{"S":")" + id + R"("}})"; }

    std::int64_t ms = 0;
    std::shared_ptr<LedgerQueue> queue = std::make_shared<LedgerQueue>(1U << 20U);
    EndpointLedger ledger{{.core = {.entries_per_table_max = 4, .tables_max = 3}}, queue};
};

}  // namespace farshore::dataplane::testing
