#include "dataplane/answer.h"

#include <cstddef>
#include <utility>
#include <zlib.h>

#include <boost/json.hpp>

#include "http1/reasons.h"

namespace farshore::dataplane {

namespace {

struct Row {
    int status;
    std::string_view code;
    std::string_view message;
    bool retry;
};

constexpr std::array<Row, 11> kRows{{
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
     "The Region did not answer. The outcome is unknown: the write may have taken effect, and a "
     "repetition could count twice or be told another outcome. Read the item before you repeat it.",
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
    {403, "AccessDeniedException", "This endpoint serves local applications only.", false},
    {400, "SerializationException", "This is not a DynamoDB request.", false},
}};
static_assert(kRows.size() == kOwnAnswerNames.size());

// Long enough that the second try usually meets the end of a switch, short enough to cost nothing.
constexpr std::string_view kRetryAfterMs = "100";

// Up to the last header, without what ends a head.
std::string head_of(int status, std::string_view body, Rng& rng) {
    std::string head = "HTTP/1.1 " + std::to_string(status) + " ";
    head += http1::reason_of(status);
    head += "\r\nServer: farshore\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: ";
    head += std::to_string(body.size());
    head += "\r\nx-amzn-RequestId: " + request_id(rng);
    head += "\r\nx-amz-crc32: " + crc32_text(body);
    return head;
}

std::string_view end_of_head(bool close) {
    return close ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n";
}

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
    std::string answer = head_of(status, body, rng);
    if (row.retry) {
        answer += "\r\nx-amz-retry-after: ";
        answer += kRetryAfterMs;
    }
    answer += end_of_head(options.close);
    return answer + body;
}

// With the scheme, as botocore takes what has none for https; with a path, as the SDK for PHP wants
// one. What each SDK makes of it: docs/clients.md.
std::string discovery_answer(std::string_view host, Rng& rng, bool close) {
    constexpr int kCacheMinutes = 1440;  // as long as DynamoDB says
    const std::string body = boost::json::serialize(boost::json::object{
        {"Endpoints",
         boost::json::array{boost::json::object{
             {"Address", "http://" + std::string{host} + "/"},
             {"CachePeriodInMinutes", kCacheMinutes}
         }}}
    });
    std::string answer = head_of(200, body, rng);
    answer += end_of_head(close);
    return answer + body;
}

}  // namespace farshore::dataplane
