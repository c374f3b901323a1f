#include "dataplane/ledger_test_world.h"

// Writes that the service has refused, as a whole or in part, though nothing told the endpoint so.
namespace farshore::dataplane::testing {

// The service checks the key before anything else: whatever became of the request, it wrote
// nothing.
TEST_F(LedgerTest, AnUnansweredWriteWithoutASoundKeyWasNeverAccepted) {
    ledger.set_table_keys(kTable, {"id"});
    const auto unanswered = [this](std::string operation, std::string request) {
        write(std::move(operation), std::move(request), "", false);
    };
    unanswered("DeleteItem", R"({"TableName":"t","Key":{}})");
    unanswered("DeleteItem", R"({"TableName":"t"})");
    unanswered("UpdateItem", R"({"TableName":"t","Key":{"id":{"X":"a"}}})");
    unanswered("UpdateItem", R"({"TableName":"t","Key":{"id":{"N":"ten"}}})");
    unanswered("PutItem", R"({"TableName":"t","Item":{"name":{"S":"a"}}})");
    unanswered("PutItem", R"({"TableName":"t","Item":{"id":{"M":{}}}})");
    EXPECT_EQ(ledger->counters().refused_unknown, 6U);
    EXPECT_EQ(ledger->counters().unproven, 0U);
    EXPECT_EQ(ledger->counters().keyless, 0U);
    EXPECT_TRUE(ledger->unknown_since(at_ms(0), 10).empty()) << "nothing of them can come late";
    // Of an acknowledged one it is the reading that is wrong.
    write("DeleteItem", R"({"TableName":"t","Key":{}})");
    EXPECT_EQ(ledger->counters().keyless, 1U);
    EXPECT_EQ(ledger->counters().refused_unknown, 6U);
}

TEST_F(LedgerTest, AnUnansweredPutWaitsForTheNamesBeforeItCountsAsNeverAccepted) {
    write("PutItem", R"({"TableName":"t","Item":{"name":{"S":"a"}}})", "", false);
    write("PutItem", R"({"TableName":"t","Item":{"id":{"S":"a"}}})", "", false);
    write("ExecuteStatement", R"({"Statement":"INSERT INTO t VALUE {'name': 'a'}"})", "", false);
    EXPECT_EQ(ledger->counters().unproven, 3U);
    ledger.set_table_keys(kTable, {"id"});
    EXPECT_EQ(ledger->counters().refused_unknown, 1U);
    EXPECT_EQ(ledger->unproven_keys(10).size(), 1U);
    EXPECT_EQ(ledger->counters().keyless, 1U) << "a statement may not be read in full";
}

TEST_F(LedgerTest, AKeyThatEachRegionRefusesSettlesWhatWasNotAcknowledged) {
    ledger.set_table_keys(kTable, {"id"});
    const std::string remove = R"({"TableName":"t","Key":{"pk":{"S":"a"}}})";
    const std::string wrong = R"({"pk":{"S":"a"}})";
    write("DeleteItem", remove, "", false);
    write("DeleteItem", remove);
    put("b", 1);
    EXPECT_EQ(ledger->refuse_key(kTable, wrong, false), 1U) << "the acknowledged one";
    EXPECT_EQ(ledger->counters().refused_unknown, 1U);
    EXPECT_EQ(ledger->counters().unproven_keys, 2U);
    EXPECT_EQ(ledger->refuse_key(kTable, wrong, true), 0U);
    EXPECT_EQ(ledger->counters().keyless, 1U) << "its key was misread";
    EXPECT_EQ(ledger->counters().unreadable, 1U);
    ASSERT_EQ(ledger->unproven_keys(10).size(), 1U);
    EXPECT_EQ(ledger->unproven_keys(10)[0].key, key("b"));
    ledger->doubt_unknown(at_ms(0));
    EXPECT_EQ(ledger->counters().unproven, 2U);
    ledger->give_up_keyless(at_ms(10));
    EXPECT_EQ(ledger->counters().unproven, 1U);
    put("c", 1);
    put("d", 1);
    put("e", 1);
    EXPECT_EQ(ledger->counters().forgotten_unproven, 0U) << "the bounds push out what is settled";
    EXPECT_EQ(ledger->unproven_keys(10).size(), 4U);
}

// A batch is answered 200 whatever became of each statement.
TEST_F(LedgerTest, AStatementOfABatchThatFailedIsNoAcknowledgedWrite) {
    ledger.set_table_keys(kTable, {"id"});
    const std::string batch =
        R"({"Statements":[{"Statement":"INSERT INTO t VALUE {'id': 'a'}"},)"
        R"({"Statement":"UPDATE t SET v=2 WHERE id='b'"},{"Statement":"DELETE FROM t WHERE id='c'"}]})";
    write(
        "BatchExecuteStatement",
        batch,
        R"({"Responses":[{"Error":{"Code":"DuplicateItem","Message":"m"},"TableName":"t"},)"
        R"({"TableName":"t"},{"Error":{"Code":"InternalServerError"},"TableName":"t"}]})"
    );
    const auto entries = ledger->unproven_entries(10);
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].key, key("b"));
    EXPECT_TRUE(entries[0].acknowledged);
    EXPECT_EQ(entries[1].key, key("c"));
    EXPECT_FALSE(entries[1].acknowledged) << "the service does not know itself";
    EXPECT_EQ(ledger->unknown_since(at_ms(0), 10).size(), 1U);
    EXPECT_EQ(ledger->counters().acknowledged, 1U);
    const auto last = ledger->counters().last_acknowledged_at;
    write(
        "BatchExecuteStatement",
        R"({"Statements":[{"Statement":"INSERT INTO t VALUE {'id': 'a'}"}]})",
        R"({"Responses":[{"Error":{"Code":"DuplicateItem"}}]})"
    );
    EXPECT_EQ(ledger->counters().unproven, 2U);
    EXPECT_EQ(ledger->counters().last_acknowledged_at, last) << "nothing was written";
}

}  // namespace farshore::dataplane::testing
