#include "dataplane/operation.h"

#include <algorithm>

#include <boost/json.hpp>

#include "base/text.h"

#include "dataplane/json_members.h"

namespace farshore::dataplane {

namespace {

constexpr std::string_view kPrefix = "DynamoDB_20120810.";

constexpr std::array<std::string_view, 5> kItemReads{
    "GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"
};
constexpr std::array<std::string_view, 5> kItemWrites{
    "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"
};

// DynamoDB names every operation that only looks at tables in one of these three ways.
bool looks_only(std::string_view name) {
    return name.starts_with("Describe") || name.starts_with("List") || name.starts_with("Get");
}

// A statement reads when its first word says so. A comment in front would hide the word, so a
// statement that begins with one counts as a change.
bool is_select(std::string_view statement) {
    const std::size_t start = statement.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos) {
        return false;
    }
    statement.remove_prefix(start);
    constexpr std::string_view kSelect = "select";
    return statement.size() > kSelect.size() &&
           equals_ignoring_case(statement.substr(0, kSelect.size()), kSelect) &&
           std::string_view{" \t\r\n\"*"}.contains(statement[kSelect.size()]);
}

bool member_is_select(const boost::json::value& holder) {
    const auto* object = holder.if_object();
    const auto* statement = object == nullptr ? nullptr : object->if_contains("Statement");
    return statement != nullptr && statement->is_string() && is_select(statement->get_string());
}

bool partiql_reads(std::string_view name, std::string_view body) {
    boost::json::parse_options options;
    options.max_depth = 128;
    boost::system::error_code error;
    const boost::json::value document = boost::json::parse(body, error, {}, options);
    if (error || !document.is_object()) {
        return false;
    }
    if (name == "ExecuteStatement") {
        return member_is_select(document);
    }
    const auto* list = document.get_object().if_contains(
        name == "BatchExecuteStatement" ? "Statements" : "TransactStatements"
    );
    return list != nullptr && list->is_array() &&
           std::ranges::all_of(list->get_array(), member_is_select);
}

bool is_partiql(std::string_view name) {
    return name == "ExecuteStatement" || name == "BatchExecuteStatement" ||
           name == "ExecuteTransaction";
}

}  // namespace

Operation classify(std::string_view target, std::string_view body) {
    if (!target.starts_with(kPrefix) || target.size() == kPrefix.size()) {
        return {.kind = OperationClass::refused, .name = target};
    }
    const std::string_view name = target.substr(kPrefix.size());
    if (std::ranges::find(kItemReads, name) != kItemReads.end()) {
        return {.kind = OperationClass::read, .name = name};
    }
    if (std::ranges::find(kItemWrites, name) != kItemWrites.end()) {
        return {.kind = OperationClass::write, .name = name};
    }
    if (is_partiql(name)) {
        return {
            .kind = partiql_reads(name, body) ? OperationClass::read : OperationClass::write,
            .name = name
        };
    }
    return {.kind = looks_only(name) ? OperationClass::read : OperationClass::other, .name = name};
}

}  // namespace farshore::dataplane
