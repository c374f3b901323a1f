#include "lab/dynamo/transaction_tokens.h"

#include <algorithm>

namespace farshore::lab::dynamo {

Answer<std::optional<boost::json::object>> TransactionTokens::find(
    const std::string& token, const std::string& content, Instant now
) {
    forget(now);
    const auto known = done_.find(token);
    if (known == done_.end()) {
        return std::nullopt;
    }
    if (known->second.content != content) {
        return std::unexpected(dynamo_error(
            "IdempotentParameterMismatchException",
            "DynamoDB rejected the request because you retried a request with a different payload "
            "but with an idempotent token that was already used."
        ));
    }
    return known->second.answer;
}

void TransactionTokens::remember(
    const std::string& token, std::string content, boost::json::object answer, Instant now
) {
    forget(now);
    if (done_.size() >= kTokensMax) {
        done_.erase(std::ranges::min_element(done_, {}, [](const auto& entry) {
            return entry.second.at;
        }));
    }
    done_[token] = {.content = std::move(content), .answer = std::move(answer), .at = now};
}

void TransactionTokens::forget(Instant now) {
    std::erase_if(done_, [now](const auto& entry) { return now - entry.second.at >= kRemembered; });
}

}  // namespace farshore::lab::dynamo
