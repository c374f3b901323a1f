#include "sigv4/signing_keys.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/text.h"

namespace farshore::sigv4 {
namespace {

// Enough for an agent's Regions before and after midnight; a lab with more keys derives anew.
constexpr std::size_t kDerivedKeysMax = 32;

std::span<const std::uint8_t> as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

Hmac& SigningKeys::key_for(std::string_view secret, std::string_view date, const Scope& scope) {
    const auto wanted = [&](const Derived& entry) {
        return entry.date == date && entry.region == scope.region &&
               entry.service == scope.service && entry.secret == secret;
    };
    const auto found = std::ranges::find_if(derived_, wanted);
    if (found != derived_.end()) {
        derived_.splice(derived_.begin(), derived_, found);
        return derived_.front().key;
    }
    if (derived_.size() == kDerivedKeysMax) {
        derived_.pop_back();
    }
    Sha256 step = Hmac{as_bytes("AWS4" + std::string{secret})}.of(date);
    step = Hmac{step}.of(scope.region);
    step = Hmac{step}.of(scope.service);
    step = Hmac{step}.of("aws4_request");
    derived_.push_front(Derived{
        .secret = std::string{secret},
        .date = std::string{date},
        .region = scope.region,
        .service = scope.service,
        .key = Hmac{step}
    });
    return derived_.front().key;
}

std::string SigningKeys::signature(
    std::string_view canonical_request,
    std::string_view amz_date,
    std::string_view secret,
    const Scope& scope
) {
    const std::string_view date = amz_date.substr(0, 8);
    std::string to_sign;
    to_sign.reserve(160);
    to_sign += "AWS4-HMAC-SHA256\n";
    to_sign += amz_date;
    to_sign += '\n';
    to_sign += date;
    to_sign += '/';
    to_sign += scope.region;
    to_sign += '/';
    to_sign += scope.service;
    to_sign += "/aws4_request\n";
    to_sign += sha256_hex(canonical_request);
    return to_hex(key_for(secret, date, scope).of(to_sign));
}

}  // namespace farshore::sigv4
