#include "dataplane/item_digest.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <vector>

#include <boost/json.hpp>

#include "base/json_text.h"

#include "sigv4/signer.h"

namespace farshore::dataplane {

namespace {

// A DynamoDB item nests 32 levels; refusing more keeps the recursion bounded.
constexpr int kDepthMax = 40;

struct Decimal {
    bool negative = false;
    std::string digits;  // without leading and trailing zeros; empty for zero
    long exponent = 0;   // of the first digit
};

std::optional<Decimal> parse_decimal(std::string_view text) {
    Decimal number;
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
        number.negative = text.front() == '-';
        text.remove_prefix(1);
    }
    const std::size_t mark = text.find_first_of("eE");
    const std::string_view mantissa = text.substr(0, mark);
    long exponent = 0;
    if (mark != std::string_view::npos) {
        std::string_view shown = text.substr(mark + 1);
        if (shown.starts_with('+')) {
            shown.remove_prefix(1);
        }
        const auto [end, error] =
            std::from_chars(shown.data(), shown.data() + shown.size(), exponent);
        if (error != std::errc{} || end != shown.data() + shown.size() || shown.empty() ||
            shown.size() > 9) {
            return std::nullopt;
        }
    }
    const std::size_t point = mantissa.find('.');
    std::string digits{mantissa.substr(0, point)};
    if (point != std::string_view::npos) {
        const std::string_view fraction = mantissa.substr(point + 1);
        digits += fraction;
        exponent -= static_cast<long>(fraction.size());
    }
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) {
        return std::nullopt;
    }
    const std::size_t first = digits.find_first_not_of('0');
    if (first == std::string::npos) {
        return Decimal{};
    }
    number.exponent = exponent + static_cast<long>(digits.size() - first) - 1;
    digits.erase(0, first);
    digits.erase(digits.find_last_not_of('0') + 1);
    number.digits = std::move(digits);
    return number;
}

std::optional<std::string> canonical_number(std::string_view text) {
    const auto number = parse_decimal(text);
    if (!number) {
        return std::nullopt;
    }
    if (number->digits.empty()) {
        return "0";
    }
    std::string out = number->negative ? "-" : "";
    out += number->digits.front();
    if (number->digits.size() > 1) {
        out += '.';
        out.append(number->digits, 1);
    }
    out += number->exponent < 0 ? "E" : "E+";
    return out + std::to_string(number->exponent);
}

bool append_value(const boost::json::value& value, int depth, std::string& out);

// A string, number or binary under its tag.
bool append_scalar(char tag, const boost::json::value& value, std::string& out) {
    const auto* text = value.if_string();
    if (text == nullptr) {
        return false;
    }
    if (tag != 'N') {
        append_json_text(out, *text);
        return true;
    }
    const auto number = canonical_number(*text);
    if (!number) {
        return false;
    }
    out += '"' + *number + '"';
    return true;
}

bool append_set(char tag, const boost::json::value& value, std::string& out) {
    const auto* list = value.if_array();
    if (list == nullptr) {
        return false;
    }
    std::vector<std::string> elements;
    for (const boost::json::value& element : *list) {
        if (!append_scalar(tag, element, elements.emplace_back())) {
            return false;
        }
    }
    // By what stands between the quotes: the closing quote must not take part in the order.
    std::ranges::sort(elements, {}, [](const std::string& quoted) {
        return std::string_view{quoted}.substr(1, quoted.size() - 2);
    });
    out += '[';
    for (std::size_t i = 0; i < elements.size(); ++i) {
        out += i == 0 ? "" : ",";
        out += elements[i];
    }
    out += ']';
    return true;
}

bool append_list(const boost::json::value& value, int depth, std::string& out) {
    const auto* list = value.if_array();
    if (list == nullptr) {
        return false;
    }
    out += '[';
    for (std::size_t i = 0; i < list->size(); ++i) {
        out += i == 0 ? "" : ",";
        if (!append_value((*list)[i], depth + 1, out)) {
            return false;
        }
    }
    out += ']';
    return true;
}

bool append_map(const boost::json::object& object, int depth, std::string& out) {
    std::vector<const boost::json::key_value_pair*> members;
    members.reserve(object.size());
    for (const boost::json::key_value_pair& member : object) {
        members.push_back(&member);
    }
    std::ranges::sort(members, {}, [](const boost::json::key_value_pair* member) {
        return std::string_view{member->key()};
    });
    out += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
        out += i == 0 ? "" : ",";
        append_json_text(out, members[i]->key());
        out += ':';
        if (!append_value(members[i]->value(), depth + 1, out)) {
            return false;
        }
    }
    out += '}';
    return true;
}

bool append_flag(const boost::json::value& value, std::string& out) {
    if (!value.is_bool()) {
        return false;
    }
    out += value.get_bool() ? "true" : "false";
    return true;
}

bool append_tagged(
    std::string_view tag, const boost::json::value& value, int depth, std::string& out
) {
    if (tag == "S" || tag == "N" || tag == "B") {
        return append_scalar(tag.front(), value, out);
    }
    if (tag == "SS" || tag == "NS" || tag == "BS") {
        return append_set(tag.front(), value, out);
    }
    if (tag == "L") {
        return append_list(value, depth, out);
    }
    if (tag == "M") {
        return value.is_object() && append_map(value.get_object(), depth, out);
    }
    return (tag == "BOOL" || tag == "NULL") && append_flag(value, out);
}

// An AttributeValue: an object with one member, its type tag.
bool append_value(const boost::json::value& value, int depth, std::string& out) {
    const auto* object = value.if_object();
    if (object == nullptr || object->size() != 1 || depth > kDepthMax) {
        return false;
    }
    const auto& member = *object->begin();
    out += "{\"";
    out += std::string_view{member.key()};
    out += "\":";
    if (!append_tagged(member.key(), member.value(), depth, out)) {
        return false;
    }
    out += '}';
    return true;
}

}  // namespace

std::optional<std::string> canonical_item(const boost::json::object& item) {
    std::string out;
    return append_map(item, 0, out) ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<std::string> item_digest(const boost::json::object& item) {
    const auto text = canonical_item(item);
    return text ? std::optional(sigv4::sha256_hex(*text)) : std::nullopt;
}

}  // namespace farshore::dataplane
