#include "lab/dynamo/operations.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "lab/dynamo/dynamo_test_world.h"
#include "lab/dynamo/key.h"
#include "lab/dynamo/transaction_tokens.h"
#include "lab/dynamo/value_json.h"

namespace farshore::lab::dynamo {
namespace {

using testing::kEast;
using testing::kWest;
using testing::TestWorld;

// A table "r" with the key (id: S, n: N).
class SortedTable : public ::testing::Test {
  protected:
    SortedTable() {
        make("r", "N");
        for (const char* n : {"-1", "0.5", "2", "10"}) {
            world.call(
                kEast,
                "PutItem",
                "{'TableName':'r-r','Item':{'id':{'S':'p'},'n':{'N':'" + std::string{n} + "'}}}"
            );
        }
    }

    void make(const std::string& name, const std::string& type) {
        const std::string answer = world.call(
            kEast,
            "CreateTable",
            "{'TableName':'" + name + "-" + name +
                "','AttributeDefinitions':[{'AttributeName':'id','AttributeType':'S'},{'"
                "AttributeName':'n',"
                "'AttributeType':'" +
                type +
                "'}],'KeySchema':[{'AttributeName':'id','KeyType':'HASH'},{'AttributeName':'n','"
                "KeyType':'RANGE'}],"
                "'BillingMode':'PAY_PER_REQUEST'}"
        );
        EXPECT_TRUE(answer.starts_with("{'TableDescription'")) << answer;
    }

    std::string query(const std::string& condition, const std::string& more = "") {
        return world.call(
            kEast,
            "Query",
            "{'TableName':'r-r','KeyConditionExpression':'" + condition +
                "','ExpressionAttributeValues':{':p':{'S':'p'},':n':{'N':'2'}}" + more + "}"
        );
    }

    TestWorld world;
};

// Each value alone is within the limit; where it is put decides how deep the item becomes.
TEST_F(SortedTable, AnUpdateCannotNestDeeperThanAPutCan) {
    constexpr std::string_view kTooDeep =
        "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels "
        "beyond supported limit";
    std::string deep = "{'S':'x'}";
    for (int i = 0; i < 31; ++i) {
        deep = "{'M':{'m':" + deep + "}}";
    }
    const std::string key = "'TableName':'r-r','Key':{'id':{'S':'p'},'n':{'N':'2'}}";
    const auto set = [&](const std::string& path, const std::string& value) {
        return "{" + key + ",'UpdateExpression':'SET " + path +
               " = :v','ExpressionAttributeValues':{':v':" + value + "}}";
    };
    EXPECT_EQ(world.call(kEast, "UpdateItem", set("a", deep)), "{}");
    EXPECT_EQ(world.call(kEast, "UpdateItem", set("b", "{'M':{'c':{'L':[]}}}")), "{}");
    const std::string before = world.call(kEast, "GetItem", "{" + key + "}");
    for (const std::string path : {"b.d", "b.c[0]", "a.m"}) {
        EXPECT_EQ(
            world.call(kEast, "UpdateItem", set(path, deep)),
            "ValidationException: " + std::string{kTooDeep}
        );
        EXPECT_TRUE(world
                        .call(
                            kEast,
                            "TransactWriteItems",
                            "{'TransactItems':[{'Update':" + set(path, deep) + "}]}"
                        )
                        .starts_with("TransactionCanceledException: "));
    }
    EXPECT_EQ(world.call(kEast, "GetItem", "{" + key + "}"), before);
}

TEST_F(SortedTable, AnUpdateTableDoesWhatItAnswersOrRefuses) {
    const auto update = [&](const std::string& what) {
        return world.call(kEast, "UpdateTable", "{'TableName':'r-r'," + what + "}");
    };
    const std::string before = world.call(kEast, "DescribeTable", "{'TableName':'r-r'}");
    EXPECT_EQ(
        update("'GlobalSecondaryIndexUpdates':[{'Delete':{'IndexName':'x'}}]"),
        "ValidationException: UpdateTable: the lab does not support GlobalSecondaryIndexUpdates"
    );
    EXPECT_EQ(
        update("'ReplicaUpdates':[{'Update':{'RegionName':'eu-west-1'}}]"),
        "ValidationException: UpdateTable: the lab does not support ReplicaUpdates[].Update"
    );
    EXPECT_EQ(
        update("'TableClass':'STANDARD_INFREQUENT_ACCESS'"),
        "ValidationException: UpdateTable: the lab does not support TableClass"
    );
    // Nothing of a request is done when a part of it is wrong.
    EXPECT_TRUE(
        update("'BillingMode':'FOO','ReplicaUpdates':[{'Create':{'RegionName':'eu-west-1'}}]")
            .starts_with("ValidationException: 1 validation error detected: Value 'FOO' at "
                         "'billingMode'")
    );
    EXPECT_TRUE(update("'BillingMode':'PROVISIONED'").starts_with("ValidationException"));
    EXPECT_EQ(world.call(kEast, "DescribeTable", "{'TableName':'r-r'}"), before);

    EXPECT_NE(
        update("'BillingMode':'PROVISIONED','ProvisionedThroughput':{'ReadCapacityUnits':7,"
               "'WriteCapacityUnits':8}")
            .find("'ReadCapacityUnits':7"),
        std::string::npos
    );
    EXPECT_NE(
        update("'BillingMode':'PROVISIONED'").find("'WriteCapacityUnits':8"), std::string::npos
    );
    EXPECT_NE(update("'BillingMode':'PAY_PER_REQUEST'").find("PAY_PER_REQUEST"), std::string::npos);
}

TEST_F(SortedTable, ATransactionIsDoneOnceForItsToken) {
    const auto transact = [&](const std::string& value, const std::string& token) {
        return world.call(
            kEast,
            "TransactWriteItems",
            "{'TransactItems':[{'Update':{'TableName':'r-r','Key':{'id':{'S':'p'},'n':{'N':'2'}},"
            "'UpdateExpression':'ADD c :v','ExpressionAttributeValues':{':v':{'N':'" +
                value + "'}}}}],'ClientRequestToken':'" + token + "'}"
        );
    };
    const auto count = [&] {
        const std::string item = world.call(
            kEast, "GetItem", "{'TableName':'r-r','Key':{'id':{'S':'p'},'n':{'N':'2'}}}"
        );
        const std::size_t at = item.find("'c':{'N':'");
        return at == std::string::npos ? std::string{} : item.substr(at + 10, 1);
    };
    EXPECT_EQ(transact("1", "one"), "{}");
    EXPECT_EQ(transact("1", "one"), "{}");
    EXPECT_EQ(count(), "1") << "sent again, because its answer was lost";
    EXPECT_TRUE(transact("2", "one").starts_with("IdempotentParameterMismatchException: "));
    EXPECT_EQ(transact("1", "two"), "{}");
    EXPECT_EQ(count(), "2");
    world.clock.ahead = std::chrono::minutes{11};
    EXPECT_EQ(transact("3", "one"), "{}");
    EXPECT_EQ(count(), "5") << "a token is remembered for ten minutes";
    EXPECT_TRUE(transact("1", std::string(37, 'x')).starts_with("ValidationException"));
    EXPECT_TRUE(transact("1", "").starts_with("ValidationException"));
}

TEST(TransactionTokens, AreBoundedAndTheOldestIsForgotten) {
    TransactionTokens tokens;
    const Instant start{};
    for (std::size_t i = 0; i <= TransactionTokens::kTokensMax; ++i) {
        tokens.remember(
            std::to_string(i), "same", {}, start + std::chrono::milliseconds{static_cast<int>(i)}
        );
    }
    const Instant now = start + std::chrono::minutes{1};
    EXPECT_FALSE(tokens.find("0", "same", now)->has_value());
    EXPECT_TRUE(tokens.find("1", "same", now)->has_value());
    EXPECT_FALSE(tokens.find("1", "other", now).has_value());
}

TEST_F(SortedTable, AnIndexKeyIsNotEmpty) {
    world.call(
        kEast,
        "CreateTable",
        "{'TableName':'indexed','AttributeDefinitions':[{'AttributeName':'id','AttributeType':'S'},"
        "{'AttributeName':'k','AttributeType':'S'}],'KeySchema':[{'AttributeName':'id','KeyType':"
        "'HASH'}],'BillingMode':'PAY_PER_REQUEST','GlobalSecondaryIndexes':[{'IndexName':'by-k',"
        "'KeySchema':[{'AttributeName':'k','KeyType':'HASH'}],'Projection':{'ProjectionType':'ALL'}"
        "}]}"
    );
    EXPECT_EQ(
        world.call(
            kEast, "PutItem", "{'TableName':'indexed','Item':{'id':{'S':'1'},'k':{'S':''}}}"
        ),
        "ValidationException: One or more parameter values are not valid. A value specified for a "
        "secondary index key is not supported. The AttributeValue for a key attribute cannot "
        "contain an empty string value. IndexName: by-k, IndexKey: k"
    );
    EXPECT_EQ(
        world.call(
            kEast,
            "UpdateItem",
            "{'TableName':'indexed','Key':{'id':{'S':'1'}},'UpdateExpression':'SET k = :v',"
            "'ExpressionAttributeValues':{':v':{'S':''}}}"
        ),
        "ValidationException: One or more parameter values are not valid. The update expression "
        "attempted to update a secondary index key to a value that is not supported. The "
        "AttributeValue for a key attribute cannot contain an empty string value."
    );
    // An empty value of another type has that against it first.
    EXPECT_EQ(
        world.call(
            kEast, "PutItem", "{'TableName':'indexed','Item':{'id':{'S':'1'},'k':{'B':''}}}"
        ),
        "ValidationException: One or more parameter values were invalid: Type mismatch for Index "
        "Key k Expected: S Actual: B IndexName: by-k"
    );
    EXPECT_EQ(
        world.call(
            kEast,
            "UpdateItem",
            "{'TableName':'indexed','Key':{'id':{'S':'1'}},'UpdateExpression':'SET k = :v',"
            "'ExpressionAttributeValues':{':v':{'B':''}}}"
        ),
        "ValidationException: One or more parameter values were invalid: Type mismatch for Index "
        "Key k Expected: S Actual: B IndexName: by-k"
    );
    EXPECT_EQ(
        world.call(kEast, "PutItem", "{'TableName':'indexed','Item':{'id':{'B':''}}}"),
        "ValidationException: One or more parameter values were invalid: Type mismatch for key id "
        "expected: S actual: B"
    );
}

TEST_F(SortedTable, SortsNumbersAsNumbers) {
    EXPECT_EQ(
        world.call(
            kEast,
            "Query",
            "{'TableName':'r-r','KeyConditionExpression':'id = "
            ":p','ExpressionAttributeValues':{':p':{'S':'p'}},'ProjectionExpression':'n'}"
        ),
        "{'Items':[{'n':{'N':'-1'}},{'n':{'N':'0.5'}},{'n':{'N':'2'}},{'n':{'N':'10'}}],'Count':4,'"
        "ScannedCount':4}"
    );
}

TEST_F(SortedTable, RefusesKeyConditionsThatAreNone) {
    const std::string invalid = "ValidationException: ";
    EXPECT_EQ(
        query("id = :p AND n <> :n"),
        invalid + "Invalid operator used in KeyConditionExpression: <>"
    );
    EXPECT_EQ(
        query("id = :p OR n = :n"), invalid + "Invalid operator used in KeyConditionExpression: OR"
    );
    EXPECT_EQ(query("id > :p AND n = :n"), invalid + "Query key condition not supported");
    EXPECT_EQ(
        query("id = :p AND x = :n"), invalid + "Query condition missed key schema element: n"
    );
    EXPECT_EQ(
        query("id = :p AND n = :n AND n = :n"),
        invalid + "KeyConditionExpressions must only contain one condition per key"
    );
    EXPECT_EQ(
        query("id = :n AND n = :n", ",'FilterExpression':'x = :p'"),
        invalid +
            "One or more parameter values were invalid: Condition parameter type does not match "
            "schema type"
    );
    EXPECT_EQ(
        query("id = :p", ",'FilterExpression':'n = :n'"),
        invalid +
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: "
            "n"
    );
}

TEST_F(SortedTable, TakesAKeyConditionEitherWayRound) {
    EXPECT_EQ(query(":p = id AND :n <= n"), query("id = :p AND n >= :n"));
    EXPECT_EQ(query(":p = id AND :n > n"), query("id = :p AND n < :n"));
}

TEST_F(SortedTable, GivesAKeyToGoOnFromWhenTheLimitIsReached) {
    const std::string page = query("id = :p AND n >= :n", ",'Limit':1");
    EXPECT_EQ(
        page,
        "{'Items':[{'id':{'S':'p'},'n':{'N':'2'}}],'Count':1,'ScannedCount':1,'LastEvaluatedKey':{'"
        "id':{'S':'p'},'n':{"
        "'N':'2'}}}"
    );
    const std::string start = ",'ExclusiveStartKey':{'id':{'S':'p'},'n':{'N':'2'}}";
    EXPECT_EQ(
        query("id = :p AND n >= :n", start),
        "{'Items':[{'id':{'S':'p'},'n':{'N':'10'}}],'Count':1,'ScannedCount':1}"
    );
    EXPECT_EQ(
        query("id = :p AND n >= :n", start + ",'ScanIndexForward':false"),
        "{'Items':[],'Count':0,'ScannedCount':0}"
    );
    EXPECT_EQ(
        query("id = :p AND n >= :n", ",'ExclusiveStartKey':{'id':{'S':'q'},'n':{'N':'2'}}"),
        "ValidationException: The provided starting key is outside query boundaries based on "
        "provided conditions"
    );
    EXPECT_TRUE(query("id = :p AND n >= :n", ",'ExclusiveStartKey':{'id':{'S':'q'}}")
                    .starts_with("ValidationException: The provided starting key is invalid"));
}

TEST_F(SortedTable, KeepsPartitionsApart) {
    // Keys whose bytes run into each other when they are only joined.
    make("s", "S");
    for (const auto& [id, n] :
         {std::pair{"a", "bc"}, std::pair{"ab", "c"}, std::pair{"a", "b\\u0000c"}}) {
        EXPECT_EQ(
            world.call(
                kEast,
                "PutItem",
                "{'TableName':'s-s','Item':{'id':{'S':'" + std::string{id} + "'},'n':{'S':'" +
                    std::string{n} + "'}}}"
            ),
            "{}"
        );
    }
    EXPECT_NE(
        world
            .call(
                kEast,
                "Query",
                "{'TableName':'s-s','KeyConditionExpression':'id = "
                ":p','ExpressionAttributeValues':{':p':{'S':'a'}},"
                "'Select':'COUNT'}"
            )
            .find("'Count':2"),
        std::string::npos
    );
}

TEST_F(SortedTable, ComplainsAboutParametersOfWrongKinds) {
    EXPECT_EQ(
        world.call(kEast, "GetItem", "{}"),
        "ValidationException: 1 validation error detected: Value null at 'tableName' failed to "
        "satisfy constraint: Member must not be null"
    );
    EXPECT_EQ(
        world.call(kEast, "GetItem", "{'TableName':1}"),
        "SerializationException: NUMBER_VALUE cannot be converted to String"
    );
    EXPECT_TRUE(world.call(kEast, "GetItem", "{'TableName':'x'}")
                    .ends_with("Member must have length greater than or equal to 3"));
    EXPECT_TRUE(
        world.call(kEast, "PutItem", "{'TableName':'r-r','Item':{},'ReturnValues':'ALL_NEW'}")
            .ends_with("Return values set to invalid value")
    );
    EXPECT_TRUE(world.call(kEast, "Query", "{'TableName':'r-r','Limit':0}")
                    .ends_with("Member must have value greater than or equal to 1"));
    EXPECT_TRUE(world.call(kEast, "Query", "{'TableName':'r-r'}")
                    .ends_with("KeyConditionExpression parameter must be specified in the request.")
    );
    EXPECT_TRUE(world.call(kEast, "BatchWriteItem", "{'RequestItems':{}}")
                    .starts_with("ValidationException"));
    EXPECT_TRUE(world.call(kEast, "TransactWriteItems", "{'TransactItems':[]}")
                    .starts_with("ValidationException"));
}

TEST_F(SortedTable, UndoesATransactionThatIsRefused) {
    const std::string answer = world.call(
        kEast,
        "TransactWriteItems",
        "{'TransactItems':[{'Put':{'TableName':'r-r','Item':{'id':{'S':'t'},'n':{'N':'1'}}}},{'"
        "ConditionCheck':{'TableName'"
        ":'r-r','Key':{'id':{'S':'p'},'n':{'N':'2'}},'ConditionExpression':'attribute_not_exists("
        "id)'}}]}"
    );
    EXPECT_EQ(
        answer,
        "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons "
        "for specific reasons "
        "[None, ConditionalCheckFailed]"
    );
    EXPECT_EQ(
        world.call(kEast, "GetItem", "{'TableName':'r-r','Key':{'id':{'S':'t'},'n':{'N':'1'}}}"),
        "{}"
    );
}

TEST(Tables, AreThereAgainAfterARestart) {
    std::string directory =
        (std::filesystem::temp_directory_path() / "farshore-dynamo-XXXXXX").string();
    ASSERT_NE(::mkdtemp(directory.data()), nullptr);
    const testing::TestClock clock;
    const WriteClock write_clock{clock};
    WriteLog log{10};
    const auto open = [&] {
        auto region = std::make_unique<Region>(
            kEast, std::move(*ItemStore::open(directory + "/x.db")), log, write_clock
        );
        EXPECT_TRUE(region->load().has_value());
        return region;
    };
    const Item key{{"id", Value{std::string{"a"}}}};
    std::string label;
    {
        auto region = open();
        const auto definition = read_definition(
            testing::parsed(
                "{'TableName':'t-t','AttributeDefinitions':[{'AttributeName':'id','AttributeType':'"
                "S'}],'KeySchema':[{'AttributeName':'id','KeyType':'HASH'}],'BillingMode':'PAY_PER_"
                "REQUEST','Tags':[{'Key':'App','Value':'Magento'}]}"
            )
                .as_object()
        );
        ASSERT_TRUE(definition.has_value());
        const auto table = region->add(*definition, clock.now());
        ASSERT_TRUE(table.has_value());
        (*table)->replicas.emplace(kWest, Replica{});
        region->start_stream(**table, "KEYS_ONLY");
        label = (*table)->stream_label;
        (*table)->definition.ttl_attribute = "at";
        (*table)->ttl_changed_ms = 7;
        (*table)->source_ms = 8;
        ASSERT_TRUE(region->save(**table).has_value());
        EXPECT_FALSE(region->write(**table, key, key, "PutItem").has_value());
    }
    auto region = open();
    const Table* table = region->find(TableName{"t-t"});
    ASSERT_NE(table, nullptr);
    EXPECT_TRUE(table->replicas.contains(kWest));
    EXPECT_EQ(table->definition.tags.at("App"), "Magento");
    EXPECT_EQ(table->definition.stream_view, "KEYS_ONLY");
    EXPECT_EQ(table->stream_label, label);
    EXPECT_EQ(table->definition.ttl_attribute, "at");
    EXPECT_EQ(table->ttl_changed_ms, 7);
    EXPECT_EQ(table->source_ms, 8);
    EXPECT_EQ(region->read(*table, key).value(), key);
    region.reset();
    std::filesystem::remove_all(directory);
}

TEST(Keys, SortAsDynamoDbSortsThem) {
    const auto value = [](const char* text) {
        return *parse_value(testing::parsed(text));
    };
    const std::vector<Value> strings{
        value("{'S':'a'}"),
        value("{'S':'a\\u0000'}"),
        value("{'S':'a\\u0000b'}"),
        value("{'S':'a\\u0001'}"),
        value("{'S':'ab'}"),
        value("{'S':'é'}")
    };
    for (std::size_t i = 0; i + 1 < strings.size(); ++i) {
        EXPECT_LT(ordered_bytes(strings[i]), ordered_bytes(strings[i + 1])) << i;
        EXPECT_FALSE(ordered_bytes(strings[i + 1]).starts_with(ordered_bytes(strings[i]))) << i;
    }
    EXPECT_EQ(after_prefix("a\xFF"), "b");
    EXPECT_EQ(after_prefix("\xFF\xFF"), "");
}

}  // namespace
}  // namespace farshore::lab::dynamo
