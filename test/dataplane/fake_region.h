#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sigv4/signer.h"

using SSL_CTX = struct ssl_ctx_st;

namespace farshore::dataplane::test {

// A request as the Region received it, whole.
struct Received {
    std::uint64_t number = 0;                    // order over all Regions of the process
    std::string path;                            // of the request line
    std::string target;                          // X-Amz-Target
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
    std::chrono::steady_clock::time_point at;
};

struct Reply {
    int status = 200;
    std::string body = "{}";
    std::vector<std::pair<std::string, std::string>> headers;
    std::chrono::milliseconds delay{0};
    std::size_t chunk_size = 0;   // not 0: chunked
    bool hang = false;            // no answer at all
    bool cut = false;             // closes instead of answering
    std::size_t cut_after = 0;    // not 0: closes after so many bytes of the answer
    std::size_t stall_after = 0;  // not 0: so many bytes of the answer, and no more
    bool close_after = false;
};

// An upstream with threads of its own: records what reaches it and answers as the test says. Probes
// (DescribeEndpoints) are answered like anything else but not recorded.
class FakeRegion {
  public:
    struct Options {
        std::string address = "127.0.0.1";
        SSL_CTX* tls = nullptr;  // not taken over
    };

    FakeRegion();
    explicit FakeRegion(Options options);
    ~FakeRegion();
    FakeRegion(const FakeRegion&) = delete;
    FakeRegion& operator=(const FakeRegion&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }

    // Called by the threads of connections, also after the body of the test has ended: what it uses
    // it owns, alone or together with the test.
    void answer_with(std::function<Reply(const Received&)> answer);

    [[nodiscard]] std::vector<Received> received() const;
    [[nodiscard]] std::size_t count() const;

    [[nodiscard]] std::uint64_t connections() const { return accepted_; }

    [[nodiscard]] std::size_t open_connections() const;

    // Connections that the other side ended with a reset.
    [[nodiscard]] std::uint64_t resets() const { return resets_; }

    // Answers that stopped where their test wanted it; what there is of them is sent.
    [[nodiscard]] std::uint64_t stalls() const { return stalls_; }

    // Closes every connection that is open now.
    void drop_connections();

    // While false, requests are read up to the end of their heads only.
    void read_bodies(bool yes) { reads_bodies_ = yes; }

    // Refuses new connections from now on.
    void stop_listening();

  private:
    struct Connection;

    void accept_loop();
    void serve(Connection& connection);
    bool serve_one(Connection& connection);
    bool read_request(Connection& connection, Received& into);
    bool write_reply(Connection& connection, const Reply& reply);
    void wait_until_closed(Connection& connection);
    void note_end(long got);

    Options options_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_{false};
    std::atomic<bool> reads_bodies_{true};
    std::atomic<std::uint64_t> accepted_{0};
    std::atomic<std::uint64_t> resets_{0};
    std::atomic<std::uint64_t> stalls_{0};
    mutable std::mutex mutex_;
    std::function<Reply(const Received&)> answer_;
    std::vector<Received> received_;
    std::list<Connection> connections_;
    std::thread acceptor_;
};

}  // namespace farshore::dataplane::test
