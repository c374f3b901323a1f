#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

using SSL_CTX = struct ssl_ctx_st;
using SSL = struct ssl_st;

namespace farshore::dataplane {

// TLS as a client: 1.2 or newer, certificate and name verified.
class TlsContext {
  public:
    // Errors: malformed (the CA file cannot be read).
    [[nodiscard]] static Result<std::unique_ptr<TlsContext>> create(const std::string& ca_file);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    [[nodiscard]] SSL_CTX* get() const { return context_; }

  private:
    explicit TlsContext(SSL_CTX* context) : context_(context) {}

    SSL_CTX* context_;
};

struct IoResult {
    enum class Kind { progress, want_read, want_write, closed, failed };
    Kind kind = Kind::failed;
    std::size_t bytes = 0;

    [[nodiscard]] bool blocked() const {
        return kind == Kind::want_read || kind == Kind::want_write;
    }

    [[nodiscard]] bool broken() const { return kind == Kind::closed || kind == Kind::failed; }
};

// A non-blocking connection to an upstream, plain or TLS. Owns its descriptor. However it ends,
// with the process too, its end is a reset and what the network has not delivered is thrown away: a
// write that no request waits for must not arrive later. close_in_order() is the exception.
class Stream {
  public:
    struct Target {
        std::string address;  // IP literal
        std::uint16_t port = 0;
        std::string source_address;       // empty: the system chooses
        std::string server_name;          // for SNI and the certificate check
        const TlsContext* tls = nullptr;  // null: plain
    };

    // Begins to connect. Errors: unavailable (refused at once); of this host's own: malformed (an
    // address), exhausted (no descriptor, memory or port left).
    [[nodiscard]] static Result<std::unique_ptr<Stream>> connect(const Target& target);
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    [[nodiscard]] int fd() const { return fd_; }

    [[nodiscard]] bool encrypted() const { return ssl_ != nullptr; }

    // Continues connecting, TLS included; progress means that it is done.
    [[nodiscard]] IoResult establish();
    [[nodiscard]] IoResult read(std::span<char> into);
    [[nodiscard]] IoResult write(std::string_view bytes);
    // True while the other side has neither closed nor sent anything without a request.
    [[nodiscard]] bool quiet();
    // Bytes given to the network so far, TLS records included.
    [[nodiscard]] std::uint64_t bytes_sent() const;
    // Nothing is on its way: the connection may end like any other.
    void close_in_order();
    // What the other side has not acknowledged by then is given up by the kernel itself, also when
    // this process does not get to run.
    void give_up_unacknowledged_after(Duration within);

    [[nodiscard]] const std::string& why_broken() const { return why_broken_; }

  private:
    explicit Stream(int fd) : fd_(fd) {}

    [[nodiscard]] IoResult tls_outcome(int returned);
    [[nodiscard]] IoResult plain_outcome(long returned);

    int fd_;
    SSL* ssl_ = nullptr;
    bool connected_ = false;
    std::uint64_t sent_ = 0;
    unsigned int user_timeout_ms_ = 0;
    std::string why_broken_;
};

}  // namespace farshore::dataplane
