#include "dataplane/operation.h"

#include <algorithm>

#include <boost/json.hpp>

#include "base/text.h"

#include "dataplane/json_members.h"

namespace farshore::dataplane {

namespace {

constexpr std::string_view kPrefix = "DynamoDB_20120810.";

struct Row {
    std::string_view name;
    OperationClass kind;
    bool by_statement = false;  // a read when its PartiQL only selects
    std::string_view why = {};
};

using enum OperationClass;

constexpr std::string_view kGoesOn =
    "It would go on writing items in one Region by itself, also after the writes have moved to "
    "another one.";

// Every operation of the service model (2012-08-10), in the order of the alphabet.
constexpr std::array kOperations{
    Row{.name = "BatchExecuteStatement", .kind = write, .by_statement = true},
    Row{.name = "BatchGetItem", .kind = read},
    Row{.name = "BatchWriteItem", .kind = write},
    Row{.name = "CancelBulkOperation", .kind = admin},
    Row{.name = "CreateBackup", .kind = admin},
    Row{.name = "CreateGlobalTable", .kind = admin},
    Row{.name = "CreateTable", .kind = admin},
    Row{.name = "DeleteBackup", .kind = admin},
    Row{.name = "DeleteItem", .kind = write},
    Row{.name = "DeleteResourcePolicy", .kind = admin},
    Row{.name = "DeleteTable", .kind = admin},
    Row{.name = "DescribeBackup", .kind = read},
    Row{.name = "DescribeBulkOperation", .kind = read},
    Row{.name = "DescribeContinuousBackups", .kind = read},
    Row{.name = "DescribeContributorInsights", .kind = read},
    Row{.name = "DescribeEndpoints", .kind = discovery},
    Row{.name = "DescribeExport", .kind = read},
    Row{.name = "DescribeGlobalTable", .kind = read},
    Row{.name = "DescribeGlobalTableSettings", .kind = read},
    Row{.name = "DescribeImport", .kind = read},
    Row{.name = "DescribeKinesisStreamingDestination", .kind = read},
    Row{.name = "DescribeLimits", .kind = read},
    Row{.name = "DescribeTable", .kind = read},
    Row{.name = "DescribeTableReplicaAutoScaling", .kind = read},
    Row{.name = "DescribeTimeToLive", .kind = read},
    Row{.name = "DisableKinesisStreamingDestination", .kind = admin},
    Row{.name = "EnableKinesisStreamingDestination", .kind = admin},
    Row{.name = "ExecuteStatement", .kind = write, .by_statement = true},
    Row{.name = "ExecuteTransaction", .kind = write, .by_statement = true},
    Row{.name = "ExportTableToPointInTime", .kind = admin},
    Row{.name = "GetItem", .kind = read},
    Row{.name = "GetResourcePolicy", .kind = read},
    Row{.name = "ImportTable", .kind = admin},
    Row{.name = "ListBackups", .kind = read},
    Row{.name = "ListBulkOperations", .kind = read},
    Row{.name = "ListContributorInsights", .kind = read},
    Row{.name = "ListExports", .kind = read},
    Row{.name = "ListGlobalTables", .kind = read},
    Row{.name = "ListImports", .kind = read},
    Row{.name = "ListTables", .kind = read},
    Row{.name = "ListTagsOfResource", .kind = read},
    Row{.name = "PutItem", .kind = write},
    Row{.name = "PutResourcePolicy", .kind = admin},
    Row{.name = "Query", .kind = read},
    Row{.name = "RestoreTableFromBackup", .kind = admin},
    Row{.name = "RestoreTableToPointInTime", .kind = admin},
    Row{.name = "Scan", .kind = read},
    Row{.name = "SearchVectors", .kind = read},
    Row{.name = "StartBulkPutItems", .kind = refused, .why = kGoesOn},
    Row{.name = "TagResource", .kind = admin},
    Row{.name = "TransactGetItems", .kind = read},
    Row{.name = "TransactWriteItems", .kind = write},
    Row{.name = "UntagResource", .kind = admin},
    Row{.name = "UpdateContinuousBackups", .kind = admin},
    Row{.name = "UpdateContributorInsights", .kind = admin},
    Row{.name = "UpdateGlobalTable", .kind = admin},
    Row{.name = "UpdateGlobalTableSettings", .kind = admin},
    Row{.name = "UpdateItem", .kind = write},
    Row{.name = "UpdateKinesisStreamingDestination", .kind = admin},
    Row{.name = "UpdateTable", .kind = admin},
    Row{.name = "UpdateTableReplicaAutoScaling", .kind = admin},
    Row{.name = "UpdateTimeToLive", .kind = admin},
};
static_assert(std::ranges::is_sorted(kOperations, {}, &Row::name), "looked up by halves");

const Row* find_row(std::string_view name) {
    const auto* const at = std::ranges::lower_bound(kOperations, name, {}, &Row::name);
    return at != kOperations.end() && at->name == name ? at : nullptr;
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

}  // namespace

Operation classify(std::string_view target, std::string_view body) {
    if (!target.starts_with(kPrefix) || target.size() == kPrefix.size()) {
        return {.kind = refused, .name = target, .why = "It is no operation of DynamoDB."};
    }
    const std::string_view name = target.substr(kPrefix.size());
    const Row* row = find_row(name);
    if (row == nullptr) {
        return {
            .kind = refused,
            .name = name,
            .why =
                "This agent does not know it, and cannot tell whether it changes items: it may "
                "be newer than the agent."
        };
    }
    const bool reads = row->by_statement && partiql_reads(name, body);
    return {.kind = reads ? read : row->kind, .name = name, .why = row->why};
}

}  // namespace farshore::dataplane
