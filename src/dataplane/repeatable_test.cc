#include "dataplane/repeatable.h"

#include <string>

#include <gtest/gtest.h>

namespace farshore::dataplane {
namespace {

bool repeatable(const std::string& name, const std::string& body) {
    const std::string target = "DynamoDB_20120810." + name;
    return may_be_repeated(classify(target, body), body);
}

bool update(const std::string& expression) {
    return repeatable(
        "UpdateItem",
        R"({"TableName":"t","Key":{"id":{"S":"k"}},"UpdateExpression":")" + expression + "\"}"
    );
}

bool statement(const std::string& text) {
    return repeatable("ExecuteStatement", R"({"Statement":")" + text + "\"}");
}

TEST(Repeatable, ReadsPutsAndDeletesAre) {
    for (const char* name : {"GetItem", "Query", "PutItem", "DeleteItem", "BatchWriteItem"}) {
        EXPECT_TRUE(repeatable(name, "{}")) << name;
    }
}

// The first one took effect, and the repetition is refused: the application would take its own lock
// for another's.
TEST(Repeatable, AWriteWithAConditionIsNot) {
    for (const char* name : {"PutItem", "DeleteItem", "UpdateItem"}) {
        for (const char* condition :
             {R"-("ConditionExpression":"attribute_not_exists(id)")-",
              R"("ConditionExpression":"v = :old")",
              R"("Expected":{"id":{"Exists":false}})",
              R"("Expected":{"v":{"Value":{"N":"1"}}},"ConditionalOperator":"OR")"}) {
            const std::string body = std::string{R"({"TableName":"t",)"} + condition + "}";
            EXPECT_FALSE(repeatable(name, body)) << name << body;
        }
    }
    EXPECT_FALSE(repeatable(
        "UpdateItem",
        R"({"TableName":"t","UpdateExpression":"SET a = :a","ConditionExpression":"a = :old"})"
    ));
}

TEST(Repeatable, AWriteThatReturnsWhatWasThereBeforeIsNot) {
    const auto returns = [](const char* name, const std::string& values) {
        return repeatable(name, R"({"TableName":"t","ReturnValues":)" + values + "}");
    };
    for (const char* name : {"PutItem", "DeleteItem", "UpdateItem"}) {
        EXPECT_FALSE(returns(name, R"("ALL_OLD")")) << name;
        EXPECT_FALSE(returns(name, R"("UPDATED_OLD")")) << name;
        EXPECT_FALSE(returns(name, R"("SOMETHING_NEW")")) << name;
        EXPECT_FALSE(returns(name, "7")) << name;
        EXPECT_TRUE(returns(name, R"("NONE")")) << name;
    }
    EXPECT_TRUE(returns("UpdateItem", R"("ALL_NEW")"));
}

TEST(Repeatable, AnUpdateThatSetsGivenValuesIs) {
    EXPECT_TRUE(update("SET a = :a"));
    EXPECT_TRUE(update("set #a=:a, b.c = :b REMOVE d, e.f DELETE tags :old"));
    EXPECT_TRUE(update("SET a = if_not_exists(a, :none)"));
    EXPECT_TRUE(repeatable("UpdateItem", R"({"TableName":"t","Key":{"id":{"S":"k"}}})"));
}

TEST(Repeatable, AnUpdateThatBuildsOnWhatIsThereIsNot) {
    for (const char* expression :
         {"ADD n :one",
          "add n :one",
          "SET a = :a ADD n :one",
          "SET n = n + :one",
          "SET n = :one+n",
          "SET n = n - :one",
          "SET l = list_append(l, :more)",
          "SET #lines = list_append(if_not_exists(#lines, :none), :line), updated_at = :now",
          "SET n = if_not_exists(n, :zero) + :one",
          "SET a = b, b = a",
          "SET a = if_not_exists(b, :v), b = :x",
          "REMOVE l[0]",
          "SET l[9] = :more",
          "SET a = ",
          "SOMETHING new :x",
          "SET a = :a garbage"}) {
        EXPECT_FALSE(update(expression)) << expression;
    }
}

TEST(Repeatable, TheOldFormOfUpdatesIsJudgedByItsActions) {
    const auto old_form = [](const std::string& updates) {
        return repeatable(
            "UpdateItem", R"({"TableName":"t","AttributeUpdates":{)" + updates + "}}"
        );
    };
    EXPECT_TRUE(old_form(R"("a":{"Action":"PUT","Value":{"N":"1"}},"b":{"Action":"DELETE"})"));
    EXPECT_TRUE(old_form(R"("a":{"Value":{"N":"1"}})"));
    EXPECT_FALSE(
        old_form(R"("a":{"Action":"PUT","Value":{"N":"1"}},"n":{"Action":"ADD","Value":{"N":"1"}})")
    );
    EXPECT_FALSE(old_form(R"("a":7)"));
}

TEST(Repeatable, StatementsAreJudgedByWhatTheySet) {
    EXPECT_TRUE(statement("SELECT * FROM t WHERE id = 'x' AND n = 1"));
    EXPECT_TRUE(statement("DELETE FROM t WHERE id = 'x'"));
    EXPECT_TRUE(statement(R"(DELETE FROM \"t\" WHERE \"id\" = ?)"));
    EXPECT_TRUE(statement("UPDATE t SET a = 'b - c' SET d = ?, e = true REMOVE f WHERE id = 'x'"));
    for (const char* text :
         {"UPDATE t SET n = n + 1 WHERE id = 'x'",
          "UPDATE t SET n = n -1 WHERE id = 'x'",
          "UPDATE t SET l = list_append(l, ['x']) WHERE id = 'x'",
          "UPDATE t SET a = b WHERE id = 'x'",
          "UPDATE t SET l[0] = 1 WHERE id = 'x'",
          "UPDATE t REMOVE l[0] WHERE id = 'x'",
          "UPDATE t SET a = 1 SET n = 5 + ? WHERE id = 'x'",
          "MERGE INTO t"}) {
        EXPECT_FALSE(statement(text)) << text;
    }
}

TEST(Repeatable, StatementsAreJudgedByWhatTheirRepetitionIsTold) {
    for (const char* text :
         {"INSERT INTO t VALUE {'id': 'x', 'n': 1}",
          "UPDATE t SET a = 1 WHERE id = 'x' AND a = 0",
          "UPDATE t SET a = 1 WHERE id = 'x' AND attribute_not_exists(a)",
          "UPDATE t SET a = 1 WHERE id = 'x' RETURNING ALL OLD *",
          "UPDATE t SET a = 1 WHERE id > 'x'",
          "UPDATE t SET a = 1 WHERE id = 'x' || 'y'",
          "DELETE FROM t WHERE id = 'x' AND n = 1",
          "DELETE FROM t WHERE id = 'x' RETURNING ALL OLD *"}) {
        EXPECT_FALSE(statement(text)) << text;
    }
}

TEST(Repeatable, ABatchOfStatementsIsWhenEachOfThemIs) {
    const auto batch = [](const std::string& second) {
        return repeatable(
            "BatchExecuteStatement",
            R"({"Statements":[{"Statement":"DELETE FROM t WHERE id = 'x'"},{"Statement":")" +
                second + "\"}]}"
        );
    };
    EXPECT_TRUE(batch("UPDATE t SET a = 1 WHERE id = 'y'"));
    EXPECT_FALSE(batch("UPDATE t SET a = a + 1 WHERE id = 'y'"));
    EXPECT_FALSE(repeatable("BatchExecuteStatement", "{}"));
}

TEST(Repeatable, WhatIsNotKnownIsNot) {
    EXPECT_FALSE(
        repeatable("TransactWriteItems", R"({"ClientRequestToken":"t","TransactItems":[]})")
    );
    EXPECT_FALSE(repeatable(
        "ExecuteTransaction",
        R"({"TransactStatements":[{"Statement":"DELETE FROM t WHERE id = 'x'"}]})"
    ));
    EXPECT_FALSE(repeatable("UpdateTable", "{}"));
    EXPECT_FALSE(repeatable("SomethingNew", "{}"));
    EXPECT_FALSE(repeatable("UpdateItem", "no JSON"));
    EXPECT_FALSE(repeatable("PutItem", "no JSON"));
}

}  // namespace
}  // namespace farshore::dataplane
