#include "dataplane/json_members.h"

#include <gtest/gtest.h>

#include "dataplane/update_learning.h"

namespace farshore::dataplane {

TEST(JsonMembers, AreFoundAsTheyStand) {
    const auto members =
        json_members(R"( { "a" : 1 , "b":"x\"}," ,"c":{"d":[1,{"e":"]"}]},"f":true,"g":[]} )");
    ASSERT_TRUE(members);
    ASSERT_EQ(members->size(), 5U);
    EXPECT_EQ((*members)[0].value, "1");
    EXPECT_EQ((*members)[1].value, R"("x\"},")");
    EXPECT_EQ((*members)[2].value, R"({"d":[1,{"e":"]"}]})");
    EXPECT_EQ((*members)[2].whole, R"("c":{"d":[1,{"e":"]"}]})");
    EXPECT_EQ(find_member(*members, "f"), "true");
    EXPECT_EQ(find_member(*members, "z"), std::nullopt);
    EXPECT_EQ(json_members("{}")->size(), 0U);
}

TEST(JsonMembers, RefuseWhatTheyCannotBeSureOf) {
    for (const std::string_view text : {
             "",
             "[]",
             "{",
             "{\"a\"}",
             "{\"a\":}",
             "{\"a\":1",
             "{\"a\":1,}",
             "{\"a\":1}x",
             "{\"a\":\"",
             "{\"a\":\"\\",
             "{\"\\u0061\":1}",
             "{a:1}",
             "{\"a\":{\"b\":\"}",
         }) {
        EXPECT_FALSE(json_members(text)) << text;
    }
}

TEST(UpdateLearning, AsksOnlyWhereTheApplicationDoesNot) {
    const LearningPlan absent = plan_learning(R"({"TableName":"t","Key":{}})");
    EXPECT_EQ(absent.learning, Learning::asked_by_us);
    EXPECT_EQ(absent.asked_body, R"({"ReturnValues":"ALL_NEW","TableName":"t","Key":{}})");
    const LearningPlan none = plan_learning(R"({"ReturnValues" : "NONE", "TableName":"t"})");
    EXPECT_EQ(none.learning, Learning::asked_by_us);
    EXPECT_EQ(none.asked_body, R"({"ReturnValues" : "ALL_NEW", "TableName":"t"})");
    EXPECT_EQ(plan_learning(R"({"ReturnValues":"ALL_NEW"})").learning, Learning::asked_by_client);
    for (const std::string_view body : {
             R"({"ReturnValues":"UPDATED_NEW"})",
             R"({"ReturnValues":7})",
             "{}",
             "nonsense",
             R"({"ReturnValues":"NONE","ReturnValues":"ALL_OLD"})",
             R"({"Return\u0056alues":"ALL_OLD"})",
         }) {
        EXPECT_EQ(plan_learning(body).learning, Learning::none) << body;
    }
}

TEST(UpdateLearning, TakesTheItemOutOfTheAnswer) {
    EXPECT_EQ(without_attributes(R"({"Attributes":{"a":{"S":"}"}}})"), "{}");
    EXPECT_EQ(
        without_attributes(
            R"({"ConsumedCapacity":{"x":1},"Attributes":{},"ItemCollectionMetrics":[]})"
        ),
        R"({"ConsumedCapacity":{"x":1},"ItemCollectionMetrics":[]})"
    );
    EXPECT_EQ(without_attributes("<html>"), std::nullopt);
}

TEST(JsonElements, AreTakenAsTheyStand) {
    const auto elements = json_elements(R"( [ {"a":[1,"]"]} , "x,y",3 ] )");
    ASSERT_TRUE(elements);
    EXPECT_EQ(*elements, (std::vector<std::string_view>{R"({"a":[1,"]"]})", R"("x,y")", "3"}));
    EXPECT_TRUE(json_elements("[]")->empty());
    for (const std::string_view text : {"", "{}", "[", "[1", "[1,]", "[,1]", "[1]x", "[\"]"}) {
        EXPECT_FALSE(json_elements(text)) << text;
    }
}

}  // namespace farshore::dataplane
