#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/enum_names.h"
#include "base/rng.h"
#include "base/time.h"

namespace farshore::dataplane {

// The answers that the endpoint gives by itself. They look like DynamoDB's, so that SDKs report and
// retry them properly.
enum class OwnAnswer {
    switching,        // 503: writes wait for a switch or a confirmation; try again
    no_upstream,      // 503: the Region cannot be reached; nothing was sent
    outcome_unknown,  // 503: sent, and no answer: the write may have taken effect; repeat it
    not_repeatable,   // 400: the same of a write that must not be carried out twice
    overloaded,       // 503: a bound of the endpoint's is reached
    no_credentials,   // 503: this host has no AWS keys yet; nothing was sent
    stopping,         // 503: the agent ends; nothing was sent
    fenced,           // 400: this host may not write any more; do not retry
    not_authentic,    // 400: the signature is not by a key of this host
    foreign,          // 403: not by a local application: another name, or a web page
    not_understood,   // 400: not a DynamoDB request
};
inline constexpr std::array<std::string_view, 11> kOwnAnswerNames{
    "switching",
    "no_upstream",
    "outcome_unknown",
    "not_repeatable",
    "overloaded",
    "no_credentials",
    "stopping",
    "fenced",
    "not_authentic",
    "foreign",
    "not_understood"
};

constexpr const auto& names_of(OwnAnswer) {
    return kOwnAnswerNames;
}

struct AnswerOptions {
    bool close = false;       // the connection ends after it
    std::string_view detail;  // replaces the message
    std::string_view code;    // replaces the error code
    int status = 0;           // replaces the status when not 0
};

// A whole HTTP answer: x-amzn-RequestId, x-amz-crc32 and all. `rng` makes the request id.
[[nodiscard]] std::string own_answer(OwnAnswer which, Rng& rng, const AnswerOptions& options = {});

// The answer to DescribeEndpoints: `host`, as the client has just called this endpoint, so that
// clients that look for another address find this one again.
[[nodiscard]] std::string discovery_answer(std::string_view host, Rng& rng, bool close);

// How DynamoDB writes a request id: 52 letters and digits.
[[nodiscard]] std::string request_id(Rng& rng);

// As in the header x-amz-crc32: CRC-32 of the body as sent, decimal.
[[nodiscard]] std::string crc32_text(std::string_view body);

}  // namespace farshore::dataplane
