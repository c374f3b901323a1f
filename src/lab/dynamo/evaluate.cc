#include "lab/dynamo/evaluate.h"

#include <algorithm>

namespace farshore::lab::dynamo {
namespace {

// An operand's value for one item: points into the item or the expression, or owns a computed one.
struct Evaluated {
    const Value* value = nullptr;  // nullptr: no such attribute
    std::optional<Value> own;

    [[nodiscard]] const Value* get() const { return own ? &*own : value; }
};

struct ElementCount {
    std::optional<std::size_t> operator()(const std::string& text) const {
        // DynamoDB counts UTF-16 code units: each character once, those beyond the basic plane
        // (four bytes of UTF-8) twice. https://github.com/ExtendDB/extenddb/issues/60
        const auto begins = [](char c) {
            return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
        };
        const auto begins_four = [](char c) {
            return static_cast<unsigned char>(c) >= 0xF0U;
        };
        return static_cast<std::size_t>(
            std::ranges::count_if(text, begins) + std::ranges::count_if(text, begins_four)
        );
    }

    std::optional<std::size_t> operator()(const Binary& binary) const {
        return binary.bytes.size();
    }

    std::optional<std::size_t> operator()(const Decimal&) const { return std::nullopt; }

    std::optional<std::size_t> operator()(bool) const { return std::nullopt; }

    std::optional<std::size_t> operator()(const Null&) const { return std::nullopt; }

    template <class Collection>
    std::optional<std::size_t> operator()(const Collection& collection) const {
        return collection.size();
    }
};

Evaluated evaluate(const Operand& operand, const Item& item) {
    switch (operand.kind) {
        case Operand::Kind::path: return {.value = find(item, operand.path), .own = {}};
        case Operand::Kind::value: return {.value = &operand.value, .own = {}};
        case Operand::Kind::size: {
            const Evaluated inner = evaluate(operand.arguments.front(), item);
            const std::optional<std::size_t> count =
                inner.get() == nullptr ? std::nullopt
                                       : std::visit(ElementCount{}, inner.get()->data);
            if (!count) {
                return {};
            }
            return {
                .value = nullptr,
                .own = Value{Decimal::from_integer(static_cast<long long>(*count))}
            };
        }
        case Operand::Kind::if_not_exists:
        case Operand::Kind::list_append: break;
    }
    return {};
}

bool equal(const Value* a, const Value* b) {
    return a != nullptr && b != nullptr && *a == *b;
}

bool compare(Comparator comparator, const Value* a, const Value* b) {
    if (comparator == Comparator::equal) {
        return equal(a, b);
    }
    if (comparator == Comparator::not_equal) {
        return !equal(a, b);
    }
    if (a == nullptr || b == nullptr) {
        return false;
    }
    const auto order = compare_values(*a, *b);
    if (!order) {
        return false;
    }
    switch (comparator) {
        case Comparator::less: return *order < 0;
        case Comparator::less_or_equal: return *order <= 0;
        case Comparator::greater: return *order > 0;
        case Comparator::greater_or_equal: return *order >= 0;
        case Comparator::equal:
        case Comparator::not_equal: break;
    }
    std::unreachable();
}

bool begins_with(const Value* whole, const Value* start) {
    if (whole == nullptr || start == nullptr) {
        return false;
    }
    const auto* text = as<std::string>(*whole);
    const auto* text_start = as<std::string>(*start);
    if (text != nullptr && text_start != nullptr) {
        return text->starts_with(*text_start);
    }
    const auto* bytes = as<Binary>(*whole);
    const auto* bytes_start = as<Binary>(*start);
    return bytes != nullptr && bytes_start != nullptr &&
           bytes->bytes.starts_with(bytes_start->bytes);
}

template <class Set, class Element>
bool has_element(const Value& whole, const Value& part) {
    const auto* set = as<Set>(whole);
    const auto* element = as<Element>(part);
    return set != nullptr && element != nullptr && set->contains(*element);
}

bool contains(const Value* whole, const Value* part) {
    if (whole == nullptr || part == nullptr) {
        return false;
    }
    if (const auto* text = as<std::string>(*whole)) {
        const auto* piece = as<std::string>(*part);
        return piece != nullptr && text->find(*piece) != std::string::npos;
    }
    if (const auto* bytes = as<Binary>(*whole)) {
        const auto* piece = as<Binary>(*part);
        return piece != nullptr && bytes->bytes.find(piece->bytes) != std::string::npos;
    }
    if (const auto* list = as<List>(*whole)) {
        return std::ranges::find(*list, *part) != list->end();
    }
    return has_element<StringSet, std::string>(*whole, *part) ||
           has_element<NumberSet, Decimal>(*whole, *part) ||
           has_element<BinarySet, Binary>(*whole, *part);
}

bool holds_simple(const Condition& condition, const Item& item) {
    std::vector<Evaluated> operands;
    operands.reserve(condition.operands.size());
    for (const Operand& operand : condition.operands) {
        operands.push_back(evaluate(operand, item));
    }
    const Value* first = operands.front().get();
    switch (condition.kind) {
        case Condition::Kind::compare:
            return compare(condition.comparator, first, operands[1].get());
        case Condition::Kind::between:
            return compare(Comparator::greater_or_equal, first, operands[1].get()) &&
                   compare(Comparator::less_or_equal, first, operands[2].get());
        case Condition::Kind::in:
            return std::any_of(
                operands.begin() + 1,
                operands.end(),
                [first](const Evaluated& each) { return equal(first, each.get()); }
            );
        case Condition::Kind::attribute_exists: return first != nullptr;
        case Condition::Kind::attribute_not_exists: return first == nullptr;
        case Condition::Kind::attribute_type: {
            const auto* type =
                operands[1].get() == nullptr ? nullptr : as<std::string>(*operands[1].get());
            return first != nullptr && type != nullptr && type_name(*first) == *type;
        }
        case Condition::Kind::begins_with: return begins_with(first, operands[1].get());
        case Condition::Kind::contains: return contains(first, operands[1].get());
        case Condition::Kind::all:
        case Condition::Kind::any:
        case Condition::Kind::negation: break;
    }
    std::unreachable();
}

// The paths of a projection as a tree, so that several paths through one element meet in it.
struct Selection {
    bool whole = false;
    std::map<PathStep, Selection> parts;
};

// nullopt: nothing of the value is selected.
std::optional<Value> select(const Selection& selection, const Value& value) {
    if (selection.whole) {
        return value;
    }
    if (const auto* map = as<Map>(value)) {
        Map out;
        for (const auto& [step, inner] : selection.parts) {
            const auto* name = std::get_if<std::string>(&step);
            const auto found = name == nullptr ? map->end() : map->find(*name);
            std::optional<Value> part =
                found == map->end() ? std::nullopt : select(inner, found->second);
            if (part) {
                out.emplace(*name, std::move(*part));
            }
        }
        return out.empty() ? std::optional<Value>{} : std::optional<Value>{Value{std::move(out)}};
    }
    const auto* list = as<List>(value);
    if (list == nullptr) {
        return std::nullopt;
    }
    List out;
    for (const auto& [step, inner] : selection.parts) {
        const auto* index = std::get_if<std::size_t>(&step);
        const bool there = index != nullptr && *index < list->size();
        std::optional<Value> part = there ? select(inner, (*list)[*index]) : std::nullopt;
        if (part) {
            out.push_back(std::move(*part));
        }
    }
    return out.empty() ? std::optional<Value>{} : std::optional<Value>{Value{std::move(out)}};
}

}  // namespace

const Value* find(const Item& item, const Path& path) {
    const auto top = item.find(top_name(path));
    if (top == item.end()) {
        return nullptr;
    }
    const Value* value = &top->second;
    for (std::size_t i = 1; i < path.size(); ++i) {
        if (const auto* name = std::get_if<std::string>(&path[i])) {
            const auto* map = as<Map>(*value);
            const auto found = map == nullptr ? Map::const_iterator{} : map->find(*name);
            if (map == nullptr || found == map->end()) {
                return nullptr;
            }
            value = &found->second;
        } else {
            const auto* list = as<List>(*value);
            const std::size_t index = std::get<std::size_t>(path[i]);
            if (list == nullptr || index >= list->size()) {
                return nullptr;
            }
            value = &(*list)[index];
        }
    }
    return value;
}

std::optional<std::strong_ordering> compare_values(const Value& a, const Value& b) {
    if (const auto *x = as<std::string>(a), *y = as<std::string>(b); x != nullptr && y != nullptr) {
        return *x <=> *y;
    }
    if (const auto *x = as<Decimal>(a), *y = as<Decimal>(b); x != nullptr && y != nullptr) {
        return *x <=> *y;
    }
    if (const auto *x = as<Binary>(a), *y = as<Binary>(b); x != nullptr && y != nullptr) {
        return x->bytes <=> y->bytes;
    }
    return std::nullopt;
}

bool holds(const Condition& condition, const Item& item) {
    const auto child_holds = [&item](const Condition& child) {
        return holds(child, item);
    };
    switch (condition.kind) {
        case Condition::Kind::all: return std::ranges::all_of(condition.children, child_holds);
        case Condition::Kind::any: return std::ranges::any_of(condition.children, child_holds);
        case Condition::Kind::negation: return !holds(condition.children.front(), item);
        case Condition::Kind::compare:
        case Condition::Kind::between:
        case Condition::Kind::in:
        case Condition::Kind::attribute_exists:
        case Condition::Kind::attribute_not_exists:
        case Condition::Kind::attribute_type:
        case Condition::Kind::begins_with:
        case Condition::Kind::contains: return holds_simple(condition, item);
    }
    std::unreachable();
}

Item projected(const Projection& paths, const Item& item) {
    Selection root;
    for (const Path& path : paths) {
        Selection* at = &root;
        for (const PathStep& step : path) {
            at = &at->parts[step];
        }
        at->whole = true;
    }
    Item out;
    for (const auto& [step, selection] : root.parts) {
        const auto found = item.find(std::get<std::string>(step));
        std::optional<Value> part =
            found == item.end() ? std::nullopt : select(selection, found->second);
        if (part) {
            out.emplace(found->first, std::move(*part));
        }
    }
    return out;
}

}  // namespace farshore::lab::dynamo
