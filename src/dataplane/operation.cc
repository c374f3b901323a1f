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

// The value of a member that is there once. A member that is there twice means to one reader the
// first, to another the last; such a request counts as a change.
std::optional<std::string_view> only_member(std::string_view text, std::string_view name) {
    const auto members = json_members(text);
    if (!members || std::ranges::count(*members, name, &JsonMember::name) != 1) {
        return std::nullopt;
    }
    return find_member(*members, name);
}

bool statement_is_select(std::string_view holder) {
    const auto raw = only_member(holder, "Statement");
    boost::system::error_code error;
    const boost::json::value statement = raw ? boost::json::parse(*raw, error) : nullptr;
    return !error && statement.is_string() && is_select(statement.get_string());
}

bool is_json(std::string_view body) {
    boost::json::parse_options options;
    options.max_depth = 128;
    boost::system::error_code error;
    boost::json::stream_parser parser({}, options);
    parser.write(body.data(), body.size(), error);
    if (!error) {
        parser.finish(error);
    }
    return !error;
}

bool partiql_reads(std::string_view name, std::string_view body) {
    // What is looked at below goes by brackets alone.
    if (!is_json(body)) {
        return false;
    }
    if (name == "ExecuteStatement") {
        return statement_is_select(body);
    }
    const auto raw =
        only_member(body, name == "BatchExecuteStatement" ? "Statements" : "TransactStatements");
    const auto list = raw ? json_elements(*raw) : std::nullopt;
    return list && !list->empty() && std::ranges::all_of(*list, statement_is_select);
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
