#include "dataplane/ledger_test_world.h"

// What is remembered of writes that were seen in the standby.
namespace farshore::dataplane::testing {

class LedgerProvenTest : public LedgerTest {
  protected:
    LedgerProvenTest() { ledger.set_table_keys(kTable, {"id"}); }

    void prove(const std::string& id, int value) {
        EXPECT_GT(ledger->mark_proven(kTable, key(id), digest_of(item(id, value))).entries, 0U);
    }

    std::vector<std::string> digests(Instant since, std::size_t limit = 10) {
        std::vector<std::string> out;
        for (const core::LedgerWrite& entry : ledger->proven_since(since, limit)) {
            out.push_back(entry.digest);
        }
        return out;
    }
};

TEST_F(LedgerProvenTest, OfEachKeyTheNewestThatIsProven) {
    put("a", 1);
    put("a", 2);
    put("b", 1);
    put("a", 3);
    EXPECT_TRUE(digests(at_ms(0)).empty());
    prove("a", 2);
    prove("b", 1);
    EXPECT_EQ(
        digests(at_ms(0)),
        (std::vector<std::string>{digest_of(item("b", 1)), digest_of(item("a", 2))})
    );
    EXPECT_EQ(ledger->unproven_entries(10).size(), 1U) << "of which it is none";
    EXPECT_EQ(digests(at_ms(0), 1), std::vector<std::string>{digest_of(item("b", 1))});
}

TEST_F(LedgerProvenTest, IsForgottenAfterItsTimeAndBeyondTheBounds) {
    put("a", 1);
    put("b", 1);
    prove("a", 1);
    prove("b", 1);
    EXPECT_EQ(digests(at_ms(2)), std::vector<std::string>{digest_of(item("b", 1))});
    EXPECT_TRUE(digests(at_ms(3)).empty());
    for (int i = 0; i < 3; ++i) {
        put("c", i);
    }
    EXPECT_EQ(digests(at_ms(0)), std::vector<std::string>{digest_of(item("b", 1))})
        << "four entries fit into its table";
}

// Nothing says that it happened, though the standby looks as it would have left it.
TEST_F(LedgerProvenTest, AWriteOfUnknownOutcomeTellsNothingOfOthers) {
    write("PutItem", R"({"TableName":"t","Item":)" + item("a", 1) + "}", {}, false);
    prove("a", 1);
    EXPECT_TRUE(digests(at_ms(0)).empty());
}

// The standby is another Region then.
TEST_F(LedgerProvenTest, WhatWasLeftBehindUnprovenIsNotAmongThem) {
    put("a", 1);
    ledger->leave_behind(Epoch{2});
    EXPECT_TRUE(digests(at_ms(0)).empty());
}

}  // namespace farshore::dataplane::testing
