#include "lab/dynamo/value.h"

#include <fstream>
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "lab/dynamo/decimal.h"
#include "lab/dynamo/item_digest.h"
#include "lab/dynamo/value_json.h"

namespace farshore::lab::dynamo {
namespace {

Decimal decimal(std::string_view text) {
    const auto parsed = Decimal::parse(text);
    EXPECT_TRUE(parsed.has_value()) << text;
    return parsed.value_or(Decimal{});
}

boost::json::value parsed(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = 128;
    return boost::json::parse(text, {}, options);
}

std::string complaint(std::string_view text) {
    const auto value = parse_value(parsed(text));
    return value ? "accepted" : value.error().message;
}

TEST(Decimal, HasOneFormPerValue) {
    for (const auto* text : {"100", "1e2", "+0100.00", "1E+2", "0.1e3"}) {
        EXPECT_EQ(decimal(text).text(), "100") << text;
        EXPECT_EQ(decimal(text).canonical(), "1E+2") << text;
    }
    for (const auto* text : {"0", "-0", "0.000", "0e99", "0E-500", "00", ".0", "0."}) {
        EXPECT_EQ(decimal(text).text(), "0") << text;
    }
    EXPECT_EQ(decimal("-123.450").text(), "-123.45");
    EXPECT_EQ(decimal("-.05").text(), "-0.05");
    EXPECT_EQ(decimal("5E-10").text(), "0.0000000005");
}

TEST(Decimal, KnowsItsLimits) {
    EXPECT_EQ(Decimal::parse("1E126").error(), DecimalFault::overflow);
    EXPECT_EQ(Decimal::parse("1E999999999999999999999").error(), DecimalFault::overflow);
    EXPECT_EQ(Decimal::parse("1E-131").error(), DecimalFault::underflow);
    EXPECT_TRUE(Decimal::parse("1E-130").has_value());
    EXPECT_TRUE(Decimal::parse("9.9999999999999999999999999999999999999E+125").has_value());
    EXPECT_EQ(
        Decimal::parse("123456789012345678901234567890123456789").error(),
        DecimalFault::too_many_digits
    );
    for (const auto* text :
         {"", "+", "-", ".", "1e", "1e+", "1 ", " 1", "abc", "1.2.3", "0x1", "NaN", "Infinity"}) {
        EXPECT_EQ(Decimal::parse(text).error(), DecimalFault::not_a_number) << text;
    }
}

TEST(Decimal, SortsAsNumbersAndAsBytes) {
    const std::vector<std::string> ascending{
        "-9.9E+125", "-1000",   "-999.5", "-10",  "-9",
        "-1.5",      "-1.25",   "-1.2",   "-1",   "-0.5",
        "-1E-130",   "0",       "1E-130", "0.05", "0.5",
        "1",         "1.2",     "1.25",   "1.5",  "2",
        "9",         "10",      "99",     "100",  "100.00000000000000000000000000000000001",
        "1E+100",    "9.9E+125"
    };
    for (std::size_t i = 0; i < ascending.size(); ++i) {
        for (std::size_t k = 0; k < ascending.size(); ++k) {
            const Decimal a = decimal(ascending[i]);
            const Decimal b = decimal(ascending[k]);
            EXPECT_EQ(a <=> b, i <=> k) << ascending[i] << " " << ascending[k];
            EXPECT_EQ(a.ordered_bytes() < b.ordered_bytes(), i < k)
                << ascending[i] << " " << ascending[k];
            EXPECT_EQ(a == b, i == k);
        }
    }
}

TEST(Decimal, AddsExactly) {
    const auto sum = [](const char* a, const char* b) {
        return decimal(a).plus(decimal(b))->text();
    };
    EXPECT_EQ(sum("0.1", "0.2"), "0.3");
    EXPECT_EQ(
        sum("99999999999999999999999999999999999999", "1"),
        "100000000000000000000000000000000000000"
    );
    EXPECT_EQ(sum("5", "-5"), "0");
    EXPECT_EQ(sum("-5", "3"), "-2");
    EXPECT_EQ(sum("5", "-7.5"), "-2.5");
    EXPECT_EQ(sum("-1", "-1"), "-2");
    EXPECT_EQ(sum("0", "-1"), "-1");
    EXPECT_EQ(sum("1E+20", "1"), "100000000000000000001");
    EXPECT_EQ(decimal("1E+100").plus(decimal("1")).error(), DecimalFault::too_many_digits);
    EXPECT_EQ(
        decimal("9.9999999999999999999999999999999999999E+125")
            .plus(decimal("9.9999999999999999999999999999999999999E+125"))
            .error(),
        DecimalFault::overflow
    );
}

TEST(ValueJson, ComplainsAsDynamoDbDoes) {
    EXPECT_EQ(
        complaint("{}"),
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
    );
    EXPECT_EQ(
        complaint(R"({"S":"a","N":"1"})"),
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
        "supported "
        "datatypes"
    );
    EXPECT_EQ(complaint(R"({"N":"a"})"), "The parameter cannot be converted to a numeric value: a");
    EXPECT_EQ(
        complaint(R"({"SS":["a","b","a"]})"),
        "One or more parameter values were invalid: Input collection [a, b, a] contains duplicates."
    );
    EXPECT_EQ(
        complaint(R"({"SS":[]})"),
        "One or more parameter values were invalid: An string set  may not be empty"
    );
    EXPECT_EQ(
        complaint(R"({"NULL":false})"),
        "One or more parameter values were invalid: Null attribute value types must have the value "
        "of true"
    );
    EXPECT_EQ(complaint(R"({"S":1})"), "NUMBER_VALUE cannot be converted to String");
    EXPECT_EQ(
        complaint(R"({"NS":["1","1.0"]})"),
        "One or more parameter values were invalid: Input collection [1, 1.0] contains duplicates."
    );
}

TEST(ValueJson, BoundsTheDepth) {
    std::string deep = R"({"S":"x"})";
    for (int i = 0; i < 31; ++i) {
        deep = R"({"L":[)" + deep + "]}";
    }
    EXPECT_EQ(complaint(deep), "accepted");
    EXPECT_EQ(
        complaint(R"({"L":[)" + deep + "]}"),
        "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels "
        "beyond supported limit"
    );
}

TEST(ValueJson, KeepsItemsThroughTheStore) {
    const auto item = parse_item(parsed(
        R"({"s":{"S":"x"},"n":{"N":"1e2"},"b":{"B":"AP8="},"t":{"BOOL":true},"z":{"NULL":true},)"
        R"("m":{"M":{"l":{"L":[{"N":"1"},{"SS":["b","a"]},{"NS":["2"]},{"BS":["AA=="]}]}}}})"
    ));
    ASSERT_TRUE(item.has_value());
    EXPECT_EQ(item_from_stored(stored_text(*item)), *item);
}

// A file may be damaged, or of another version: that is an answer, not the end of the lab.
TEST(ValueJson, WhatTheStoreGivesBackDamagedIsAnError) {
    Value deep{std::string{"x"}};
    for (int i = 0; i < 40; ++i) {
        deep = Value{List{deep}};
    }
    for (const std::string& text :
         {std::string{},
          std::string{"{\"id\":{\"S\":\"x\""},
          std::string{"[]"},
          std::string{R"({"id":{"S":1}})"},
          stored_text(Item{{"id", Value{std::string{"x"}}}, {"deep", deep}})}) {
        const auto item = item_from_stored(text);
        ASSERT_FALSE(item) << text;
        EXPECT_EQ(item.error().kind, ErrorKind::malformed);
    }
}

TEST(Value, CountsBytesAsDynamoDbDoes) {
    const auto size = [](const char* text) {
        return stored_size(*parse_item(parsed(text)));
    };
    EXPECT_EQ(size(R"({"id":{"S":"abc"}})"), 5U);
    EXPECT_EQ(size(R"({"é":{"S":"é"}})"), 4U);
    EXPECT_EQ(size(R"({"b":{"B":"AP8="}})"), 3U);
    EXPECT_EQ(size(R"({"t":{"BOOL":true},"n":{"NULL":true}})"), 4U);
    EXPECT_EQ(size(R"({"n":{"N":"1234"}})"), 4U);
    EXPECT_EQ(size(R"({"l":{"L":[]}})"), 4U);
    EXPECT_EQ(size(R"({"s":{"SS":["ab","c"]}})"), 4U);
}

class DigestVectors : public testing::Test {
  protected:
    DigestVectors() {
        std::ifstream file{FARSHORE_SOURCE_DIR "/test/data/item_digest.json"};
        std::stringstream text;
        text << file.rdbuf();
        vectors_ = parsed(text.str());
    }

    boost::json::value vectors_;
};

TEST_F(DigestVectors, GiveTheSameTextAndHash) {
    const auto& cases = vectors_.at("cases").as_array();
    ASSERT_GE(cases.size(), 10U);
    for (const auto& each : cases) {
        const auto item = parse_item(each.at("item"));
        ASSERT_TRUE(item.has_value()) << each.at("name") << item.error().message;
        EXPECT_EQ(canonical_text(*item), each.at("canonical").as_string()) << each.at("name");
        EXPECT_EQ(item_digest(*item), each.at("sha256").as_string()) << each.at("name");
        EXPECT_EQ(
            canonical_text(*item_from_stored(stored_text(*item))), each.at("canonical").as_string()
        );
    }
}

TEST_F(DigestVectors, TellEqualFromDifferent) {
    for (const auto& pair : vectors_.at("equal").as_array()) {
        EXPECT_EQ(item_digest(*parse_item(pair.at(0))), item_digest(*parse_item(pair.at(1))))
            << pair;
    }
    for (const auto& pair : vectors_.at("different").as_array()) {
        EXPECT_NE(item_digest(*parse_item(pair.at(0))), item_digest(*parse_item(pair.at(1))))
            << pair;
    }
}

}  // namespace
}  // namespace farshore::lab::dynamo
