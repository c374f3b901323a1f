// DynamoDB's rules about what an expression may say, each in the service's own words.
#include "lab/dynamo/expression_test_item.h"

namespace farshore::lab::dynamo {
namespace {

using testing::changed;
using testing::judged;
using testing::quoted;

const std::string kCondition = "Invalid ConditionExpression: ";
const std::string kUpdate = "Invalid UpdateExpression: ";

std::string projected_by(std::string_view text) {
    Placeholders known = testing::placeholders();
    const auto projection = ExpressionParser{"ProjectionExpression", text, known}.projection();
    return projection ? "accepted" : projection.error().message;
}

TEST(ExpressionNames, BeginWithALetterUnlessTheyAreGivenByPlaceholder) {
    EXPECT_EQ(judged("_a = :n"), kCondition + "Syntax error; token: \"_\", near: \"_a\"");
    EXPECT_EQ(
        judged("n = :n AND __type = :s"),
        kCondition + "Syntax error; token: \"_\", near: \"AND __\""
    );
    EXPECT_EQ(judged("m._a = :n"), kCondition + "Syntax error; token: \"_\", near: \"._a\"");
    EXPECT_EQ(
        judged("attribute_exists(_a)"), kCondition + "Syntax error; token: \"_\", near: \"(_a\""
    );
    EXPECT_EQ(changed("SET _a = :n"), kUpdate + "Syntax error; token: \"_\", near: \"SET _a\"");
    EXPECT_EQ(changed("REMOVE _a"), kUpdate + "Syntax error; token: \"_\", near: \"REMOVE _a\"");
    EXPECT_EQ(
        projected_by("id, _a"),
        "Invalid ProjectionExpression: Syntax error; token: \"_\", near: \", _a\""
    );
    EXPECT_EQ(judged("a_b <> :n"), "true");
}

TEST(ExpressionNames, AreNoKeywords) {
    EXPECT_EQ(
        judged("between = :n"), kCondition + "Syntax error; token: \"between\", near: \"between =\""
    );
    EXPECT_EQ(judged("set = :n"), kCondition + "Syntax error; token: \"set\", near: \"set =\"");
    EXPECT_EQ(changed("SET or = :n"), kUpdate + "Syntax error; token: \"or\", near: \"SET or =\"");
    EXPECT_EQ(
        projected_by("delete"),
        "Invalid ProjectionExpression: Syntax error; token: \"delete\", near: \"delete\""
    );
    EXPECT_EQ(
        judged("m.status = :n"),
        kCondition + "Attribute name is a reserved keyword; reserved keyword: status"
    );
}

TEST(ExpressionNames, IndexTheListsWithinAnInteger) {
    EXPECT_EQ(judged("attribute_not_exists(l[2147483647])"), "true");
    EXPECT_EQ(
        judged("attribute_not_exists(l[2147483648])"),
        kCondition + "List index is not within the allowable range; index: [2147483648]"
    );
    EXPECT_EQ(
        changed("SET l[99999999999999999999] = :n"),
        kUpdate + "List index is not within the allowable range; index: [99999999999999999999]"
    );
    EXPECT_EQ(judged("l[01] = :n"), kCondition + "Syntax error; token: \"1\", near: \"01]\"");
    EXPECT_EQ(judged("l[-1] = :n"), kCondition + "Syntax error; token: \"-\", near: \"[-1\"");
}

TEST(Placeholders, HaveNamesThatAreThere) {
    const auto complaint = [](std::string text) {
        const auto read =
            Placeholders::read(boost::json::parse(quoted(std::move(text))).as_object(), true);
        return read ? std::string{"accepted"} : read.error().message;
    };
    EXPECT_EQ(
        complaint("{'ExpressionAttributeNames':{'#n':''}}"),
        "ExpressionAttributeNames contains invalid value: Empty attribute name for key #n"
    );
    EXPECT_EQ(
        complaint("{'ExpressionAttributeNames':{'#':'n'}}"),
        "ExpressionAttributeNames contains invalid key: Syntax error; key: \"#\""
    );
    EXPECT_EQ(
        complaint("{'ExpressionAttributeNames':{'#a-b':'n'}}"),
        "ExpressionAttributeNames contains invalid key: Syntax error; key: \"#a-b\""
    );
    EXPECT_EQ(
        complaint("{'ExpressionAttributeValues':{':\u00e4':{'S':'x'}}}"),
        "ExpressionAttributeValues contains invalid key: Syntax error; key: \":\u00e4\""
    );
    EXPECT_EQ(complaint("{'ExpressionAttributeNames':{'#_1':'n'}}"), "accepted");
    const std::string longest(254, 'a');
    EXPECT_EQ(complaint("{'ExpressionAttributeNames':{'#" + longest + "':'n'}}"), "accepted");
    EXPECT_EQ(
        complaint("{'ExpressionAttributeNames':{'#" + longest + "-':'n'}}"),
        "ExpressionAttributeNames contains invalid key: The expression attribute map contains a "
        "key that is too long; size of key: 256"
    );
    EXPECT_EQ(
        complaint("{'ExpressionAttributeValues':{':" + longest + "a':{'S':'x'}}}"),
        "ExpressionAttributeValues contains invalid key: The expression attribute map contains a "
        "key that is too long;"
    );
}

TEST(ExpressionOperands, MayStandInParentheses) {
    EXPECT_EQ(judged("(n) = (:n)"), "true");
    EXPECT_EQ(judged("(n) BETWEEN (:one) AND (:six) AND (s) IN ((:s), (:x))"), "true");
    EXPECT_EQ(judged("((size(s)) = :n OR (n) = :six) AND t = :t"), "true");
    EXPECT_EQ(judged("contains((s), (:he))"), "true");
    EXPECT_EQ(judged("((n)) = :n"), kCondition + "The expression has redundant parentheses;");
    EXPECT_EQ(changed("SET a = ((:n))"), kUpdate + "The expression has redundant parentheses;");
    EXPECT_EQ(
        judged("(n) AND n = :n"), kCondition + "Syntax error; token: \")\", near: \"n) AND\""
    );
}

TEST(ExpressionOperands, DifferFromTheFirstOne) {
    const auto same = [](std::string_view name, std::string_view path) {
        return "The first operand must be distinct from the remaining operands for this operator "
               "or function; operator: " +
               std::string{name} + ", first operand: " + std::string{path};
    };
    EXPECT_EQ(judged("contains(s, s)"), kCondition + same("contains", "[s]"));
    EXPECT_EQ(judged("contains(m.a, #m.a)"), kCondition + same("contains", "[m, a]"));
    EXPECT_EQ(judged("begins_with(l[0], l[0])"), kCondition + same("begins_with", "[l, [0]]"));
    EXPECT_EQ(judged("attribute_type(s, s)"), kCondition + same("attribute_type", "[s]"));
    EXPECT_EQ(judged("n BETWEEN n AND :six"), kCondition + same("BETWEEN", "[n]"));
    EXPECT_EQ(judged("n BETWEEN :one AND n"), kCondition + same("BETWEEN", "[n]"));
    EXPECT_EQ(judged("n IN (:one, n)"), kCondition + same("IN", "[n]"));
    EXPECT_EQ(judged("n >= (n)"), kCondition + same(">=", "[n]"));
    EXPECT_EQ(changed("SET a = if_not_exists(a, a)"), kUpdate + same("if_not_exists", "[a]"));
    // Only the first: the others may be alike, and values are no paths.
    EXPECT_EQ(judged("n BETWEEN :n AND :n"), "true");
    EXPECT_EQ(judged("n IN (:n, :n)"), "true");
    EXPECT_EQ(judged("contains(l, m.a)"), "true");
}

TEST(ExpressionOperands, HaveTheTypeOfTheirFunction) {
    const auto wrong = [](std::string_view name, std::string_view type) {
        return "Incorrect operand type for operator or function; operator or function: " +
               std::string{name} + ", operand type: " + std::string{type};
    };
    EXPECT_EQ(judged("begins_with(size(s), :he)"), kCondition + wrong("begins_with", "N"));
    EXPECT_EQ(judged("size(size(s)) = :n"), kCondition + wrong("size", "N"));
    EXPECT_EQ(judged("attribute_type(s, size(s))"), kCondition + wrong("attribute_type", "N"));
    EXPECT_EQ(
        judged("attribute_type(:s, :type)"),
        kCondition +
            "Operator or function requires a document path; operator or function: attribute_type"
    );
}

TEST(SizeFunction, CountsWhatDynamoDbCounts) {
    const auto size_is = [](std::string_view json, int size) {
        Placeholders known = std::move(*Placeholders::read(
            boost::json::parse(
                "{\"ExpressionAttributeValues\":{\":n\":{\"N\":\"" + std::to_string(size) + "\"}}}"
            )
                .as_object(),
            true
        ));
        const auto condition =
            ExpressionParser{"ConditionExpression", "size(a) = :n", known}.condition();
        return holds(*condition, testing::item("{\"a\":" + std::string{json} + "}"));
    };
    // UTF-16 code units: a character beyond the basic plane counts twice.
    EXPECT_TRUE(size_is("{\"S\":\"\u00e9\U0001D11E\"}", 3));
    EXPECT_TRUE(size_is("{\"S\":\"\U0001F600\U0001F600\"}", 4));
    EXPECT_TRUE(size_is("{\"S\":\"\u20ac\u00e9a\"}", 3));
    EXPECT_TRUE(size_is("{\"S\":\"\"}", 0));
    EXPECT_TRUE(size_is("{\"B\":\"8J+YgA==\"}", 4));
    EXPECT_TRUE(size_is("{\"SS\":[\"\U0001F600\",\"b\"]}", 2));
}

TEST(ExpressionErrors, ComeInTheServicesOrder) {
    // What cannot be read, then reserved words and functions, then placeholders and types.
    EXPECT_EQ(
        judged("status = :n AND _a = :n"),
        kCondition + "Syntax error; token: \"_\", near: \"AND _a\""
    );
    EXPECT_EQ(
        judged("foo(n) AND n = "), kCondition + "Syntax error; token: \"<EOF>\", near: \"=\""
    );
    EXPECT_EQ(
        judged("n = :undefined AND status = :n"),
        kCondition + "Attribute name is a reserved keyword; reserved keyword: status"
    );
    EXPECT_EQ(judged("#u = :n AND foo(n)"), kCondition + "Invalid function name; function: foo");
    EXPECT_EQ(
        changed("SET a = :undefined, a = :n"),
        kUpdate +
            "Two document paths overlap with each other; must remove or rewrite one of these "
            "paths; path one: [a], path two: [a]"
    );
}

}  // namespace
}  // namespace farshore::lab::dynamo
