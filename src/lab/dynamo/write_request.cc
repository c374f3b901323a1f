#include "lab/dynamo/write_request.h"

#include <boost/json.hpp>

#include "lab/dynamo/expression_parser.h"
#include "lab/dynamo/legacy.h"
#include "lab/dynamo/value_json.h"

namespace farshore::lab::dynamo {
namespace {

// The condition and what goes with it.
std::optional<ServiceError> read_condition(
    const Object& request, Placeholders& placeholders, WriteRequest& write
) {
    const auto show =
        optional_word(request, "ReturnValuesOnConditionCheckFailure", {"NONE", "ALL_OLD"});
    if (!show) {
        return show.error();
    }
    write.show_item = *show == "ALL_OLD";
    auto condition = optional_condition(request, "ConditionExpression", placeholders);
    if (!condition) {
        return std::move(condition.error());
    }
    auto older = legacy_condition(request, "Expected");
    if (!older) {
        return std::move(older.error());
    }
    write.condition = *older ? std::move(*older) : std::move(*condition);
    return std::nullopt;
}

std::optional<ServiceError> read_update_actions(
    const Object& request, Placeholders& placeholders, WriteRequest& write
) {
    const auto text = optional_text(request, "UpdateExpression");
    if (!text) {
        return text.error();
    }
    auto older = legacy_update(request);
    if (!older) {
        return std::move(older.error());
    }
    write.update = std::move(*older).value_or(UpdateExpression{});
    if (!*text) {
        return std::nullopt;
    }
    Answer<UpdateExpression> parsed =
        ExpressionParser{"UpdateExpression", **text, placeholders}.update();
    if (!parsed) {
        return std::move(parsed.error());
    }
    write.update = std::move(*parsed);
    return std::nullopt;
}

Answer<WriteRequest> read_write(const Object& request, WriteRequest::Kind kind) {
    Answer<std::string> table = required_table_name(request);
    if (!table) {
        return std::unexpected(std::move(table.error()));
    }
    if (auto mixed = check_not_mixed(request)) {
        return std::unexpected(std::move(*mixed));
    }
    const bool update = kind == WriteRequest::Kind::update;
    const bool expressions = has_any(request, {"ConditionExpression"}) ||
                             (update && has_any(request, {"UpdateExpression"}));
    Answer<Placeholders> placeholders = Placeholders::read(request, expressions);
    if (!placeholders) {
        return std::unexpected(std::move(placeholders.error()));
    }
    WriteRequest write{.kind = kind, .table = std::move(*table), .item = {}, .update = {}};
    auto error = read_condition(request, *placeholders, write);
    if (!error && update) {
        error = read_update_actions(request, *placeholders, write);
    }
    if (!error) {
        error = placeholders->unused();
    }
    if (error) {
        return std::unexpected(std::move(*error));
    }
    return write;
}

Answer<WriteRequest> read_keyed(const Object& request, WriteRequest::Kind kind) {
    Answer<WriteRequest> write = read_write(request, kind);
    if (!write) {
        return write;
    }
    Answer<Item> key = given_key(request);
    if (!key) {
        return std::unexpected(std::move(key.error()));
    }
    write->item = std::move(*key);
    return write;
}

}  // namespace

Answer<Item> given_key(const Object& request) {
    const Json* json = member(request, "Key");
    if (json == nullptr) {
        return std::unexpected(must_not_be_null("Key"));
    }
    return parse_item(*json);
}

Answer<WriteRequest> read_put(const Object& request) {
    Answer<WriteRequest> write = read_write(request, WriteRequest::Kind::put);
    if (!write) {
        return write;
    }
    const Json* json = member(request, "Item");
    if (json == nullptr) {
        return std::unexpected(must_not_be_null("Item"));
    }
    Answer<Item> item = parse_item(*json);
    if (!item) {
        return std::unexpected(std::move(item.error()));
    }
    if (stored_size(*item) > kItemBytesMax) {
        return invalid("Item size has exceeded the maximum allowed size");
    }
    write->item = std::move(*item);
    return write;
}

Answer<WriteRequest> read_update(const Object& request) {
    return read_keyed(request, WriteRequest::Kind::update);
}

Answer<WriteRequest> read_delete(const Object& request) {
    return read_keyed(request, WriteRequest::Kind::remove);
}

Answer<WriteRequest> read_check(const Object& request) {
    if (member(request, "ConditionExpression") == nullptr) {
        return std::unexpected(must_not_be_null("ConditionExpression"));
    }
    return read_keyed(request, WriteRequest::Kind::check);
}

}  // namespace farshore::lab::dynamo
