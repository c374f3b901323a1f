#include "sigv4/signer.h"

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "base/text.h"

#include "sigv4/canonical.h"
#include "sigv4/digest.h"
#include "sigv4/signing_keys.h"

namespace farshore::sigv4 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string_view value_of(std::span<const Header> headers, std::string_view name) {
    for (const Header& header : headers) {
        if (equals_ignoring_case(header.name, name)) {
            return trim(header.value);
        }
    }
    return {};
}

}  // namespace

struct Signer::Keys {
    SigningKeys keys;
};

std::string sha256_hex(std::string_view bytes) {
    return to_hex(sha256(bytes));
}

Signer::Signer() : keys_(new Keys) {}

Signer::~Signer() {
    delete keys_;
}

Signer::Signer(Signer&& other) noexcept : keys_(std::exchange(other.keys_, nullptr)) {}

Signer& Signer::operator=(Signer&& other) noexcept {
    std::swap(keys_, other.keys_);
    return *this;
}

std::string Signer::authorization(
    const Request& request, const Credentials& credentials, const Scope& scope, bool double_encode
) {
    const std::string_view amz_date = value_of(request.headers, "x-amz-date");
    FARSHORE_ASSERT(amz_date.size() == 16, "the caller sets x-amz-date before it signs");
    const CanonicalHeaders headers = canonical_headers(request.headers);
    const std::string canonical = assemble(request, headers, double_encode);
    const std::string signature =
        keys_->keys.signature(canonical, amz_date, credentials.secret_access_key, scope);
    std::string out;
    out.reserve(256);
    out += kAlgorithm;
    out += " Credential=";
    out += credentials.access_key_id;
    out += '/';
    out += amz_date.substr(0, 8);
    out += '/';
    out += scope.region;
    out += '/';
    out += scope.service;
    out += "/aws4_request, SignedHeaders=";
    out += headers.signed_names;
    out += ", Signature=";
    out += signature;
    return out;
}

}  // namespace farshore::sigv4
