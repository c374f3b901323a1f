#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/net/http_message.h"
#include "adapters/net/task.h"
#include "base/result.h"
#include "base/time.h"

namespace farshore::net {

class DnsClient;

struct HttpCall {
    std::string method = "GET";
    std::string url;  // http:// or https://
    HttpHeaders headers;
    std::string body;
    Duration connect_timeout = std::chrono::seconds{1};
    Duration total_timeout = std::chrono::seconds{5};
    bool fresh_connection =
        false;  // never reuse one, and do not keep this one: proves that new connections work
    // Close the connection after an answer with a status of 500 or above: behind a load balancer
    // that passes connections on, it would lead to the same broken host for ever.
    bool leave_after_server_error = false;
    std::size_t body_bytes_max = 16 * 1024 * 1024;
    // Tell until when the server's certificate is valid. Only a new connection learns it.
    bool asks_certificate = false;
};

// Where the time went, each since the start of the call. Zero when the phase did not happen.
struct HttpTimings {
    Duration name_lookup{};
    Duration connect{};
    Duration tls{};
    Duration first_byte{};
    Duration total{};
};

struct HttpReply {
    int status = 0;
    HttpHeaders headers;
    std::string body;
    HttpTimings timings;
    bool reused_connection = false;
    std::string remote_address;
    std::optional<UtcTime> certificate_ends;  // where it was asked for, over TLS
};

// The code of an error: the server's certificate is not taken. It has ended, is of another name, or
// leads to no authority that this client trusts; the text says which.
inline constexpr std::string_view kCertificateRefused = "certificate_refused";

// HTTP client of the control plane over libcurl's multi interface, driven by `io`. Follows no
// redirects, honours no environment proxy unless asked, verifies TLS always.
//
// Errors: unavailable with Effect::none when nothing was sent (name not found, empty DNS answer,
// refused, TLS failure); unavailable or timed_out with Effect::possible after bytes were sent. Any
// HTTP status is a reply, not an error. Cancelling the coroutine aborts the transfer. Further:
// malformed (URL, headers, source address), exhausted (the answer is longer than allowed),
// cancelled.
//
// A request whose reused connection breaks before an answer is sent again only when its method is
// safe (GET, HEAD, OPTIONS): the first one may have been executed.
//
// With a `resolver`, names are remembered for the TTL of their answer; when the server then has no
// answer, calls go on with the old address, as their connections do, unless they ask for a
// fresh_connection: such a call always asks, and fails when there is no answer (name_cache.h).
class HttpClient {
  public:
    struct Options {
        // Names are resolved through this client; null: the system's resolver. Must outlive us.
        DnsClient* resolver = nullptr;
        std::string source_address;  // local IP to call from; empty: the kernel chooses
        std::string ca_file;         // PEM; empty: the system's store
        std::size_t connections_max = 256;
        Duration connection_age_max = std::chrono::minutes{2};
        bool use_environment_proxy = false;
    };

    [[nodiscard]] static std::unique_ptr<HttpClient> create(Io& io, Options options);
    virtual ~HttpClient() = default;

    virtual Task<Result<HttpReply>> fetch(HttpCall call) = 0;

    // Streams the body: `on_bytes` sees each piece as it arrives; returning false ends the transfer
    // (then the result is a success). total_timeout bounds the time to the response's head only;
    // `silence_max` bounds the gap between pieces.
    virtual Task<Result<HttpReply>> stream(
        HttpCall call, Duration silence_max, std::function<bool(std::string_view)> on_bytes
    ) = 0;
};

}  // namespace farshore::net
