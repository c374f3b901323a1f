#include "lab/dynamo/key_condition.h"

#include <vector>

namespace farshore::lab::dynamo {
namespace {

// The first location after `location` itself.
std::string just_after(std::string location) {
    location += '\0';
    return location;
}

std::string_view name_of(Condition::Kind kind) {
    switch (kind) {
        case Condition::Kind::any: return "OR";
        case Condition::Kind::negation: return "NOT";
        case Condition::Kind::in: return "IN";
        case Condition::Kind::attribute_exists: return "attribute_exists";
        case Condition::Kind::attribute_not_exists: return "attribute_not_exists";
        case Condition::Kind::attribute_type: return "attribute_type";
        case Condition::Kind::contains: return "contains";
        case Condition::Kind::all: return "AND";
        case Condition::Kind::compare: return "<>";
        case Condition::Kind::between: return "BETWEEN";
        case Condition::Kind::begins_with: return "begins_with";
    }
    std::unreachable();
}

std::unexpected<ServiceError> wrong_operator(Condition::Kind kind) {
    return invalid(
        "Invalid operator used in KeyConditionExpression: " + std::string{name_of(kind)}
    );
}

// "5 < n" as "n > 5".
Condition path_first(Condition condition) {
    const bool reversed = condition.kind == Condition::Kind::compare &&
                          condition.operands[0].kind == Operand::Kind::value &&
                          condition.operands[1].kind == Operand::Kind::path;
    if (!reversed) {
        return condition;
    }
    std::swap(condition.operands[0], condition.operands[1]);
    switch (condition.comparator) {
        case Comparator::less: condition.comparator = Comparator::greater; break;
        case Comparator::less_or_equal: condition.comparator = Comparator::greater_or_equal; break;
        case Comparator::greater: condition.comparator = Comparator::less; break;
        case Comparator::greater_or_equal: condition.comparator = Comparator::less_or_equal; break;
        case Comparator::equal:
        case Comparator::not_equal: break;
    }
    return condition;
}

// Flattens ANDs into single conditions on one attribute each.
std::optional<ServiceError> collect(const Condition& condition, std::vector<Condition>& simple) {
    switch (condition.kind) {
        case Condition::Kind::all:
            for (const Condition& child : condition.children) {
                if (auto error = collect(child, simple)) {
                    return error;
                }
            }
            return std::nullopt;
        case Condition::Kind::compare:
            if (condition.comparator == Comparator::not_equal) {
                return wrong_operator(condition.kind).error();
            }
            break;
        case Condition::Kind::between:
        case Condition::Kind::begins_with: break;
        case Condition::Kind::any:
        case Condition::Kind::negation:
        case Condition::Kind::in:
        case Condition::Kind::attribute_exists:
        case Condition::Kind::attribute_not_exists:
        case Condition::Kind::attribute_type:
        case Condition::Kind::contains: return wrong_operator(condition.kind).error();
    }
    Condition one = path_first(condition);
    const Operand& first = one.operands.front();
    if (first.kind != Operand::Kind::path) {
        return validation(
            "Invalid condition in KeyConditionExpression: Multiple attribute names used in one "
            "condition"
        );
    }
    if (first.path.size() > 1) {
        return validation("KeyConditionExpressions cannot have conditions on nested attributes");
    }
    for (std::size_t i = 1; i < one.operands.size(); ++i) {
        if (one.operands[i].kind != Operand::Kind::value) {
            return validation(
                "Invalid condition in KeyConditionExpression: No expression attribute value used "
                "in condition"
            );
        }
    }
    simple.push_back(std::move(one));
    return std::nullopt;
}

std::optional<ServiceError> check_values(
    const KeyAttribute& attribute, const Condition& condition, bool hash
) {
    for (std::size_t i = 1; i < condition.operands.size(); ++i) {
        const Value& value = condition.operands[i].value;
        if (type_name(value) != attribute.type) {
            return validation(
                "One or more parameter values were invalid: Condition parameter type does not "
                "match schema type"
            );
        }
        if (auto error = check_key_value(attribute, value, hash)) {
            return error;
        }
    }
    return std::nullopt;
}

LocationRange narrowed(const std::string& partition, const Condition& condition) {
    const Value& value = condition.operands[1].value;
    const std::string end = after_prefix(partition);
    if (condition.kind == Condition::Kind::begins_with) {
        const std::string prefix = partition + ordered_prefix(value);
        return {.from = prefix, .to = after_prefix(prefix)};
    }
    const std::string at = partition + ordered_bytes(value);
    if (condition.kind == Condition::Kind::between) {
        return {
            .from = at, .to = just_after(partition + ordered_bytes(condition.operands[2].value))
        };
    }
    switch (condition.comparator) {
        case Comparator::equal: return {.from = at, .to = after_prefix(at)};
        case Comparator::less: return {.from = partition, .to = at};
        case Comparator::less_or_equal: return {.from = partition, .to = after_prefix(at)};
        case Comparator::greater: return {.from = after_prefix(at), .to = end};
        case Comparator::greater_or_equal: return {.from = at, .to = end};
        case Comparator::not_equal: break;
    }
    return {.from = partition, .to = end};
}

}  // namespace

Answer<KeyRange> key_range(const KeySchema& schema, const Condition& condition) {
    std::vector<Condition> simple;
    if (auto error = collect(condition, simple)) {
        return std::unexpected(std::move(*error));
    }
    const Condition* hash = nullptr;
    const Condition* range = nullptr;
    for (const Condition& each : simple) {
        const std::string& name = top_name(each.operands.front().path);
        const bool is_hash = name == schema.hash.name;
        const bool is_range = schema.range && name == schema.range->name;
        if (!is_hash && !is_range) {
            const bool hash_seen = hash != nullptr || simple.size() > 1;
            return invalid(
                "Query condition missed key schema element: " +
                (hash_seen && schema.range ? schema.range->name : schema.hash.name)
            );
        }
        const Condition*& slot = is_hash ? hash : range;
        if (slot != nullptr) {
            return invalid("KeyConditionExpressions must only contain one condition per key");
        }
        slot = &each;
    }
    if (hash == nullptr) {
        return invalid("Query condition missed key schema element: " + schema.hash.name);
    }
    if (hash->kind != Condition::Kind::compare || hash->comparator != Comparator::equal) {
        return invalid("Query key condition not supported");
    }
    if (auto error = check_values(schema.hash, *hash, true)) {
        return std::unexpected(std::move(*error));
    }
    KeyRange found{.hash = hash->operands[1].value, .locations = {}};
    const std::string partition = partition_bytes(found.hash);
    found.locations = {.from = partition, .to = after_prefix(partition)};
    if (range != nullptr) {
        if (auto error = check_values(*schema.range, *range, false)) {
            return std::unexpected(std::move(*error));
        }
        if (range->kind == Condition::Kind::begins_with && schema.range->type == "N") {
            return invalid(
                "Invalid KeyConditionExpression: Incorrect operand type for operator or function; "
                "operator or "
                "function: begins_with, operand type: N"
            );
        }
        found.locations = narrowed(partition, *range);
    }
    return found;
}

}  // namespace farshore::lab::dynamo
