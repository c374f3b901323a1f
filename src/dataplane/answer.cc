#include "dataplane/answer.h"

#include <cstddef>
#include <utility>
#include <zlib.h>

#include <boost/json.hpp>

namespace farshore::dataplane {

namespace {

struct Row {
    int status;
    std::string_view code;
    std::string_view message;
    bool retry;
};

constexpr std::array<Row, 10> kRows{{
    {503, "ServiceUnavailable", "Writes are being switched to another Region. Try again.", true},
    {503,
     "ServiceUnavailable",
     "The active Region cannot be reached. The request was not sent.",
     true},
    {503,
     "ServiceUnavailable",
     "The Region did not answer. The outcome is unknown: the write may have taken effect.",
     true},
    // A status and a code that no SDK repeats by itself (docs/decisions/0012-unknown-outcomes.md).
    {400,
     "WriteOutcomeUnknownException",
     "The Region did not answer. The outcome is unknown: the write may have taken effect, and "
     "carried out again it would count twice. Read the item before you repeat it.",
     false},
    {503,
     "ServiceUnavailable",
     "Too many requests are waiting at this host's DynamoDB endpoint.",
     true},
    {503, "ServiceUnavailable", "This host has no AWS credentials yet. Try again.", true},
    {503, "ServiceUnavailable", "This host's DynamoDB endpoint is being stopped. Try again.", true},
    {400,
     "AccessDeniedException",
     "This host may not write any more: its Region was replaced by another one.",
     false},
    {400,
     "UnrecognizedClientException",
     "The security token included in the request is invalid.",
     false},
    {400, "SerializationException", "This is not a DynamoDB request.", false},
}};
static_assert(kRows.size() == kOwnAnswerNames.size());

std::string_view reason(int status) {
    switch (status) {
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 413: return "Content Too Large";
        case 417: return "Expectation Failed";
        case 431: return "Request Header Fields Too Large";
        case 501: return "Not Implemented";
        case 503: return "Service Unavailable";
        case 505: return "HTTP Version Not Supported";
        default: return "Bad Request";
    }
}

// Long enough that the second try usually meets the end of a switch, short enough to cost nothing.
constexpr std::string_view kRetryAfterMs = "100";

}  // namespace

std::string request_id(Rng& rng) {
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    std::string id(52, '0');
    for (char& c : id) {
        c = kAlphabet[static_cast<std::size_t>(rng.below(kAlphabet.size()))];
    }
    return id;
}

std::string crc32_text(std::string_view body) {
    const auto* bytes = reinterpret_cast<const Bytef*>(body.data());
    return std::to_string(crc32_z(0, bytes, body.size()));
}

std::string own_answer(OwnAnswer which, Rng& rng, const AnswerOptions& options) {
    const Row& row = kRows[static_cast<std::size_t>(std::to_underlying(which))];
    const int status = options.status != 0 ? options.status : row.status;
    const std::string_view code = options.code.empty() ? row.code : options.code;
    const std::string_view message = options.detail.empty() ? row.message : options.detail;
    const std::string body = boost::json::serialize(boost::json::object{
        {"__type", "com.amazonaws.dynamodb.v20120810#" + std::string{code}}, {"message", message}
    });
    std::string answer = "HTTP/1.1 " + std::to_string(status) + " ";
    answer += reason(status);
    answer +=
        "\r\nServer: farshore\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: ";
    answer += std::to_string(body.size());
    answer += "\r\nx-amzn-RequestId: " + request_id(rng);
    answer += "\r\nx-amz-crc32: " + crc32_text(body);
    if (row.retry) {
        answer += "\r\nx-amz-retry-after: ";
        answer += kRetryAfterMs;
    }
    answer += options.close ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n";
    return answer + body;
}

}  // namespace farshore::dataplane
