#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include <boost/json/object.hpp>

#include "base/time.h"
#include "lab/dynamo/service_error.h"

namespace farshore::lab::dynamo {

// The client tokens of transactions that were carried out: SDKs send one with each, so that a
// transaction that is sent again, because its answer was lost, is not done again. DynamoDB
// remembers a token for ten minutes. Bounded: beyond, the oldest is forgotten.
class TransactionTokens {
  public:
    static constexpr Duration kRemembered = std::chrono::minutes{10};
    static constexpr std::size_t kTokensMax = 10'000;

    // What the transaction of this token was answered; nullopt: it is new. Errors:
    // IdempotentParameterMismatchException (it was another transaction).
    [[nodiscard]] Answer<std::optional<boost::json::object>> find(
        const std::string& token, const std::string& content, Instant now
    );
    void remember(
        const std::string& token, std::string content, boost::json::object answer, Instant now
    );

  private:
    struct Done {
        std::string content;
        boost::json::object answer;
        Instant at{};
    };

    void forget(Instant now);

    std::map<std::string, Done> done_;
};

}  // namespace farshore::lab::dynamo
