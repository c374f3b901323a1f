#include "controller/tokens.h"

#include <utility>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/text.h"
#include "base/text_file.h"
#include "wire/json_reader.h"

namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kFileBytesMax = 1024 * 1024;
constexpr std::size_t kTokensMax = 10'000;
constexpr std::size_t kTokenBytesMax = 4096;

std::string digest_of(std::string_view token) {
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    SHA256(
        reinterpret_cast<const unsigned char*>(token.data()),
        token.size(),
        reinterpret_cast<unsigned char*>(digest.data())
    );
    return digest;
}

std::optional<std::string> bytes_of(std::string_view hex) {
    if (hex.size() != 2 * static_cast<std::size_t>(SHA256_DIGEST_LENGTH)) {
        return std::nullopt;
    }
    const auto nibble = [](char digit) -> int {
        if (digit >= '0' && digit <= '9') {
            return digit - '0';
        }
        return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
    };
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        const int high = nibble(hex[i]);
        const int low = nibble(hex[i + 1]);
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        bytes.push_back(static_cast<char>(high * 16 + low));
    }
    return bytes;
}

std::unexpected<Error> refused(std::string text, std::string code) {
    Error error{.kind = ErrorKind::denied, .text = std::move(text)};
    error.remedy =
        "send the header \"Authorization: Bearer TOKEN\" with a token of the controller's tokens "
        "file";
    error.code = std::move(code);
    return std::unexpected(std::move(error));
}

}  // namespace

Result<Tokens> Tokens::parse(std::string_view text) {
    const Result<json::value> document = wire::parse_json(text, kFileBytesMax);
    if (!document) {
        return std::unexpected(document.error());
    }
    const json::array* list = document->if_array();
    if (list == nullptr || list->size() > kTokensMax) {
        return fail(
            ErrorKind::malformed, "not a list of at most " + std::to_string(kTokensMax) + " tokens"
        );
    }
    wire::JsonTrouble trouble;
    Tokens tokens;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const std::string where = "[" + std::to_string(i) + "]";
        const json::object* object = (*list)[i].if_object();
        if (object == nullptr) {
            trouble.note(where + ": not an object");
            continue;
        }
        wire::ObjectReader in(*object, where, trouble);
        Known known;
        known.caller.name = in.text("name", wire::ObjectReader::kIdBytesMax);
        known.caller.role = in.word<Role>("role");
        known.caller.app = in.name<AppId>("app", wire::Field::optional);
        const std::optional<std::string> digest = bytes_of(in.text("token_sha256", 128));
        if (!digest) {
            in.wrong("token_sha256", "not 64 lower-case hexadecimal digits");
        }
        if (known.caller.role == Role::agent && known.caller.app.value().empty()) {
            in.wrong("app", "an agent's token names its app");
        }
        known.digest = digest.value_or("");
        tokens.known_.push_back(std::move(known));
    }
    if (Status status = trouble.status(); !status) {
        return std::unexpected(std::move(status.error()));
    }
    return tokens;
}

Result<Tokens> Tokens::load(const std::string& path) {
    constexpr std::string_view kRemedy =
        R"(each entry is {"name","role":"agent|viewer|operator","app","token_sha256"}; )"
        "`printf %s TOKEN | sha256sum` makes the digest";
    if (path.empty()) {
        return fail(
            ErrorKind::malformed,
            "no tokens file is named: nobody could ask the controller for anything",
            "set `controller: { tokens: /path }` to a file of mode 0600"
        );
    }
    const Result<std::string> text =
        read_text_file(path, {.what = "the tokens file", .remedy = kRemedy});
    if (!text) {
        return std::unexpected(text.error());
    }
    Result<Tokens> tokens = parse(*text);
    if (!tokens) {
        Error error = in_context("the tokens file " + path, std::move(tokens.error()));
        error.remedy = kRemedy;
        return std::unexpected(std::move(error));
    }
    return tokens;
}

Result<Caller> Tokens::caller(std::optional<std::string_view> authorization) const {
    if (!authorization) {
        return refused("no token was sent", "no_token");
    }
    constexpr std::string_view kScheme = "Bearer ";
    if (authorization->size() <= kScheme.size() || authorization->size() > kTokenBytesMax ||
        !equals_ignoring_case(authorization->substr(0, kScheme.size()), kScheme)) {
        return refused("the Authorization header is not a bearer token", "no_token");
    }
    const std::string digest = digest_of(authorization->substr(kScheme.size()));
    const Known* match = nullptr;
    // Every entry is compared, each in constant time: how long it took tells nothing.
    for (const Known& known : known_) {
        if (CRYPTO_memcmp(known.digest.data(), digest.data(), digest.size()) == 0) {
            match = &known;
        }
    }
    if (match == nullptr) {
        return refused("the token is not known here", "bad_token");
    }
    return match->caller;
}

}  // namespace farshore::controller
