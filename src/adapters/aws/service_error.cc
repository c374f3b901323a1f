#include <string>
#include <string_view>

#include "adapters/aws/client.h"

namespace farshore::aws {
namespace {

// One code, or all that a star completes. The first that fits says the kind.
struct CodeRow {
    std::string_view pattern;
    ErrorKind kind;
};

using enum ErrorKind;

// The lists of AWS's SDKs ("standard" retry mode), the codes of the services that we call, and the
// endings that they share.
constexpr CodeRow kCodes[] = {
    {"BandwidthLimitExceeded", throttled},
    {"LimitExceededException", throttled},  // DynamoDB: too many changes of tables at once
    {"PriorRequestNotComplete", throttled},
    {"ProvisionedThroughputExceededException", throttled},
    {"RequestLimitExceeded", throttled},
    {"RequestThrottled", throttled},
    {"RequestThrottledException", throttled},
    {"SlowDown*", throttled},
    {"*Throttl*", throttled},
    {"TooManyRequestsException", throttled},
    {"TransactionInProgressException", throttled},
    {"AccessDenied*", denied},
    {"AuthFailure", denied},
    {"AuthorizationError", denied},
    {"ExpiredToken*", denied},
    {"IncompleteSignature*", denied},
    {"InvalidClientTokenId", denied},
    {"InvalidSignatureException", denied},
    {"MissingAuthenticationToken*", denied},
    {"NotAuthorized", denied},
    {"OptInRequired", denied},
    {"RequestExpired", denied},
    {"RequestTimeTooSkewed", denied},
    {"SignatureDoesNotMatch", denied},
    {"Unauthorized*", denied},
    {"UnrecognizedClientException", denied},
    {"*NotFound*", not_found},
    {"NoSuch*", not_found},
    {"*DoesNotExist", not_found},
    {"AWS.SimpleQueueService.NonExistentQueue", not_found},  // SQS's old name
    {"*AlreadyExists*", conflict},
    {"*Conflict*", conflict},
    {"*InUse*", conflict},
    {"Concurrent*", conflict},
    {"ConditionalCheckFailedException", conflict},
    {"HealthCheckVersionMismatch", conflict},
    {"HostedZoneNotEmpty", conflict},
    {"IdempotentParameterMismatchException", conflict},
    {"*InProgress", conflict},
    {"QueueNameExists", conflict},
    {"TransactionCanceledException", conflict},
    {"*LimitExceeded*", exhausted},
    {"*QuotaExceeded*", exhausted},
    {"TooManyHealthChecks", exhausted},
    {"TooManyHostedZones", exhausted},
    {"RequestTimeout*", timed_out},
};

bool fits(std::string_view pattern, std::string_view code) {
    const bool ends_open = pattern.ends_with('*');
    const bool begins_open = pattern.starts_with('*');
    pattern.remove_suffix(ends_open ? 1 : 0);
    pattern.remove_prefix(begins_open ? 1 : 0);
    if (begins_open && ends_open) {
        return code.contains(pattern);
    }
    return begins_open ? code.ends_with(pattern)
           : ends_open ? code.starts_with(pattern)
                       : code == pattern;
}

ErrorKind kind_of(int status, std::string_view code) {
    // AWS throttles with 400 and with 503; the code decides before the status.
    if (status == 429) {
        return throttled;
    }
    for (const CodeRow& row : kCodes) {
        if (fits(row.pattern, code)) {
            return row.kind;
        }
    }
    if (status >= 500) {
        return unavailable;
    }
    switch (status) {
        case 401:
        case 403: return denied;
        case 404: return not_found;
        case 408: return timed_out;
        case 409: return conflict;
        default: return malformed;
    }
}

std::string remedy_for(ErrorKind kind, std::string_view code) {
    if (kind != ErrorKind::denied) {
        return {};
    }
    if (code == "RequestTimeTooSkewed" || code == "RequestExpired") {
        return "Check the clock of this machine.";
    }
    return "Check the keys and the policy of the principal; `farshore doctor` names what is "
           "missing.";
}

}  // namespace

Error to_error(int status, const aws_model::Refusal& said) {
    const ErrorKind kind = kind_of(status, said.code);
    Error out;
    out.kind = kind;
    // A throttled request was not executed, whatever its status. A service that broke may have done
    // its work before it broke.
    const bool broke = kind == ErrorKind::unavailable || kind == ErrorKind::timed_out;
    out.effect = broke ? Effect::possible : Effect::none;
    out.code = said.code;
    out.text = said.code.empty() ? "HTTP status " + std::to_string(status) : said.code;
    if (!said.message.empty()) {
        out.text += ": " + said.message;
    }
    out.remedy = remedy_for(kind, said.code);
    return out;
}

Error refusal_of(std::string_view service, int status, std::string_view body) {
    const aws_model::Model& model = aws_model::model();
    return to_error(
        status,
        aws_model::decode_error(
            model, *model.find_service(service), {.status = status, .headers = {}, .body = body}
        )
    );
}

}  // namespace farshore::aws
