#include "runtime/loss_desk.h"

#include <algorithm>
#include <deque>
#include <vector>

#include <gtest/gtest.h>

namespace farshore::runtime {
namespace {

using namespace std::chrono_literals;

const RegionId kEast{"us-east-1"};
const RegionId kWest{"eu-west-1"};
const OperationId kRuns{"op-2"};

core::OperationRecord a_failover(OperationId id, Epoch before) {
    core::OperationRecord record;
    record.plan.id = std::move(id);
    record.plan.verb = core::Verb::failover;
    record.plan.from = kEast;
    record.plan.to = kWest;
    record.plan.epoch_before = before;
    record.plan.epoch_after = next(before);
    return record;
}

core::LedgerEntry a_write(const std::string& key, Epoch epoch) {
    return {
        .table = TableName{"carts"},
        .key = key,
        .op = "PutItem",
        .at = utc_from_ms(1000),
        .epoch = epoch,
        .hash = "d1",
        .acknowledged = true
    };
}

// A store and tables that answer when the test says so.
class LossDeskTest : public ::testing::Test, public ports::Clock, public ports::Losses {
  protected:
    [[nodiscard]] Instant now() const override { return at; }

    [[nodiscard]] UtcTime wall() const override { return utc_from_ms(to_ms(at - Instant{})); }

    void read_keys(core::ReadKeys wanted, std::function<void(core::KeysSeen)> answered) override {
        reads.push_back(wanted.region);
        waiting.push_back([wanted, answered] {
            core::KeysSeen seen;
            for (const core::LossBook::At& key : wanted.keys) {
                seen.found.emplace(key, "d1");
            }
            answered(std::move(seen));
        });
    }

    void save_losses(
        const core::SaveLosses& wanted,
        const core::LossBook& book,
        std::function<void(core::SaveEnd)> answered
    ) override {
        for (const core::LossBook::At& key : wanted.keys) {
            saved_keys.push_back(book.find(key)->key());
        }
        waiting.push_back([this, answered] { answered(store); });
    }

    [[nodiscard]] std::optional<core::KeptBook> find_book(Epoch epoch) override {
        searched.push_back(epoch);
        return kept;
    }

    [[nodiscard]] std::set<RegionId> answering() override { return {kEast, kWest}; }

    void wake_losses(std::optional<Instant> due) override { wake = due; }

    void note(const core::TableUnreadable&) override {}

    void note(const core::WritesWithoutBook&) override { ++without_book; }

    void answer_all() {
        while (!waiting.empty()) {
            const std::function<void()> next = std::move(waiting.front());
            waiting.pop_front();
            next();
        }
    }

    void names(const std::string& key, Epoch epoch) {
        desk.fenced(
            {.operation = kRuns, .host = HostId{"web-1"}, .entries = {a_write(key, epoch)}},
            [this] { ++heard; }
        );
    }

    Instant at{1h};
    core::SaveEnd store = core::SaveEnd::saved;
    std::optional<core::KeptBook> kept;
    std::optional<core::OperationRecord> operation = a_failover(kRuns, Epoch{2});
    std::vector<RegionId> reads;
    std::vector<std::string> saved_keys;
    std::vector<Epoch> searched;
    std::deque<std::function<void()>> waiting;
    std::optional<Instant> wake;
    std::vector<core::Event> events;
    int without_book = 0;
    int heard = 0;
    LossDesk desk{
        *this,
        *this,
        core::LossLimits{},
        {.deliver = [this](core::Event event) { events.push_back(std::move(event)); },
         .operation =
             [this] {
                 return operation ? &*operation : nullptr;
             }}
    };
};

TEST_F(LossDeskTest, AHostOfARunningFenceMayForgetAtOnceAndALateOneWhenItsListIsDurable) {
    names("k", Epoch{2});
    EXPECT_EQ(heard, 1) << "the fence that runs asks again after a restart";
    operation->outcome = core::Outcome::done;
    names("late", Epoch{2});
    EXPECT_EQ(heard, 1);
    EXPECT_EQ(saved_keys, (std::vector<std::string>{"k", "late"}));
    answer_all();
    EXPECT_EQ(heard, 2);
}

TEST_F(LossDeskTest, HostsThatWaitAreToldEachForItself) {
    operation->outcome = core::Outcome::done;
    std::vector<int> told;
    for (const int host : {1, 2}) {
        desk.fenced(
            {.operation = kRuns,
             .host = HostId{"web-" + std::to_string(host)},
             .entries = {a_write("k" + std::to_string(host), Epoch{2})}},
            [&told, host] { told.push_back(host); }
        );
    }
    EXPECT_TRUE(told.empty());
    answer_all();
    EXPECT_EQ(told, (std::vector{1, 2}));
}

TEST_F(LossDeskTest, AnEndOfThisControllerTellsNoHostToForget) {
    operation->outcome = core::Outcome::done;
    store = core::SaveEnd::ended;
    names("late", Epoch{2});
    answer_all();
    EXPECT_EQ(heard, 0) << "it names its writes to the controller that follows";
    EXPECT_FALSE(wake);
}

TEST_F(LossDeskTest, WhatIsAtRiskIsReadInTheTargetAndTold) {
    names("k", Epoch{2});
    desk.examine(
        {.step = {.operation = kRuns, .number = 3}, .from = kEast, .to = kWest, .budget = 2s}
    );
    EXPECT_EQ(reads, std::vector{kWest});
    answer_all();
    EXPECT_EQ(
        std::ranges::count_if(
            events,
            [](const core::Event& event) {
                return std::holds_alternative<core::LossesExamined>(event);
            }
        ),
        1
    );
}

TEST_F(LossDeskTest, TheBookOfAnEarlierEpochIsAskedOfTheStore) {
    kept = core::KeptBook{
        .operation = a_failover(OperationId{"op-1"}, Epoch{1}), .book = core::LossBook{}
    };
    kept->operation.outcome = core::Outcome::done;
    names("old", Epoch{1});
    EXPECT_EQ(searched, std::vector{Epoch{1}});
    EXPECT_NE(desk.settling().find(OperationId{"op-1"}), nullptr);
    operation.reset();
    kept.reset();
    names("older", Epoch{1});
    EXPECT_EQ(without_book, 1);
}

TEST_F(LossDeskTest, ItIsWokenForWhatIsOpenAndLooksInTheRegionsThatAnswer) {
    names("k", Epoch{2});
    ASSERT_TRUE(wake);
    operation->outcome = core::Outcome::done;
    for (int turns = 0; turns < 20 && reads.size() < 2; ++turns) {
        at = std::max(at + 1ms, wake.value_or(at));
        desk.due();
        answer_all();
    }
    ASSERT_GE(reads.size(), 2U);
    EXPECT_EQ(reads[0], kEast);
    EXPECT_EQ(reads[1], kWest);
}

TEST_F(LossDeskTest, WhatAnOperatorDecidesIsSavedByTheCaller) {
    names("k", Epoch{2});
    operation->outcome = core::Outcome::done;
    answer_all();
    const auto asked = waiting.size();
    const auto save = desk.decide(
        {.operation = kRuns, .table = {}, .keys = {}, .fate = core::Fate::unknown, .reason = "ada"}
    );
    ASSERT_TRUE(save);
    EXPECT_EQ(save->decided, 1U);
    EXPECT_EQ(waiting.size(), asked) << "with the operator's audit, in one commit";
    desk.saved(save->ticket, core::SaveEnd::saved);
    EXPECT_FALSE(
        desk.decide({.operation = OperationId{"op-9"}, .table = {}, .keys = {}, .reason = {}})
    );
}

}  // namespace
}  // namespace farshore::runtime
