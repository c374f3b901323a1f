#pragma once

#include <optional>
#include <string_view>

#include "lab/dynamo/expression.h"
#include "lab/dynamo/request.h"

// The parameters that DynamoDB had before expressions (Expected, AttributeUpdates, KeyConditions,
// QueryFilter, ScanFilter, AttributesToGet): the PHP SDK's session handler still sends them. They
// are translated into what expressions mean.
namespace farshore::lab::dynamo {

// Errors: ValidationException when a request has parameters of both kinds.
[[nodiscard]] std::optional<ServiceError> check_not_mixed(const Object& request);

// `key`: "Expected", "KeyConditions", "QueryFilter" or "ScanFilter". nullopt: the request has none.
[[nodiscard]] Answer<std::optional<Condition>> legacy_condition(
    const Object& request, std::string_view key
);
// AttributeUpdates. nullopt: the request has none.
[[nodiscard]] Answer<std::optional<UpdateExpression>> legacy_update(const Object& request);
// AttributesToGet. nullopt: the request has none.
[[nodiscard]] Answer<std::optional<Projection>> legacy_projection(const Object& request);

}  // namespace farshore::lab::dynamo
