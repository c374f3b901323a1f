// modules: lab/dynamo
//
// DynamoDB's expressions: whatever the text, parsing ends with a value or a complaint, and a value
// can be applied to an item without harm. The first byte, '0' to '4', chooses
// the kind of expression.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <boost/json.hpp>

#include "lab/dynamo/evaluate.h"
#include "lab/dynamo/expression_parser.h"
#include "lab/dynamo/item_digest.h"
#include "lab/dynamo/key_condition.h"
#include "lab/dynamo/value_json.h"

namespace {

namespace dynamo = farshore::lab::dynamo;

const dynamo::Placeholders& known_placeholders() {
    static const dynamo::Placeholders placeholders = *dynamo::Placeholders::read(
        boost::json::parse(
            R"({"ExpressionAttributeNames":{"#a":"a","#m":"m"},"ExpressionAttributeValues":{":n":{"N":"1"},)"
            R"(":s":{"S":"x"},":l":{"L":[{"N":"2"}]},":ss":{"SS":["x"]},":ns":{"NS":["1"]},":b":{"B":"AA=="},)"
            R"(":m":{"M":{"a":{"S":"y"}}},":t":{"BOOL":true},":z":{"NULL":true}}})"
        )
            .as_object(),
        true
    );
    return placeholders;
}

const dynamo::Item& some_item() {
    static const dynamo::Item item = *dynamo::parse_item(boost::json::parse(
        R"({"id":{"S":"k"},"a":{"N":"5"},"s":{"S":"xyz"},"l":{"L":[{"N":"1"},{"M":{"a":{"L":[]}}}]},)"
        R"("m":{"M":{"a":{"M":{"b":{"N":"9E+125"}}}}},"ss":{"SS":["x","y"]},"ns":{"NS":["1","2"]},"b":{"B":"AA=="}})"
    ));
    return item;
}

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void fuzz_condition(std::string_view text) {
    dynamo::Placeholders placeholders = known_placeholders();
    const auto condition =
        dynamo::ExpressionParser{"ConditionExpression", text, placeholders}.condition();
    if (!condition) {
        require(!condition.error().message.empty());
        return;
    }
    const dynamo::Condition negated{
        .kind = dynamo::Condition::Kind::negation, .children = {*condition}
    };
    require(dynamo::holds(*condition, some_item()) != dynamo::holds(negated, some_item()));
    const dynamo::KeySchema schema{
        .hash = {.name = "id", .type = "S"}, .range = dynamo::KeyAttribute{.name = "a", .type = "N"}
    };
    (void)dynamo::key_range(schema, *condition);
}

void fuzz_update(std::string_view text) {
    dynamo::Placeholders placeholders = known_placeholders();
    const auto update = dynamo::ExpressionParser{"UpdateExpression", text, placeholders}.update();
    if (!update) {
        require(!update.error().message.empty());
        return;
    }
    const auto after = dynamo::updated(*update, some_item());
    if (after) {
        // What was written can be stored and read back.
        require(dynamo::item_from_stored(dynamo::stored_text(*after)) == *after);
    }
}

void fuzz_projection(std::string_view text) {
    dynamo::Placeholders placeholders = known_placeholders();
    const auto paths =
        dynamo::ExpressionParser{"ProjectionExpression", text, placeholders}.projection();
    if (paths) {
        const dynamo::Item once = dynamo::projected(*paths, some_item());
        require(dynamo::stored_size(once) <= dynamo::stored_size(some_item()));
    }
}

void fuzz_number(std::string_view text) {
    const auto number = dynamo::Decimal::parse(text);
    if (!number) {
        return;
    }
    require(dynamo::Decimal::parse(number->text()) == *number);
    require(dynamo::Decimal::parse(number->canonical()) == *number);
    const auto nothing = number->plus(number->negated());
    require(nothing.has_value() && nothing->is_zero());
    const dynamo::Decimal one = dynamo::Decimal::from_integer(1);
    require((*number <=> one) == (number->ordered_bytes() <=> one.ordered_bytes()));
}

void fuzz_value(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = 128;
    boost::json::error_code error;
    const boost::json::value json = boost::json::parse(text, error, {}, options);
    if (error) {
        return;
    }
    const auto item = dynamo::parse_item(json);
    if (item) {
        require(dynamo::item_from_stored(dynamo::stored_text(*item)) == *item);
        require(dynamo::item_digest(*item).size() == 64);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view text{reinterpret_cast<const char*>(data + 1), size - 1};
    switch ((data[0] + 2) % 5) {  // '0' gives 0
        case 0: fuzz_condition(text); break;
        case 1: fuzz_update(text); break;
        case 2: fuzz_projection(text); break;
        case 3: fuzz_number(text); break;
        default: fuzz_value(text); break;
    }
    return 0;
}
