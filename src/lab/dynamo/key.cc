#include "lab/dynamo/key.h"

#include <array>

#include <openssl/sha.h>

#include "base/assert.h"

namespace farshore::lab::dynamo {
namespace {

constexpr std::string_view kInvalid = "One or more parameter values were invalid: ";

ServiceError empty_key(const KeyAttribute& attribute, const Value& value) {
    return validation(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
        "contain an empty " +
        std::string{as<std::string>(value) != nullptr ? "string" : "binary"} +
        " value. Key: " + attribute.name
    );
}

std::string escaped(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size() + 2);
    for (const char c : bytes) {
        out += c;
        if (c == '\0') {
            out += '\xFF';
        }
    }
    return out;
}

}  // namespace

bool is_empty_key(const KeyAttribute& attribute, const Value& value) {
    const auto* text = as<std::string>(value);
    const auto* binary = as<Binary>(value);
    return type_name(value) == attribute.type &&
           ((text != nullptr && text->empty()) || (binary != nullptr && binary->bytes.empty()));
}

std::optional<ServiceError> check_key_is_not_empty(const KeySchema& schema, const Item& item) {
    for (const KeyAttribute* attribute : {&schema.hash, schema.range ? &*schema.range : nullptr}) {
        const auto found = attribute == nullptr ? item.end() : item.find(attribute->name);
        if (found != item.end() && is_empty_key(*attribute, found->second)) {
            return empty_key(*attribute, found->second);
        }
    }
    return std::nullopt;
}

std::optional<ServiceError> check_key_size(const Value& value, bool hash) {
    if (hash && stored_size(value) > kHashKeyBytesMax) {
        return validation(
            std::string{kInvalid} +
            "Size of hashkey has exceeded the maximum size limit of2048 bytes"
        );
    }
    if (!hash && stored_size(value) > kRangeKeyBytesMax) {
        return validation(
            std::string{kInvalid} +
            "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
        );
    }
    return std::nullopt;
}

std::optional<ServiceError> check_key_value(
    const KeyAttribute& attribute, const Value& value, bool hash
) {
    return is_empty_key(attribute, value) ? empty_key(attribute, value)
                                          : check_key_size(value, hash);
}

bool KeySchema::has(std::string_view name) const {
    return hash.name == name || (range && range->name == name);
}

Answer<Item> key_of(const KeySchema& schema, const Item& item) {
    Item key;
    const auto take = [&](const KeyAttribute& attribute, bool hash) -> std::optional<ServiceError> {
        const auto found = item.find(attribute.name);
        if (found == item.end()) {
            return validation(
                std::string{kInvalid} + "Missing the key " + attribute.name + " in the item"
            );
        }
        if (type_name(found->second) != attribute.type) {
            return validation(
                std::string{kInvalid} + "Type mismatch for key " + attribute.name +
                " expected: " + attribute.type + " actual: " + std::string{type_name(found->second)}
            );
        }
        key.emplace(attribute.name, found->second);
        return check_key_value(attribute, found->second, hash);
    };
    if (auto error = take(schema.hash, true)) {
        return std::unexpected(std::move(*error));
    }
    if (schema.range) {
        if (auto error = take(*schema.range, false)) {
            return std::unexpected(std::move(*error));
        }
    }
    return key;
}

std::optional<ServiceError> check_key(const KeySchema& schema, const Item& key) {
    const auto fits = [&key](const KeyAttribute& attribute) {
        const auto found = key.find(attribute.name);
        return found != key.end() && type_name(found->second) == attribute.type;
    };
    const std::size_t wanted = schema.range ? 2 : 1;
    if (key.size() != wanted || !fits(schema.hash) || (schema.range && !fits(*schema.range))) {
        return validation("The provided key element does not match the schema");
    }
    if (auto error = check_key_value(schema.hash, key.find(schema.hash.name)->second, true)) {
        return error;
    }
    if (schema.range) {
        return check_key_value(*schema.range, key.find(schema.range->name)->second, false);
    }
    return std::nullopt;
}

std::string ordered_prefix(const Value& value) {
    if (const auto* text = as<std::string>(value)) {
        return escaped(*text);
    }
    const auto* binary = as<Binary>(value);
    FARSHORE_ASSERT(binary != nullptr, "only strings and binaries have prefixes");
    return escaped(binary->bytes);
}

std::string ordered_bytes(const Value& value) {
    if (const auto* number = as<Decimal>(value)) {
        return number->ordered_bytes();
    }
    // Zero bytes inside are followed by 0xFF, so the end mark sorts before every continuation.
    return ordered_prefix(value) + std::string(2, '\0');
}

std::string partition_bytes(const Value& hash_key) {
    const std::string ordered = ordered_bytes(hash_key);
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(ordered.data()), ordered.size(), digest.data());
    return std::string{reinterpret_cast<const char*>(digest.data()), 8} + ordered;
}

std::string location(const KeySchema& schema, const Item& key) {
    const auto hash = key.find(schema.hash.name);
    FARSHORE_ASSERT(hash != key.end(), "a checked key has its attributes");
    std::string bytes = partition_bytes(hash->second);
    if (schema.range) {
        const auto range = key.find(schema.range->name);
        FARSHORE_ASSERT(range != key.end(), "a checked key has its attributes");
        bytes += ordered_bytes(range->second);
    }
    return bytes;
}

std::string after_prefix(std::string prefix) {
    while (!prefix.empty() && prefix.back() == '\xFF') {
        prefix.pop_back();
    }
    if (!prefix.empty()) {
        prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1U);
    }
    return prefix;
}

}  // namespace farshore::lab::dynamo
