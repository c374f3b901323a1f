#include "dataplane/operation.h"

#include <gtest/gtest.h>

namespace farshore::dataplane {

namespace {

OperationClass kind_of(std::string_view name, std::string_view body = "{}") {
    return classify("DynamoDB_20120810." + std::string{name}, body).kind;
}

}  // namespace

TEST(Operation, IsClassifiedByItsName) {
    for (const std::string_view name :
         {"GetItem",
          "BatchGetItem",
          "Query",
          "Scan",
          "TransactGetItems",
          "DescribeTable",
          "ListTables"}) {
        EXPECT_EQ(kind_of(name), OperationClass::read) << name;
    }
    for (const std::string_view name :
         {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}) {
        EXPECT_EQ(kind_of(name), OperationClass::write) << name;
    }
    for (const std::string_view name :
         {"CreateTable", "UpdateTable", "DeleteTable", "TagResource", "ConjureItem", "getitem"}) {
        EXPECT_EQ(kind_of(name), OperationClass::other) << name;
        EXPECT_TRUE(needs_permission(kind_of(name)));
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
