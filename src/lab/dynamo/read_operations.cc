// Query and Scan: one walk over locations, with a page's limits.
#include <algorithm>

#include <boost/json.hpp>

#include "lab/dynamo/capacity.h"
#include "lab/dynamo/evaluate.h"
#include "lab/dynamo/expression_parser.h"
#include "lab/dynamo/index_view.h"
#include "lab/dynamo/key_condition.h"
#include "lab/dynamo/legacy.h"
#include "lab/dynamo/operations.h"
#include "lab/dynamo/request.h"
#include "lab/dynamo/value_json.h"

namespace farshore::lab::dynamo {
namespace {

constexpr std::size_t kPageBytesMax = 1024 * 1024;

struct Reading {
    const Table* table = nullptr;
    const IndexDefinition* index = nullptr;  // nullptr: the table itself
    LocationRange range;
    bool forward = true;
    bool consistent = false;
    bool count_only = false;
    std::optional<std::int64_t> limit;
    std::optional<Condition> filter;
    std::optional<Projection> projection;
    Placeholders placeholders;
    CapacityReport capacity;

    [[nodiscard]] const KeySchema& schema() const {
        return index == nullptr ? table->definition.schema : index->schema;
    }
};

struct Page {
    boost::json::array items;
    std::int64_t count = 0;
    std::int64_t scanned = 0;
    std::size_t bytes = 0;
    std::optional<Item> last;  // the item that the page ended with, when it ended early
};

std::optional<ServiceError> read_select(const Object& request, Reading& reading) {
    const auto select = optional_word(
        request,
        "Select",
        {"", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT"}
    );
    if (!select) {
        return select.error();
    }
    reading.count_only = *select == "COUNT";
    const bool chooses = has_any(request, {"ProjectionExpression", "AttributesToGet"});
    if (chooses && !select->empty() && *select != "SPECIFIC_ATTRIBUTES") {
        return validation(
            *select == "COUNT"
                ? "Cannot specify the ProjectionExpression when choosing to get only the Count"
                : "Cannot specify the ProjectionExpression when choosing to get " + *select
        );
    }
    if (*select == "SPECIFIC_ATTRIBUTES" && !chooses) {
        return validation(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get "
            "SPECIFIC_ATTRIBUTES"
        );
    }
    if (*select == "ALL_PROJECTED_ATTRIBUTES" && !has_any(request, {"IndexName"})) {
        return validation(
            "One or more parameter values were invalid: ALL_PROJECTED_ATTRIBUTES can be used only "
            "when Querying using an "
            "IndexName"
        );
    }
    return std::nullopt;
}

// What Query and Scan have in common; the expressions stay unread when `key_condition` is wrong.
Answer<Reading> read_common(Region& region, const Object& request) {
    Reading reading;
    const Answer<std::string> name = required_table_name(request);
    if (!name) {
        return std::unexpected(name.error());
    }
    const Answer<CapacityReport> capacity = CapacityReport::read(request);
    const Answer<bool> consistent = optional_flag(request, "ConsistentRead", false);
    const auto limit = optional_integer(request, "Limit");
    if (!capacity || !consistent || !limit) {
        return std::unexpected(
            !capacity     ? capacity.error()
            : !consistent ? consistent.error()
                          : limit.error()
        );
    }
    if (*limit && **limit < 1) {
        return invalid(
            "1 validation error detected: Value '" + std::to_string(**limit) +
            "' at 'limit' failed to satisfy constraint: Member must have value greater than or "
            "equal to 1"
        );
    }
    reading.capacity = *capacity;
    reading.consistent = *consistent;
    reading.limit = *limit;
    if (auto mixed = check_not_mixed(request)) {
        return std::unexpected(std::move(*mixed));
    }
    if (auto error = read_select(request, reading)) {
        return std::unexpected(std::move(*error));
    }
    const bool expressions =
        has_any(request, {"ProjectionExpression", "FilterExpression", "KeyConditionExpression"});
    Answer<Placeholders> placeholders = Placeholders::read(request, expressions);
    if (!placeholders) {
        return std::unexpected(std::move(placeholders.error()));
    }
    reading.placeholders = std::move(*placeholders);
    auto filter = optional_condition(request, "FilterExpression", reading.placeholders);
    if (!filter) {
        return std::unexpected(std::move(filter.error()));
    }
    reading.filter = std::move(*filter);
    for (const std::string_view key : {"QueryFilter", "ScanFilter"}) {
        auto older = legacy_condition(request, key);
        if (!older) {
            return std::unexpected(std::move(older.error()));
        }
        if (*older) {
            reading.filter = std::move(*older);
        }
    }
    auto projection = optional_projection(request, reading.placeholders);
    if (!projection) {
        return std::unexpected(std::move(projection.error()));
    }
    reading.projection = std::move(*projection);
    const Answer<Table*> table = region.usable(*name);
    if (!table) {
        return std::unexpected(table.error());
    }
    reading.table = *table;
    return reading;
}

std::optional<ServiceError> choose_index(const Object& request, Reading& reading) {
    const auto name = optional_text(request, "IndexName");
    if (!name) {
        return name.error();
    }
    if (!*name) {
        return std::nullopt;
    }
    reading.index = reading.table->definition.index(**name);
    if (reading.index == nullptr) {
        return validation("The table does not have the specified index: " + **name);
    }
    if (reading.index->global && reading.consistent) {
        return validation("Consistent reads are not supported on global secondary indexes");
    }
    return std::nullopt;
}

// Continues after the item whose key the request names.
std::optional<ServiceError> continue_after(
    const Object& request, Reading& reading, const Value* hash
) {
    const Json* json = member(request, "ExclusiveStartKey");
    if (json == nullptr) {
        return std::nullopt;
    }
    Answer<Item> start = parse_item(*json);
    if (!start) {
        return std::move(start.error());
    }
    const Answer<std::string> at = index_location(*reading.table, reading.index, *start);
    if (!at) {
        return validation("The provided starting key is invalid: " + at.error().message);
    }
    const auto own_hash = start->find(reading.schema().hash.name);
    if (hash != nullptr && own_hash->second != *hash) {
        return validation(
            "The provided starting key is outside query boundaries based on provided conditions"
        );
    }
    if (reading.forward) {
        reading.range.from = std::max(reading.range.from, *at + '\0');
    } else {
        reading.range.to = reading.range.to.empty() ? *at : std::min(reading.range.to, *at);
    }
    return std::nullopt;
}

Answer<Page> read_page(Region& region, const Reading& reading) {
    Page page;
    const auto visitor = [&](const Item& item) {
        ++page.scanned;
        page.bytes += stored_size(item);
        if (!reading.filter || holds(*reading.filter, item)) {
            ++page.count;
            if (!reading.count_only) {
                page.items.push_back(
                    to_json(reading.projection ? projected(*reading.projection, item) : item)
                );
            }
        }
        const bool full =
            (reading.limit && page.scanned >= *reading.limit) || page.bytes >= kPageBytesMax;
        if (full) {
            page.last = item;
        }
        return !full;
    };
    if (!reading.range.to.empty() && reading.range.from >= reading.range.to) {
        return page;
    }
    const Status done = visit_view(
        region.store(), *reading.table, reading.index, reading.range, reading.forward, visitor
    );
    if (!done) {
        return std::unexpected(store_failure(done.error()));
    }
    return page;
}

Answer<Object> answer_with(Region& region, const Reading& reading) {
    if (auto unused = reading.placeholders.unused()) {
        return std::unexpected(std::move(*unused));
    }
    Answer<Page> page = read_page(region, reading);
    if (!page) {
        return std::unexpected(std::move(page.error()));
    }
    Object answer;
    if (!reading.count_only) {
        answer["Items"] = std::move(page->items);
    }
    answer["Count"] = page->count;
    answer["ScannedCount"] = page->scanned;
    if (page->last) {
        answer["LastEvaluatedKey"] = to_json(index_key(*reading.table, reading.index, *page->last));
    }
    reading.capacity.add_to(
        answer, reading.table->definition.name.value(), read_units(page->bytes, reading.consistent)
    );
    return answer;
}

std::optional<ServiceError> check_filter_leaves_keys(
    const Condition& filter, const KeySchema& schema
) {
    for (const Operand& operand : filter.operands) {
        const Path& path =
            operand.kind == Operand::Kind::size ? operand.arguments.front().path : operand.path;
        const bool names_key = !path.empty() && schema.has(top_name(path));
        if (names_key) {
            return validation(
                "Filter Expression can only contain non-primary key attributes: Primary key "
                "attribute: " +
                top_name(path)
            );
        }
    }
    for (const Condition& child : filter.children) {
        if (auto error = check_filter_leaves_keys(child, schema)) {
            return error;
        }
    }
    return std::nullopt;
}

std::optional<ServiceError> choose_segment(const Object& request, Reading& reading) {
    const auto segment = optional_integer(request, "Segment");
    const auto total = optional_integer(request, "TotalSegments");
    if (!segment || !total) {
        return !segment ? segment.error() : total.error();
    }
    if (!*segment && !*total) {
        return std::nullopt;
    }
    if (!*total) {
        return validation(
            "The TotalSegments parameter is required but was not present in the request when "
            "Segment parameter is present"
        );
    }
    if (!*segment) {
        return validation(
            "The Segment parameter is required but was not present in the request when parameter "
            "TotalSegments is present"
        );
    }
    if (**total < 1 || **total > 1'000'000 || **segment < 0) {
        return validation(
            "1 validation error detected: Value at 'totalSegments' failed to satisfy constraint: "
            "Member must have value between 1 and 1000000"
        );
    }
    if (**segment >= **total) {
        return validation(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            "Segment: " +
            std::to_string(**segment) +
            " is not less than TotalSegments: " + std::to_string(**total)
        );
    }
    reading.range =
        segment_range(static_cast<std::uint64_t>(**segment), static_cast<std::uint64_t>(**total));
    return std::nullopt;
}

}  // namespace

Answer<Object> query(Cluster& /*cluster*/, Region& region, const Object& request) {
    Answer<Reading> reading = read_common(region, request);
    if (!reading) {
        return std::unexpected(std::move(reading.error()));
    }
    const Answer<bool> forward = optional_flag(request, "ScanIndexForward", true);
    if (!forward) {
        return std::unexpected(forward.error());
    }
    reading->forward = *forward;
    if (auto error = choose_index(request, *reading)) {
        return std::unexpected(std::move(*error));
    }
    auto condition = optional_condition(request, "KeyConditionExpression", reading->placeholders);
    if (condition && !*condition) {
        condition = legacy_condition(request, "KeyConditions");
    }
    if (!condition) {
        return std::unexpected(condition.error());
    }
    if (!*condition) {
        return invalid(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the "
            "request."
        );
    }
    if (auto unused = reading->placeholders.unused()) {
        return std::unexpected(std::move(*unused));
    }
    Answer<KeyRange> range = key_range(reading->schema(), **condition);
    if (!range) {
        return std::unexpected(std::move(range.error()));
    }
    if (reading->filter) {
        if (auto error = check_filter_leaves_keys(*reading->filter, reading->schema())) {
            return std::unexpected(std::move(*error));
        }
    }
    reading->range = std::move(range->locations);
    if (auto error = continue_after(request, *reading, &range->hash)) {
        return std::unexpected(std::move(*error));
    }
    return answer_with(region, *reading);
}

Answer<Object> scan(Cluster& /*cluster*/, Region& region, const Object& request) {
    Answer<Reading> reading = read_common(region, request);
    if (!reading) {
        return std::unexpected(std::move(reading.error()));
    }
    if (auto error = choose_index(request, *reading)) {
        return std::unexpected(std::move(*error));
    }
    if (auto error = choose_segment(request, *reading)) {
        return std::unexpected(std::move(*error));
    }
    if (auto error = continue_after(request, *reading, nullptr)) {
        return std::unexpected(std::move(*error));
    }
    return answer_with(region, *reading);
}

}  // namespace farshore::lab::dynamo
