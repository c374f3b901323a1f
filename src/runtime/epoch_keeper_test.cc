#include "runtime/epoch_keeper.h"

#include <deque>
#include <map>
#include <utility>

#include <gtest/gtest.h>

namespace farshore::runtime {
namespace {

using namespace std::chrono_literals;

const RegionId kA{"us-east-1"};
const RegionId kB{"eu-west-1"};
const RegionId kC{"us-west-2"};
const core::Terms kTerms{.lease = 3s, .clock_error = 200ms, .hold_max = 1s};

core::EpochItem item(std::uint64_t epoch, const RegionId& active) {
    return {
        .epoch = Epoch{epoch},
        .active = active,
        .terms = kTerms,
        .register_id = "ours",
        .raised_for = {}
    };
}

// Copies that answer when the test says so; what is written is kept.
class EpochKeeperTest : public ::testing::Test, public ports::Clock, public ports::EpochCopies {
  protected:
    [[nodiscard]] Instant now() const override { return at; }

    [[nodiscard]] UtcTime wall() const override {
        return utc_from_ms(to_ms(at.time_since_epoch()));
    }

    void read(const RegionId& region, Answered answered) override {
        asked.push_back("read " + region.value());
        waiting.push_back([this, region, answered] {
            if (deaf.contains(region)) {
                answered({.word = core::CopyWord::not_done, .why = "no way there"});
            } else {
                answered({.word = core::CopyWord::done, .item = copies[region]});
            }
        });
    }

    void write(const RegionId& region, const core::EpochItem& item, Answered answered) override {
        asked.push_back("write " + region.value());
        waiting.push_back([this, region, item, answered] {
            if (deaf.contains(region)) {
                answered({.word = core::CopyWord::not_done, .why = "no way there"});
            } else if (!core::may_replace(copies[region], item)) {
                answered({.word = core::CopyWord::refused, .why = "a condition"});
            } else if (answers_lost) {
                copies[region] = item;
                answered({.word = core::CopyWord::lost, .why = "no answer"});
            } else {
                answered({.word = core::CopyWord::done, .item = std::exchange(copies[region], item)}
                );
            }
        });
    }

    void answer_one() {
        ASSERT_FALSE(waiting.empty());
        const std::function<void()> next = std::move(waiting.front());
        waiting.pop_front();
        next();
    }

    void answer_all() {
        while (!waiting.empty()) {
            answer_one();
        }
    }

    void all_say(const core::EpochItem& item) { copies = {{kA, item}, {kB, item}, {kC, item}}; }

    [[nodiscard]] Result<core::AppRecord> first_record() {
        Result<core::AppRecord> came = fail(ErrorKind::timed_out, "it has not come");
        keeper.first_record(
            {.app = AppId{"shop"}, .preferred = kA, .by = "controller:test"},
            [&came](Result<core::AppRecord> record) { came = std::move(record); }
        );
        answer_all();
        return came;
    }

    template <class E>
    [[nodiscard]] std::vector<E> told() const {
        std::vector<E> all;
        for (const core::Event& event : events) {
            if (const auto* one = std::get_if<E>(&event)) {
                all.push_back(*one);
            }
        }
        return all;
    }

    Instant at{1h};
    std::map<RegionId, core::EpochItem> copies;
    std::set<RegionId> deaf;
    bool answers_lost = false;
    std::vector<std::string> asked;
    std::deque<std::function<void()>> waiting;
    std::vector<core::Event> events;
    std::vector<std::string> healed;
    core::AppRecord in_force{.app = AppId{"shop"}, .epoch = Epoch{7}, .active = kA, .users = kA};
    EpochKeeper keeper{
        *this,
        *this,
        {.regions = {kA, kB, kC}, .terms = kTerms, .register_id = "ours"},
        {.deliver = [this](core::Event event) { events.push_back(std::move(event)); },
         .in_force = [this]() -> const core::AppRecord& { return in_force; },
         .healed =
             [this](const RegionId& region, core::EpochWatch::Healed how, const std::string& why) {
                 healed.push_back(
                     region.value() +
                     (how == core::EpochWatch::Healed::up_to_date ? " is up to date" : ": " + why)
                 );
             }}
    };
};

using Asked = std::vector<std::string>;

TEST_F(EpochKeeperTest, ARaiseAsksEveryCopyAtOnceAndIsToldWhenAMajorityStands) {
    all_say(item(7, kA));
    keeper.raise(
        {.step = {.operation = OperationId{"op-1"}, .number = 4},
         .app = AppId{"shop"},
         .epoch = Epoch{8},
         .active = kB,
         .raised_for = {.operation = OperationId{"op-1"}}}
    );
    EXPECT_EQ(asked, (Asked{"write us-east-1", "write eu-west-1", "write us-west-2"}));
    answer_one();
    EXPECT_TRUE(events.empty());
    answer_one();
    ASSERT_EQ(told<core::EpochRaised>().size(), 1U);
    EXPECT_TRUE(told<core::EpochRaised>()[0].majority);
    answer_one();
    EXPECT_EQ(events.size(), 1U) << "once";
    EXPECT_EQ(copies[kC].terms, kTerms);
    EXPECT_EQ(copies[kC].register_id, "ours");
    EXPECT_EQ(copies[kC].raised_for.operation, OperationId{"op-1"});
}

TEST_F(EpochKeeperTest, AWriteWithoutAnAnswerIsReadBack) {
    all_say(item(7, kA));
    answers_lost = true;
    keeper.raise({.step = {}, .app = {}, .epoch = Epoch{8}, .active = kB, .raised_for = {}});
    answer_all();
    EXPECT_EQ(asked.back(), "read us-west-2");
    ASSERT_EQ(told<core::EpochRaised>().size(), 1U);
    EXPECT_TRUE(told<core::EpochRaised>()[0].majority);
}

TEST_F(EpochKeeperTest, OnlyALookWritesNothing) {
    all_say(item(8, kB));
    keeper.raise(
        {.step = {}, .app = {}, .epoch = Epoch{8}, .active = kB, .raised_for = {}, .only_look = true
        }
    );
    answer_all();
    EXPECT_EQ(asked, (Asked{"read us-east-1", "read eu-west-1", "read us-west-2"}));
    EXPECT_TRUE(told<core::EpochRaised>().at(0).majority);
}

TEST_F(EpochKeeperTest, ASurveyEndsWhenEachCopyHasAnsweredOrNot) {
    all_say(item(7, kA));
    deaf = {kB};
    std::vector<core::EpochReading> read;
    keeper.survey([&](const core::EpochReading& reading) { read.push_back(reading); });
    answer_one();
    answer_one();
    EXPECT_TRUE(read.empty());
    answer_one();
    ASSERT_EQ(read.size(), 1U);
    EXPECT_EQ(read[0].copies.size(), 2U);
    EXPECT_EQ(keeper.longest_lease(), 3s) << "that agents may have taken from these copies";
    EXPECT_TRUE(events.empty()) << "there is no core yet";
}

TEST_F(EpochKeeperTest, TheFirstRecordStandsInTheCopiesOneAfterTheOther) {
    const Result<core::AppRecord> record = first_record();
    ASSERT_TRUE(record) << record.error().text;
    EXPECT_EQ(record->epoch, Epoch{1});
    EXPECT_EQ(record->active, kA);
    EXPECT_FALSE(record->register_lost_at);
    EXPECT_EQ(copies[kC].epoch, Epoch{1});
    asked.clear();
    copies.clear();
    keeper.first_record({.app = AppId{"shop"}, .preferred = kA}, [](const auto&) {});
    for (int reads = 0; reads < 3; ++reads) {
        answer_one();
    }
    EXPECT_EQ(asked.size(), 4U) << "two controllers with empty stores meet at the first copy";
    answer_one();
    EXPECT_EQ(asked.back(), "write eu-west-1");
}

TEST_F(EpochKeeperTest, CopiesOfALostStoreNameTheMomentFromWhichTheyConfirmItsHostsNoMore) {
    core::EpochItem of_lost_store = item(7, kB);
    of_lost_store.register_id = "lost";
    all_say(of_lost_store);
    keeper.first_record({.app = AppId{"shop"}, .preferred = kA}, [this](const auto& record) {
        ASSERT_TRUE(record);
        EXPECT_EQ(record->epoch, Epoch{7});
        EXPECT_EQ(record->active, kB);
        EXPECT_EQ(record->register_lost_at, wall()) << "when the last of them was written";
        healed.emplace_back("came");
    });
    while (!waiting.empty()) {
        at += 100ms;
        answer_one();
    }
    EXPECT_EQ(healed, Asked{"came"});
    EXPECT_EQ(copies[kA].register_id, "ours");
}

TEST_F(EpochKeeperTest, WithoutAMajorityThereIsNoFirstRecord) {
    deaf = {kA, kB};
    EXPECT_EQ(first_record().error().kind, ErrorKind::unavailable);
    EXPECT_NE(first_record().error().text.find("eu-west-1: no way there"), std::string::npos);
    EXPECT_TRUE(copies[kC] == core::EpochItem{}) << "nothing is written";
}

TEST_F(EpochKeeperTest, AFirstRecordThatReachesNoMajorityIsNone) {
    std::optional<ErrorKind> why;
    keeper.first_record({.app = AppId{"shop"}, .preferred = kA}, [&](const auto& record) {
        why = record.error().kind;
    });
    for (int reads = 0; reads < 3; ++reads) {
        answer_one();
    }
    deaf = {kA, kB};
    answer_all();
    EXPECT_EQ(why, ErrorKind::unavailable);
    copies.clear();
    deaf.clear();
    keeper.first_record({.app = AppId{"shop"}, .preferred = kA}, [&](const auto& record) {
        why = record.error().kind;
    });
    for (int reads = 0; reads < 3; ++reads) {
        answer_one();
    }
    all_say(item(9, kB));
    answer_all();
    EXPECT_EQ(why, ErrorKind::conflict) << "another controller was there first";
}

TEST_F(EpochKeeperTest, ACopyThatMissedARaiseIsBroughtUpToWhatIsInForce) {
    all_say(item(7, kA));
    copies[kC] = item(6, kB);
    keeper.look();
    answer_all();
    EXPECT_FALSE(told<core::EpochsRead>().empty());
    EXPECT_EQ(copies[kC], item(7, kA));
    EXPECT_EQ(healed, Asked{"us-west-2 is up to date"});
    copies[kC] = item(6, kB);
    keeper.look();
    for (int reads = 0; reads < 3; ++reads) {
        answer_one();
    }
    deaf = {kC};
    answer_all();
    EXPECT_EQ(healed.back(), "us-west-2: us-west-2: no way there");
}

}  // namespace
}  // namespace farshore::runtime
