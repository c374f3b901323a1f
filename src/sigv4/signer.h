#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

// AWS Signature Version 4: signing and verifying, pure and fast; shared by the agent, the AWS
// adapters and the lab. Source: AWS's "Signature Version 4 signing process" and its published test
// suite; differences between libraries are listed in the tests.
namespace farshore::sigv4 {

struct Credentials {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token;  // empty for long-term keys
    std::optional<UtcTime> expires;
};

struct Header {
    std::string name;
    std::string value;
};

struct Request {
    std::string_view method;
    std::string_view path;            // as sent, before '?'
    std::string_view query;           // as sent, after '?'
    std::span<const Header> headers;  // all that are to be signed, host included
    std::string_view
        payload_hash;  // hex SHA-256 of the body, or a literal such as UNSIGNED-PAYLOAD
};

struct Scope {
    std::string region;
    std::string service;
};

[[nodiscard]] std::string sha256_hex(std::string_view bytes);

// Keeps the derived signing key per (secret, date, Region, service). One per thread.
class Signer {
  public:
    Signer();
    ~Signer();
    Signer(Signer&&) noexcept;
    Signer& operator=(Signer&&) noexcept;
    Signer(const Signer&) = delete;
    Signer& operator=(const Signer&) = delete;

    // The value of the Authorization header. `request.headers` must already hold x-amz-date (and
    // x-amz-security-token when there is a session token). `double_encode`: every service but S3.
    [[nodiscard]] std::string authorization(
        const Request& request,
        const Credentials& credentials,
        const Scope& scope,
        bool double_encode = true
    );

  private:
    struct Keys;
    Keys* keys_;
};

// For tests and for people who debug a signature.
[[nodiscard]] std::string canonical_request(const Request& request, bool double_encode = true);

struct ParsedAuthorization {
    std::string access_key_id;
    std::string date;  // YYYYMMDD
    std::string region;
    std::string service;
    std::vector<std::string> signed_headers;
    std::string signature;
};

// nullopt: not a SigV4 Authorization header.
[[nodiscard]] std::optional<ParsedAuthorization> parse_authorization(std::string_view value);

// Recomputes and compares in constant time. `headers` are all headers received; the ones that the
// client listed are used. Errors: denied with the code DynamoDB gives: InvalidSignatureException
// (also for a date outside `skew_max`), IncompleteSignatureException,
// MissingAuthenticationTokenException, UnrecognizedClientException, ExpiredTokenException.
[[nodiscard]] Result<ParsedAuthorization> verify(
    const Request& request,
    std::span<const Credentials> known,
    UtcTime now,
    Duration skew_max = std::chrono::minutes{5},
    bool double_encode = true
);

// A signature that is right proves what it covers and nothing else. Does it cover every x-amz-
// header that was received (X-Amz-Target decides what is done), for this service? Headers that
// libraries or proxies add unsigned by custom, and that change nothing, may be missing. Errors:
// denied with DynamoDB's code InvalidSignatureException.
[[nodiscard]] Status covers(
    const ParsedAuthorization& authorization,
    std::span<const Header> received,
    std::string_view service
);

}  // namespace farshore::sigv4
