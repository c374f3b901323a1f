#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/loss/settling_test_world.h"

// Late hosts, operators and the store: what has to be durable before anything is told.
namespace farshore::core::settling_test {
namespace {

TEST_F(SettlingTest, AStoreThatRefusesDoesNotHoldThePromotionUpAndIsAskedAgain) {
    named(kWeb1, {a_write("k", "d1")});
    examine();
    read(found("k", "old"), kWest);
    const auto save = take<SaveLosses>();
    ASSERT_TRUE(save.has_value());
    step(LossesSaved{.ticket = save->ticket, .end = SaveEnd::refused});
    EXPECT_TRUE(take<LossesExamined>().has_value());
    EXPECT_FALSE(take<SaveLosses>().has_value()) << "not at once";
    now = *settling.next_deadline();
    step(LossesDue{});
    const auto again = take<SaveLosses>();
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->keys, save->keys);
}

TEST_F(SettlingTest, ALateHostIsHeardWhenItsWritesAreDurable) {
    fail_over();
    named(kWeb2, {a_write("late", "d2")}, OperationId{});
    EXPECT_EQ(told_open, 2U) << "bad news does not wait";
    const auto save = take<SaveLosses>();
    ASSERT_TRUE(save.has_value());
    EXPECT_FALSE(take<HostHeard>().has_value()) << "it forgets them once it is routed";
    step(LossesSaved{.ticket = save->ticket, .end = SaveEnd::saved});
    EXPECT_TRUE(take<HostHeard>().has_value());
    EXPECT_TRUE(settling.find(kFirst)->find({"carts", "late"})->examined())
        << "what the target held before it took writes cannot be read any more";
}

TEST_F(SettlingTest, ALateHostsWritesBelongToTheOperationThatEndedTheirEpoch) {
    fail_over();
    look(found("k", "d1"), found("k", "d1"));
    const KeptBook first{.operation = *current, .book = *settling.find(kFirst)};
    current = an_operation(OperationId{"op-2"}, Verb::switchover, Epoch{2});
    current->outcome = Outcome::done;
    now += 1s;
    step(LossesDue{});
    ASSERT_EQ(settling.find(kFirst), nullptr) << "its book is closed";

    named(kWeb2, {a_write("late", "d2", Epoch{1})}, OperationId{});
    const auto search = take<FindBook>();
    ASSERT_TRUE(search.has_value());
    EXPECT_EQ(search->epoch, Epoch{1});
    EXPECT_TRUE(ends_epoch(first.operation, search->epoch));
    EXPECT_FALSE(ends_epoch(*current, search->epoch));
    EXPECT_FALSE(take<HostHeard>().has_value());
    step(BookSearched{.epoch = Epoch{1}, .found = first});
    const auto save = take<SaveLosses>();
    ASSERT_TRUE(save.has_value());
    EXPECT_EQ(save->operation, kFirst);
    EXPECT_EQ(save->keys, (std::vector<LossBook::At>{{"carts", "late"}})) << "no other row";
    EXPECT_FALSE(take<HostHeard>().has_value());
    step(LossesSaved{.ticket = save->ticket, .end = SaveEnd::saved});
    EXPECT_TRUE(take<HostHeard>().has_value());
    EXPECT_EQ(fate_of("k"), Fate::applied_late) << "what was known stays";
    EXPECT_EQ(told_open, 1U);
}

TEST_F(SettlingTest, AStartTakesUpWhatIsNotSettledAndTheNewestBook) {
    const OperationId second{"op-2"};
    EXPECT_TRUE(is_taken_up(&*current, second, false));
    EXPECT_FALSE(is_taken_up(&*current, second, true));
    EXPECT_TRUE(is_taken_up(&*current, kFirst, true)) << "its hosts may still tell of writes";
    EXPECT_FALSE(is_taken_up(nullptr, kFirst, true));
}

TEST_F(SettlingTest, WritesOfAnEpochThatNoOperationEndedAreInTheNewestBook) {
    named(kWeb1, {a_write("k", "d1", Epoch{40})});
    step(BookSearched{.epoch = Epoch{40}, .found = std::nullopt});
    EXPECT_NE(settling.find(kFirst)->find({"carts", "k"}), nullptr);
}

TEST_F(SettlingTest, WritesThatNoOperationIsKnownForAreToldToPeople) {
    current.reset();
    named(kWeb1, {a_write("k", "d1")});
    const auto told = take<WritesWithoutBook>();
    ASSERT_TRUE(told.has_value());
    EXPECT_EQ(told->writes, 1U);
    EXPECT_TRUE(take<HostHeard>().has_value());
}

TEST_F(SettlingTest, AControllerThatIsSupersededSaysNothingMore) {
    fail_over();
    named(kWeb2, {a_write("late", "d2")}, OperationId{});
    const auto save = take<SaveLosses>();
    ASSERT_TRUE(save.has_value());
    step(LossesSaved{.ticket = save->ticket, .end = SaveEnd::ended});
    EXPECT_FALSE(take<HostHeard>().has_value()) << "the host tells the controller that leads";
    EXPECT_EQ(settling.next_deadline(), std::nullopt);
    wanted.clear();
    examine();
    named(kWeb2, {a_write("later", "d3")}, OperationId{});
    step(LossesDue{.answering = {kEast, kWest}});
    EXPECT_TRUE(wanted.empty());
}

TEST_F(SettlingTest, AnOperatorsWordIsDurableBeforeAnythingIsToldOfIt) {
    fail_over();
    step(LossDecision{.operation = kFirst, .fate = Fate::never_arrived, .reason = "jo: looked"});
    const auto save = take<SaveLosses>();
    ASSERT_TRUE(save.has_value());
    EXPECT_EQ(save->decided, 1U);
    EXPECT_EQ(told_open, 1U);
    step(LossesSaved{.ticket = save->ticket, .end = SaveEnd::saved});
    EXPECT_EQ(told_open, 0U);
    EXPECT_EQ(fate_of("k"), Fate::never_arrived);
}

TEST_F(SettlingTest, AnOperatorsWordThatTheStoreRefusesIsKeptAndSavedLater) {
    fail_over();
    step(LossDecision{.operation = kFirst, .fate = Fate::never_arrived, .reason = "jo: looked"});
    step(LossesSaved{.ticket = take<SaveLosses>()->ticket, .end = SaveEnd::refused});
    EXPECT_EQ(told_open, 1U);
    ASSERT_TRUE(settling.next_deadline().has_value());
    now = *settling.next_deadline();
    step(LossesDue{});
    save_all();
    EXPECT_EQ(told_open, 0U);
}

TEST_F(SettlingTest, AnOperatorDecidesInABookThatIsClosed) {
    named(kWeb1, {a_write("other", "d2")});
    fail_over();
    step(LossDecision{.operation = kFirst, .fate = Fate::unknown, .reason = "later"});
    save_all();
    const KeptBook kept{.operation = *current, .book = *settling.find(kFirst)};
    current = an_operation(OperationId{"op-2"}, Verb::switchover, Epoch{2});
    step(LossesDue{});
    ASSERT_EQ(settling.find(kFirst), nullptr);
    step(LossDecision{
        .operation = kFirst,
        .table = "carts",
        .keys = {"k"},
        .fate = Fate::suppressed,
        .reason = "jo: looked",
        .kept = kept
    });
    const auto save = take<SaveLosses>();
    ASSERT_TRUE(save.has_value());
    EXPECT_EQ(save->decided, 1U);
    EXPECT_EQ(fate_of("k"), Fate::suppressed);
    EXPECT_EQ(fate_of("other"), Fate::unknown) << "another key";
    step(LossesSaved{.ticket = save->ticket, .end = SaveEnd::saved});
    EXPECT_EQ(settling.find(kFirst), nullptr);
}

TEST_F(SettlingTest, ALateHostThatComesWhileTheStoreIsBusyJoinsTheNextCommit) {
    fail_over();
    named(kWeb1, {a_write("late", "d2")}, OperationId{});
    const auto first = take<SaveLosses>();
    ASSERT_TRUE(first.has_value());
    named(kWeb2, {a_write("later", "d3")}, OperationId{});
    EXPECT_FALSE(take<SaveLosses>().has_value()) << "one at a time";
    step(LossesSaved{.ticket = first->ticket, .end = SaveEnd::saved});
    const auto second = take<SaveLosses>();
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(second->keys, (std::vector<LossBook::At>{{"carts", "later"}}));
    step(LossesSaved{.ticket = second->ticket, .end = SaveEnd::saved});
    EXPECT_TRUE(take<HostHeard>().has_value());
    EXPECT_TRUE(take<HostHeard>().has_value());
}

TEST_F(SettlingTest, WhatIsInMemoryIsNewerThanWhatTheStoreHas) {
    fail_over();
    step(KeptBook{.operation = *current, .book = LossBook{}});
    EXPECT_EQ(fate_of("k"), Fate::at_risk);
}

TEST_F(SettlingTest, AnExaminationOfAnotherOperationIsNoneOfItsBooks) {
    fail_over();
    current = an_operation(OperationId{"op-2"}, Verb::failover, Epoch{2});
    examine();
    EXPECT_FALSE(take<ReadKeys>().has_value());
}

TEST_F(SettlingTest, ABigBookIsSavedInSeveralCommitsOneAtATime) {
    std::vector<LedgerEntry> many;
    for (int i = 0; i < 1'200; ++i) {
        many.push_back(a_write("k" + std::to_string(i), "d"));
    }
    current->outcome = Outcome::done;
    named(kWeb1, std::move(many), OperationId{});
    std::vector<std::size_t> sizes;
    while (const auto save = take<SaveLosses>()) {
        EXPECT_FALSE(take<SaveLosses>().has_value());
        EXPECT_FALSE(take<HostHeard>().has_value());
        sizes.push_back(save->keys.size());
        step(LossesSaved{.ticket = save->ticket, .end = SaveEnd::saved});
    }
    EXPECT_EQ(sizes, (std::vector<std::size_t>{500, 500, 200}));
    EXPECT_TRUE(take<HostHeard>().has_value());
}

}  // namespace
}  // namespace farshore::core::settling_test
