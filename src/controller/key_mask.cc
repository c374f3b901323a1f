#include "controller/key_mask.h"

#include <span>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <openssl/rand.h>

#include "base/assert.h"
#include "base/text.h"

#include "sigv4/digest.h"

namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kHashBytes = 16;

}  // namespace

KeyMask::KeyMask() {
    FARSHORE_ASSERT(
        RAND_bytes(secret_.data(), static_cast<int>(secret_.size())) == 1,
        "the kernel has randomness"
    );
}

std::string KeyMask::hide(std::string_view table, std::string_view text) const {
    const std::string message = std::string{table} + '\0' + std::string{text};
    const sigv4::Sha256 digest = sigv4::Hmac{secret_}.of(message);
    return "hidden-" + to_hex(std::span{digest}.first(kHashBytes));
}

json::object KeyMask::hidden(json::object losses) const {
    losses["keys_hidden"] = true;
    json::value* entries = losses.if_contains("entries");
    if (entries == nullptr || !entries->is_array()) {
        return losses;
    }
    for (json::value& each : entries->get_array()) {
        json::object& entry = each.as_object();
        const std::string table{entry.at("table").as_string()};
        entry["key"] = hide(table, json::serialize(entry.at("key")));
        if (const json::value* hash = entry.if_contains("hash"); hash != nullptr) {
            entry["hash"] = "";
        }
    }
    return losses;
}

}  // namespace farshore::controller
