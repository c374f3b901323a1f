#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lab/dynamo/service_error.h"
#include "lab/dynamo/value.h"

// What DynamoDB's expressions say, as values: placeholders are replaced, types are checked as far
// as they are known without an item. expression_parser.h makes them, evaluate.h applies them.
namespace farshore::lab::dynamo {

// A name of a map's element, or an index into a list.
using PathStep = std::variant<std::string, std::size_t>;
// Never empty; the first step is a name.
using Path = std::vector<PathStep>;

// "[a, b, [1]]", as error messages have it.
[[nodiscard]] std::string to_text(const Path& path);
[[nodiscard]] const std::string& top_name(const Path& path);

struct Operand {
    enum class Kind { path, value, size, if_not_exists, list_append };

    Kind kind = Kind::path;
    Path path;                       // path and if_not_exists
    Value value;                     // value
    std::vector<Operand> arguments;  // size: one; if_not_exists: the other one; list_append: two
};

enum class Comparator { equal, not_equal, less, less_or_equal, greater, greater_or_equal };

[[nodiscard]] std::string_view symbol(Comparator comparator);

struct Condition {
    enum class Kind {
        all,       // every child
        any,       // at least one child
        negation,  // not its one child
        compare,
        between,
        in,
        attribute_exists,
        attribute_not_exists,
        attribute_type,
        begins_with,
        contains,
    };

    Kind kind = Kind::all;
    Comparator comparator = Comparator::equal;
    std::vector<Operand> operands;
    std::vector<Condition> children;
};

struct SetAction {
    Path path;
    Operand left;
    std::optional<Operand> right;  // left + right, or left - right
    bool minus = false;
};

// ADD path value, DELETE path value.
struct ElementAction {
    Path path;
    Value value;
};

struct UpdateExpression {
    std::vector<SetAction> sets;
    std::vector<Path> removes;
    std::vector<ElementAction> adds;
    std::vector<ElementAction> deletes;

    // Every path that is written, in the order of the expression's sections.
    [[nodiscard]] std::vector<Path> paths() const;
};

using Projection = std::vector<Path>;

}  // namespace farshore::lab::dynamo
