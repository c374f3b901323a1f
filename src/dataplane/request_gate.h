#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/own_names.h"

#include "dataplane/answer.h"
#include "dataplane/exchange.h"
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

// Is a well-framed request one that DynamoDB would understand, by a local application that may ask?
// Sets the exchange's operation.
[[nodiscard]] std::optional<Refusal> admit(
    Exchange& exchange, const Admission& admission, UtcTime now
);

}  // namespace farshore::dataplane
