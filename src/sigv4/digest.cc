#include "sigv4/digest.h"

#include <memory>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/assert.h"

namespace farshore::sigv4 {
namespace {

// Fetched once per process: EVP_sha256() looks the algorithm up again at every use, which costs
// more than hashing a small request. Never freed: OpenSSL's own exit handler runs in an unknown
// order.
const EVP_MD* fetched_sha256() {
    static const EVP_MD* const kMd = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    FARSHORE_ASSERT(kMd != nullptr, "OpenSSL has no SHA256");
    return kMd;
}

EVP_MAC* fetched_hmac() {
    static EVP_MAC* const kMac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    FARSHORE_ASSERT(kMac != nullptr, "OpenSSL has no HMAC");
    return kMac;
}

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

Sha256 sha256(std::string_view bytes) {
    thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> kContext{EVP_MD_CTX_new()};
    Sha256 out{};
    unsigned int length = 0;
    const bool done = EVP_DigestInit_ex2(kContext.get(), fetched_sha256(), nullptr) == 1 &&
                      EVP_DigestUpdate(kContext.get(), bytes.data(), bytes.size()) == 1 &&
                      EVP_DigestFinal_ex(kContext.get(), out.data(), &length) == 1;
    FARSHORE_ASSERT(done && length == out.size(), "SHA-256 cannot fail on memory");
    return out;
}

Hmac::Hmac(std::span<const std::uint8_t> key) : context_(EVP_MAC_CTX_new(fetched_hmac())) {
    char digest_name[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
        OSSL_PARAM_construct_end()
    };
    // A null key means "keep the key that is set" to OpenSSL, so an empty key needs an address.
    static constexpr std::uint8_t kEmpty = 0;
    const std::uint8_t* bytes = key.empty() ? &kEmpty : key.data();
    const bool done =
        context_ != nullptr && EVP_MAC_init(context_, bytes, key.size(), parameters) == 1;
    FARSHORE_ASSERT(done, "HMAC-SHA-256 cannot be set up");
}

Hmac::~Hmac() {
    EVP_MAC_CTX_free(context_);
}

Hmac::Hmac(Hmac&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}

Hmac& Hmac::operator=(Hmac&& other) noexcept {
    std::swap(context_, other.context_);
    return *this;
}

Sha256 Hmac::of(std::string_view bytes) {
    Sha256 out{};
    std::size_t length = 0;
    // Without a key: starts over from the stored pads. Works from OpenSSL 3.0.3 on.
    const bool done =
        EVP_MAC_init(context_, nullptr, 0, nullptr) == 1 &&
        EVP_MAC_update(
            context_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()
        ) == 1 &&
        EVP_MAC_final(context_, out.data(), &length, out.size()) == 1;
    FARSHORE_ASSERT(done && length == out.size(), "HMAC-SHA-256 cannot fail on memory");
    return out;
}

}  // namespace farshore::sigv4
