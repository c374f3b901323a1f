#include "lab/dynamo/value.h"

#include <algorithm>
#include <array>

namespace farshore::lab::dynamo {
namespace {

constexpr std::array<std::string_view, 10> kTypeNames{
    "S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"
};

struct Size {
    std::size_t operator()(const std::string& text) const { return text.size(); }

    std::size_t operator()(const Decimal& number) const { return number.stored_size(); }

    std::size_t operator()(const Binary& binary) const { return binary.bytes.size(); }

    std::size_t operator()(bool) const { return 1; }

    std::size_t operator()(const Null&) const { return 1; }

    std::size_t operator()(const Map& map) const { return 3 + map.size() + stored_size(map); }

    std::size_t operator()(const List& list) const {
        std::size_t total = 3;
        for (const Value& value : list) {
            total += 1 + stored_size(value);
        }
        return total;
    }

    template <class T>
    std::size_t operator()(const std::set<T>& set) const {
        std::size_t total = 0;
        for (const T& element : set) {
            total += (*this)(element);
        }
        return total;
    }
};

struct Depth {
    std::size_t operator()(const Map& map) const { return 1 + nesting(map); }

    std::size_t operator()(const List& list) const {
        std::size_t deepest = 0;
        for (const Value& value : list) {
            deepest = std::max(deepest, std::visit(*this, value.data));
        }
        return 1 + deepest;
    }

    template <class T>
    std::size_t operator()(const T&) const {
        return 1;
    }
};

}  // namespace

std::size_t nesting(const Item& item) {
    std::size_t deepest = 0;
    for (const auto& [name, value] : item) {
        deepest = std::max(deepest, std::visit(Depth{}, value.data));
    }
    return deepest;
}

bool operator==(const Value& a, const Value& b) {
    return a.data == b.data;
}

std::string_view type_name(const Value& value) {
    return kTypeNames[value.data.index()];
}

std::optional<std::string_view> fault_of_attribute_name(std::string_view name) {
    if (name.empty()) {
        return "Empty attribute name";
    }
    if (name.size() > kAttributeNameBytesMax) {
        return "Attribute name is too large, must be less than 65536 bytes";
    }
    return std::nullopt;
}

std::size_t stored_size(const Value& value) {
    return std::visit(Size{}, value.data);
}

std::size_t stored_size(const Item& item) {
    std::size_t total = 0;
    for (const auto& [name, value] : item) {
        total += name.size() + stored_size(value);
    }
    return total;
}

}  // namespace farshore::lab::dynamo
