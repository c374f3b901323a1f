#include "lab/dynamo/expression_test_item.h"

namespace farshore::lab::dynamo {
namespace {

using testing::changed;
using testing::item;
using testing::judged;
using testing::kItem;
using testing::placeholders;
using testing::quoted;

TEST(ConditionExpression, ParenthesesGroupAndDoNothingElse) {
    for (const char* text :
         {"(n = :n)",
          "(n = :n) AND (s = :s)",
          "((n = :n) AND (s = :s))",
          "NOT (NOT (n = :n))",
          "(NOT (n = :six))",
          "((n = :n OR n = :six) AND s = :s)"}) {
        EXPECT_EQ(judged(text), "true") << text;
    }
    for (const char* text :
         {"((n = :n))",
          "(((n = :n)))",
          "s = :s AND ((n = :n OR n = :six))",
          "((attribute_exists(n)))",
          "NOT ((n = :six))"}) {
        EXPECT_EQ(
            judged(text), "Invalid ConditionExpression: The expression has redundant parentheses;"
        ) << text;
    }
}

TEST(ConditionExpression, InTakesAHundredChoices) {
    const auto choices = [](int count) {
        std::string text = "n IN (:n";
        for (int i = 1; i < count; ++i) {
            text += ", :six";
        }
        return text + ")";
    };
    EXPECT_EQ(judged(choices(100)), "true");
    EXPECT_EQ(
        judged(choices(101)),
        "Invalid ConditionExpression: The IN operator is provided with too many operands; number "
        "of operands: 101"
    );
}

TEST(ConditionExpression, Holds) {
    for (const char* text : {
             "n = :n",
             "n <> :six",
             "n < :six AND n <= :n AND n >= :n",
             ":six > n",
             "n between :one and :six",
             "n IN (:six, :s, :n)",
             "attribute_exists(n)",
             "attribute_exists(m.b.c) and attribute_exists(l[2].d)",
             "attribute_not_exists(nope) AND attribute_not_exists(m.nope) AND "
             "attribute_not_exists(l[9])",
             "attribute_type(ss, :type)",
             "begins_with(s, :he)",
             "contains(s, :he) AND contains(ss, :a) AND contains(l, :x)",
             "size(s) = :n",
             "size(ss) < :n AND size(l) < :n AND size(m) < :n",
             "NOT n = :six",
             "NOT NOT n = :n",
             "n = :six OR s = :s AND t = :t",
             "(n = :six OR s = :s) AND t = :t",
             "#o < :n",
             "#m.a = :one",
             "l[0] = m.a",
             "nope <> :n",
         }) {
        EXPECT_EQ(judged(text), "true") << text;
    }
}

TEST(ConditionExpression, DoesNotHold) {
    for (const char* text : {
             "n = :six",
             "n = :s",
             "n < :s",
             "nope = :n",
             "nope < :n",
             "attribute_not_exists(n)",
             "attribute_type(n, :type)",
             "begins_with(n, :he)",
             "contains(n, :a)",
             "size(n) = :n",
             "n = :six AND s = :s OR n = :six",
             "NOT (n = :n OR n = :six)",
             "n IN (:six)",
         }) {
        EXPECT_EQ(judged(text), "false") << text;
    }
}

TEST(ConditionExpression, ComplainsAsDynamoDbDoes) {
    const std::string invalid = "Invalid ConditionExpression: ";
    EXPECT_EQ(judged(""), invalid + "The expression can not be empty;");
    EXPECT_EQ(judged("n = "), invalid + "Syntax error; token: \"<EOF>\", near: \"=\"");
    EXPECT_EQ(judged("n = :n :n"), invalid + "Syntax error; token: \":n\", near: \":n :n\"");
    EXPECT_EQ(judged("n ! :n"), invalid + "Syntax error; token: \"!\", near: \"n ! :n\"");
    EXPECT_EQ(
        judged("n = :undefined"),
        invalid +
            "An expression attribute value used in expression is not defined; attribute value: "
            ":undefined"
    );
    EXPECT_EQ(
        judged("#u = :n"),
        invalid +
            "An expression attribute name used in the document path is not defined; attribute "
            "name: #u"
    );
    EXPECT_EQ(
        judged("order = :n"),
        invalid + "Attribute name is a reserved keyword; reserved keyword: order"
    );
    EXPECT_EQ(
        judged("n < :t"),
        invalid +
            "Incorrect operand type for operator or function; operator or function: <, operand "
            "type: BOOL"
    );
    EXPECT_EQ(judged("foo(n)"), invalid + "Invalid function name; function: foo");
    EXPECT_EQ(
        judged("begins_with(n)"),
        invalid +
            "Incorrect number of operands for operator or function; operator or function: "
            "begins_with, number "
            "of operands: 1"
    );
    EXPECT_EQ(
        judged("size(n)"),
        invalid + "The function is not allowed to be used this way in an expression; function: size"
    );
    EXPECT_EQ(
        judged("attribute_exists(:n)"),
        invalid +
            "Operator or function requires a document path; operator or function: attribute_exists"
    );
    EXPECT_EQ(
        judged("attribute_type(n, :bad)"),
        invalid +
            "Invalid attribute type name found; type: STRING, valid types: "
            "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
    );
    EXPECT_EQ(
        judged("n BETWEEN :six AND :one"),
        invalid +
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
            "lower bound "
            "operand: AttributeValue: {N:6}, upper bound operand: AttributeValue: {N:1}"
    );
    EXPECT_EQ(
        judged("n = n"),
        invalid +
            "The first operand must be distinct from the remaining operands for this operator or "
            "function; "
            "operator: =, first operand: [n]"
    );
}

TEST(ConditionExpression, NamesSyntaxErrorsBeforeUndefinedPlaceholders) {
    EXPECT_EQ(
        judged("n = :undefined AND"),
        "Invalid ConditionExpression: Syntax error; token: \"<EOF>\", near: \"AND\""
    );
}

TEST(ConditionExpression, IsBounded) {
    EXPECT_NE(
        judged(std::string(5000, 'a')).find("exceeded the maximum allowed size"), std::string::npos
    );
    EXPECT_NE(
        judged(std::string(2000, '(') + "n=:n" + std::string(2000, ')')).find("nested"),
        std::string::npos
    );
    std::string many = "n=:n";
    for (int i = 0; i < 200; ++i) {
        many += " OR n=:n";
    }
    EXPECT_NE(judged(many).find("too many operators"), std::string::npos);
}

TEST(UpdateExpression, Changes) {
    EXPECT_EQ(changed("SET a = :n"), "{'a':{'N':'5E+0'},'id':{'S':'k'},'n':{'N':'5E+0'}}");
    EXPECT_EQ(changed("SET n = n + :one"), "{'id':{'S':'k'},'n':{'N':'6E+0'}}");
    EXPECT_EQ(changed("SET n = :one - n"), "{'id':{'S':'k'},'n':{'N':'-4E+0'}}");
    EXPECT_EQ(
        changed("SET c = if_not_exists(c, :one) + :n"),
        "{'c':{'N':'6E+0'},'id':{'S':'k'},'n':{'N':'5E+0'}}"
    );
    EXPECT_EQ(changed("SET n = if_not_exists(n, :one)"), "{'id':{'S':'k'},'n':{'N':'5E+0'}}");
    EXPECT_EQ(
        changed("SET l = list_append(if_not_exists(l, :l), :l)", "{'l':{'L':[{'S':'old'}]}}"),
        "{'l':{'L':[{'S':'old'},{'S':'new'}]}}"
    );
    EXPECT_EQ(changed("REMOVE n, nope"), "{'id':{'S':'k'}}");
    EXPECT_EQ(changed("ADD n :one, c :six"), "{'c':{'N':'6E+0'},'id':{'S':'k'},'n':{'N':'6E+0'}}");
    EXPECT_EQ(changed("ADD ss :set", "{'ss':{'SS':['a','b']}}"), "{'ss':{'SS':['a','b','c']}}");
    EXPECT_EQ(changed("DELETE ss :set", "{'ss':{'SS':['a','b']}}"), "{'ss':{'SS':['a']}}");
    EXPECT_EQ(changed("DELETE ss :set", "{'ss':{'SS':['b']}}"), "{}");
    EXPECT_EQ(
        changed("set a = :n remove n add c :one"),
        "{'a':{'N':'5E+0'},'c':{'N':'1E+0'},'id':{'S':'k'}}"
    );
}

TEST(UpdateExpression, SeesTheItemAsItWas) {
    EXPECT_EQ(changed("SET a = n, n = :one"), "{'a':{'N':'5E+0'},'id':{'S':'k'},'n':{'N':'1E+0'}}");
    EXPECT_EQ(changed("SET a = n REMOVE n"), "{'a':{'N':'5E+0'},'id':{'S':'k'}}");
}

TEST(UpdateExpression, ReachesIntoDocuments) {
    const char* nested = "{'m':{'M':{'a':{'N':'1'}}},'l':{'L':[{'S':'0'},{'S':'1'},{'S':'2'}]}}";
    EXPECT_EQ(
        changed("SET m.b = :x, l[1] = :x", nested),
        "{'l':{'L':[{'S':'0'},{'S':'x'},{'S':'2'}]},'m':{'M':{'a':{'N':'1E+0'},'b':{'S':'x'}}}}"
    );
    EXPECT_EQ(
        changed("SET l[9] = :x, l[7] = :a", nested),
        "{'l':{'L':[{'S':'0'},{'S':'1'},{'S':'2'},{'S':'a'},{'S':'x'}]},'m':{'M':{'a':{'N':'1E+0'}}"
        "}}"
    );
    EXPECT_EQ(changed("REMOVE l[0], l[1], m.a", nested), "{'l':{'L':[{'S':'2'}]},'m':{'M':{}}}");
    EXPECT_EQ(changed("SET #dot = :x", "{}"), "{'a.b':{'S':'x'}}");
}

TEST(UpdateExpression, ComplainsAsDynamoDbDoes) {
    const std::string invalid = "Invalid UpdateExpression: ";
    EXPECT_EQ(
        changed("SET a = nope"),
        "The provided expression refers to an attribute that does not exist in the item"
    );
    EXPECT_EQ(
        changed("SET a.b = :n"),
        "The document path provided in the update expression is invalid for update"
    );
    EXPECT_EQ(
        changed("SET id = id + :n"),
        "An operand in the update expression has an incorrect data type"
    );
    EXPECT_EQ(
        changed("ADD id :one"), "An operand in the update expression has an incorrect data type"
    );
    EXPECT_EQ(
        changed("SET a = :s + :n"),
        invalid +
            "Incorrect operand type for operator or function; operator or function: +, operand "
            "type: S"
    );
    EXPECT_EQ(
        changed("ADD a :s"),
        invalid +
            "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, "
            "typeSet: "
            "ALLOWED_FOR_ADD_OPERAND"
    );
    EXPECT_EQ(
        changed("SET a = :n SET b = :n"),
        invalid + "The \"SET\" section can only be used once in an update expression;"
    );
    EXPECT_EQ(
        changed("SET a = :n, a.b = :n"),
        invalid +
            "Two document paths overlap with each other; must remove or rewrite one of these "
            "paths; path one: "
            "[a], path two: [a, b]"
    );
    EXPECT_EQ(
        changed("SET a.b = :n, a[1] = :n"),
        invalid +
            "Two document paths conflict with each other; must remove or rewrite one of these "
            "paths; path one: "
            "[a, b], path two: [a, [1]]"
    );
    EXPECT_EQ(changed("a = :n"), invalid + "Syntax error; token: \"a\", near: \"a =\"");
    EXPECT_EQ(
        changed("SET a = attribute_exists(n)"),
        invalid + "The function is not allowed in an update expression; function: attribute_exists"
    );
}

TEST(ProjectionExpression, KeepsTheShape) {
    Placeholders known = placeholders();
    const auto project = [&known](std::string_view text) {
        const auto paths = ExpressionParser{"ProjectionExpression", text, known}.projection();
        if (!paths) {
            return paths.error().message;
        }
        std::string out = canonical_text(projected(*paths, item(quoted(kItem))));
        std::ranges::replace(out, '"', '\'');
        return out;
    };
    EXPECT_EQ(project("id, m.b.c"), "{'id':{'S':'k1'},'m':{'M':{'b':{'M':{'c':{'S':'deep'}}}}}}");
    EXPECT_EQ(project("l[2].d, l[0]"), "{'l':{'L':[{'N':'1E+0'},{'M':{'d':{'N':'7E+0'}}}]}}");
    EXPECT_EQ(project("nope, m.nope, l[9], s.x"), "{}");
    EXPECT_EQ(project("#o"), "{'order':{'N':'3E+0'}}");
    EXPECT_EQ(
        project("m, m.a"),
        "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or "
        "rewrite one of these "
        "paths; path one: [m], path two: [m, a]"
    );
}

TEST(Placeholders, MustAllBeUsed) {
    Placeholders known = placeholders();
    const auto condition = ExpressionParser{"ConditionExpression", "n = :n", known}.condition();
    ASSERT_TRUE(condition.has_value());
    EXPECT_EQ(
        known.unused()->message,
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#dot, #m, #o}"
    );
}

TEST(Placeholders, MustBeWellFormed) {
    const auto complaint = [](std::string text, bool expressions) {
        const auto read = Placeholders::read(
            boost::json::parse(quoted(std::move(text))).as_object(), expressions
        );
        return read ? std::string{"accepted"} : read.error().message;
    };
    EXPECT_EQ(
        complaint("{'ExpressionAttributeValues':{':a':{'S':'x'}}}", false),
        "ExpressionAttributeValues can only be specified when using expressions"
    );
    EXPECT_EQ(
        complaint("{'ExpressionAttributeValues':{}}", true),
        "ExpressionAttributeValues must not be empty"
    );
    EXPECT_EQ(
        complaint("{'ExpressionAttributeNames':{'a':'x'}}", true),
        "ExpressionAttributeNames contains invalid key: Syntax error; key: \"a\""
    );
    EXPECT_EQ(
        complaint("{'ExpressionAttributeValues':{':a':{'N':'x'}}}", true),
        "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a "
        "numeric value: x for "
        "key :a"
    );
}

}  // namespace
}  // namespace farshore::lab::dynamo
