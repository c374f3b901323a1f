#include "wire/journal.h"

#include <string>

#include <gtest/gtest.h>

namespace farshore::wire {
namespace {

core::OperationRecord an_operation() {
    core::OperationRecord record;
    record.plan.id = OperationId{"op-1"};
    record.plan.verb = core::Verb::failover;
    record.plan.app = AppId{"magento"};
    record.plan.from = RegionId{"us-east-1"};
    record.plan.to = RegionId{"eu-west-1"};
    record.plan.users_before = RegionId{"us-east-1"};
    record.plan.epoch_before = Epoch{7};
    record.plan.epoch_after = Epoch{8};
    record.plan.levers = {core::Lever::repoint, core::Lever::shift};
    record.plan.automatic = true;
    record.plan.by = "automatic";
    record.plan.evidence = "2 of 3";
    record.plan.first_failure_at = utc_from_ms(1000);
    record.plan.decided_at = utc_from_ms(2500);
    record.plan.loss_window = std::chrono::milliseconds{120};
    record.state = core::OperationState::fencing;
    record.steps = 3;
    record.phases = {
        {.state = core::OperationState::raising,
         .started_at = utc_from_ms(2500),
         .ended_at = utc_from_ms(2600)},
        {.state = core::OperationState::fencing,
         .started_at = utc_from_ms(2600),
         .ended_at = std::nullopt}
    };
    record.why = "raised";
    return record;
}

TEST(Journal, AnOperationIsReadAsItWasWritten) {
    const std::string text = serialize(an_operation());
    const auto read = parse_operation_record(text);
    ASSERT_TRUE(read.has_value()) << read.error().text;
    EXPECT_EQ(serialize(*read), text);
    EXPECT_EQ(read->state, core::OperationState::fencing);
    EXPECT_EQ(read->plan.epoch_after, Epoch{8});
    EXPECT_EQ(read->plan.levers.size(), 2U);
    EXPECT_EQ(read->plan.first_failure_at, utc_from_ms(1000));
    EXPECT_EQ(read->phases.size(), 2U);
    EXPECT_FALSE(read->phases.back().ended_at.has_value());
}

TEST(Journal, AnAppIsReadAsItWasWritten) {
    core::AppRecord record{
        .app = AppId{"magento"}, .epoch = Epoch{7}, .active = RegionId{"a"}, .users = RegionId{"b"}
    };
    record.pause = core::Pause{.until = utc_from_ms(5), .reason = "deploy", .by = "operator:eve"};
    record.cooldown_until = utc_from_ms(9);
    record.register_lost_at = utc_from_ms(7);
    const auto read = parse_app_record(serialize(record));
    ASSERT_TRUE(read.has_value()) << read.error().text;
    EXPECT_EQ(serialize(*read), serialize(record));
    EXPECT_EQ(read->pause->until, utc_from_ms(5));
    EXPECT_EQ(read->users, RegionId{"b"});
    EXPECT_EQ(read->register_lost_at, utc_from_ms(7));
}

TEST(Journal, AnOperationFromBeforeUsersWereNamedTookThemAlong) {
    std::string text = serialize(an_operation());
    const std::string named = R"("users_before":"us-east-1",)";
    text.erase(text.find(named), named.size());
    EXPECT_EQ(parse_operation_record(text)->plan.users_before, RegionId{"us-east-1"});
}

TEST(Journal, WhatCannotBeReadIsAnErrorWithItsPlace) {
    std::string text = serialize(an_operation());
    const auto replaced = [&text](const std::string& from, const std::string& to) {
        std::string changed = text;
        return changed.replace(changed.find(from), from.size(), to);
    };
    const auto unknown_state = parse_operation_record(
        replaced(R"("state":"fencing","attempts")", R"("state":"wishing","attempts")")
    );
    ASSERT_FALSE(unknown_state.has_value());
    EXPECT_NE(unknown_state.error().text.find("wishing"), std::string::npos);
    const auto newer =
        parse_operation_record(replaced(R"("schema_version":1)", R"("schema_version":2)"));
    ASSERT_FALSE(newer.has_value());
    EXPECT_NE(newer.error().text.find("newer"), std::string::npos);
    EXPECT_FALSE(parse_app_record("{}").has_value());
    EXPECT_FALSE(parse_operation_record(text.substr(0, 50)).has_value());
}

}  // namespace
}  // namespace farshore::wire
