#include "dataplane/operation.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace farshore::dataplane {

namespace {

OperationClass kind_of(std::string_view name, std::string_view body = "{}") {
    return classify("DynamoDB_20120810." + std::string{name}, body).kind;
}

}  // namespace

TEST(Operation, OfDynamoDbHasTheClassThatIsWrittenDown) {
    std::ifstream file(FARSHORE_SOURCE_DIR "/test/data/dynamodb_operations.txt");
    std::size_t count = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) {
            continue;
        }
        const std::size_t blank = line.find(' ');
        const auto expected = enum_from<OperationClass>(line.substr(0, blank));
        ASSERT_TRUE(expected) << line;
        EXPECT_EQ(kind_of(line.substr(blank + 1)), *expected) << line;
        ++count;
    }
    EXPECT_GT(count, 50U);
}

TEST(Operation, IsNotGuessedFromItsBeginning) {
    for (const std::string_view name :
         {"DescribeSomething",
          "ListSomething",
          "GetSomething",
          "Describe",
          "DescribeTables",
          "ConjureItem",
          "getitem",
          "PutItemX",
          "Zzz"}) {
        const std::string target = "DynamoDB_20120810." + std::string{name};
        const Operation unknown = classify(target, "{}");
        EXPECT_EQ(unknown.kind, OperationClass::refused) << name;
        EXPECT_TRUE(unknown.why.contains("does not know")) << name;
        EXPECT_EQ(unknown.name, name);
    }
}

TEST(Operation, ThatWritesByItselfAfterwardsIsRefused) {
    const Operation bulk = classify("DynamoDB_20120810.StartBulkPutItems", "{}");
    EXPECT_EQ(bulk.kind, OperationClass::refused);
    EXPECT_TRUE(bulk.why.contains("go on writing"));
}

TEST(Operation, ThatChangesTablesNeedsPermission) {
    EXPECT_TRUE(needs_permission(OperationClass::write));
    EXPECT_TRUE(needs_permission(OperationClass::admin));
    for (const OperationClass kind :
         {OperationClass::read, OperationClass::discovery, OperationClass::refused}) {
        EXPECT_FALSE(needs_permission(kind));
    }
}

TEST(Operation, OfAnotherServiceIsRefused) {
    EXPECT_EQ(classify("", "").kind, OperationClass::refused);
    EXPECT_EQ(classify("DynamoDB_20120810.", "").kind, OperationClass::refused);
    EXPECT_EQ(classify("DynamoDBStreams_20120810.GetRecords", "").kind, OperationClass::refused);
    EXPECT_EQ(classify("DynamoDB_20111205.GetItem", "").kind, OperationClass::refused);
}

TEST(Operation, PartiQlIsJudgedByItsStatement) {
    EXPECT_EQ(
        kind_of("ExecuteStatement", R"({"Statement":"SELECT * FROM t"})"), OperationClass::read
    );
    EXPECT_EQ(
        kind_of("ExecuteStatement", R"({"Statement":" \n select \"a\" FROM t"})"),
        OperationClass::read
    );
    for (const std::string_view body : {
             R"({"Statement":"UPDATE t SET a=1"})",
             R"({"Statement":"-- x\nSELECT 1"})",
             R"({"Statement":"selects"})",
             R"({"Statement":""})",
             R"({})",
             "not json",
             R"({"Statement":7})",
             R"({"Statement":"SELECT"})",
             R"({"Statement":"DELETE FROM t","Statement":"SELECT * FROM t"})",
             R"({"Statement":"SELECT * FROM t","Statement":"DELETE FROM t"})",
             R"({"Statement":"SELECT * FROM t","a":[}})",
         }) {
        EXPECT_EQ(kind_of("ExecuteStatement", body), OperationClass::write) << body;
    }
    EXPECT_EQ(
        kind_of("ExecuteStatement", R"({"Statement":"SELECT 1","\u0053tatement":"DELETE FROM t"})"),
        OperationClass::write
    );
    EXPECT_EQ(
        kind_of(
            "BatchExecuteStatement",
            R"({"Statements":[{"Statement":"SELECT 1"},{"Statement":"select 2"}]})"
        ),
        OperationClass::read
    );
    EXPECT_EQ(
        kind_of(
            "BatchExecuteStatement",
            R"({"Statements":[{"Statement":"SELECT 1"},{"Statement":"DELETE FROM t"}]})"
        ),
        OperationClass::write
    );
    for (const std::string_view body : {
             R"({"Statements":[{"Statement":"DELETE FROM t","Statement":"SELECT 1"}]})",
             R"({"Statements":[{"Statement":"DELETE FROM t"}],"Statements":[{"Statement":"SELECT 1"}]})",
             R"({"Statements":[{"Statement":"SELECT 1"}],"Statements":[]})",
             R"({"Statements":["SELECT 1"]})",
             R"({"Statements":{"Statement":"SELECT 1"}})",
         }) {
        EXPECT_EQ(kind_of("BatchExecuteStatement", body), OperationClass::write) << body;
    }
    EXPECT_EQ(
        kind_of(
            "ExecuteTransaction", R"x({"TransactStatements":[{"Statement":"EXISTS(SELECT 1)"}]})x"
        ),
        OperationClass::write
    );
}

}  // namespace farshore::dataplane
