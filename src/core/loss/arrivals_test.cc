#include "core/loss/arrivals.h"

#include <gtest/gtest.h>

// What a look at the standby proves, what is compared in both Regions, and when a drain is proven.
namespace farshore::core {
namespace {

using namespace std::chrono_literals;

const TableName kTable{"carts"};

constexpr Instant at(Duration since) {
    return Instant{since};
}

class ArrivalsTest : public ::testing::Test {
  protected:
    void write(const std::string& key, const std::string& digest, bool acknowledged = true) {
        (void)ledger.add(
            {.table = kTable,
             .key = key,
             .ended_at = now,
             .epoch = Epoch{7},
             .digest = digest,
             .acknowledged = acknowledged},
            key.empty() ? KeyKnown::untold : KeyKnown::told
        );
    }

    std::vector<LedgerKey> keys() {
        arrivals.begin(now);
        std::uint64_t from = 0;
        return arrivals.piece(ledger, from);
    }

    // One look at the only key.
    bool look(std::string_view digest) {
        return arrivals.take_look(now, ledger, keys().at(0), digest);
    }

    std::uint64_t unproven() { return ledger.counters().unproven; }

    Instant now = at(100s);
    Ledger ledger{{}};
    Arrivals arrivals{std::nullopt};
};

TEST_F(ArrivalsTest, WhatTheStandbyShowsIsProven) {
    write("a", "one");
    EXPECT_FALSE(look("absent"));
    EXPECT_EQ(unproven(), 1U);
    EXPECT_FALSE(look("one"));
    EXPECT_EQ(unproven(), 0U);
}

TEST_F(ArrivalsTest, WhatTheStandbyDoesNotProveWithinASecondIsCompared) {
    write("a", "");
    now += 1s;
    EXPECT_FALSE(look("other"));
    now += 1ns;
    EXPECT_TRUE(look("other"));
    const LedgerKey key = keys().at(0);
    EXPECT_FALSE(arrivals.take_comparison(
        now, ledger, key, {"here", "there"}, ledger.newest_number(), Arrivals::During::writes
    ));
    EXPECT_FALSE(arrivals.take_comparison(
        now, ledger, key, {"", ""}, ledger.newest_number(), Arrivals::During::writes
    )) << "neither was read";
    EXPECT_EQ(unproven(), 1U);
    EXPECT_TRUE(arrivals.take_comparison(
        now, ledger, key, {"same", "same"}, ledger.newest_number(), Arrivals::During::writes
    ));
    EXPECT_EQ(unproven(), 0U);
}

// Several writes may have led back to where they began, and none of them arrived.
TEST_F(ArrivalsTest, WhileWritesPassEqualStatesOfSeveralWritesWaitUntilAllHasArrived) {
    write("a", "one");
    write("a", "two");
    const auto compare = [this](Arrivals::During during) {
        return arrivals.take_comparison(
            now, ledger, {.table = kTable, .key = "a"}, {"zero", "zero"}, 2, during
        );
    };
    EXPECT_TRUE(compare(Arrivals::During::writes));
    EXPECT_EQ(unproven(), 2U);
    EXPECT_TRUE(keys().empty()) << "time decides";
    now += 1s;
    EXPECT_EQ(keys().size(), 1U) << "it is asked again";
    now += 9s + 1ns;
    EXPECT_TRUE(compare(Arrivals::During::writes));
    EXPECT_EQ(unproven(), 0U) << "ten times the usual lag is over";
    write("a", "one");
    write("a", "two");
    EXPECT_TRUE(arrivals.take_comparison(
        now, ledger, {.table = kTable, .key = "a"}, {"zero", "zero"}, 4, Arrivals::During::a_drain
    ));
    EXPECT_EQ(unproven(), 0U) << "nothing is written while a drain reads";
}

TEST_F(ArrivalsTest, AfterAStartTheLedgerIsNotWholeUntilTheEarlierProcesssWritesHaveArrived) {
    const Arrivals inherits{at(100s)};
    EXPECT_TRUE(inherits.why_not_whole(at(110s) - 1ns, {}));
    EXPECT_FALSE(inherits.why_not_whole(at(110s), {}));
    const LedgerCounters pushed_out{.last_forgotten_at = at(100s)};
    EXPECT_TRUE(arrivals.why_not_whole(at(700s) - 1ns, pushed_out));
    EXPECT_FALSE(arrivals.why_not_whole(at(700s), pushed_out));
}

TEST_F(ArrivalsTest, ADrainIsProvenWhenEveryKeyIsEqual) {
    write("a", "one");
    DrainRun drain(now, 1s, ledger);
    ASSERT_EQ(drain.turn(now, ledger, {}).size(), 1U);
    EXPECT_FALSE(drain.judge(now, ledger, arrivals, {.different = 1})) << "another turn";
    ASSERT_EQ(drain.turn(now, ledger, {}).size(), 1U);
    (void)arrivals.take_comparison(
        now, ledger, {.table = kTable, .key = "a"}, {"one", "one"}, 1, Arrivals::During::a_drain
    );
    const auto outcome = drain.judge(now, ledger, arrivals, {});
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->proven);
    EXPECT_EQ(outcome->keys, 1U);
}

TEST_F(ArrivalsTest, ADrainWhoseTimeIsUpSaysWhatIsLeft) {
    write("a", "one");
    DrainRun drain(now, 1s, ledger);
    now += 1s;
    (void)drain.turn(now, ledger, {});
    const auto outcome =
        drain.judge(now, ledger, arrivals, {.unread = 1, .why_unread = "no answer"});
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->proven);
    EXPECT_EQ(outcome->left, 1U);
    EXPECT_EQ(outcome->why, "no answer");
    (void)drain.turn(now, ledger, {});
    EXPECT_EQ(
        drain.judge(now, ledger, arrivals, {.unread = 1})->why, "keys differ between the Regions"
    ) << "the time was up before an answer came";
}

// The service may have carried out a write after its key was looked at.
TEST_F(ArrivalsTest, ADrainReadsKeysOfUnknownWritesOnceMore) {
    write("a", "one", false);
    EXPECT_FALSE(look("one"));
    EXPECT_EQ(unproven(), 0U);
    DrainRun drain(now, 1s, ledger);
    EXPECT_EQ(drain.turn(now, ledger, {}).size(), 1U);
}

TEST_F(ArrivalsTest, ADrainOfALedgerThatIsNotWholeIsNotProven) {
    const Arrivals inherits{now};
    DrainRun drain(now, 1s, ledger);
    (void)drain.turn(now, ledger, {});
    const auto outcome = drain.judge(now, ledger, inherits, {});
    ASSERT_TRUE(outcome) << "waiting within a hold changes nothing";
    EXPECT_FALSE(outcome->proven);
    EXPECT_EQ(outcome->left, 0U);
}

TEST_F(ArrivalsTest, ADrainDoesWithoutOldWritesOfTablesThatCannotBeReadAndSaysSo) {
    write("a", "one");
    DrainRun drain(now, 1s, ledger);
    EXPECT_TRUE(drain.turn(now, ledger, {kTable}).empty());
    const auto outcome = drain.judge(now, ledger, arrivals, {.tables = "carts is denied"});
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->proven);
    EXPECT_NE(outcome->why.find("without 1 older writes to table carts"), std::string::npos);
}

TEST_F(ArrivalsTest, WritesWithoutAKeySpoilADrainForTenMinutes) {
    write("", "");
    DrainRun drain(now, 1s, ledger);
    (void)drain.turn(now, ledger, {});
    EXPECT_FALSE(drain.judge(now, ledger, arrivals, {}));
    now += 10min + 1ns;
    (void)drain.turn(now, ledger, {});
    const auto outcome = drain.judge(now, ledger, arrivals, {});
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->proven);
    EXPECT_FALSE(outcome->why.empty()) << "it says that it does without it";
}

}  // namespace
}  // namespace farshore::core
