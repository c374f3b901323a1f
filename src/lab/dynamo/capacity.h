#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "lab/dynamo/request.h"

// Consumed capacity, in DynamoDB's units.
namespace farshore::lab::dynamo {

[[nodiscard]] double read_units(std::size_t bytes, bool consistent);
[[nodiscard]] double write_units(std::size_t bytes);

// Adds ConsumedCapacity to an answer when the request asks for it.
class CapacityReport {
  public:
    [[nodiscard]] static Answer<CapacityReport> read(const Object& request);

    // For operations on one table: an object.
    void add_to(Object& answer, const std::string& table, double units) const;
    // For operations on several tables: a list.
    void add_to(Object& answer, const std::map<std::string, double>& units) const;

  private:
    [[nodiscard]] Object describe(const std::string& table, double units) const;

    bool total_ = false;
    bool indexes_ = false;
};

}  // namespace farshore::lab::dynamo
