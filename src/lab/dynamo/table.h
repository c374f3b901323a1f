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

// What CreateTable and the later changes asked for. Replicas share it, but for the settings that
// are each Region's own: deletion protection and tags.
struct TableDefinition {
    TableName name;
    KeySchema schema;
    std::vector<KeyAttribute> attributes;  // as declared, for DescribeTable
    std::vector<IndexDefinition> indexes;
    bool on_demand = true;
    std::int64_t read_units = 0;
    std::int64_t write_units = 0;
    bool deletion_protection = false;
    std::string stream_view;                   // "NEW_AND_OLD_IMAGES"; empty: no stream
    std::optional<std::string> ttl_attribute;  // nullopt: nothing expires
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
    std::string stream_label;  // of its newest stream, also when that is disabled; empty: none yet
    // Milliseconds since 1970; zero: never.
    std::int64_t ttl_changed_ms = 0;
    std::int64_t source_ms = 0;  // when a replica was last made from this copy

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

// What a StreamSpecification asks for. `view`: "KEYS_ONLY", ...; empty: not given.
struct StreamWish {
    bool enabled = false;
    std::string view;
};

// nullopt inside: the request has none. Errors: SerializationException, ValidationException.
[[nodiscard]] Answer<std::optional<StreamWish>> read_stream(const boost::json::object& request);
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
