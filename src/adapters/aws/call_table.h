#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/enum_names.h"
#include "base/time.h"

// Every AWS call that Farshore can make, one row each: what a plan checker, the policy generator
// and the retry loop need to know about it, and no model says. Shapes and endpoints are
// aws_model's.
namespace farshore::aws {

// A control plane may be down while the data plane works; plans avoid it in an outage.
enum class Plane { data, control };
inline constexpr std::array<std::string_view, 2> kPlaneNames{"data", "control"};

constexpr const auto& names_of(Plane) {
    return kPlaneNames;
}

// May the call be repeated when it is unknown whether it took effect?
enum class Idempotency {
    natural,       // yes: it reads, or a second time changes nothing
    by_token,      // yes: it carries a token that the service remembers
    by_read_back,  // no: read the world first
};
inline constexpr std::array<std::string_view, 3> kIdempotencyNames{
    "natural", "by_token", "by_read_back"
};

constexpr const auto& names_of(Idempotency) {
    return kIdempotencyNames;
}

enum class RetryClass {
    probe,     // one attempt: the failure is the answer
    standard,  // three attempts with full jitter
};
inline constexpr std::array<std::string_view, 2> kRetryClassNames{"probe", "standard"};

constexpr const auto& names_of(RetryClass) {
    return kRetryClassNames;
}

struct CallRow {
    std::string_view service;  // as in the table of models (aws_model/model.h): "dynamodb"
    std::string_view name;     // "GetItem"
    Plane plane{};
    Idempotency idempotency{};
    std::string_view permission;  // the IAM action; comma between several; empty: none is needed
    Duration deadline{};          // of all attempts together
    RetryClass retry = RetryClass::standard;
};

[[nodiscard]] std::span<const CallRow> call_table();

// The row; asserts that it exists.
[[nodiscard]] const CallRow& call_row(std::string_view service, std::string_view name);

}  // namespace farshore::aws
