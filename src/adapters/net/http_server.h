#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapters/net/http_message.h"
#include "adapters/net/task.h"
#include "base/result.h"
#include "base/time.h"

namespace farshore::net {

struct ServerTls {
    std::string certificate_file;  // PEM chain
    std::string key_file;          // PEM
};

// HTTP/1.1 server for controllers, agents' health endpoints, and the lab, strict about framing
// (http1/head.h). A request that is refused is answered as its rule says (http1/rule.h), with a
// JSON body that names the rule; beyond connections_max a client gets a reset.
//
// One request of a connection at a time. The handler's task is cancelled when its connection is cut
// or the server stops; what the handler refers to must live until stop() has ended.
// Single-threaded: all on `io`.
class HttpServer {
  public:
    struct Options {
        std::string address = "127.0.0.1";  // IPv4 or IPv6 literal
        std::uint16_t port = 0;             // 0: the kernel chooses, see port()
        std::optional<ServerTls> tls;
        std::size_t header_bytes_max = 32 * 1024;
        std::size_t body_bytes_max = 16 * 1024 * 1024;
        std::size_t connections_max = 10'000;
        // How many of those are not for every client: the handler tells whom a request is from, and
        // ends the connection of one for whom there is no room (HttpRequest::crowded). One that
        // asks nothing ends after request_timeout meanwhile.
        std::size_t reserve = 0;
        Duration request_timeout = std::chrono::seconds{10};  // first byte of a request to its last
        Duration idle_timeout = std::chrono::minutes{2};      // between requests
        std::string name = "http";                            // names its tasks
    };

    using Handler = std::function<Task<HttpResponse>(HttpRequest)>;

    // Binds and starts accepting. Errors: conflict (port in use; the text names address and port,
    // the remedy says how to find the owner), denied, malformed (address, TLS files).
    [[nodiscard]] static Result<std::unique_ptr<HttpServer>> listen(
        Io& io, Options options, Handler handler
    );

    virtual ~HttpServer() = default;

    [[nodiscard]] virtual std::uint16_t port() const = 0;

    // Closes the listening socket, so that new connections are refused by the kernel, or opens it
    // again on the same port. Established connections go on. For fault injection.
    virtual Status set_listening(bool on) = 0;

    // Reads the certificate and its key again: new connections are made with them. On an error the
    // old ones stay. Nothing to do without TLS. Errors: malformed.
    virtual Status reload_tls() = 0;

    // Cuts every established connection with a reset. For fault injection and shutdown.
    virtual void cut_connections() = 0;

    // Stops accepting, lets requests that are being answered finish for up to `grace`, then cuts.
    virtual Task<> stop(Duration grace) = 0;
};

}  // namespace farshore::net
