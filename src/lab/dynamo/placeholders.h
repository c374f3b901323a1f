#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "lab/dynamo/service_error.h"
#include "lab/dynamo/value.h"

namespace farshore::lab::dynamo {

// The #names and :values of a request. Remembers which of them were used, because DynamoDB refuses
// those that were not.
class Placeholders {
  public:
    // Reads ExpressionAttributeNames and ExpressionAttributeValues of a request (or of a part of
    // one). `expressions`: does the request have any expression that could use them?
    [[nodiscard]] static Answer<Placeholders> read(
        const boost::json::object& request, bool expressions
    );

    // nullptr: not defined. `name` with its '#'.
    [[nodiscard]] const std::string* name(std::string_view name);
    // nullptr: not defined. `name` with its ':'.
    [[nodiscard]] const Value* value(std::string_view name);

    // nullopt: all were used.
    [[nodiscard]] std::optional<ServiceError> unused() const;

  private:
    [[nodiscard]] std::optional<ServiceError> check_sizes() const;

    std::map<std::string, std::string, std::less<>> names_;
    std::map<std::string, Value, std::less<>> values_;
    std::set<std::string, std::less<>> used_;
};

}  // namespace farshore::lab::dynamo
