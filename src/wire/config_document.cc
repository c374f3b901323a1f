#include "wire/config_document.h"

#include <array>

#include <openssl/evp.h>

#include "base/assert.h"
#include "base/text.h"
#include "wire/config_keys.h"

namespace farshore::config {

boost::json::object config_document(const Config& config) {
    return show_fields(keys::farshore_yaml::kFile, config, Which::all);
}

std::string proof_hash(const Config& config) {
    return sha256_hex(
        boost::json::serialize(show_fields(keys::farshore_yaml::kFile, config, Which::disarming))
    );
}

std::string sha256_hex(std::string_view text) {
    std::array<std::uint8_t, 32> digest{};
    unsigned int length = 0;
    const int done =
        EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
    FARSHORE_ASSERT(done == 1 && length == digest.size(), "SHA-256 is always available");
    return to_hex(digest);
}

}  // namespace farshore::config
