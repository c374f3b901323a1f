#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "lab/dynamo/evaluate.h"
#include "lab/dynamo/expression_parser.h"
#include "lab/dynamo/item_digest.h"
#include "lab/dynamo/placeholders.h"
#include "lab/dynamo/value_json.h"

// One item and one set of placeholders that expressions are tried on.
namespace farshore::lab::dynamo::testing {

inline Item item(std::string_view text) {
    const auto read = parse_item(boost::json::parse(text));
    EXPECT_TRUE(read.has_value()) << text;
    return read.value_or(Item{});
}

// Single quotes stand for double ones: the tables below stay readable.
inline std::string quoted(std::string text) {
    std::ranges::replace(text, '\'', '"');
    return text;
}

inline const char* const kItem =
    "{'id':{'S':'k1'},'n':{'N':'5'},'s':{'S':'hello'},'b':{'B':'AP8='},'t':{'BOOL':true},'z':{'"
    "NULL':true},"
    "'ss':{'SS':['a','b']},'ns':{'NS':['1','2']},'l':{'L':[{'N':'1'},{'S':'x'},{'M':{'d':{'N':'7'}}"
    "}]},"
    "'m':{'M':{'a':{'N':'1'},'b':{'M':{'c':{'S':'deep'}}}}},'order':{'N':'3'}}";

inline const char* const kValues =
    "{'ExpressionAttributeValues':{':n':{'N':'5'},':six':{'N':'6'},':s':{'S':'hello'},':he':{'S':'"
    "he'},':x':{'S':'x'},"
    "':a':{'S':'a'},':t':{'BOOL':true},':type':{'S':'SS'},':one':{'N':'1'},':l':{'L':[{'S':'new'}]}"
    ","
    "':set':{'SS':['b','c']},':nset':{'NS':['2']},':b':{'B':'AA=='},':bad':{'S':'STRING'},':m':{'M'"
    ":{}}},"
    "'ExpressionAttributeNames':{'#o':'order','#m':'m','#dot':'a.b'}}";

inline Placeholders placeholders() {
    auto read = Placeholders::read(boost::json::parse(quoted(kValues)).as_object(), true);
    EXPECT_TRUE(read.has_value()) << read.error().message;
    return std::move(*read);
}

// "true", "false" or the complaint.
inline std::string judged(std::string_view text) {
    Placeholders known = placeholders();
    const auto condition = ExpressionParser{"ConditionExpression", text, known}.condition();
    if (!condition) {
        return condition.error().message;
    }
    return holds(*condition, item(quoted(kItem))) ? "true" : "false";
}

// The item's canonical text afterwards, or the complaint.
inline std::string changed(
    std::string_view text, std::string_view before = "{'id':{'S':'k'},'n':{'N':'5'}}"
) {
    Placeholders known = placeholders();
    const auto update = ExpressionParser{"UpdateExpression", text, known}.update();
    if (!update) {
        return update.error().message;
    }
    const auto after = updated(*update, item(quoted(std::string{before})));
    if (!after) {
        return after.error().message;
    }
    std::string out = canonical_text(*after);
    std::ranges::replace(out, '"', '\'');
    return out;
}

}  // namespace farshore::lab::dynamo::testing
