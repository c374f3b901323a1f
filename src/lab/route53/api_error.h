#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.h"

// The errors that Route 53's API gives, with their HTTP status.
namespace farshore::lab::route53 {

struct ApiErrorRow {
    std::string_view code;
    int status;
    ErrorKind kind;
};

// clang-format off
inline constexpr std::array<ApiErrorRow, 22> kApiErrors{{
    {"ConflictingDomainExists",    400, ErrorKind::conflict},
    {"HealthCheckAlreadyExists",   409, ErrorKind::conflict},
    {"HealthCheckInUse",           400, ErrorKind::conflict},
    {"HealthCheckVersionMismatch", 409, ErrorKind::conflict},
    {"HostedZoneAlreadyExists",    409, ErrorKind::conflict},
    {"HostedZoneNotEmpty",         400, ErrorKind::conflict},
    {"IncompleteSignature",        403, ErrorKind::denied},
    {"InvalidChangeBatch",         400, ErrorKind::malformed},
    {"InvalidClientTokenId",       403, ErrorKind::denied},
    {"InvalidDomainName",          400, ErrorKind::malformed},
    {"InvalidInput",               400, ErrorKind::malformed},
    {"InvalidSignature",           403, ErrorKind::denied},
    {"MalformedInput",             400, ErrorKind::malformed},
    {"MissingAuthenticationToken", 403, ErrorKind::denied},
    {"NoSuchChange",               404, ErrorKind::not_found},
    {"NoSuchHealthCheck",          404, ErrorKind::not_found},
    {"NoSuchHostedZone",           404, ErrorKind::not_found},
    {"SignatureDoesNotMatch",      403, ErrorKind::denied},
    {"TooManyHealthChecks",        400, ErrorKind::exhausted},
    {"TooManyHostedZones",         400, ErrorKind::exhausted},
    {"UnknownOperationException",  404, ErrorKind::malformed},
    {"RequestEntityTooLarge",      413, ErrorKind::malformed},
}};
// clang-format on

// `code` is one of the table's; an assertion checks it.
[[nodiscard]] const ApiErrorRow& row_of(std::string_view code);
[[nodiscard]] std::unexpected<Error> api_error(std::string_view code, std::string text);

}  // namespace farshore::lab::route53
