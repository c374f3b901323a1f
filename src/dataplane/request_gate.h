#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/own_names.h"

#include "dataplane/answer.h"
#include "dataplane/exchange.h"
#include "http1/head.h"
#include "sigv4/signer.h"

namespace farshore::dataplane {

struct Refusal {
    OwnAnswer answer = OwnAnswer::not_understood;
    std::string detail;
    std::string code;  // empty: the answer's own
};

// Which requests an endpoint admits.
struct Admission {
    // What the Host header may say; null: anything, as on a Unix socket, which no browser reaches.
    const OwnNames* names = nullptr;
    // Empty: every program that reaches the endpoint may ask.
    const std::vector<sigv4::Credentials>* client_keys = nullptr;
};

// Of what HTTP/1 allows, the endpoint takes less: what it answers to a head that it does not take,
// before any of the body. Decides whether the connection stays.
[[nodiscard]] std::optional<AnswerOptions> narrow(http1::RequestHead& request);

// Is a well-framed request one that DynamoDB would understand, by a local application that may ask?
// Sets the exchange's operation.
[[nodiscard]] std::optional<Refusal> admit(
    Exchange& exchange, const Admission& admission, UtcTime now
);

}  // namespace farshore::dataplane
