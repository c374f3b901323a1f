#include "agent/secrets.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "adapters/aws/credentials.h"
#include "adapters/host/durable_file.h"
#include "base/text.h"

namespace farshore::agent {

Result<std::string> read_token(const std::string& path) {
    if (path.empty()) {
        return std::string{};
    }
    const Result<std::optional<std::string>> text = host::read_small_file(path);
    if (!text) {
        return std::unexpected(in_context("token", text.error()));
    }
    if (!*text) {
        return fail(
            ErrorKind::not_found,
            "token file " + path + " does not exist",
            "ask the operator for this app's agent token"
        );
    }
    std::string token{**text};
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')
    ) {
        token.pop_back();
    }
    const bool plain = std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7F; });
    if (token.empty() || !plain) {
        return fail(
            ErrorKind::malformed,
            "token file " + path + " does not hold one line with a token",
            "write the token alone into it"
        );
    }
    return token;
}

Result<std::pair<std::string, std::uint16_t>> address_and_port(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    std::uint16_t port = 53;
    if (colon != std::string::npos) {
        const char* first = text.data() + colon + 1;
        const char* last = text.data() + text.size();
        const auto [end, code] = std::from_chars(first, last, port);
        if (code != std::errc{} || end != last || port == 0) {
            return fail(
                ErrorKind::malformed,
                "not an address and port: " + text,
                "write it like 127.0.0.1:53"
            );
        }
    }
    return std::pair{text.substr(0, colon), port};
}

Result<std::vector<sigv4::Credentials>> read_client_keys(const std::string& path) {
    std::vector<sigv4::Credentials> keys;
    if (path.empty()) {
        return keys;
    }
    const Result<std::optional<std::string>> text = host::read_small_file(path);
    if (!text) {
        return std::unexpected(in_context("client keys", text.error()));
    }
    if (!*text) {
        return fail(
            ErrorKind::not_found,
            "client key file " + path + " does not exist",
            "create it, or remove `client_keys`"
        );
    }
    for (std::string_view line : split(**text, '\n')) {
        line = trim(line);
        if (!line.starts_with('[') || line.find(']') == std::string_view::npos) {
            continue;
        }
        const std::string name{trim(line.substr(1, line.find(']') - 1))};
        const auto values = aws::find_profile(**text, name);
        if (!values) {
            continue;
        }
        Result<sigv4::Credentials> key = aws::credentials_from(*values);
        if (!key) {
            return std::unexpected(in_context(path + " profile " + name, key.error()));
        }
        keys.push_back(std::move(*key));
    }
    if (keys.empty()) {
        return fail(
            ErrorKind::malformed,
            "client key file " + path + " holds no profile",
            "an empty list would check nothing"
        );
    }
    return keys;
}

}  // namespace farshore::agent
