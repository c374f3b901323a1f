// What a transaction is refused for, and how: at once when the request alone is wrong, with a
// reason for each action when its table's keys or its item do not fit.
#include <gtest/gtest.h>

#include "lab/dynamo/dynamo_test_world.h"

namespace farshore::lab::dynamo {
namespace {

using testing::kEast;
using testing::parsed;
using testing::TestWorld;

constexpr std::string_view kEmptyIndexKey =
    "One or more parameter values are not valid. The update expression attempted to update a "
    "secondary index key to a value that is not supported. The AttributeValue for a key attribute "
    "cannot contain an empty string value.";

// A table "t-t" with the key id: S and the index "by-g" of g: S; the item "there" is in it.
class Transactions : public ::testing::Test {
  protected:
    Transactions() {
        const std::string made = world.call(
            kEast,
            "CreateTable",
            "{'TableName':'t-t','AttributeDefinitions':[{'AttributeName':'id','AttributeType':'S'},"
            "{'AttributeName':'g','AttributeType':'S'}],'KeySchema':[{'AttributeName':'id',"
            "'KeyType':'HASH'}],'GlobalSecondaryIndexes':[{'IndexName':'by-g','KeySchema':"
            "[{'AttributeName':'g','KeyType':'HASH'}],'Projection':{'ProjectionType':'ALL'}}],"
            "'BillingMode':'PAY_PER_REQUEST'}"
        );
        EXPECT_TRUE(made.starts_with("{'TableDescription'")) << made;
        EXPECT_EQ(
            world.call(
                kEast,
                "PutItem",
                "{'TableName':'t-t','Item':{'id':{'S':'there'},'s':{'S':'text'},'n':{'N':'1'}}}"
            ),
            "{}"
        );
    }

    // What TransactWriteItems says of a good action followed by this one: "done", a top-level
    // "Type: message", or the second action's "Code: message".
    std::string write(const std::string& action) {
        return transact(
            "TransactWriteItems", "{'Put':{'TableName':'t-t','Item':{'id':{'S':'new'}}}}," + action
        );
    }

    std::string read(const std::string& get) {
        return transact(
            "TransactGetItems", "{'Get':{'TableName':'t-t','Key':{'id':{'S':'there'}}}}," + get
        );
    }

    std::string update(
        const std::string& expression, const std::string& values, const std::string& id = "there"
    ) {
        return write(
            "{'Update':{'TableName':'t-t','Key':{'id':{'S':'" + id + "'}},'UpdateExpression':'" +
            expression + "','ExpressionAttributeValues':" + values + "}}"
        );
    }

    std::string stored(const std::string& id) {
        return world.call(kEast, "GetItem", "{'TableName':'t-t','Key':{'id':{'S':'" + id + "'}}}");
    }

    TestWorld world;

  private:
    std::string transact(std::string_view name, const std::string& actions) {
        const Operation* operation = find_operation(name);
        const auto answer = operation->run(
            world.cluster,
            *world.cluster.find(kEast),
            parsed("{'TransactItems':[" + actions + "]}").as_object()
        );
        if (answer) {
            return "done";
        }
        const ServiceError& error = answer.error();
        const std::string type = error.type.substr(error.type.find('#') + 1);
        if (type != "TransactionCanceledException") {
            return type + ": " + error.message;
        }
        const auto& reasons = error.more.at("CancellationReasons").as_array();
        EXPECT_EQ(reasons.size(), 2U);
        EXPECT_EQ(reasons[0].at("Code").as_string(), "None");
        EXPECT_FALSE(reasons[0].as_object().contains("Message"));
        const std::string code{reasons[1].at("Code").as_string()};
        EXPECT_EQ(
            error.message,
            "Transaction cancelled, please refer cancellation reasons for specific reasons "
            "[None, " +
                code + "]"
        );
        return code + ": " + std::string{reasons[1].at("Message").as_string()};
    }
};

TEST_F(Transactions, AreCancelledForWhatTheItemDoesNotAllow) {
    EXPECT_EQ(
        update("SET s = s + :one", "{':one':{'N':'1'}}"),
        "ValidationError: An operand in the update expression has an incorrect data type"
    );
    EXPECT_EQ(
        update("ADD s :one", "{':one':{'N':'1'}}"),
        "ValidationError: An operand in the update expression has an incorrect data type"
    );
    EXPECT_EQ(
        update("SET nope.deep = :one", "{':one':{'N':'1'}}"),
        "ValidationError: The document path provided in the update expression is invalid for update"
    );
    EXPECT_EQ(
        update("SET a = nope", "{}"),
        "ValidationException: ExpressionAttributeValues must not be empty"
    );
    EXPECT_EQ(
        update("SET a = nope, b = :one", "{':one':{'N':'1'}}"),
        "ValidationError: The provided expression refers to an attribute that does not exist in "
        "the item"
    );
    EXPECT_EQ(update("SET big = :much", "{':much':{'N':'9.9e125'}}"), "done");
    EXPECT_EQ(
        update("SET big = big + :much", "{':much':{'N':'9.9e125'}}"),
        "ValidationError: Number overflow. Attempting to store a number with magnitude larger than "
        "supported range"
    );
    EXPECT_EQ(
        write("{'ConditionCheck':{'TableName':'t-t','Key':{'id':{'S':'there'}},"
              "'ConditionExpression':'attribute_not_exists(id)'}}"),
        "ConditionalCheckFailed: The conditional request failed"
    );
}

TEST_F(Transactions, AreCancelledForAnItemThatBecomesTooLarge) {
    const std::string half(250'000, 'x');
    EXPECT_EQ(update("SET a = :v", "{':v':{'S':'" + half + "'}}"), "done");
    EXPECT_EQ(
        update("SET b = :v", "{':v':{'S':'" + half + "'}}"),
        "ValidationError: Item size to update has exceeded the maximum allowed size"
    );
    EXPECT_EQ(
        update("ADD c :v", "{':v':{'SS':['" + half + "']}}"),
        "ValidationError: Item size to update has exceeded the maximum allowed size"
    );
    // The size of what is put is known before anything is looked up.
    EXPECT_EQ(
        write(
            "{'Put':{'TableName':'t-t','Item':{'id':{'S':'p'},'v':{'S':'" +
            std::string(410'000, 'x') + "'}}}}"
        ),
        "ValidationException: Item size has exceeded the maximum allowed size"
    );
}

TEST_F(Transactions, AreCancelledForKeysThatDoNotFitTheTable) {
    EXPECT_EQ(
        write("{'Put':{'TableName':'t-t','Item':{'id':{'N':'5'}}}}"),
        "ValidationError: One or more parameter values were invalid: Type mismatch for key id "
        "expected: S actual: N"
    );
    EXPECT_EQ(
        write("{'Put':{'TableName':'t-t','Item':{'v':{'N':'5'}}}}"),
        "ValidationError: One or more parameter values were invalid: Missing the key id in the item"
    );
    EXPECT_EQ(
        write("{'Put':{'TableName':'t-t','Item':{'id':{'S':'i'},'g':{'N':'5'}}}}"),
        "ValidationError: One or more parameter values were invalid: Type mismatch for Index Key g "
        "Expected: S Actual: N IndexName: by-g"
    );
    EXPECT_EQ(
        update("SET g = :v", "{':v':{'L':[]}}"),
        "ValidationError: One or more parameter values were invalid: Type mismatch for Index Key g "
        "Expected: S Actual: L IndexName: by-g"
    );
    EXPECT_EQ(
        update("SET id = :v", "{':v':{'S':'other'}}"),
        "ValidationError: One or more parameter values were invalid: Cannot update attribute id. "
        "This attribute is part of the key"
    );
    const std::string mismatch =
        "ValidationError: The provided key element does not match the schema";
    EXPECT_EQ(write("{'Delete':{'TableName':'t-t','Key':{'id':{'N':'5'}}}}"), mismatch);
    EXPECT_EQ(write("{'Delete':{'TableName':'t-t','Key':{}}}"), mismatch);
    EXPECT_EQ(
        write("{'ConditionCheck':{'TableName':'t-t','Key':{'id':{'S':'a'},'x':{'S':'b'}},"
              "'ConditionExpression':'attribute_exists(id)'}}"),
        mismatch
    );
    EXPECT_EQ(read("{'Get':{'TableName':'t-t','Key':{}}}"), mismatch);
    EXPECT_EQ(read("{'Get':{'TableName':'t-t','Key':{'id':{'L':[]}}}}"), mismatch);
    const std::string too_long(2049, 'k');
    const std::string too_long_key =
        "ValidationError: One or more parameter values were invalid: Size of hashkey has exceeded "
        "the maximum size limit of2048 bytes";
    EXPECT_EQ(
        write("{'Put':{'TableName':'t-t','Item':{'id':{'S':'" + too_long + "'}}}}"), too_long_key
    );
    EXPECT_EQ(
        write("{'Delete':{'TableName':'t-t','Key':{'id':{'S':'" + too_long + "'}}}}"), too_long_key
    );
    EXPECT_EQ(
        read("{'Get':{'TableName':'t-t','Key':{'id':{'S':'" + too_long + "'}}}}"), too_long_key
    );
}

TEST_F(Transactions, AreRefusedAtOnceForEmptyKeys) {
    const std::string empty =
        "ValidationException: One or more parameter values are not valid. The AttributeValue for a "
        "key attribute cannot contain an empty string value. Key: id";
    EXPECT_EQ(write("{'Put':{'TableName':'t-t','Item':{'id':{'S':''}}}}"), empty);
    EXPECT_EQ(write("{'Delete':{'TableName':'t-t','Key':{'id':{'S':''}}}}"), empty);
    EXPECT_EQ(update("SET a = :v", "{':v':{'S':'x'}}", ""), empty);
    EXPECT_EQ(read("{'Get':{'TableName':'t-t','Key':{'id':{'S':''}}}}"), empty);
    EXPECT_EQ(
        write("{'Put':{'TableName':'t-t','Item':{'id':{'S':'i'},'g':{'S':''}}}}"),
        "ValidationException: One or more parameter values are not valid. A value specified for a "
        "secondary index key is not supported. The AttributeValue for a key attribute cannot "
        "contain an empty string value. IndexName: by-g, IndexKey: g"
    );
    EXPECT_EQ(
        update("SET g = :v", "{':v':{'S':''}}"),
        "ValidationException: " + std::string{kEmptyIndexKey}
    );
}

TEST_F(Transactions, AreRefusedAtOnceForWhatTheRequestAloneSays) {
    EXPECT_TRUE(update("SET s == :v", "{':v':{'S':'x'}}")
                    .starts_with("ValidationException: Invalid UpdateExpression: Syntax error"));
    EXPECT_TRUE(write("{'Put':{'TableName':'nope','Item':{'id':{'S':'x'}}}}")
                    .starts_with("ResourceNotFoundException"));
    EXPECT_EQ(
        write("{'Delete':{'TableName':'t-t','Key':{'id':{'S':'new'}}}}"),
        "ValidationException: Transaction request cannot include multiple operations on one item"
    );
    EXPECT_EQ(
        read("{'Get':{'TableName':'t-t','Key':{'id':{'S':'there'}}}}"),
        "ValidationException: Transaction request cannot include multiple operations on one item"
    );
    // An expression that cannot be read counts before a table that is not there, wherever it
    // stands.
    EXPECT_TRUE(
        write("{'Put':{'TableName':'nope','Item':{'id':{'S':'x'}}}},"
              "{'ConditionCheck':{'TableName':'t-t','Key':{'id':{'S':'y'}},'ConditionExpression':"
              "'attribute_exists('}}")
            .starts_with("ValidationException: Invalid ConditionExpression: Syntax error")
    );
    // Two operations on one item count before what their conditions say.
    EXPECT_EQ(
        write("{'Put':{'TableName':'t-t','Item':{'id':{'S':'there'}},'ConditionExpression':"
              "'attribute_not_exists(id)'}},{'Delete':{'TableName':'t-t','Key':{'id':{'S':'there'"
              "}}}}"),
        "ValidationException: Transaction request cannot include multiple operations on one item"
    );
    EXPECT_EQ(stored("new"), "{}") << "nothing of a refused transaction is done";
}

// Eleven items of 390 KB are more than 4 MB, each of them is allowed.
TEST_F(Transactions, HaveFourMegabytesAtMost) {
    const std::string text(390 * 1024, 'x');
    std::string puts;
    std::string gets;
    for (int i = 0; i < 11; ++i) {
        const std::string id = "big-" + std::to_string(i);
        const std::string item =
            "{'TableName':'t-t','Item':{'id':{'S':'" + id + "'},'v':{'S':'" + text + "'}}}";
        puts += (i == 0 ? "{'Put':" : ",{'Put':") + item + "}";
        gets += (i == 0 ? "" : ",") + std::string{"{'Get':{'TableName':'t-t','Key':{'id':{'S':'"} +
                id + "'}}}}";
    }
    EXPECT_TRUE(world.call(kEast, "TransactWriteItems", "{'TransactItems':[" + puts + "]}")
                    .starts_with("ValidationException: "));
    EXPECT_EQ(stored("big-0"), "{}");
    for (int i = 0; i < 11; ++i) {
        EXPECT_EQ(
            world.call(
                kEast,
                "PutItem",
                "{'TableName':'t-t','Item':{'id':{'S':'big-" + std::to_string(i) + "'},'v':{'S':'" +
                    text + "'}}}"
            ),
            "{}"
        );
    }
    EXPECT_TRUE(world.call(kEast, "TransactGetItems", "{'TransactItems':[" + gets + "]}")
                    .starts_with("ValidationException: "));
    // Updates and deletions count with the items that they meet.
    std::string touches;
    for (int i = 0; i < 11; ++i) {
        touches += (i == 0 ? "" : ",") +
                   std::string{"{'Update':{'TableName':'t-t','Key':{'id':{'S':'big-"} +
                   std::to_string(i) +
                   "'}},'UpdateExpression':'SET n = :n','ExpressionAttributeValues':{':n':{'N':'1'"
                   "}}}}";
    }
    EXPECT_TRUE(world.call(kEast, "TransactWriteItems", "{'TransactItems':[" + touches + "]}")
                    .starts_with("ValidationException: "));
    std::string fewer = gets.substr(0, gets.rfind(",{'Get'"));
    EXPECT_TRUE(world.call(kEast, "TransactGetItems", "{'TransactItems':[" + fewer + "]}")
                    .starts_with("{'Responses'"));
}

}  // namespace
}  // namespace farshore::lab::dynamo
