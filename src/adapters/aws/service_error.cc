#include <algorithm>
#include <iterator>
#include <pugixml.hpp>
#include <string>
#include <string_view>

#include <boost/json/parse.hpp>

#include "adapters/aws/client.h"
#include "base/text.h"

namespace farshore::aws {
namespace {

// The lists of AWS's SDKs ("standard" retry mode), with DynamoDB's and Route 53's own codes.
constexpr std::string_view kThrottled[] = {
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
};
constexpr std::string_view kConflict[] = {
    "ConditionalCheckFailedException",
    "ConflictingDomainExists",
    "GlobalTableAlreadyExistsException",
    "HealthCheckAlreadyExists",
    "HealthCheckInUse",
    "HealthCheckVersionMismatch",
    "HostedZoneAlreadyExists",
    "HostedZoneNotEmpty",
    "IdempotentParameterMismatchException",
    "ReplicaAlreadyExistsException",
    "ReplicatedWriteConflictException",
    "ResourceInUseException",
    "TableAlreadyExistsException",
    "TableInUseException",
    "TransactionCanceledException",
    "TransactionConflictException",
};
constexpr std::string_view kNotFound[] = {
    "GlobalTableNotFoundException",
    "NoSuchChange",
    "NoSuchHealthCheck",
    "NoSuchHostedZone",
    "ReplicaNotFoundException",
    "ResourceNotFoundException",
    "TableNotFoundException",
};
constexpr std::string_view kDenied[] = {
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
};

template <std::size_t N>
bool holds(const std::string_view (&codes)[N], std::string_view code) {
    return std::ranges::find(codes, code) != std::end(codes);
}

ErrorKind kind_of(int status, std::string_view code) {
    // AWS throttles with 400 and with 503; the code decides before the status.
    if (holds(kThrottled, code) || status == 429) {
        return ErrorKind::throttled;
    }
    if (holds(kConflict, code)) {
        return ErrorKind::conflict;
    }
    if (holds(kNotFound, code)) {
        return ErrorKind::not_found;
    }
    if (holds(kDenied, code)) {
        return ErrorKind::denied;
    }
    if (code == "RequestTimeout" || code == "RequestTimeoutException" || status == 408) {
        return ErrorKind::timed_out;
    }
    if (status >= 500) {
        return ErrorKind::unavailable;
    }
    switch (status) {
        case 401:
        case 403: return ErrorKind::denied;
        case 404: return ErrorKind::not_found;
        case 409: return ErrorKind::conflict;
        default: return ErrorKind::malformed;
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

std::string text_member(const boost::json::object& object, std::string_view name) {
    const boost::json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string{value->get_string()}
                                                  : std::string{};
}

}  // namespace

ServiceError parse_json_error(std::string_view body) {
    ServiceError out;
    boost::system::error_code error;
    boost::json::parse_options options;
    options.max_depth = 128;
    const boost::json::value parsed = boost::json::parse(body, error, {}, options);
    if (error || !parsed.is_object()) {
        return out;
    }
    const boost::json::object& object = parsed.get_object();
    out.code = text_member(object, "__type");
    if (out.code.empty()) {
        out.code = text_member(object, "code");
    }
    // "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException" and, behind some gateways,
    // ":http…".
    out.code = out.code.substr(out.code.find('#') + 1);
    out.code = out.code.substr(0, out.code.find(':'));
    out.message = text_member(object, "message");
    if (out.message.empty()) {
        out.message = text_member(object, "Message");
    }
    out.body_extra = body;
    return out;
}

ServiceError parse_xml_error(std::string_view body) {
    ServiceError out;
    pugi::xml_document document;
    if (!document.load_buffer(body.data(), body.size())) {
        return out;
    }
    const pugi::xml_node root = document.document_element();
    // Route 53's own shape of a refused batch: a list of messages and no code.
    if (std::string_view{root.name()} == "InvalidChangeBatch") {
        out.code = "InvalidChangeBatch";
        for (const pugi::xml_node message : root.child("Messages").children("Message")) {
            out.message += out.message.empty() ? "" : "; ";
            out.message += message.text().get();
        }
        if (out.message.empty()) {
            out.message = root.child_value("Message");
        }
        return out;
    }
    pugi::xml_node error = root.child("Error");
    if (!error) {
        error = root.child("Errors").child("Error");
    }
    if (!error) {
        error = root;
    }
    out.code = error.child_value("Code");
    out.message = error.child_value("Message");
    for (const pugi::xml_node message : error.child("Messages").children("Message")) {
        out.message += out.message.empty() ? "" : "; ";
        out.message += message.text().get();
    }
    return out;
}

Error to_error(int status, const ServiceError& error) {
    const ErrorKind kind = kind_of(status, error.code);
    Error out;
    out.kind = kind;
    // A throttled request was not executed, whatever its status. A service that broke may have done
    // its work before it broke.
    const bool broke = kind == ErrorKind::unavailable || kind == ErrorKind::timed_out;
    out.effect = broke ? Effect::possible : Effect::none;
    out.code = error.code;
    out.text = error.code.empty() ? "HTTP status " + std::to_string(status) : error.code;
    if (!error.message.empty()) {
        out.text += ": " + error.message;
    }
    out.remedy = remedy_for(kind, error.code);
    return out;
}

}  // namespace farshore::aws
