#include <gtest/gtest.h>

#include "dataplane/answer.h"
#include "dataplane/world.h"

// What an application is told when it is unknown whether its write took effect.
namespace farshore::dataplane::test {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view kPut = R"({"TableName":"t","Item":{"id":{"S":"k"}}})";
constexpr std::string_view kCount =
    R"({"TableName":"t","Key":{"id":{"S":"k"}},"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}})";
constexpr std::string_view kSet =
    R"({"TableName":"t","Key":{"id":{"S":"k"}},"UpdateExpression":"SET a = :a","ExpressionAttributeValues":{":a":{"N":"1"}}})";
constexpr std::string_view kTransact =
    R"({"ClientRequestToken":"once","TransactItems":[{"Put":{"TableName":"t","Item":{"id":{"S":"k"}}}}]})";
constexpr std::string_view kLock =
    R"-({"TableName":"t","Item":{"id":{"S":"k"}},"ConditionExpression":"attribute_not_exists(id)"})-";
constexpr std::string_view kTake =
    R"({"TableName":"t","Key":{"id":{"S":"k"}},"ReturnValues":"ALL_OLD"})";

class UnknownOutcome : public World {
  protected:
    // The write is cut in the middle; both answers of a Region that says nothing.
    std::optional<Answer> outcome_of(std::string_view operation, std::string_view body) {
        Application app = application();
        return app.call(operation, body);
    }
};

void expect_repeatable(const std::optional<Answer>& answer) {
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_TRUE(answer->body.contains("#ServiceUnavailable")) << answer->body;
    EXPECT_TRUE(answer->body.contains("outcome is unknown")) << answer->body;
    EXPECT_EQ(answer->header("x-amz-retry-after"), "100");
    EXPECT_EQ(answer->header("x-amz-crc32"), crc32_text(answer->body));
}

void expect_not_repeatable(const std::optional<Answer>& answer) {
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400);
    EXPECT_TRUE(answer->body.contains("#WriteOutcomeUnknownException")) << answer->body;
    EXPECT_TRUE(answer->body.contains("outcome is unknown")) << answer->body;
    EXPECT_EQ(answer->header("x-amz-retry-after"), "");
    EXPECT_EQ(answer->header("x-amz-crc32"), crc32_text(answer->body));
    EXPECT_EQ(answer->header("connection"), "close");
}

}  // namespace

TEST_F(UnknownOutcome, OnlyAWriteThatMayBeRepeatedGetsAHintToDoSo) {
    east.answer_with([](const Received&) { return Reply{.cut = true}; });
    start();
    expect_repeatable(outcome_of("PutItem", kPut));
    expect_repeatable(outcome_of("UpdateItem", kSet));
    expect_not_repeatable(outcome_of("UpdateItem", kCount));
    expect_not_repeatable(outcome_of("TransactWriteItems", kTransact));
    expect_not_repeatable(outcome_of("UpdateTable", "{}"));
    expect_not_repeatable(outcome_of("PutItem", kLock));
    expect_not_repeatable(outcome_of("DeleteItem", kTake));
    const RegionStatistics region = endpoint->statistics().regions[0];
    EXPECT_EQ(region.unknown_outcomes, 7U);
    EXPECT_EQ(endpoint->statistics().answered_unavailable, 2U);
    ASSERT_TRUE(region.newest_unknown_at);
    EXPECT_LE(*region.newest_unknown_at, now());
}

TEST_F(UnknownOutcome, AServerErrorIsOneToo) {
    const std::string error =
        R"({"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"})";
    east.answer_with([error](const Received&) { return Reply{.status = 500, .body = error}; });
    start();
    const auto put = outcome_of("PutItem", kPut);
    ASSERT_TRUE(put);
    EXPECT_EQ(put->status, 500) << "the Region's own answer";
    EXPECT_EQ(put->body, error);
    const auto count = outcome_of("UpdateItem", kCount);
    expect_not_repeatable(count);
    EXPECT_TRUE(count->body.contains("The Region answered 500.")) << count->body;
    EXPECT_EQ(endpoint->statistics().regions[0].unknown_outcomes, 2U);
}

TEST_F(UnknownOutcome, ARefusalIsNone) {
    const std::string error =
        R"({"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"})";
    east.answer_with([error](const Received&) { return Reply{.status = 400, .body = error}; });
    start();
    EXPECT_EQ(outcome_of("UpdateItem", kCount)->body, error);
    EXPECT_FALSE(endpoint->statistics().regions[0].newest_unknown_at);
}

TEST_F(UnknownOutcome, OfACutByAFenceIsToldAsWell) {
    east.answer_with([](const Received&) { return Reply{.hang = true}; });
    start();
    Application app = application();
    ASSERT_TRUE(app.send(request_text("UpdateItem", kCount)));
    ASSERT_TRUE(eventually([&] { return east.count() == 1; }));
    EXPECT_EQ(fence(2, 1ms).cut, 1U);
    expect_not_repeatable(app.read());
}

TEST_F(UnknownOutcome, WhatWasNeverSentMayBeRepeated) {
    start([](Endpoint::Options& options) {
        options.route.writes_until = std::nullopt;
        options.limits.parked_for_max = 1ms;
    });
    const auto answer = outcome_of("UpdateItem", kCount);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_EQ(answer->header("x-amz-retry-after"), "100");
}

// A drain that saw it equal in both Regions saw nothing of a write that the service carries out
// later.
TEST_F(UnknownOutcome, ItsKeyCountsAsUnprovenAgainWhenItIsDoubted) {
    east.answer_with([](const Received&) { return Reply{.cut = true}; });
    start();
    EndpointLedger& ledger = endpoint->ledger();
    ledger.set_table_keys(TableName{"t"}, {"id"});
    const Instant before = now();
    (void)outcome_of("PutItem", kPut);
    const std::string key = R"({"id":{"S":"k"}})";
    ASSERT_EQ(ledger->unproven_keys(10).size(), 1U);
    const auto look = [&] {
        return ledger->mark_equal(
            TableName{"t"}, key, {.up_to_number = ledger->newest_number(), .settled_before = {}}
        );
    };
    EXPECT_EQ(look().entries, 1U);
    EXPECT_TRUE(ledger->unproven_keys(10).empty());
    ledger->doubt_unknown(now() + 1h);
    EXPECT_TRUE(ledger->unproven_keys(10).empty()) << "it is older than what is doubted";
    ledger->doubt_unknown(before);
    ledger->doubt_unknown(before);
    ASSERT_EQ(ledger->unproven_keys(10).size(), 1U);
    EXPECT_EQ(ledger->counters().unproven, 1U);
    EXPECT_EQ(ledger->unknown_since(before, 10).size(), 1U);
    EXPECT_EQ(look().entries, 1U);
    EXPECT_EQ(ledger->counters().unproven, 0U);
}

TEST_F(UnknownOutcome, WhatTheProcessBeforeLeftIsInTheLedger) {
    start();
    EndpointLedger& ledger = endpoint->ledger();
    ledger->inherit(
        {.table = TableName{"t"}, .key = R"({"id":{"S":"k"}})", .operation = "PutItem"}, now()
    );
    EXPECT_EQ(ledger->unproven_keys(10).size(), 1U);
    EXPECT_EQ(ledger->counters().unknown, 1U);
    EXPECT_FALSE(ledger->unproven_entries(10).at(0).acknowledged);
}

}  // namespace farshore::dataplane::test
