#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/loss/settling_test_world.h"

// The reading before the promotion, the looks at both Regions, and how they end.
namespace farshore::core::settling_test {
namespace {

TEST_F(SettlingTest, NothingIsToldOfTheExaminationBeforeItIsDurable) {
    named(kWeb1, {a_write("k1", "d1"), a_write("k2", "d2")});
    EXPECT_TRUE(take<HostHeard>().has_value()) << "the fence does not wait for a disk";
    EXPECT_EQ(told_open, 2U);
    examine();
    KeysSeen seen = found("k1", "d1");
    seen.found[{"carts", "k2"}] = "old";
    read(seen, kWest);
    const auto save = take<SaveLosses>();
    ASSERT_TRUE(save.has_value());
    EXPECT_EQ(save->keys.size(), 2U);
    EXPECT_FALSE(take<LossesExamined>().has_value());
    EXPECT_EQ(told_open, 2U) << "good news waits for the store";
    step(LossesSaved{.ticket = save->ticket, .end = SaveEnd::saved});
    const auto told = take<LossesExamined>();
    ASSERT_TRUE(told.has_value());
    EXPECT_TRUE(told->complete);
    EXPECT_EQ(told->at_risk, 1U);
    EXPECT_EQ(told->step.number, 3U);
    EXPECT_EQ(told_open, 1U);
}

TEST_F(SettlingTest, AReadingThatIsNotAnsweredInTimeLeavesTheExaminationIncomplete) {
    named(kWeb1, {a_write("k1", "d1")});
    examine();
    read({}, kWest);
    save_all();
    const auto told = take<LossesExamined>();
    ASSERT_TRUE(told.has_value());
    EXPECT_FALSE(told->complete);
    EXPECT_EQ(told->at_risk, 1U);
}

TEST_F(SettlingTest, TheOldRegionIsReadBeforeTheTarget) {
    fail_over();
    look(found("k", "d1"), found("k", "old"));
    EXPECT_EQ(fate_of("k"), Fate::at_risk) << "it is under way";
    EXPECT_EQ(told_open, 1U);
    look(found("k", "d1"), found("k", "d1"));
    EXPECT_EQ(fate_of("k"), Fate::applied_late);
    EXPECT_EQ(told_open, 0U);
    EXPECT_EQ(settling.next_deadline(), std::nullopt) << "nothing is open";
}

TEST_F(SettlingTest, ARegionThatIsBackAndDoesNotShowAKeyIsNotTakenForOneThatIsAway) {
    fail_over();
    look(KeysSeen{}, found("k", "newer"));
    look(found("k", "newer"), found("k", "newer"));
    EXPECT_EQ(fate_of("k"), Fate::unknown) << "not suppressed: it may have arrived in between";
}

TEST_F(SettlingTest, ATableThatOneRegionRefusesIsGivenUpAfterItsTime) {
    fail_over();
    look(found("k", "old"), refused(ErrorKind::not_found));
    const auto told = take<TableUnreadable>();
    ASSERT_TRUE(told.has_value());
    EXPECT_EQ(told->region, kWest);
    now += 9min;
    look(found("k", "old"), refused(ErrorKind::not_found));
    EXPECT_FALSE(take<TableUnreadable>().has_value()) << "once";
    EXPECT_EQ(fate_of("k"), Fate::at_risk);
    now += 1min;
    look(found("k", "old"), refused(ErrorKind::not_found));
    EXPECT_EQ(fate_of("k"), Fate::unknown);
    EXPECT_EQ(
        settling.find(kFirst)->find({"carts", "k"})->reason(),
        "table carts could not be read in eu-west-1 for 10m after both Regions answered: no such "
        "table"
    );
    EXPECT_EQ(told_open, 0U);
}

TEST_F(SettlingTest, ATableThatIsReadAgainBeginsItsTimeAnew) {
    fail_over();
    look(refused(ErrorKind::denied), found("k", "old"));
    now += 9min;
    look(found("k", "d1"), found("k", "old"));
    now += 9min;
    look(refused(ErrorKind::denied), found("k", "old"));
    EXPECT_EQ(fate_of("k"), Fate::at_risk);
}

TEST_F(SettlingTest, ARegionThatDoesNotAnswerIsNoTableThatIsRefused) {
    fail_over();
    look(refused(ErrorKind::unavailable), found("k", "old"));
    now += 25h;
    look(refused(ErrorKind::unavailable), found("k", "old"));
    EXPECT_EQ(fate_of("k"), Fate::at_risk) << "both have to answer";
    EXPECT_FALSE(take<TableUnreadable>().has_value());
}

TEST_F(SettlingTest, AKeyThatBothRegionsRefuseCostsItselfAlone) {
    named(kWeb1, {a_write("k", "d1"), a_write("odd", "")});
    current->outcome = Outcome::done;
    KeysSeen east = found("k", "old");
    east.refused_keys.insert({"carts", "odd"});
    KeysSeen west = found("k", "old");
    west.refused_keys.insert({"carts", "odd"});
    look(east, west);
    const KeyChain& odd = *settling.find(kFirst)->find({"carts", "odd"});
    EXPECT_TRUE(odd.settled());
    EXPECT_EQ(odd.reason(), "each Region refuses a key like this");
    EXPECT_FALSE(take<TableUnreadable>().has_value());
}

TEST_F(SettlingTest, WhatTheItemsDoNotTellIsGivenUpAfterADayAcrossRestarts) {
    fail_over();
    look(found("k", "d1"), found("k", "old"));
    now += 23h;
    look(found("k", "d1"), found("k", "old"));
    ASSERT_EQ(settling.find(kFirst)->waited(), 23h);

    // The book as the store has it, in the next controller's life.
    const KeptBook kept{.operation = *current, .book = *settling.find(kFirst)};
    settling = Settling{LossLimits{}};
    now += 5h;
    step(kept);
    EXPECT_EQ(settling.open_writes(), (std::map<OperationId, std::uint64_t>{{kFirst, 1}}));
    look(found("k", "d1"), found("k", "old"));
    EXPECT_EQ(fate_of("k"), Fate::at_risk) << "the time without a controller does not count";
    now += 59min;
    look(found("k", "d1"), found("k", "old"));
    EXPECT_EQ(fate_of("k"), Fate::at_risk);
    now += 1min;
    look(found("k", "d1"), found("k", "old"));
    EXPECT_EQ(fate_of("k"), Fate::unknown);
}

TEST_F(SettlingTest, AControllerThatDiesInTheExaminationExaminesAgain) {
    named(kWeb1, {a_write("k", "d1")});
    now += 1s;
    step(LossesDue{});
    save_all();
    examine();
    const KeptBook kept{.operation = *current, .book = *settling.find(kFirst)};
    settling = Settling{LossLimits{}};
    wanted.clear();
    step(kept);
    EXPECT_FALSE(settling.find(kFirst)->settled());
    examine();
    read(found("k", "d1"), kWest);
    save_all();
    const auto told = take<LossesExamined>();
    ASSERT_TRUE(told.has_value());
    EXPECT_EQ(told->at_risk, 0U);
    EXPECT_EQ(fate_of("k"), Fate::present);
}

TEST_F(SettlingTest, WhatADrainHasSeenIsPresentWhenAPlannedChangeHasEnded) {
    current = an_operation(kFirst, Verb::switchover, Epoch{1});
    LedgerEntry left_out = a_write("left", "d2");
    left_out.left_out = true;
    named(kWeb1, {a_write("k", "d1"), left_out});
    step(LossesDue{});
    EXPECT_EQ(fate_of("k"), Fate::at_risk) << "it runs";
    save_all();
    current->outcome = Outcome::done;
    ASSERT_TRUE(settling.next_deadline().has_value()) << "its end is not told, but looked for";
    now = *settling.next_deadline();
    step(LossesDue{});
    save_all();
    EXPECT_EQ(fate_of("k"), Fate::present);
    EXPECT_EQ(fate_of("left"), Fate::at_risk) << "no drain has seen it";
    EXPECT_EQ(told_open, 1U);
}

// A host whose machine was restored wrote in the old Region behind the promotion.
TEST_F(SettlingTest, WhatIsNamedBehindThePromotionOfAPlannedChangeWasInNoDrain) {
    current = an_operation(kFirst, Verb::switchover, Epoch{1});
    current->plan.steps = {PlannedStep{.kind = StepKind::shift}};
    named(kWeb1, {a_write("k", "d1")});
    save_all();
    current->outcome = Outcome::done;
    now = settling.next_deadline().value_or(now);
    step(LossesDue{});
    EXPECT_EQ(fate_of("k"), Fate::at_risk);
    save_all();
    take<ReadKeys>();
    EXPECT_EQ(told_open, 1U);
}

LedgerEntry numbered(LedgerEntry entry, std::uint64_t order) {
    entry.order = order;
    return entry;
}

// The snapshot of its machine is older than the write that it had seen in the target: the host
// gives that write's number to a write that is lost.
TEST_F(SettlingTest, AHostThatHasForgottenWhatItToldNamesNewWritesUnderOldNumbers) {
    step(HostFenced{
        .operation = kFirst,
        .host = kWeb1,
        .entries = {numbered(a_write("k", "d5"), 5)},
        .proven = {numbered(a_write("p", "d7"), 7)}
    });
    examine();
    read(found("k", "d5"), kWest);
    save_all();
    named(kWeb1, {numbered(a_write("p", "new"), 6), numbered(a_write("k", "newer"), 8)});
    EXPECT_EQ(settling.find(kFirst)->find({"carts", "p"})->writes().back().fate, Fate::at_risk);
    EXPECT_EQ(settling.find(kFirst)->find({"carts", "k"})->writes().back().fate, Fate::at_risk);
    EXPECT_EQ(told_open, 2U);
}

TEST_F(SettlingTest, SuchAHostIsRecognisedByTheBookThatTheStoreHas) {
    named(kWeb1, {numbered(a_write("k", "d5"), 5)});
    examine();
    read(found("k", "d5"), kWest);
    save_all();
    LossBook stored;
    stored.restore(*settling.find(kFirst)->find({"carts", "k"}));
    const OperationRecord ended = *current;
    settling = Settling{LossLimits{}};
    current = an_operation(OperationId{"op-2"}, Verb::failover, Epoch{2});
    named(kWeb1, {numbered(a_write("k", "new"), 4)});
    step(BookSearched{
        .epoch = Epoch{1}, .found = KeptBook{.operation = ended, .book = std::move(stored)}
    });
    EXPECT_EQ(settling.find(kFirst)->find({"carts", "k"})->writes().back().fate, Fate::at_risk);
}

// A list that was not whole may have left out earlier writes.
TEST_F(SettlingTest, AfterAListThatIsNotWholeWritesStandByTheirNumbers) {
    step(HostFenced{
        .operation = kFirst,
        .host = kWeb1,
        .entries = {numbered(a_write("k", "d5"), 5)},
        .truncated = true
    });
    examine();
    read(found("k", "d5"), kWest);
    save_all();
    named(kWeb1, {numbered(a_write("k", "d4"), 4)});
    EXPECT_EQ(settling.find(kFirst)->find({"carts", "k"})->writes().back().entry.hash, "d5");
    EXPECT_EQ(fate_of("k"), Fate::present);
}

TEST_F(SettlingTest, ABookWhoseOperationEndsAsTheNextOneBeginsIsLookedAtToo) {
    current = an_operation(kFirst, Verb::switchover, Epoch{1});
    named(kWeb1, {a_write("k", "d1")});
    save_all();
    current = an_operation(OperationId{"op-2"}, Verb::failover, Epoch{2});
    look(found("k", "d1"), found("k", "d1"));
    EXPECT_EQ(told_open, 0U);
    EXPECT_EQ(settling.find(kFirst), nullptr) << "settled, saved and closed";
}

}  // namespace
}  // namespace farshore::core::settling_test
