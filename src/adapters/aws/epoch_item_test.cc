#include "adapters/aws/epoch_item.h"

#include <gtest/gtest.h>

namespace farshore::aws {
namespace {

using namespace std::chrono_literals;

Item item(std::int64_t epoch, std::int64_t lease_ms, std::int64_t clock_error_ms = 200) {
    Item out;
    out["epoch"] = number_attribute(epoch);
    out["active"] = string_attribute("us-east-1");
    out["lease_ms"] = number_attribute(lease_ms);
    out["clock_error_ms"] = number_attribute(clock_error_ms);
    out["hold_max_ms"] = number_attribute(2000);
    return out;
}

TEST(EpochItem, NumbersThatNoControllerWritesAreADamagedCopy) {
    constexpr std::int64_t kHighest = (std::int64_t{1} << 48) - 1;
    ASSERT_TRUE(parse_epoch_item(item(7, 3000)));
    EXPECT_EQ(
        parse_epoch_item(item(7, 3000))->terms,
        (core::Terms{.lease = 3s, .clock_error = 200ms, .hold_max = 2s})
    );
    EXPECT_TRUE(parse_epoch_item(item(kHighest, 3000)));
    EXPECT_FALSE(parse_epoch_item(item(kHighest + 1, 3000)))
        << "no route word could carry it, and every write would be refused for ever";
    EXPECT_FALSE(parse_epoch_item(item(-1, 3000)));
    EXPECT_FALSE(parse_epoch_item(item(7, -1)));
    EXPECT_FALSE(parse_epoch_item(item(7, 3'600'001)));
    EXPECT_FALSE(parse_epoch_item(item(7, 3000, -1)));
    EXPECT_FALSE(parse_epoch_item(item(7, 3000, 3'600'001)));
    Item held = item(7, 3000);
    held["hold_max_ms"] = number_attribute(60'000);
    EXPECT_TRUE(parse_epoch_item(held));
    for (const std::int64_t hold_max_ms : {std::int64_t{-1}, std::int64_t{60'001}}) {
        held["hold_max_ms"] = number_attribute(hold_max_ms);
        EXPECT_FALSE(parse_epoch_item(held)) << hold_max_ms;
    }
    Item without_epoch = item(7, 3000);
    without_epoch.erase("epoch");
    EXPECT_FALSE(parse_epoch_item(without_epoch));
    Item without_active = item(7, 3000);
    without_active.erase("active");
    EXPECT_FALSE(parse_epoch_item(without_active));
}

TEST(EpochItem, ADamagedCopyIsToldWithTheAttributeThatIsWrong) {
    const RegionId east{"us-east-1"};
    EXPECT_EQ(copy_as_read(east, std::nullopt).item, core::EpochItem{}) << "there is none yet";
    EXPECT_EQ(copy_as_read(east, item(7, 3000)).item->epoch, Epoch{7});
    for (const char* attribute : {"epoch", "active", "lease_ms", "clock_error_ms", "hold_max_ms"}) {
        Item damaged = item(7, 3000);
        damaged[attribute] = number_attribute(-1);
        const core::CopyAnswer answer = copy_as_read(east, damaged);
        EXPECT_EQ(answer.word, core::CopyWord::damaged);
        EXPECT_NE(answer.why.find(std::string{"us-east-1"}), std::string::npos) << answer.why;
        EXPECT_NE(answer.why.find(attribute), std::string::npos) << answer.why;
    }
}

TEST(EpochItem, ACopyOfAnEarlierVersionNamesNoTerms) {
    Item old = item(7, 0);
    old.erase("lease_ms");
    old.erase("clock_error_ms");
    old.erase("hold_max_ms");
    ASSERT_TRUE(parse_epoch_item(old));
    EXPECT_EQ(parse_epoch_item(old)->terms, core::Terms{});
    EXPECT_EQ(parse_epoch_item(old)->raised_for, core::RaisedFor{});
}

// The values that the update sets, as DynamoDB would keep them.
Item applied(const UpdateItem& update) {
    Item kept;
    for (const auto& [name, attribute] : update.expressions.names) {
        kept[attribute] = update.expressions.values.at(":" + attribute);
    }
    return kept;
}

TEST(EpochItem, WhatIsWrittenIsReadAgain) {
    core::EpochItem written{
        .epoch = Epoch{8},
        .active = RegionId{"eu-west-1"},
        .terms = {.lease = 3s, .clock_error = 1s, .hold_max = 2500ms},
        .register_id = "r1",
        .raised_for =
            {.operation = OperationId{"op-1"},
             .verb = core::Verb::switchover,
             .held_until = utc_from_ms(1'700'000'000'000)}
    };
    const auto update = [&] {
        return write_of_epoch_item(
            TableName{"farshore_epochs"}, AppId{"shop"}, written, {.by = "c1", .at = utc_from_ms(0)}
        );
    };
    EXPECT_EQ(parse_epoch_item(applied(update())), written);
    written.raised_for = {};
    EXPECT_EQ(parse_epoch_item(applied(update())), written)
        << "what an earlier raise was for is overwritten";
}

// Where every other copy says 8, nothing that is so far ahead was ever in force.
TEST(EpochItem, AWriteReplacesWhatIsTooFarAheadToBeNewer) {
    const auto furthest_kept = [](Epoch written) {
        const UpdateItem update = write_of_epoch_item(
            TableName{"farshore_epochs"},
            AppId{"shop"},
            {.epoch = written, .active = RegionId{"us-east-1"}},
            {.by = "c1", .at = utc_from_ms(0)}
        );
        EXPECT_TRUE(update.expressions.condition.contains("#epoch > :highest"));
        return std::string{update.expressions.values.at(":highest").at("N").as_string()};
    };
    EXPECT_EQ(furthest_kept(Epoch{8}), "1000008");
    EXPECT_EQ(furthest_kept(kEpochMax), std::to_string(kEpochMax.value()));
}

}  // namespace
}  // namespace farshore::aws
