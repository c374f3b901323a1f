#include "dataplane/repeatable.h"

#include <algorithm>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "base/text.h"

#include "dataplane/partiql.h"

namespace farshore::dataplane {

namespace {

using boost::json::object;
using boost::json::value;

// Words (names, #names, :values, paths with dots) and single signs.
std::vector<std::string_view> tokens_of(std::string_view expression) {
    constexpr std::string_view kBlanks = " \t\r\n";
    constexpr std::string_view kSigns = ",=()+-[]";
    std::vector<std::string_view> tokens;
    for (std::size_t at = 0; at < expression.size();) {
        if (kBlanks.contains(expression[at])) {
            ++at;
            continue;
        }
        std::size_t end = at + 1;
        while (!kSigns.contains(expression[at]) && end < expression.size() &&
               !kBlanks.contains(expression[end]) && !kSigns.contains(expression[end])) {
            ++end;
        }
        tokens.push_back(expression.substr(at, end - at));
        at = end;
    }
    return tokens;
}

// An UpdateExpression of SET with given values, REMOVE and DELETE.
class ExpressionReader {
  public:
    explicit ExpressionReader(std::string_view expression) : tokens_(tokens_of(expression)) {}

    [[nodiscard]] bool only_given_values() {
        while (at_ < tokens_.size()) {
            const bool sets = take("SET");
            const bool deletes = !sets && take("DELETE");
            if (!sets && !deletes && !take("REMOVE")) {
                return false;
            }
            do {
                const std::string_view path = take_word();
                if (path.empty() || (sets && !assigns(path)) || (deletes && !take_value())) {
                    return false;
                }
            } while (take(","));
        }
        return true;
    }

  private:
    // "= :value", or "= if_not_exists(path, :value)" of the same path: the second time it exists.
    bool assigns(std::string_view path) {
        if (!take("=")) {
            return false;
        }
        if (!take("if_not_exists")) {
            return take_value();
        }
        return take("(") && take_word() == path && take(",") && take_value() && take(")");
    }

    bool take(std::string_view word) {
        const bool there = at_ < tokens_.size() && equals_ignoring_case(tokens_[at_], word);
        at_ += there ? 1 : 0;
        return there;
    }

    std::string_view take_word() {
        return at_ < tokens_.size() ? tokens_[at_++] : std::string_view{};
    }

    bool take_value() { return take_word().starts_with(':'); }

    std::vector<std::string_view> tokens_;
    std::size_t at_ = 0;
};

// Is the answer to a repetition the first one's? A condition may not hold any more because of the
// write itself, and the values that were there before it are gone: the application would be told
// that a write was refused, or replaced nothing, that did take effect.
bool is_answered_alike(const object& request) {
    if (request.contains("ConditionExpression") || request.contains("Expected")) {
        return false;
    }
    const value* asked = request.if_contains("ReturnValues");
    return asked == nullptr || *asked == "NONE" || *asked == "ALL_NEW";
}

bool update_may_be_repeated(const object& request) {
    if (const value* expression = request.if_contains("UpdateExpression")) {
        return expression->is_string() &&
               ExpressionReader(expression->get_string()).only_given_values();
    }
    const value* updates = request.if_contains("AttributeUpdates");
    if (updates == nullptr) {
        return true;  // it makes an item of its key, if there is none
    }
    // PUT when it does not say.
    return updates->is_object() && std::ranges::all_of(updates->get_object(), [](const auto& each) {
               const object* update = each.value().if_object();
               const value* action = update == nullptr ? nullptr : update->if_contains("Action");
               return update != nullptr &&
                      (action == nullptr || *action == "PUT" || *action == "DELETE");
           });
}

bool statement_may_be_repeated(const value& holder) {
    const object* statement = holder.if_object();
    const value* text = statement == nullptr ? nullptr : statement->if_contains("Statement");
    if (text == nullptr || !text->is_string()) {
        return false;
    }
    const auto told = read_partiql(text->get_string(), nullptr);
    return told && told->repeatable;
}

}  // namespace

bool may_be_repeated(const Operation& operation, std::string_view body) {
    if (operation.kind == OperationClass::read || operation.name == "BatchWriteItem") {
        return true;
    }
    boost::json::parse_options options;
    options.max_depth = 128;
    boost::system::error_code error;
    const value request = boost::json::parse(body, error, {}, options);
    if (error || !request.is_object()) {
        return false;
    }
    if (operation.name == "PutItem" || operation.name == "DeleteItem") {
        return is_answered_alike(request.get_object());
    }
    if (operation.name == "UpdateItem") {
        return is_answered_alike(request.get_object()) &&
               update_may_be_repeated(request.get_object());
    }
    if (operation.name == "ExecuteStatement") {
        return statement_may_be_repeated(request);
    }
    if (operation.name == "BatchExecuteStatement") {
        const value* statements = request.get_object().if_contains("Statements");
        return statements != nullptr && statements->is_array() &&
               std::ranges::all_of(statements->get_array(), statement_may_be_repeated);
    }
    return false;
}

}  // namespace farshore::dataplane
