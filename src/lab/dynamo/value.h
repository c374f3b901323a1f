#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lab/dynamo/decimal.h"

namespace farshore::lab::dynamo {

struct Value;

struct Binary {
    std::string bytes;

    friend auto operator<=>(const Binary&, const Binary&) = default;
    friend bool operator==(const Binary&, const Binary&) = default;
};

struct Null {
    friend bool operator==(const Null&, const Null&) = default;
};

using List = std::vector<Value>;
using Map = std::map<std::string, Value, std::less<>>;
using StringSet = std::set<std::string>;
using NumberSet = std::set<Decimal>;
using BinarySet = std::set<Binary>;

// DynamoDB's AttributeValue. The order of the alternatives is that of kTypeNames.
struct Value {
    std::variant<
        std::string,
        Decimal,
        Binary,
        bool,
        Null,
        Map,
        List,
        StringSet,
        NumberSet,
        BinarySet>
        data;

    friend bool operator==(const Value& a, const Value& b);
};

// An item, or the key of one: attributes by name.
using Item = Map;

// "S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS".
[[nodiscard]] std::string_view type_name(const Value& value);

// Bytes as DynamoDB counts them for its 400 KB, 1 MB and capacity limits.
[[nodiscard]] std::size_t stored_size(const Value& value);
[[nodiscard]] std::size_t stored_size(const Item& item);

template <class T>
[[nodiscard]] const T* as(const Value& value) {
    return std::get_if<T>(&value.data);
}

// How deep documents are nested: 1 for an item of plain attributes, 0 for an empty one.
[[nodiscard]] std::size_t nesting(const Item& item);

// An item may hold documents nested so deep, its attributes being level one.
inline constexpr std::size_t kNestingMax = 32;
inline constexpr std::size_t kItemBytesMax = 400 * 1024;
inline constexpr std::size_t kAttributeNameBytesMax = 65'535;

// What is wrong with an attribute's name, of an item or in a document; nullopt: nothing.
[[nodiscard]] std::optional<std::string_view> fault_of_attribute_name(std::string_view name);

}  // namespace farshore::lab::dynamo
