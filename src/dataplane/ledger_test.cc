#include "dataplane/ledger_test_world.h"

namespace farshore::dataplane::testing {

// After an adoption the standby is the Region that the older writes were made in: finding them
// there proves nothing.
TEST_F(LedgerTest, WhatWasNotProvenBeforeAnAdoptionIsKeptForAController) {
    ledger.set_table_keys(kTable, {"id"});
    put("a", 1);
    put("b", 1);
    EXPECT_EQ(ledger->mark_proven(kTable, key("b"), digest_of(item("b", 1))).entries, 1U);
    ledger->leave_behind(Epoch{2});
    EXPECT_EQ(ledger->counters().unproven, 0U);
    EXPECT_EQ(ledger->mark_proven(kTable, key("a"), digest_of(item("a", 1))).entries, 0U);
    ASSERT_EQ(ledger->left_behind().size(), 1U);
    EXPECT_EQ(ledger->left_behind()[0].key, key("a"));
    ledger->leave_behind(Epoch{3});
    EXPECT_EQ(ledger->left_behind().size(), 1U) << "until a controller knows";
    ledger->told_up_to(ledger->left_behind()[0].number);
    EXPECT_TRUE(ledger->left_behind().empty());
}

TEST_F(LedgerTest, WhatAControllerWasToldBeforeAnAdoptionIsItsOwn) {
    ledger.set_table_keys(kTable, {"id"});
    put("a", 1);
    put("b", 1);
    ledger->told_up_to(ledger->unproven_entries(1)[0].number);
    EXPECT_EQ(ledger->unproven_entries(10).size(), 2U) << "another controller may ask again";
    ledger->leave_behind(Epoch{2});
    ASSERT_EQ(ledger->left_behind().size(), 1U);
    EXPECT_EQ(ledger->left_behind()[0].key, key("b"));
}

// The controller that was told may have died before it wrote anything down.
TEST_F(LedgerTest, AHostThatAdoptsByItselfKeepsWhatAControllerWasToldToo) {
    ledger.set_table_keys(kTable, {"id"});
    put("a", 1);
    ledger->told_up_to(ledger->newest_number());
    ledger->forget_what_was_told();
    ledger->leave_behind(Epoch{2});
    EXPECT_EQ(ledger->left_behind().size(), 1U);
}

TEST_F(LedgerTest, DigestProvesItsEntryAndTheEarlierOnesOfTheKey) {
    ledger.set_table_keys(kTable, {"id"});
    put("a", 1);
    put("a", 2);
    put("b", 1);
    put("a", 3);
    EXPECT_EQ(ledger->mark_proven(kTable, key("a"), digest_of(item("a", 2))).entries, 2U);
    const auto left = ledger->unproven_entries(10);
    ASSERT_EQ(left.size(), 2U);
    EXPECT_EQ(left[0].key, key("b"));
    EXPECT_EQ(left[1].key, key("a"));
    EXPECT_EQ(left[1].digest, digest_of(item("a", 3)));
    EXPECT_EQ(ledger->mark_proven(kTable, key("a"), digest_of(item("a", 2))).entries, 0U);
    EXPECT_EQ(ledger->mark_proven(kTable, key("a"), "").entries, 0U);
    EXPECT_EQ(ledger->unproven_keys(10).front().oldest_unproven_at, at_ms(3));
}

TEST_F(LedgerTest, KeysAreOldestFirstAndEachOnce) {
    ledger.set_table_keys(kTable, {"id"});
    put("b", 1);
    put("a", 1);
    put("b", 2);
    const auto keys = ledger->unproven_keys(10);
    ASSERT_EQ(keys.size(), 2U);
    EXPECT_EQ(keys[0].key, key("b"));
    EXPECT_EQ(keys[1].key, key("a"));
    EXPECT_EQ(ledger->unproven_keys(1).size(), 1U);
}

TEST_F(LedgerTest, EntriesWaitForTheNamesOfTheirKey) {
    put("a", 1);
    write("DeleteItem", R"({"TableName":"t","Key":{"id":{"S":"b"}}})");
    EXPECT_EQ(ledger.tables_without_keys(), std::vector<TableName>{kTable});
    EXPECT_EQ(ledger->unproven_keys(10).size(), 1U);
    EXPECT_EQ(ledger->counters().unproven, 2U);
    EXPECT_EQ(ledger->counters().unproven_keys, 2U);
    ledger.set_table_keys(kTable, {"id"});
    EXPECT_TRUE(ledger.tables_without_keys().empty());
    ASSERT_EQ(ledger->unproven_keys(10).size(), 2U);
    EXPECT_EQ(ledger->unproven_keys(10)[0].key, key("a"));
    EXPECT_EQ(ledger->mark_proven(kTable, key("a"), digest_of(item("a", 1))).entries, 1U);
    EXPECT_EQ(ledger->mark_proven(kTable, key("b"), kAbsent).entries, 1U);
    EXPECT_EQ(ledger->counters().unproven, 0U);
}

TEST_F(LedgerTest, BoundIsKeptAndSaysThatItForgot) {
    ledger.set_table_keys(kTable, {"id"});
    put("a", 1);
    EXPECT_EQ(ledger->mark_proven(kTable, key("a"), digest_of(item("a", 1))).entries, 1U);
    for (int i = 0; i < 4; ++i) {
        put("b" + std::to_string(i), i);
    }
    EXPECT_EQ(ledger->counters().forgotten_unproven, 0U);
    EXPECT_FALSE(ledger->counters().incomplete_since);
    put("c", 1);
    const core::LedgerCounters counters = ledger->counters();
    EXPECT_EQ(counters.forgotten_unproven, 1U);
    EXPECT_EQ(counters.incomplete_since, at_ms(2));
    EXPECT_EQ(counters.unproven, 4U);
    EXPECT_EQ(counters.acknowledged, 6U);
    EXPECT_EQ(ledger->entries(kTable, 10).size(), 4U);
    EXPECT_EQ(ledger->entries(kTable, 2).front().key, key("b3"));
}

TEST_F(LedgerTest, QueueIsBoundedAndSaysThatItDropped) {
    for (int i = 0; i < 100; ++i) {
        write(
            "PutItem",
            R"({"TableName":"t","Item":{"id":{"S":")" + std::string(20'000, 'x') + "\"}}}"
        );
    }
    EXPECT_GT(ledger->counters().forgotten_unproven, 40U);
    EXPECT_TRUE(ledger->counters().incomplete_since);
}

TEST_F(LedgerTest, TablesAreBounded) {
    for (int i = 0; i < 10; ++i) {
        write(
            "PutItem", R"({"TableName":"t)" + std::to_string(i) + R"(","Item":{"id":{"S":"a"}}})"
        );
    }
    EXPECT_LE(ledger.tables_without_keys().size(), 4U);
    EXPECT_EQ(ledger->counters().acknowledged, 10U);
}

TEST_F(LedgerTest, BatchCountsOnlyWhatWasDone) {
    ledger.set_table_keys(kTable, {"id"});
    write(
        "BatchWriteItem",
        R"({"RequestItems":{"arn:aws:dynamodb:us-east-1:1:table/t":[{"PutRequest":{"Item":{"id":{"S":"a"}}}},)"
        R"({"DeleteRequest":{"Key":{"id":{"S":"b"}}}}],"u":[{"DeleteRequest":{"Key":{"id":{"S":"c"}}}}]}})",
        R"({"UnprocessedItems":{"u":[{"DeleteRequest":{"Key":{"id":{"S":"c"}}}}]}})"
    );
    const auto entries = ledger->unproven_entries(10);
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
    const auto entries = ledger->unproven_entries(10);
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[2].key, key("c"));
    EXPECT_EQ(entries[2].digest, "");
    EXPECT_EQ(
        ledger
            ->mark_equal(
                kTable, key("c"), {.up_to_number = entries[1].number, .settled_before = {}}
            )
            .entries,
        0U
    );
    EXPECT_EQ(
        ledger
            ->mark_equal(
                kTable, key("c"), {.up_to_number = entries[2].number, .settled_before = {}}
            )
            .entries,
        1U
    );
}

TEST_F(LedgerTest, WhatCannotBeReadStaysUnprovenUntilItIsGivenUp) {
    write("ExecuteStatement", R"({"Statement":"DELETE FROM t WHERE id='x' OR id='y'"})");
    write("ExecuteStatement", R"({"Statement":"DELETE FROM t","Statement":"SELECT 1"})");
    EXPECT_EQ(ledger->counters().unreadable, 2U);
    EXPECT_EQ(ledger->counters().unproven, 2U);
    EXPECT_EQ(ledger->counters().keyless, 2U);
    EXPECT_EQ(ledger->counters().newest_keyless_at, at_ms(2));
    EXPECT_TRUE(ledger->unproven_keys(10).empty());
    EXPECT_TRUE(ledger.tables_without_keys().empty());
    ledger->give_up_keyless(at_ms(2));
    EXPECT_EQ(ledger->counters().unproven, 1U);
    EXPECT_EQ(ledger->counters().given_up_keyless, 1U);
    ledger->give_up_keyless(at_ms(3));
    EXPECT_EQ(ledger->counters().unproven, 0U);
    EXPECT_EQ(ledger->counters().keyless, 0U);
    EXPECT_EQ(ledger->counters().forgotten_unproven, 0U);
    write("PutItem", "not json");
    EXPECT_EQ(ledger->counters().keyless, 1U);
}

TEST_F(LedgerTest, ConditionsChangeNothing) {
    write(
        "TransactWriteItems",
        R"({"TransactItems":[{"ConditionCheck":{"TableName":"t","Key":{"id":{"S":"d"}}}}]})"
    );
    write(
        "ExecuteTransaction",
        R"x({"TransactStatements":[{"Statement":"EXISTS(SELECT * FROM t WHERE id='x')"}]})x"
    );
    EXPECT_EQ(ledger->counters().unproven, 0U);
    EXPECT_EQ(ledger->counters().unreadable, 0U);
}

TEST_F(LedgerTest, PlainStatementsTellTheirKeys) {
    ledger.set_table_keys(kTable, {"id"});
    write("ExecuteStatement", R"({"Statement":"INSERT INTO \"t\" VALUE {'id': 'a', 'v': 1}"})");
    write(
        "BatchExecuteStatement",
        R"({"Statements":[{"Statement":"UPDATE t SET v=2 WHERE id=?","Parameters":[{"S":"b"}]},)"
        R"({"Statement":"DELETE FROM t WHERE id='c'"}]})"
    );
    const auto entries = ledger->unproven_entries(10);
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[0].key, key("a"));
    EXPECT_EQ(entries[1].key, key("b"));
    EXPECT_EQ(entries[2].key, key("c"));
    EXPECT_EQ(entries[2].digest, kAbsent);
    EXPECT_EQ(ledger->counters().unreadable, 0U);
}

// Put and deleted before anything has arrived: the standby shows what it showed before.
TEST_F(LedgerTest, AStateFromBeforeProvesNothing) {
    ledger.set_table_keys(kTable, {"id"});
    put("a", 1);
    write("DeleteItem", R"({"TableName":"t","Key":{"id":{"S":"a"}}})");
    const core::Proof absent = ledger->mark_proven(kTable, key("a"), kAbsent);
    EXPECT_EQ(absent.entries, 0U);
    EXPECT_TRUE(absent.doubtful);
    // Seen on the way, everything falls into place.
    EXPECT_EQ(ledger->mark_proven(kTable, key("a"), digest_of(item("a", 1))).entries, 1U);
    EXPECT_EQ(ledger->mark_proven(kTable, key("a"), kAbsent).entries, 1U);
}

TEST_F(LedgerTest, AStateThatComesBackIsProvenByItsFirstWriteOnly) {
    ledger.set_table_keys(kTable, {"id"});
    put("a", 1);
    put("a", 2);
    put("a", 1);
    EXPECT_EQ(ledger->mark_proven(kTable, key("a"), digest_of(item("a", 1))).entries, 1U);
    const core::Proof again = ledger->mark_proven(kTable, key("a"), digest_of(item("a", 1)));
    EXPECT_EQ(again.entries, 0U);
    EXPECT_TRUE(again.doubtful);
    EXPECT_EQ(ledger->mark_proven(kTable, key("a"), digest_of(item("a", 2))).entries, 1U);
    EXPECT_EQ(ledger->mark_proven(kTable, key("a"), digest_of(item("a", 1))).entries, 1U);
}

TEST_F(LedgerTest, AnAbsentItemThatWasKnownToBeThereIsProven) {
    ledger.set_table_keys(kTable, {"id"});
    put("a", 1);
    EXPECT_EQ(ledger->mark_proven(kTable, key("a"), digest_of(item("a", 1))).entries, 1U);
    put("a", 2);
    write("DeleteItem", R"({"TableName":"t","Key":{"id":{"S":"a"}}})");
    EXPECT_EQ(ledger->mark_proven(kTable, key("a"), kAbsent).entries, 2U);
}

TEST_F(LedgerTest, WritesThatChangeNothingAreProvenTogether) {
    ledger.set_table_keys(kTable, {"id"});
    put("a", 1);
    put("a", 1);
    put("a", 1);
    EXPECT_EQ(ledger->mark_proven(kTable, key("a"), digest_of(item("a", 1))).entries, 3U);
}

TEST_F(LedgerTest, ADeleteAloneIsProvenByTheAbsenceOfTheItem) {
    ledger.set_table_keys(kTable, {"id"});
    write("DeleteItem", R"({"TableName":"t","Key":{"id":{"S":"a"}}})");
    EXPECT_EQ(ledger->mark_proven(kTable, key("a"), kAbsent).entries, 1U);
}

TEST_F(LedgerTest, InTimeADoubtfulStateIsProof) {
    ledger.set_table_keys(kTable, {"id"});
    put("a", 1);
    write("DeleteItem", R"({"TableName":"t","Key":{"id":{"S":"a"}}})");
    EXPECT_EQ(ledger->mark_proven(kTable, key("a"), kAbsent, at_ms(2)).entries, 0U);
    const core::Proof proof = ledger->mark_proven(kTable, key("a"), kAbsent, at_ms(3));
    EXPECT_EQ(proof.entries, 2U);
    EXPECT_EQ(proof.newest_at, at_ms(2));
}

TEST_F(LedgerTest, EqualityWhileWritesGoOnProvesOneWriteOrOldOnes) {
    ledger.set_table_keys(kTable, {"id"});
    const auto count_up = [this](const std::string& id) {
        write("UpdateItem", R"({"TableName":"t","Key":{"id":{"S":")" + id + R"("}}})");
    };
    count_up("a");
    count_up("b");
    count_up("b");
    const core::Equality now{.up_to_number = 3, .settled_before = at_ms(3)};
    EXPECT_EQ(ledger->mark_equal(kTable, key("a"), now).entries, 1U);
    const core::Proof two = ledger->mark_equal(kTable, key("b"), now);
    EXPECT_EQ(two.entries, 1U) << "the older one has surely arrived; the newer one may be undone";
    EXPECT_TRUE(two.doubtful);
    EXPECT_EQ(ledger->mark_equal(kTable, key("b"), now).entries, 1U);
}

TEST_F(LedgerTest, WhatWaitsForKeyNamesIsBoundedInBytes) {
    EndpointLedger small({.waiting_bytes_max = 1000}, queue);
    for (int i = 0; i < 20; ++i) {
        put("a" + std::to_string(i), i);
    }
    const core::LedgerCounters counters = small->counters();
    EXPECT_EQ(counters.unproven, 20U);
    EXPECT_GT(counters.unreadable, 10U);
    EXPECT_LT(counters.unreadable, 20U);
    small.set_table_keys(kTable, {"id"});
    EXPECT_EQ(small->unproven_keys(100).size(), 20U - counters.unreadable);
    put("b", 1);
    EXPECT_EQ(small->unproven_keys(100).back().key, key("b"));
}

TEST_F(LedgerTest, WhatIsSettledWaitsForNoKeyNamesAndMakesRoomForOthers) {
    EndpointLedger small({.waiting_bytes_max = 1000}, queue);
    for (int i = 0; i < 20; ++i) {
        put("a" + std::to_string(i), i);
    }
    small->leave_behind(Epoch{2});
    put("b", 1);
    small.set_table_keys(kTable, {"id"});
    ASSERT_EQ(small->unproven_keys(100).size(), 1U);
    EXPECT_EQ(small->unproven_keys(100).front().key, key("b"));
    EXPECT_EQ(small->counters().keyless, 0U);
}

TEST_F(LedgerTest, EntriesAreBoundedInBytesOverAllTables) {
    EndpointLedger small({.core = {.bytes_max = 10'000}}, queue);
    small.set_table_keys(kTable, {"id"});
    small.set_table_keys(TableName{"u"}, {"id"});
    const std::string long_id(1000, 'x');
    write("PutItem", R"({"TableName":"u","Item":{"id":{"S":"first"}}})");
    for (int i = 0; i < 20; ++i) {
        put(long_id + std::to_string(i), i);
    }
    EXPECT_LT(small->counters().unproven, 6U);
    EXPECT_EQ(small->counters().forgotten_unproven + small->counters().unproven, 21U);
    EXPECT_TRUE(small->entries(TableName{"u"}, 10).empty()) << "the oldest goes first";
}

TEST_F(LedgerTest, TablesBeyondTheBoundHaveNoKeys) {
    for (int i = 0; i < 4; ++i) {
        write(
            "DeleteItem", R"({"TableName":"t)" + std::to_string(i) + R"(","Key":{"id":{"S":"a"}}})"
        );
    }
    EXPECT_EQ(ledger->unproven_keys(10).size(), 3U);
    EXPECT_EQ(ledger->counters().unreadable, 1U);
    ledger.set_table_keys(TableName{"t3"}, {"id"});
    EXPECT_EQ(ledger->counters().keyless, 1U);
}

TEST_F(LedgerTest, NumberKeysHaveOneForm) {
    ledger.set_table_keys(kTable, {"id", "n"});
    write("PutItem", R"({"TableName":"t","Item":{"n":{"N":"10.0"},"id":{"S":"a"}}})");
    write("DeleteItem", R"({"TableName":"t","Key":{"id":{"S":"a"},"n":{"N":"1e1"}}})");
    EXPECT_EQ(ledger->unproven_keys(10).size(), 1U);
    EXPECT_EQ(ledger->counters().unproven, 2U);
}

TEST_F(LedgerTest, UnknownOutcomesAreEntriesToo) {
    ledger.set_table_keys(kTable, {"id"});
    write("PutItem", R"({"TableName":"t","Item":{"id":{"S":"a"}}})", "", false);
    EXPECT_EQ(ledger->counters().unknown, 1U);
    EXPECT_EQ(ledger->counters().acknowledged, 0U);
    EXPECT_FALSE(ledger->counters().last_acknowledged_at);
    EXPECT_FALSE(ledger->unproven_entries(1)[0].acknowledged);
    EXPECT_EQ(ledger->newest_number(), 1U);
}

}  // namespace farshore::dataplane::testing
