#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dataplane/answer.h"
#include "dataplane/exchange.h"
#include "sigv4/signer.h"

namespace farshore::dataplane {

struct Refusal {
    OwnAnswer answer = OwnAnswer::not_understood;
    std::string detail;
    std::string code;  // empty: the answer's own
};

// Is a well-framed request one that DynamoDB would understand, and by somebody who may ask? Sets
// the exchange's operation. `client_keys` empty: everybody who reaches the endpoint may.
[[nodiscard]] std::optional<Refusal> admit(
    Exchange& exchange, const std::vector<sigv4::Credentials>& client_keys, UtcTime now
);

}  // namespace farshore::dataplane
