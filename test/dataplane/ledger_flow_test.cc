#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "dataplane/answer.h"
#include "dataplane/item_digest.h"
#include "dataplane/world.h"

// From a write through the endpoint to its proof in the standby.
namespace farshore::dataplane::test {

namespace {

class LedgerFlow : public World {};

std::string digest_of(std::string_view item) {
    return item_digest(boost::json::parse(item).as_object()).value_or("?");
}

}  // namespace

TEST_F(LedgerFlow, AcknowledgedWritesAreUnprovenUntilTheStandbyShowsThem) {
    start();
    endpoint->ledger().set_table_keys(TableName{"t"}, {"id"});
    Application app = application();
    ASSERT_TRUE(app.call("PutItem", R"({"TableName":"t","Item":{"id":{"S":"a"},"v":{"N":"1"}}})"));
    ASSERT_TRUE(app.call("PutItem", R"({"TableName":"t","Item":{"id":{"S":"a"},"v":{"N":"2"}}})"));
    ASSERT_TRUE(app.call("DeleteItem", R"({"TableName":"t","Key":{"id":{"S":"b"}}})"));
    ASSERT_TRUE(app.call("GetItem", R"({"TableName":"t","Key":{"id":{"S":"b"}}})"));
    EndpointLedger& ledger = endpoint->ledger();
    const auto keys = ledger->unproven_keys(10);
    ASSERT_EQ(keys.size(), 2U);
    EXPECT_EQ(keys[0].key, R"({"id":{"S":"a"}})");
    EXPECT_EQ(ledger->counters().acknowledged, 3U);
    EXPECT_EQ(ledger->counters().unproven, 3U);
    EXPECT_EQ(
        ledger
            ->mark_proven(
                TableName{"t"}, keys[0].key, digest_of(R"({"id":{"S":"a"},"v":{"N":"1.0"}})")
            )
            .entries,
        1U
    );
    EXPECT_EQ(
        ledger
            ->mark_proven(
                TableName{"t"}, keys[0].key, digest_of(R"({"id":{"S":"a"},"v":{"N":"3"}})")
            )
            .entries,
        0U
    );
    EXPECT_EQ(
        ledger
            ->mark_proven(
                TableName{"t"}, keys[0].key, digest_of(R"({"id":{"S":"a"},"v":{"N":"2"}})")
            )
            .entries,
        1U
    );
    EXPECT_EQ(ledger->mark_proven(TableName{"t"}, keys[1].key, kAbsent).entries, 1U);
    EXPECT_EQ(ledger->counters().unproven, 0U);
    EXPECT_FALSE(ledger->counters().oldest_unproven_at);
}

TEST_F(LedgerFlow, RefusedWritesLeaveNoTrace) {
    east.answer_with([](const Received& request) {
        return request.target.ends_with("PutItem")
                   ? Reply{.status = 400, .body = R"({"__type":"ConditionalCheckFailedException"})"}
                   : Reply{};
    });
    start();
    Application app = application();
    EXPECT_EQ(app.call("PutItem", R"({"TableName":"t","Item":{"id":{"S":"a"}}})")->status, 400);
    EXPECT_EQ(endpoint->ledger()->counters().acknowledged, 0U);
    EXPECT_EQ(endpoint->ledger()->counters().unproven, 0U);
}

TEST_F(LedgerFlow, AStatementThatFailedInABatchLeavesNoTrace) {
    const std::string responses =
        R"({"Responses":[{"TableName":"t"},{"Error":{"Code":"DuplicateItem"},"TableName":"t"}]})";
    east.answer_with([responses](const Received& request) {
        return request.target.ends_with("BatchExecuteStatement") ? Reply{.body = responses}
                                                                 : Reply{};
    });
    start();
    Application app = application();
    const auto answer = app.call(
        "BatchExecuteStatement",
        R"({"Statements":[{"Statement":"INSERT INTO t VALUE {'id': 'a'}"},)"
        R"({"Statement":"INSERT INTO t VALUE {'id': 'b'}"}]})"
    );
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, responses);
    endpoint->ledger().set_table_keys(TableName{"t"}, {"id"});
    const auto entries = endpoint->ledger()->unproven_entries(10);
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].key, R"({"id":{"S":"a"}})");
}

TEST_F(LedgerFlow, AStatementOfABatchThatTheServiceBrokeOffIsOfUnknownOutcome) {
    east.answer_with([](const Received& request) {
        return request.target.ends_with("BatchExecuteStatement")
                   ? Reply{.body = R"({"Responses":[{"Error":{"Code":"InternalServerError"}}]})"}
                   : Reply{};
    });
    start();
    Application app = application();
    ASSERT_TRUE(app.call(
        "BatchExecuteStatement",
        R"({"Statements":[{"Statement":"INSERT INTO t VALUE {'id': 'a'}"}]})"
    ));
    EXPECT_EQ(endpoint->statistics().regions[0].unknown_outcomes, 1U);
    const auto entries = endpoint->ledger()->unproven_entries(10);
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_FALSE(entries[0].acknowledged);
}

TEST_F(LedgerFlow, UpdateThatDoesNotAskIsLearnedBehindTheScenes) {
    const std::string item = R"({"id":{"S":"a"},"n":{"N":"8"}})";
    east.answer_with([item](const Received& request) {
        if (!request.target.ends_with("UpdateItem")) {
            return Reply{};
        }
        EXPECT_TRUE(request.body.contains(R"("ReturnValues":"ALL_NEW")")) << request.body;
        return Reply{
            .body = R"({"Attributes":)" + item +
                    R"(,"ConsumedCapacity":{"TableName":"t","CapacityUnits":1.0}})",
            .headers = {{"x-amz-crc32", "1"}},
        };
    });
    start();
    Application app = application();
    for (const std::string_view more : {"", R"(,"ReturnValues":"NONE")"}) {
        const auto answer = app.call(
            "UpdateItem",
            R"({"TableName":"t","Key":{"id":{"S":"a"}},"UpdateExpression":"ADD n :1")" +
                std::string{more} + "}"
        );
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 200);
        EXPECT_EQ(answer->body, R"({"ConsumedCapacity":{"TableName":"t","CapacityUnits":1.0}})");
        EXPECT_EQ(answer->header("x-amz-crc32"), crc32_text(answer->body));
        EXPECT_EQ(
            std::ranges::count(
                answer->headers, "x-amz-crc32", &std::pair<std::string, std::string>::first
            ),
            1
        );
    }
    const auto entries = endpoint->ledger()->unproven_entries(10);
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[1].key, R"({"id":{"S":"a"}})");
    EXPECT_EQ(entries[1].operation, "UpdateItem");
    EXPECT_EQ(entries[1].digest, digest_of(item));
    EXPECT_EQ(
        endpoint->ledger()->mark_proven(TableName{"t"}, entries[1].key, digest_of(item)).entries, 2U
    );
}

TEST_F(LedgerFlow, UpdateThatAsksGetsItsOwnAnswer) {
    const std::string body = R"({"Attributes":{"id":{"S":"a"},"n":{"N":"8"}}})";
    const auto seen = std::make_shared<std::string>();
    east.answer_with([seen, body](const Received& request) {
        if (request.target.ends_with("UpdateItem")) {
            *seen = request.body;
        }
        return Reply{.body = body, .headers = {{"x-amz-crc32", crc32_text(body)}}};
    });
    start();
    Application app = application();
    const std::string all = R"({"TableName":"t","Key":{"id":{"S":"a"}},"ReturnValues":"ALL_NEW"})";
    const auto answer = app.call("UpdateItem", all);
    EXPECT_EQ(answer->body, body);
    EXPECT_EQ(answer->header("x-amz-crc32"), crc32_text(body));
    EXPECT_EQ(*seen, all);
    const std::string old =
        R"({"TableName":"t","Key":{"id":{"S":"a"}},"ReturnValues":"UPDATED_OLD"})";
    EXPECT_EQ(app.call("UpdateItem", old)->body, body);
    EXPECT_EQ(*seen, old);
    const auto entries = endpoint->ledger()->unproven_entries(10);
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].digest, digest_of(R"({"id":{"S":"a"},"n":{"N":"8"}})"));
    EXPECT_EQ(entries[1].digest, "");
}

TEST_F(LedgerFlow, LearningCanBeTurnedOff) {
    const auto seen = std::make_shared<std::string>();
    east.answer_with([seen](const Received& request) {
        if (request.target.ends_with("UpdateItem")) {
            *seen = request.body;
        }
        return Reply{};
    });
    start([](Endpoint::Options& options) { options.ledger_learns_updates = false; });
    Application app = application();
    ASSERT_TRUE(app.call("UpdateItem", R"({"TableName":"t","Key":{"id":{"S":"a"}}})"));
    EXPECT_EQ(*seen, R"({"TableName":"t","Key":{"id":{"S":"a"}}})");
    EXPECT_EQ(endpoint->ledger()->unproven_entries(10).at(0).digest, "");
}

TEST_F(LedgerFlow, UpdateThatAPolicyRefusesIsSentAsItWasWritten) {
    const auto seen = std::make_shared<std::vector<std::string>>();
    const auto refuses_all = std::make_shared<std::atomic<bool>>(false);
    east.answer_with([seen, refuses_all](const Received& request) {
        if (!request.target.ends_with("UpdateItem")) {
            return Reply{};
        }
        seen->push_back(request.body);
        if (!*refuses_all && !request.body.contains("ALL_NEW")) {
            return Reply{};
        }
        return Reply{
            .status = 400,
            .body = R"({"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"})"
        };
    });
    start();
    Application app = application();
    const std::string update = R"({"TableName":"t","Key":{"id":{"S":"a"}}})";
    EXPECT_EQ(app.call("UpdateItem", update)->status, 200);
    ASSERT_EQ(seen->size(), 2U);
    EXPECT_EQ((*seen)[1], update);
    EXPECT_EQ(app.call("UpdateItem", update)->status, 200);
    EXPECT_EQ(seen->size(), 3U) << "the table is remembered";
    const std::string other = R"({"TableName":"u","Key":{"id":{"S":"a"}}})";
    *refuses_all = true;
    EXPECT_EQ(app.call("UpdateItem", other)->status, 400);
    EXPECT_EQ(seen->size(), 5U);
    clock->advance(std::chrono::minutes{9});
    EXPECT_EQ(app.call("UpdateItem", update)->status, 400);
    EXPECT_EQ(seen->size(), 6U);
    EXPECT_EQ(endpoint->ledger()->counters().acknowledged, 2U);
    EXPECT_TRUE(eventually([&] { return endpoint->statistics().in_flight_writes == 0; }));
}

TEST_F(LedgerFlow, FenceLeavesCutWritesAsUnknown) {
    east.answer_with([](const Received& request) {
        return Reply{.hang = request.target.ends_with("PutItem")};
    });
    start();
    endpoint->ledger().set_table_keys(TableName{"t"}, {"id"});
    Application app = application();
    ASSERT_TRUE(app.send(request_text("PutItem", R"({"TableName":"t","Item":{"id":{"S":"a"}}})")));
    ASSERT_TRUE(eventually([&] { return east.count() == 1; }));
    EXPECT_EQ(fence(2, Duration::zero()).cut, 1U);
    const auto entries = endpoint->ledger()->unproven_entries(10);
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_FALSE(entries[0].acknowledged);
    EXPECT_EQ(entries[0].epoch, Epoch{1});
    EXPECT_EQ(entries[0].key, R"({"id":{"S":"a"}})");
    EXPECT_EQ(entries[0].digest, digest_of(R"({"id":{"S":"a"}})"));
}

}  // namespace farshore::dataplane::test
