#include "wire/journal.h"

#include <string>

#include <gtest/gtest.h>

#include "core/plan/build_plan.h"

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
    core::build_bare_steps(record.plan);
    record.runs.resize(record.plan.steps.size());
    record.at = *record.plan.find(core::StepKind::fence);
    record.runs[0] = {
        .life = core::StepLife::succeeded,
        .why = "raised",
        .began_at = utc_from_ms(2500),
        .ended_at = utc_from_ms(2600)
    };
    record.runs[record.at].life = core::StepLife::running;
    record.steps = 3;
    record.phases = {
        {.kind = core::StepKind::raise,
         .started_at = utc_from_ms(2500),
         .ended_at = utc_from_ms(2600)},
        {.kind = core::StepKind::fence, .started_at = utc_from_ms(2600), .ended_at = std::nullopt}
    };
    record.why = "raised";
    return record;
}

TEST(Journal, AnOperationIsReadAsItWasWritten) {
    const std::string text = serialize(an_operation());
    const auto read = parse_operation_record(text);
    ASSERT_TRUE(read.has_value()) << read.error().text;
    EXPECT_EQ(serialize(*read), text);
    EXPECT_EQ(read->doing(), "fencing");
    EXPECT_EQ(read->runs[0].life, core::StepLife::succeeded);
    EXPECT_EQ(read->plan.epoch_after, Epoch{8});
    EXPECT_EQ(read->plan.levers.size(), 2U);
    EXPECT_EQ(read->plan.first_failure_at, utc_from_ms(1000));
    EXPECT_EQ(read->phases.size(), 2U);
    EXPECT_FALSE(read->phases.back().ended_at.has_value());
}

TEST(Journal, AnOperationThatHasEndedBehindItsLastStepIsReadToo) {
    core::OperationRecord ended = an_operation();
    ended.at = ended.plan.steps.size();
    ended.outcome = core::Outcome::done;
    const auto read = parse_operation_record(serialize(ended));
    ASSERT_TRUE(read.has_value()) << read.error().text;
    EXPECT_EQ(read->doing(), "done");
    ++ended.at;
    EXPECT_FALSE(parse_operation_record(serialize(ended)).has_value());
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

// What a controller of version 1 wrote, in the middle of an operation or behind it.
TEST(Journal, ARecordOfVersionOneGoesOnAtTheSameStep) {
    for (const auto& [state, doing] : std::vector<std::pair<std::string, std::string>>{
             {"waiting", "waiting"},
             {"draining", "draining"},
             {"releasing", "releasing"},
             {"giving_up", "giving_up"},
             {"raising", "raising"},
             {"fencing", "fencing"},
             {"repointing", "repointing"},
             {"shifting", "shifting"},
             {"verifying", "verifying"},
             {"done", "done"},
             {"partly_done", "partly_done"}
         }) {
        const std::string text =
            R"({"schema_version":1,"plan":{"id":"op-1","verb":"switchover","app":"shop","from":"a",)"
            R"("to":"b","users_before":"a","epoch_before":7,"epoch_after":8,"levers":["repoint",)"
            R"("shift"],"accept_unfenced":false,"automatic":false,"by":"operator:eve","reason":"x",)"
            R"("evidence":"","first_failure_at_ms":null,"decided_at_ms":5,"loss_window_ms":0},)"
            R"("state":")" +
            state +
            R"(","attempts":1,"steps":9,"phases":[{"state":"holding","started_at_ms":5,)"
            R"("ended_at_ms":6},{"state":"releasing","started_at_ms":6,"ended_at_ms":null}],)"
            R"("why":"x","at_risk":0,"held_until_ms":null,"ended_at_ms":null})";
        const auto read = parse_operation_record(text);
        ASSERT_TRUE(read.has_value()) << state << ": " << read.error().text;
        EXPECT_EQ(read->doing(), doing);
        ASSERT_EQ(read->phases.size(), 2U);
        EXPECT_EQ(read->phases[1].kind, core::StepKind::release);
        const auto again = parse_operation_record(serialize(*read));
        ASSERT_TRUE(again.has_value()) << again.error().text;
        EXPECT_EQ(again->doing(), doing);
    }
}

TEST(Journal, WhatCannotBeReadIsAnErrorWithItsPlace) {
    std::string text = serialize(an_operation());
    const auto replaced = [&text](const std::string& from, const std::string& to) {
        std::string changed = text;
        return changed.replace(changed.find(from), from.size(), to);
    };
    const auto unknown_state =
        parse_operation_record(replaced(R"("outcome":"running")", R"("outcome":"wishing")"));
    ASSERT_FALSE(unknown_state.has_value());
    EXPECT_NE(unknown_state.error().text.find("wishing"), std::string::npos);
    const auto newer =
        parse_operation_record(replaced(R"("schema_version":2)", R"("schema_version":3)"));
    ASSERT_FALSE(newer.has_value());
    EXPECT_NE(newer.error().text.find("newer"), std::string::npos);
    EXPECT_FALSE(parse_app_record("{}").has_value());
    EXPECT_FALSE(parse_operation_record(text.substr(0, 50)).has_value());
}

}  // namespace
}  // namespace farshore::wire
