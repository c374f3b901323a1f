#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/net/task.h"

namespace farshore::net {

struct HttpHeader {
    std::string name;
    std::string value;
};

using HttpHeaders = std::vector<HttpHeader>;

// First header of that name, ignoring case.
[[nodiscard]] std::optional<std::string_view> find_header(
    const HttpHeaders& headers, std::string_view name
);

struct HttpRequest {
    std::string method;
    std::string target;  // as received: "/v1/status?wait=1"
    HttpHeaders headers;
    std::string body;
    std::string peer_address;  // "127.0.1.11": who calls; empty on a Unix socket
    std::uint16_t peer_port = 0;
    std::string local_address;  // of this connection: what the client called
    std::uint16_t local_port = 0;
    bool tls = false;
    // The first request of its connection, while only the server's reserve is left: see
    // HttpServer::Options::reserve.
    bool crowded = false;

    [[nodiscard]] std::string_view path() const;   // target up to '?', not decoded
    [[nodiscard]] std::string_view query() const;  // after '?', not decoded
    // Decoded value of a query parameter.
    [[nodiscard]] std::optional<std::string> query_value(std::string_view name) const;
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

// Where a streaming answer goes. write() is false when the client is gone or the server stops; the
// producer then returns.
class ByteSink {
  public:
    virtual Task<bool> write(std::string bytes) = 0;

  protected:
    ~ByteSink() = default;
};

struct HttpResponse {
    int status = 200;
    HttpHeaders headers;  // without Content-Length, Connection and Date: the server sets them
    std::string body;
    // Set: the answer is sent chunked, as this coroutine produces it; `body` is ignored.
    std::function<Task<>(ByteSink&)> stream;
    // Set: no answer at all; the connection is cut with a TCP reset. For fault injection.
    bool cut = false;
    // Set: the connection ends behind the answer.
    bool last = false;

    [[nodiscard]] static HttpResponse json(int status, std::string body);
    [[nodiscard]] static HttpResponse text(int status, std::string body);
    [[nodiscard]] static HttpResponse reset();
};

[[nodiscard]] std::string percent_encode(std::string_view text);  // RFC 3986 unreserved kept
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

}  // namespace farshore::net
