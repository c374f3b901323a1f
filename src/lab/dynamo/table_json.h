#pragma once

#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "lab/dynamo/table.h"

// Parts of a table's description, in the words of the API.
namespace farshore::lab::dynamo {

[[nodiscard]] boost::json::array schema_json(const KeySchema& schema);
[[nodiscard]] boost::json::array attributes_json(const std::vector<KeyAttribute>& attributes);
[[nodiscard]] boost::json::object index_json(const IndexDefinition& index);
// A StreamSpecification. The table must have a stream.
[[nodiscard]] boost::json::object stream_json(const TableDefinition& definition);
// CreateTable's parameters.
[[nodiscard]] boost::json::object definition_json(const TableDefinition& definition);

}  // namespace farshore::lab::dynamo
