// How long, large and many the parts of requests may be.
#include <gtest/gtest.h>

#include "lab/dynamo/dynamo_test_world.h"

namespace farshore::lab::dynamo {
namespace {

using testing::kEast;
using testing::TestWorld;

const std::string kInvalid = "ValidationException: One or more parameter values were invalid: ";

class Limits : public ::testing::Test {
  protected:
    Limits() { EXPECT_TRUE(create("t-t", "id", "n").starts_with("{'TableDescription'")); }

    // A table with these key names and one index, "by-g" of g: S and n.
    std::string create(
        const std::string& name,
        const std::string& hash,
        const std::string& range,
        const std::string& index = "by-g",
        const std::string& projection = "{'ProjectionType':'ALL'}"
    ) {
        return world.call(
            kEast,
            "CreateTable",
            "{'TableName':'" + name + "','AttributeDefinitions':[{'AttributeName':'" + hash +
                "','AttributeType':'S'},{'AttributeName':'" + range +
                "','AttributeType':'S'},{'AttributeName':'g','AttributeType':'S'}],'KeySchema':[{'"
                "AttributeName':'" +
                hash + "','KeyType':'HASH'},{'AttributeName':'" + range +
                "','KeyType':'RANGE'}],'GlobalSecondaryIndexes':[{'IndexName':'" + index +
                "','KeySchema':[{'AttributeName':'g','KeyType':'HASH'},{'AttributeName':'" + range +
                "','KeyType':'RANGE'}],'Projection':" + projection +
                "}],'BillingMode':'PAY_PER_REQUEST'}"
        );
    }

    std::string put(const std::string& more, const std::string& id = "a") {
        return world.call(
            kEast,
            "PutItem",
            "{'TableName':'t-t','Item':{'id':{'S':'" + id + "'},'n':{'S':'1'}" + more + "}}"
        );
    }

    std::string update(const std::string& rest) {
        return world.call(
            kEast,
            "UpdateItem",
            "{'TableName':'t-t','Key':{'id':{'S':'a'},'n':{'S':'1'}}," + rest + "}"
        );
    }

    TestWorld world;
};

TEST_F(Limits, AnAttributesNameHas1To65535Bytes) {
    const std::string longest(65'535, 'a');
    const std::string too_long(65'536, 'a');
    const std::string empty = kInvalid + "Empty attribute name";
    const std::string large =
        kInvalid + "Attribute name is too large, must be less than 65536 bytes";
    EXPECT_EQ(put(",'" + longest + "':{'S':'x'}"), "{}");
    EXPECT_EQ(put(",'" + too_long + "':{'S':'x'}"), large);
    EXPECT_EQ(put(",'':{'S':'x'}"), empty);
    // In documents, too.
    EXPECT_EQ(put(",'m':{'M':{'" + longest + "':{'S':'x'}}}"), "{}");
    EXPECT_EQ(put(",'m':{'M':{'" + too_long + "':{'S':'x'}}}"), large);
    EXPECT_EQ(put(",'m':{'L':[{'M':{'':{'S':'x'}}}]}"), empty);
    // And wherever else items, values and names come from.
    EXPECT_EQ(
        world.call(
            kEast,
            "BatchWriteItem",
            "{'RequestItems':{'t-t':[{'PutRequest':{'Item':{'id':{'S':'b'},'n':{'S':'1'},'':{'S':'"
            "x'}}}}]}}"
        ),
        empty
    );
    EXPECT_EQ(
        world.call(
            kEast,
            "TransactWriteItems",
            "{'TransactItems':[{'Put':{'TableName':'t-t','Item':{'id':{'S':'b'},'n':{'S':'1'},'':{'"
            "S':'x'}}}}]}"
        ),
        empty
    );
    EXPECT_EQ(
        update("'UpdateExpression':'SET m = :v','ExpressionAttributeValues':{':v':{'M':{'':{'S':'x'"
               "}}}}"),
        "ValidationException: ExpressionAttributeValues contains invalid value: One or more "
        "parameter values were invalid: Empty attribute name for key :v"
    );
    EXPECT_EQ(
        update(
            "'UpdateExpression':'SET #a = :v','ExpressionAttributeNames':{'#a':'" + too_long +
            "'},'ExpressionAttributeValues':{':v':{'S':'x'}}"
        ),
        "ValidationException: ExpressionAttributeNames contains invalid value: Attribute name is "
        "too large, must be less than 65536 bytes for key #a"
    );
    EXPECT_EQ(update("'AttributeUpdates':{'':{'Value':{'S':'x'}}}"), empty);
    EXPECT_EQ(update("'AttributeUpdates':{'" + too_long + "':{'Value':{'S':'x'}}}"), large);
}

TEST_F(Limits, KeysAndIndexesAreNamedWithin255Characters) {
    const std::string longest(255, 'k');
    const std::string too_long(256, 'k');
    const auto constraint =
        [](const std::string& value, const std::string& where, const std::string& rule) {
            return "Value '" + value + "' at '" + where +
                   "' failed to satisfy constraint: Member must " + rule;
        };
    EXPECT_TRUE(create("named", longest, "n").starts_with("{'TableDescription'"));
    EXPECT_EQ(
        create("never", too_long, "n"),
        "ValidationException: 2 validation errors detected: " +
            constraint(
                too_long,
                "attributeDefinitions.1.member.attributeName",
                "have length less than or equal to 255"
            ) +
            "; " +
            constraint(
                too_long,
                "keySchema.1.member.attributeName",
                "have length less than or equal to 255"
            )
    );
    EXPECT_EQ(
        create("never", "id", ""),
        "ValidationException: 3 validation errors detected: " +
            constraint(
                "",
                "attributeDefinitions.2.member.attributeName",
                "have length greater than or equal to 1"
            ) +
            "; " +
            constraint(
                "", "keySchema.2.member.attributeName", "have length greater than or equal to 1"
            ) +
            "; " +
            constraint(
                "",
                "globalSecondaryIndexes.1.member.keySchema.2.member.attributeName",
                "have length greater than or equal to 1"
            )
    );
    EXPECT_EQ(
        create("never", "id", "n", "by"),
        "ValidationException: 1 validation error detected: " +
            constraint(
                "by",
                "globalSecondaryIndexes.1.member.indexName",
                "have length greater than or equal to 3"
            )
    );
    EXPECT_EQ(
        create("never", "id", "n", "by g"),
        "ValidationException: 1 validation error detected: " +
            constraint(
                "by g",
                "globalSecondaryIndexes.1.member.indexName",
                "satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
            )
    );
    EXPECT_TRUE(create("never", "id", "n", std::string(256, 'i'))
                    .ends_with("Member must have length less than or equal to 255"));
    EXPECT_TRUE(
        create(
            "never",
            "id",
            "n",
            "by-g",
            "{'ProjectionType':'INCLUDE','NonKeyAttributes':['" + too_long + "']}"
        )
            .starts_with(
                "ValidationException: 1 validation error detected: Value '" + too_long +
                "' at 'globalSecondaryIndexes.1.member.projection.nonKeyAttributes.1.member'"
            )
    );
    EXPECT_EQ(
        create("never", "id", "n", "by-g", "{'ProjectionType':'INCLUDE'}"),
        kInvalid + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified"
    );
    EXPECT_EQ(
        create(
            "never", "id", "n", "by-g", "{'ProjectionType':'KEYS_ONLY','NonKeyAttributes':['x']}"
        ),
        kInvalid + "ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified"
    );
    EXPECT_TRUE(world.call(kEast, "DescribeTable", "{'TableName':'never'}")
                    .starts_with("ResourceNotFoundException"));
}

TEST_F(Limits, KeysHave2048And1024Bytes) {
    const std::string hash =
        kInvalid + "Size of hashkey has exceeded the maximum size limit of2048 bytes";
    const std::string range =
        kInvalid + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes";
    EXPECT_EQ(put("", std::string(2048, 'k')), "{}");
    EXPECT_EQ(put("", std::string(2049, 'k')), hash);
    const auto get = [&](std::size_t id, std::size_t n) {
        return world.call(
            kEast,
            "GetItem",
            "{'TableName':'t-t','Key':{'id':{'S':'" + std::string(id, 'k') + "'},'n':{'S':'" +
                std::string(n, 'n') + "'}}}"
        );
    };
    EXPECT_EQ(get(2048, 1024), "{}");
    EXPECT_EQ(get(2049, 1), hash);
    EXPECT_EQ(get(1, 1025), range);
    const auto query = [&](std::size_t id, std::size_t n) {
        return world.call(
            kEast,
            "Query",
            "{'TableName':'t-t','KeyConditionExpression':'id = :i AND n > "
            ":n','ExpressionAttributeValues':{':i':{'S':'" +
                std::string(id, 'k') + "'},':n':{'S':'" + std::string(n, 'n') + "'}}}"
        );
    };
    EXPECT_TRUE(query(2048, 1024).starts_with("{'Items'"));
    EXPECT_EQ(query(2049, 1), hash);
    EXPECT_EQ(query(1, 1025), range);
    // An item whose index key is too long could not be found there.
    EXPECT_EQ(put(",'g':{'S':'" + std::string(2048, 'g') + "'}"), "{}");
    EXPECT_EQ(put(",'g':{'S':'" + std::string(2049, 'g') + "'}"), hash);
    EXPECT_EQ(
        update(
            "'UpdateExpression':'SET g = :g','ExpressionAttributeValues':{':g':{'S':'" +
            std::string(2049, 'g') + "'}}"
        ),
        hash
    );
}

TEST_F(Limits, AnItemHas400Kilobytes) {
    // 5 bytes of id and n with their values, 1 of the name v.
    const auto put_of = [&](std::size_t bytes) {
        return put(",'v':{'S':'" + std::string(bytes - 6, 'x') + "'}");
    };
    EXPECT_EQ(put_of(400 * 1024), "{}");
    EXPECT_EQ(
        put_of(400 * 1024 + 1),
        "ValidationException: Item size has exceeded the maximum allowed size"
    );
    EXPECT_EQ(
        update("'UpdateExpression':'SET w = :v','ExpressionAttributeValues':{':v':{'S':'x'}}"),
        "ValidationException: Item size to update has exceeded the maximum allowed size"
    );
    EXPECT_EQ(
        update(
            "'UpdateExpression':'SET w = :v','ExpressionAttributeValues':{':v':{'S':'" +
            std::string(400 * 1024 + 1, 'x') + "'}}"
        ),
        "ValidationException: ExpressionAttributeValues contains invalid value: Item size has "
        "exceeded the maximum allowed size for key :v"
    );
}

TEST_F(Limits, PlaceholdersHaveTwoMegabytes) {
    std::string values;
    for (int i = 0; i < 6; ++i) {
        values += (i == 0 ? "" : ",") + std::string{"':v"} + std::to_string(i) + "':{'S':'" +
                  std::string(390 * 1024, 'x') + "'}";
    }
    EXPECT_EQ(
        update(
            "'UpdateExpression':'REMOVE a','ConditionExpression':'n IN "
            "(:v0,:v1,:v2,:v3,:v4,:v5)','ExpressionAttributeValues':{" +
            values + "}"
        ),
        "ValidationException: ExpressionAttributeValues exceeds max size"
    );
}

TEST_F(Limits, TablesHaveFewIndexes) {
    const auto with_indexes = [&](int count, bool global) {
        std::string attributes;
        std::string indexes;
        for (int i = 0; i < count; ++i) {
            const std::string name = "x" + std::to_string(i);
            attributes += ",{'AttributeName':'" + name + "','AttributeType':'S'}";
            indexes += (i == 0 ? "" : ",") + std::string{"{'IndexName':'by-"} + name +
                       "','KeySchema':[{'AttributeName':'" + (global ? name : "id") +
                       "','KeyType':'HASH'}" +
                       (global ? "" : ",{'AttributeName':'" + name + "','KeyType':'RANGE'}") +
                       "],'Projection':{'ProjectionType':'ALL'}}";
        }
        return world.call(
            kEast,
            "CreateTable",
            "{'TableName':'many-" + std::to_string(count) + (global ? "g" : "l") +
                "','AttributeDefinitions':[{'AttributeName':'id','AttributeType':'S'},{'"
                "AttributeName':'n','AttributeType':'S'}" +
                attributes +
                "],'KeySchema':[{'AttributeName':'id','KeyType':'HASH'},{'AttributeName':'n','"
                "KeyType':'RANGE'}],'" +
                (global ? "Global" : "Local") + "SecondaryIndexes':[" + indexes +
                "],'BillingMode':'PAY_PER_REQUEST'}"
        );
    };
    EXPECT_TRUE(with_indexes(20, true).starts_with("{'TableDescription'"));
    EXPECT_EQ(
        with_indexes(21, true),
        kInvalid + "GlobalSecondaryIndex count exceeds the per-table limit of 20"
    );
    EXPECT_TRUE(with_indexes(5, false).starts_with("{'TableDescription'"));
    EXPECT_EQ(
        with_indexes(6, false),
        kInvalid + "Number of LocalSecondaryIndexes exceeds per-table limit of 5"
    );
    EXPECT_EQ(with_indexes(0, true), kInvalid + "List of GlobalSecondaryIndexes is empty");
    EXPECT_EQ(with_indexes(0, false), kInvalid + "List of LocalSecondaryIndexes is empty");
}

TEST_F(Limits, BatchesHave100And25Parts) {
    const auto get = [&](int count) {
        std::string keys;
        for (int i = 0; i < count; ++i) {
            keys += (i == 0 ? "" : ",") + std::string{"{'id':{'S':'"} + std::to_string(i) +
                    "'},'n':{'S':'1'}}";
        }
        return world.call(
            kEast, "BatchGetItem", "{'RequestItems':{'t-t':{'Keys':[" + keys + "]}}}"
        );
    };
    EXPECT_TRUE(get(100).starts_with("{'Responses'"));
    EXPECT_TRUE(get(101).starts_with("ValidationException"));
    EXPECT_TRUE(get(0).starts_with("ValidationException"));
    const auto write = [&](int count, std::size_t bytes) {
        std::string puts;
        for (int i = 0; i < count; ++i) {
            puts += (i == 0 ? "" : ",") + std::string{"{'PutRequest':{'Item':{'id':{'S':'"} +
                    std::to_string(i) + "'},'n':{'S':'1'},'v':{'S':'" + std::string(bytes, 'x') +
                    "'}}}}";
        }
        return world.call(kEast, "BatchWriteItem", "{'RequestItems':{'t-t':[" + puts + "]}}");
    };
    EXPECT_EQ(write(25, 1), "{'UnprocessedItems':{}}");
    EXPECT_TRUE(write(26, 1).starts_with("ValidationException"));
}

TEST_F(Limits, TagsHaveLengthsAndANumber) {
    const std::string arn = "arn:aws:dynamodb:us-east-1:000000000000:table/t-t";
    const auto tag = [&](const std::string& key, const std::string& value) {
        return world.call(
            kEast,
            "TagResource",
            "{'ResourceArn':'" + arn + "','Tags':[{'Key':'" + key + "','Value':'" + value + "'}]}"
        );
    };
    EXPECT_EQ(tag(std::string(128, 'k'), std::string(256, 'v')), "{}");
    EXPECT_TRUE(tag(std::string(129, 'k'), "v").starts_with("ValidationException"));
    EXPECT_TRUE(tag("", "v").starts_with("ValidationException"));
    EXPECT_TRUE(tag("k", std::string(257, 'v')).starts_with("ValidationException"));
    for (int i = 1; i < 50; ++i) {
        EXPECT_EQ(tag("k" + std::to_string(i), "v"), "{}");
    }
    EXPECT_EQ(
        tag("k50", "v"),
        "ValidationException: Number of Tags exceed the current limit for the provided ResourceArn"
    );
}

}  // namespace
}  // namespace farshore::lab::dynamo
