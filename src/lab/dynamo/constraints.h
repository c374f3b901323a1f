#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/dynamo/request.h"

namespace farshore::lab::dynamo {

// The members of a request that break their lengths or patterns: DynamoDB tells all of them in one
// message, before it looks at anything else. `where` is a member's place as the service writes it:
// "keySchema.1.member.attributeName".
class Constraints {
  public:
    // Does not complain of values that are absent or no texts: other checks do.
    void length(const Json* text, const std::string& where, std::size_t least, std::size_t most);
    // Letters, digits, "_", "-" and ".".
    void name_pattern(const Json* text, const std::string& where);
    void add(std::string_view value, const std::string& where, const std::string& rule);

    // nullopt: none is broken. Errors: ValidationException.
    [[nodiscard]] std::optional<ServiceError> broken() const;

  private:
    std::vector<std::string> broken_;
};

// May a table or an index be called so, its length apart?
[[nodiscard]] bool is_resource_name(std::string_view name);

}  // namespace farshore::lab::dynamo
