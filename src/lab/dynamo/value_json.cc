#include "lab/dynamo/value_json.h"

#include <boost/json.hpp>

#include "base/text.h"

namespace farshore::lab::dynamo {
namespace {

namespace json = boost::json;

constexpr std::string_view kInvalid = "One or more parameter values were invalid: ";

std::string_view json_kind(const json::value& value) {
    switch (value.kind()) {
        case json::kind::bool_: return value.get_bool() ? "TRUE_VALUE" : "FALSE_VALUE";
        case json::kind::int64:
        case json::kind::uint64: return "NUMBER_VALUE";
        case json::kind::double_: return "DECIMAL_VALUE";
        case json::kind::null:
        case json::kind::string:
        case json::kind::array:
        case json::kind::object: break;
    }
    return "STRING_VALUE";
}

ServiceError wrong_kind(const json::value& value, std::string_view wanted) {
    if (value.is_object() || value.is_array()) {
        return serialization(
            value.is_object() ? "Start of structure or map found where not expected."
                              : "Unrecognized collection type class java.lang.String"
        );
    }
    return serialization(
        std::string{json_kind(value)} + " cannot be converted to " + std::string{wanted}
    );
}

Answer<std::string> string_from(const json::value& value) {
    if (!value.is_string()) {
        return std::unexpected(wrong_kind(value, "String"));
    }
    return std::string{value.get_string()};
}

Answer<Decimal> number_from(const json::value& value) {
    if (!value.is_string()) {
        return std::unexpected(wrong_kind(value, "String"));
    }
    const std::string_view text = value.get_string();
    const auto number = Decimal::parse(text);
    if (number) {
        return *number;
    }
    switch (number.error()) {
        case DecimalFault::not_a_number:
            return invalid(
                text.empty()
                    ? "The parameter cannot be converted to a numeric value"
                    : "The parameter cannot be converted to a numeric value: " + std::string{text}
            );
        case DecimalFault::too_many_digits:
            return invalid("Attempting to store more than 38 significant digits in a Number");
        case DecimalFault::overflow:
            return invalid(
                "Number overflow. Attempting to store a number with magnitude larger than "
                "supported range"
            );
        case DecimalFault::underflow:
            return invalid(
                "Number underflow. Attempting to store a number with magnitude smaller than "
                "supported range"
            );
    }
    std::unreachable();
}

Answer<Binary> binary_from(const json::value& value) {
    if (!value.is_string()) {
        return std::unexpected(wrong_kind(value, "Blob"));
    }
    std::optional<std::string> bytes = from_base64(value.get_string());
    if (!bytes) {
        return std::unexpected(
            serialization("Invalid length for a base-64 char array or illegal character")
        );
    }
    return Binary{std::move(*bytes)};
}

template <class T, class Read>
Answer<Value> set_from(const json::value& value, Read read, std::string_view empty_complaint) {
    if (!value.is_array()) {
        return std::unexpected(serialization("Unexpected field type"));
    }
    if (value.get_array().empty()) {
        return invalid(std::string{kInvalid} + std::string{empty_complaint});
    }
    std::set<T> set;
    for (const json::value& element : value.get_array()) {
        Answer<T> read_one = read(element);
        if (!read_one) {
            return std::unexpected(std::move(read_one.error()));
        }
        if (!set.insert(std::move(*read_one)).second) {
            std::string all;
            for (const json::value& each : value.get_array()) {
                all += all.empty() ? "" : ", ";
                all += each.is_string() ? std::string_view{each.get_string()} : std::string_view{};
            }
            return invalid(
                std::string{kInvalid} + "Input collection [" + all + "] contains duplicates."
            );
        }
    }
    return Value{std::move(set)};
}

Answer<Value> read_value(const json::value& value, std::size_t depth);

Answer<Map> read_map(const json::value& value, std::size_t depth) {
    if (!value.is_object()) {
        return std::unexpected(wrong_kind(value, "Map"));
    }
    Map map;
    for (const auto& [name, element] : value.get_object()) {
        if (auto error = check_attribute_name(name)) {
            return std::unexpected(std::move(*error));
        }
        Answer<Value> read = read_value(element, depth);
        if (!read) {
            return std::unexpected(std::move(read.error()));
        }
        map.emplace(std::string{name}, std::move(*read));
    }
    return map;
}

Answer<List> read_list(const json::value& value, std::size_t depth) {
    if (!value.is_array()) {
        return std::unexpected(serialization("Unexpected field type"));
    }
    List list;
    list.reserve(value.get_array().size());
    for (const json::value& element : value.get_array()) {
        Answer<Value> read = read_value(element, depth);
        if (!read) {
            return std::unexpected(std::move(read.error()));
        }
        list.push_back(std::move(*read));
    }
    return list;
}

template <class T>
Answer<Value> wrapped(Answer<T> read) {
    if (!read) {
        return std::unexpected(std::move(read.error()));
    }
    return Value{std::move(*read)};
}

Answer<Value> read_typed(std::string_view type, const json::value& value, std::size_t depth) {
    if (type == "S") {
        return wrapped(string_from(value));
    }
    if (type == "N") {
        return wrapped(number_from(value));
    }
    if (type == "B") {
        return wrapped(binary_from(value));
    }
    if (type == "BOOL") {
        return value.is_bool() ? Answer<Value>{Value{value.get_bool()}}
                               : std::unexpected(wrong_kind(value, "Boolean"));
    }
    if (type == "NULL") {
        if (!value.is_bool()) {
            return std::unexpected(wrong_kind(value, "Boolean"));
        }
        if (!value.get_bool()) {
            return invalid(
                std::string{kInvalid} + "Null attribute value types must have the value of true"
            );
        }
        return Value{Null{}};
    }
    if (type == "M") {
        return wrapped(read_map(value, depth + 1));
    }
    if (type == "L") {
        return wrapped(read_list(value, depth + 1));
    }
    if (type == "SS") {
        return set_from<std::string>(value, string_from, "An string set  may not be empty");
    }
    if (type == "NS") {
        return set_from<Decimal>(value, number_from, "An number set  may not be empty");
    }
    if (type == "BS") {
        return set_from<Binary>(value, binary_from, "Binary sets should not be empty");
    }
    return invalid(
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
    );
}

Answer<Value> read_value(const json::value& value, std::size_t depth) {
    if (!value.is_object()) {
        return std::unexpected(serialization("Unexpected value type in payload"));
    }
    if (depth > kNestingMax) {
        return std::unexpected(nested_too_deep());
    }
    const json::object& object = value.get_object();
    if (object.empty()) {
        return invalid(
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
        );
    }
    if (object.size() > 1) {
        return invalid(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of "
            "the "
            "supported datatypes"
        );
    }
    return read_typed(object.begin()->key(), object.begin()->value(), depth);
}

struct Writer {
    json::value operator()(const std::string& text) const { return json::string{text}; }

    json::value operator()(const Decimal& number) const { return json::string{number.text()}; }

    json::value operator()(const Binary& binary) const {
        return json::string{to_base64(binary.bytes)};
    }

    json::value operator()(bool flag) const { return flag; }

    json::value operator()(const Null&) const { return true; }

    json::value operator()(const Map& map) const { return to_json(map); }

    json::value operator()(const List& list) const {
        json::array array;
        array.reserve(list.size());
        for (const Value& value : list) {
            array.push_back(to_json(value));
        }
        return array;
    }

    template <class T>
    json::value operator()(const std::set<T>& set) const {
        json::array array;
        array.reserve(set.size());
        for (const T& element : set) {
            array.push_back((*this)(element));
        }
        return array;
    }
};

}  // namespace

std::optional<ServiceError> check_attribute_name(std::string_view name) {
    const auto fault = fault_of_attribute_name(name);
    return fault ? std::optional{validation(std::string{kInvalid} + std::string{*fault})}
                 : std::nullopt;
}

Answer<Value> parse_value(const json::value& value) {
    return read_value(value, 1);
}

Answer<Item> parse_item(const json::value& value) {
    return read_map(value, 1);
}

json::object to_json(const Value& value) {
    json::object object;
    object.emplace(type_name(value), std::visit(Writer{}, value.data));
    return object;
}

json::object to_json(const Item& item) {
    json::object object;
    object.reserve(item.size());
    for (const auto& [name, value] : item) {
        object.emplace(name, to_json(value));
    }
    return object;
}

std::string stored_text(const Item& item) {
    return json::serialize(to_json(item));
}

Result<Item> item_from_stored(std::string_view text) {
    json::parse_options options;
    options.max_depth = 128;
    json::error_code error;
    json::monotonic_resource arena;
    const json::value value = json::parse(text, error, &arena, options);
    if (error) {
        return fail(ErrorKind::malformed, "a stored item is no JSON: " + error.message());
    }
    Answer<Item> item = parse_item(value);
    if (!item) {
        return fail(ErrorKind::malformed, "a stored item is none: " + item.error().message);
    }
    return std::move(*item);
}

ServiceError nested_too_deep() {
    return validation(
        "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels "
        "beyond supported limit"
    );
}

}  // namespace farshore::lab::dynamo
