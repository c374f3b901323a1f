#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/object.hpp>

namespace farshore::lab::dynamo {

// What DynamoDB answers instead of a result: status, type, message, and what else belongs to it.
struct ServiceError {
    int status = 400;
    std::string type;  // "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"
    std::string message;
    boost::json::object more;  // "Item" of a failed condition, "CancellationReasons", ...
};

template <class T>
using Answer = std::expected<T, ServiceError>;

// "ResourceNotFoundException" and the like, of DynamoDB's own name space.
[[nodiscard]] inline ServiceError dynamo_error(
    std::string_view name, std::string message, int status = 400
) {
    return {
        .status = status,
        .type = "com.amazonaws.dynamodb.v20120810#" + std::string{name},
        .message = std::move(message),
        .more = {}
    };
}

[[nodiscard]] inline ServiceError coral_error(
    std::string_view space, std::string_view name, std::string message, int status = 400
) {
    return {
        .status = status,
        .type = "com.amazon.coral." + std::string{space} + "#" + std::string{name},
        .message = std::move(message),
        .more = {}
    };
}

[[nodiscard]] inline ServiceError validation(std::string message) {
    return coral_error("validate", "ValidationException", std::move(message));
}

// The request is no JSON, or has a value of another JSON type than the parameter's.
[[nodiscard]] inline ServiceError serialization(std::string message) {
    return coral_error("service", "SerializationException", std::move(message));
}

[[nodiscard]] inline ServiceError internal_error() {
    return dynamo_error("InternalServerError", "Internal server error", 500);
}

[[nodiscard]] inline std::unexpected<ServiceError> invalid(std::string message) {
    return std::unexpected(validation(std::move(message)));
}

}  // namespace farshore::lab::dynamo
