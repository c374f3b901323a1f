#include "dataplane/ledger.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "dataplane/item_digest.h"

namespace farshore::dataplane {

namespace {

const TableName kTable{"t"};

std::string digest_of(std::string_view item) {
    return item_digest(boost::json::parse(item).as_object()).value_or("?");
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
    Ledger ledger{{.entries_per_table_max = 4, .tables_max = 3}, queue};
};

}  // namespace

TEST_F(LedgerTest, DigestProvesItsEntryAndTheEarlierOnesOfTheKey) {
    ledger.set_table_keys(kTable, {"id"});
    put("a", 1);
    put("a", 2);
    put("b", 1);
    put("a", 3);
    EXPECT_EQ(ledger.mark_proven(kTable, key("a"), digest_of(item("a", 2))), 2U);
    const auto left = ledger.unproven_entries(10);
    ASSERT_EQ(left.size(), 2U);
    EXPECT_EQ(left[0].key, key("b"));
    EXPECT_EQ(left[1].key, key("a"));
    EXPECT_EQ(left[1].digest, digest_of(item("a", 3)));
    EXPECT_EQ(ledger.mark_proven(kTable, key("a"), digest_of(item("a", 2))), 0U);
    EXPECT_EQ(ledger.mark_proven(kTable, key("a"), ""), 0U);
    EXPECT_EQ(ledger.unproven_keys(10).front().oldest_unproven_at, utc_from_ms(3));
    EXPECT_EQ(ledger.counters().newest_unproven_key, key("a"));
}

TEST_F(LedgerTest, KeysAreOldestFirstAndEachOnce) {
    ledger.set_table_keys(kTable, {"id"});
    put("b", 1);
    put("a", 1);
    put("b", 2);
    const auto keys = ledger.unproven_keys(10);
    ASSERT_EQ(keys.size(), 2U);
    EXPECT_EQ(keys[0].key, key("b"));
    EXPECT_EQ(keys[1].key, key("a"));
    EXPECT_EQ(ledger.unproven_keys(1).size(), 1U);
}

TEST_F(LedgerTest, EntriesWaitForTheNamesOfTheirKey) {
    put("a", 1);
    write("DeleteItem", R"({"TableName":"t","Key":{"id":{"S":"b"}}})");
    EXPECT_EQ(ledger.tables_without_keys(), std::vector<TableName>{kTable});
    EXPECT_EQ(ledger.unproven_keys(10).size(), 1U);
    EXPECT_EQ(ledger.counters().unproven, 2U);
    EXPECT_EQ(ledger.counters().unproven_keys, 2U);
    ledger.set_table_keys(kTable, {"id"});
    EXPECT_TRUE(ledger.tables_without_keys().empty());
    ASSERT_EQ(ledger.unproven_keys(10).size(), 2U);
    EXPECT_EQ(ledger.unproven_keys(10)[0].key, key("a"));
    EXPECT_EQ(ledger.mark_proven(kTable, key("a"), digest_of(item("a", 1))), 1U);
    EXPECT_EQ(ledger.mark_proven(kTable, key("b"), kAbsent), 1U);
    EXPECT_EQ(ledger.counters().unproven, 0U);
}

TEST_F(LedgerTest, BoundIsKeptAndSaysThatItForgot) {
    ledger.set_table_keys(kTable, {"id"});
    put("a", 1);
    EXPECT_EQ(ledger.mark_proven(kTable, key("a"), digest_of(item("a", 1))), 1U);
    for (int i = 0; i < 4; ++i) {
        put("b" + std::to_string(i), i);
    }
    EXPECT_EQ(ledger.counters().forgotten_unproven, 0U);
    EXPECT_FALSE(ledger.counters().incomplete_since);
    put("c", 1);
    const LedgerCounters counters = ledger.counters();
    EXPECT_EQ(counters.forgotten_unproven, 1U);
    EXPECT_EQ(counters.incomplete_since, utc_from_ms(2));
    EXPECT_EQ(counters.unproven, 4U);
    EXPECT_EQ(counters.acknowledged, 6U);
    EXPECT_EQ(ledger.entries(kTable, 10).size(), 4U);
    EXPECT_EQ(ledger.entries(kTable, 2).front().key, key("b3"));
}

TEST_F(LedgerTest, QueueIsBoundedAndSaysThatItDropped) {
    for (int i = 0; i < 100; ++i) {
        write(
            "PutItem",
            R"({"TableName":"t","Item":{"id":{"S":")" + std::string(20'000, 'x') + "\"}}}"
        );
    }
    EXPECT_GT(ledger.counters().forgotten_unproven, 40U);
    EXPECT_TRUE(ledger.counters().incomplete_since);
}

TEST_F(LedgerTest, TablesAreBounded) {
    for (int i = 0; i < 10; ++i) {
        write(
            "PutItem", R"({"TableName":"t)" + std::to_string(i) + R"(","Item":{"id":{"S":"a"}}})"
        );
    }
    EXPECT_LE(ledger.tables_without_keys().size(), 4U);
    EXPECT_EQ(ledger.counters().acknowledged, 10U);
}

TEST_F(LedgerTest, BatchCountsOnlyWhatWasDone) {
    ledger.set_table_keys(kTable, {"id"});
    write(
        "BatchWriteItem",
        R"({"RequestItems":{"arn:aws:dynamodb:us-east-1:1:table/t":[{"PutRequest":{"Item":{"id":{"S":"a"}}}},)"
        R"({"DeleteRequest":{"Key":{"id":{"S":"b"}}}}],"u":[{"DeleteRequest":{"Key":{"id":{"S":"c"}}}}]}})",
        R"({"UnprocessedItems":{"u":[{"DeleteRequest":{"Key":{"id":{"S":"c"}}}}]}})"
    );
    const auto entries = ledger.unproven_entries(10);
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].table, kTable);
    EXPECT_EQ(entries[0].key, key("a"));
    EXPECT_EQ(entries[0].digest, digest_of(R"({"id":{"S":"a"}})"));
    EXPECT_EQ(entries[1].operation, "DeleteItem");
    EXPECT_EQ(entries[1].digest, kAbsent);
}

TEST_F(LedgerTest, TransactionsTellWhatTheyCan) {
    ledger.set_table_keys(kTable, {"id"});
    write(
        "TransactWriteItems",
        R"({"TransactItems":[{"Put":{"TableName":"t","Item":{"id":{"S":"a"}}}},{"Delete":{"TableName":"t","Key":{"id":{"S":"b"}}}},)"
        R"({"Update":{"TableName":"t","Key":{"id":{"S":"c"}}}},{"ConditionCheck":{"TableName":"t","Key":{"id":{"S":"d"}}}}]})"
    );
    const auto entries = ledger.unproven_entries(10);
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[2].key, key("c"));
    EXPECT_EQ(entries[2].digest, "");
    EXPECT_EQ(ledger.mark_equal(kTable, key("c"), entries[1].number), 0U);
    EXPECT_EQ(ledger.mark_equal(kTable, key("c"), entries[2].number), 1U);
}

TEST_F(LedgerTest, WhatCannotBeReadStaysUnproven) {
    write("ExecuteStatement", R"({"Statement":"UPDATE t SET a=1 WHERE id='x'"})");
    write("PutItem", "not json");
    EXPECT_EQ(ledger.counters().unreadable, 2U);
    EXPECT_EQ(ledger.counters().unproven, 2U);
    EXPECT_TRUE(ledger.unproven_keys(10).empty());
    EXPECT_TRUE(ledger.tables_without_keys().empty());
}

TEST_F(LedgerTest, NumberKeysHaveOneForm) {
    ledger.set_table_keys(kTable, {"id", "n"});
    write("PutItem", R"({"TableName":"t","Item":{"n":{"N":"10.0"},"id":{"S":"a"}}})");
    write("DeleteItem", R"({"TableName":"t","Key":{"id":{"S":"a"},"n":{"N":"1e1"}}})");
    ASSERT_EQ(ledger.unproven_keys(10).size(), 1U);
    EXPECT_EQ(ledger.mark_proven(kTable, ledger.unproven_keys(1)[0].key, kAbsent), 2U);
}

TEST_F(LedgerTest, UnknownOutcomesAreEntriesToo) {
    ledger.set_table_keys(kTable, {"id"});
    write("PutItem", R"({"TableName":"t","Item":{"id":{"S":"a"}}})", "", false);
    EXPECT_EQ(ledger.counters().unknown, 1U);
    EXPECT_EQ(ledger.counters().acknowledged, 0U);
    EXPECT_FALSE(ledger.counters().last_acknowledged_at);
    EXPECT_FALSE(ledger.unproven_entries(1)[0].acknowledged);
    EXPECT_EQ(ledger.newest_number(), 1U);
}

}  // namespace farshore::dataplane
