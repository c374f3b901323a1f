#include <algorithm>
#include <set>

#include "lab/dynamo/evaluate.h"

namespace farshore::lab::dynamo {
namespace {

ServiceError wrong_data_type() {
    return validation("An operand in the update expression has an incorrect data type");
}

ServiceError bad_path() {
    return validation("The document path provided in the update expression is invalid for update");
}

ServiceError decimal_error(DecimalFault fault) {
    switch (fault) {
        case DecimalFault::overflow:
            return validation(
                "Number overflow. Attempting to store a number with magnitude larger than "
                "supported range"
            );
        case DecimalFault::underflow:
            return validation(
                "Number underflow. Attempting to store a number with magnitude smaller than "
                "supported range"
            );
        case DecimalFault::not_a_number:
        case DecimalFault::too_many_digits: break;
    }
    return validation("Attempting to store more than 38 significant digits in a Number");
}

Answer<Value> evaluate(const Operand& operand, const Item& item) {
    switch (operand.kind) {
        case Operand::Kind::path: {
            const Value* found = find(item, operand.path);
            if (found == nullptr) {
                return invalid(
                    "The provided expression refers to an attribute that does not exist in the item"
                );
            }
            return *found;
        }
        case Operand::Kind::value: return operand.value;
        case Operand::Kind::if_not_exists: {
            const Value* found = find(item, operand.path);
            return found != nullptr ? Answer<Value>{*found}
                                    : evaluate(operand.arguments.front(), item);
        }
        case Operand::Kind::list_append: {
            Answer<Value> first = evaluate(operand.arguments[0], item);
            if (!first) {
                return first;
            }
            const Answer<Value> second = evaluate(operand.arguments[1], item);
            if (!second) {
                return second;
            }
            auto* list = std::get_if<List>(&first->data);
            const auto* tail = as<List>(*second);
            if (list == nullptr || tail == nullptr) {
                return std::unexpected(wrong_data_type());
            }
            list->insert(list->end(), tail->begin(), tail->end());
            return first;
        }
        case Operand::Kind::size: break;
    }
    return std::unexpected(wrong_data_type());
}

Answer<Value> evaluate(const SetAction& action, const Item& item) {
    Answer<Value> left = evaluate(action.left, item);
    if (!left || !action.right) {
        return left;
    }
    const Answer<Value> right = evaluate(*action.right, item);
    if (!right) {
        return right;
    }
    const auto* a = as<Decimal>(*left);
    const auto* b = as<Decimal>(*right);
    if (a == nullptr || b == nullptr) {
        return std::unexpected(wrong_data_type());
    }
    const auto sum = a->plus(action.minus ? b->negated() : *b);
    if (!sum) {
        return std::unexpected(decimal_error(sum.error()));
    }
    return Value{*sum};
}

// The map or list that holds the path's last step; nullptr: there is none.
Value* parent_of(Item& item, const Path& path) {
    const auto top = item.find(top_name(path));
    Value* value = top == item.end() ? nullptr : &top->second;
    for (std::size_t i = 1; value != nullptr && i + 1 < path.size(); ++i) {
        if (const auto* name = std::get_if<std::string>(&path[i])) {
            auto* map = std::get_if<Map>(&value->data);
            const auto found = map == nullptr ? Map::iterator{} : map->find(*name);
            value = map == nullptr || found == map->end() ? nullptr : &found->second;
        } else {
            auto* list = std::get_if<List>(&value->data);
            const std::size_t index = std::get<std::size_t>(path[i]);
            value = list == nullptr || index >= list->size() ? nullptr : &(*list)[index];
        }
    }
    return value;
}

std::optional<ServiceError> write(Item& item, const Path& path, Value value) {
    if (path.size() == 1) {
        item.insert_or_assign(top_name(path), std::move(value));
        return std::nullopt;
    }
    Value* parent = parent_of(item, path);
    if (parent == nullptr) {
        return bad_path();
    }
    if (const auto* name = std::get_if<std::string>(&path.back())) {
        auto* map = std::get_if<Map>(&parent->data);
        if (map == nullptr) {
            return bad_path();
        }
        map->insert_or_assign(*name, std::move(value));
        return std::nullopt;
    }
    auto* list = std::get_if<List>(&parent->data);
    if (list == nullptr) {
        return bad_path();
    }
    // An index beyond the end appends, whatever its distance.
    const std::size_t index = std::get<std::size_t>(path.back());
    if (index < list->size()) {
        (*list)[index] = std::move(value);
    } else {
        list->push_back(std::move(value));
    }
    return std::nullopt;
}

std::optional<ServiceError> remove(Item& item, const Path& path) {
    if (path.size() == 1) {
        item.erase(top_name(path));
        return std::nullopt;
    }
    Value* parent = parent_of(item, path);
    if (parent == nullptr) {
        return bad_path();
    }
    if (const auto* name = std::get_if<std::string>(&path.back())) {
        auto* map = std::get_if<Map>(&parent->data);
        if (map == nullptr) {
            return bad_path();
        }
        map->erase(*name);
        return std::nullopt;
    }
    auto* list = std::get_if<List>(&parent->data);
    if (list == nullptr) {
        return bad_path();
    }
    const std::size_t index = std::get<std::size_t>(path.back());
    if (index < list->size()) {
        list->erase(list->begin() + static_cast<std::ptrdiff_t>(index));
    }
    return std::nullopt;
}

template <class Set>
Answer<Value> joined(const Value& old, const Value& more) {
    const auto* a = as<Set>(old);
    const auto* b = as<Set>(more);
    if (a == nullptr || b == nullptr) {
        return std::unexpected(wrong_data_type());
    }
    Set out = *a;
    out.insert(b->begin(), b->end());
    return Value{std::move(out)};
}

Answer<Value> added(const Value* old, const Value& more) {
    if (old == nullptr) {
        return more;
    }
    if (const auto* number = as<Decimal>(more)) {
        const auto* base = as<Decimal>(*old);
        if (base == nullptr) {
            return std::unexpected(wrong_data_type());
        }
        const auto sum = base->plus(*number);
        return sum ? Answer<Value>{Value{*sum}} : std::unexpected(decimal_error(sum.error()));
    }
    if (as<StringSet>(more) != nullptr) {
        return joined<StringSet>(*old, more);
    }
    return as<NumberSet>(more) != nullptr ? joined<NumberSet>(*old, more)
                                          : joined<BinarySet>(*old, more);
}

// nullopt inside: nothing is left, and the attribute goes.
template <class Set>
Answer<std::optional<Value>> without(const Value& old, const Value& less) {
    const auto* a = as<Set>(old);
    const auto* b = as<Set>(less);
    if (a == nullptr || b == nullptr) {
        return std::unexpected(wrong_data_type());
    }
    Set out;
    std::ranges::set_difference(*a, *b, std::inserter(out, out.end()));
    return out.empty() ? std::optional<Value>{} : std::optional<Value>{Value{std::move(out)}};
}

std::optional<ServiceError> delete_elements(
    Item& item, const ElementAction& action, const Item& before
) {
    const Value* old = find(before, action.path);
    if (old == nullptr) {
        return std::nullopt;
    }
    Answer<std::optional<Value>> left =
        as<StringSet>(action.value) != nullptr   ? without<StringSet>(*old, action.value)
        : as<NumberSet>(action.value) != nullptr ? without<NumberSet>(*old, action.value)
                                                 : without<BinarySet>(*old, action.value);
    if (!left) {
        return std::move(left.error());
    }
    return left->has_value() ? write(item, action.path, std::move(**left))
                             : remove(item, action.path);
}

}  // namespace

Answer<Item> updated(const UpdateExpression& update, const Item& before) {
    Item item = before;
    // Every operand sees the item as it was. Writes go in the order of their paths, so that several
    // elements appended to one list keep their order.
    std::vector<std::pair<Path, Value>> writes;
    for (const SetAction& action : update.sets) {
        Answer<Value> value = evaluate(action, before);
        if (!value) {
            return std::unexpected(std::move(value.error()));
        }
        writes.emplace_back(action.path, std::move(*value));
    }
    for (const ElementAction& action : update.adds) {
        Answer<Value> value = added(find(before, action.path), action.value);
        if (!value) {
            return std::unexpected(std::move(value.error()));
        }
        writes.emplace_back(action.path, std::move(*value));
    }
    std::ranges::sort(writes, {}, &std::pair<Path, Value>::first);  // no path is there twice
    for (auto& [path, value] : writes) {
        if (auto error = write(item, path, std::move(value))) {
            return std::unexpected(std::move(*error));
        }
    }
    for (const ElementAction& action : update.deletes) {
        if (auto error = delete_elements(item, action, before)) {
            return std::unexpected(std::move(*error));
        }
    }
    // Backwards, so that removing one list element does not move the others to be removed.
    std::vector<Path> removes = update.removes;
    std::ranges::sort(removes, std::greater{});
    for (const Path& path : removes) {
        if (auto error = remove(item, path)) {
            return std::unexpected(std::move(*error));
        }
    }
    return item;
}

}  // namespace farshore::lab::dynamo
