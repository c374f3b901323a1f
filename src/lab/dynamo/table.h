#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/ids.h"
#include "base/time.h"
#include "lab/dynamo/key.h"
#include "lab/dynamo/service_error.h"

namespace farshore::lab::dynamo {

// A secondary index: its own key, over the items that have all of it.
struct IndexDefinition {
    std::string name;
    bool global = true;
    KeySchema schema;
    std::string projection = "ALL";  // "ALL", "KEYS_ONLY", "INCLUDE"
    std::vector<std::string> included;
};

// What CreateTable asked for; the same in all replicas.
struct TableDefinition {
    TableName name;
    KeySchema schema;
    std::vector<KeyAttribute> attributes;  // as declared, for DescribeTable
    std::vector<IndexDefinition> indexes;
    bool on_demand = true;
    std::int64_t read_units = 0;
    std::int64_t write_units = 0;
    bool deletion_protection = false;
    boost::json::object stream;  // StreamSpecification, as given
    std::map<std::string, std::string> tags;
    std::int64_t created_ms = 0;
    std::string id;

    [[nodiscard]] const IndexDefinition* index(std::string_view wanted) const;
};

// Another Region's copy, as one Region knows it.
struct Replica {
    Instant active_at;  // not before; and not before the copy of the existing items has arrived
};

struct Table {
    std::int64_t number = 0;  // in its Region's store
    TableDefinition definition;
    Instant active_at;  // CREATING until then
    std::map<RegionId, Replica> replicas;

    [[nodiscard]] bool is_global() const { return !replicas.empty(); }

    [[nodiscard]] bool is_active(Instant now) const { return now >= active_at; }
};

// Reads CreateTable's parameters. Errors: ValidationException.
[[nodiscard]] Answer<TableDefinition> read_definition(const boost::json::object& request);
// What of CreateTable breaks a length or a pattern, or is empty. nullopt: nothing.
[[nodiscard]] std::optional<ServiceError> check_definition_constraints(
    const boost::json::object& request
);
// nullopt: the table has no more indexes than it may.
[[nodiscard]] std::optional<ServiceError> check_index_counts(const TableDefinition& definition);
// Adds the tags of a request to those of a table, which are not to be used when it fails. Errors:
// SerializationException, ValidationException.
[[nodiscard]] std::optional<ServiceError> add_tags(
    const boost::json::array& list, std::map<std::string, std::string>& tags
);
// Reads UpdateTable's billing mode and throughput into a definition; what is absent stays. Errors:
// ValidationException.
[[nodiscard]] std::optional<ServiceError> change_throughput(
    const boost::json::object& request, TableDefinition& definition
);

// How a Region's catalog keeps a table.
[[nodiscard]] std::string catalog_text(const Table& table);
// nullopt: not what catalog_text() wrote.
[[nodiscard]] std::optional<Table> table_from_catalog(std::int64_t number, std::string_view text);

}  // namespace farshore::lab::dynamo
