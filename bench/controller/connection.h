#pragma once

#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <string_view>

#include "bench/controller/poll_loop.h"
#include "http1/body.h"

namespace farshore::bench {

// One connection to the controller, in clear: made with the first request, kept for the next one.
// One request at a time. Not thread-safe.
class Connection final : private Waiter {
  public:
    // Whom it tells. Each of these may close the connection or send its next request.
    class Client {
      public:
        // Bytes of an answer with status 200 to a request that streams.
        virtual void piece(Connection& connection, std::string_view bytes) = 0;
        // The whole answer; `body` is empty where pieces were told.
        virtual void answered(Connection& connection, int status, std::string_view body) = 0;
        // It ended before the answer did.
        virtual void lost(Connection& connection) = 0;

      protected:
        ~Client() = default;
    };

    // From an address of the loopback network, since each host has its own.
    Connection(PollLoop& loop, Client& client, in_addr from, std::uint16_t to_port)
        : loop_(loop), client_(client), from_(from), to_port_(to_port) {}

    ~Connection() { close(); }

    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Not while busy().
    void request(std::string bytes, bool streams);
    // At once, and nothing more is told.
    void close();

    [[nodiscard]] bool busy() const { return busy_; }

    // The head of the answer under way has come.
    [[nodiscard]] bool has_head() const { return has_head_; }

  private:
    void ready(bool ends) override;
    void due() override;
    bool open();
    void flush();
    void take(std::string_view bytes);
    bool take_head();
    void end();

    PollLoop& loop_;
    Client& client_;
    in_addr from_;
    std::uint16_t to_port_;
    int socket_ = -1;
    bool busy_ = false;
    bool could_not_open_ = false;
    bool streams_ = false;
    bool has_head_ = false;
    int status_ = 0;
    std::string out_;
    std::string in_;
    std::string body_;
    http1::BodyReader reader_;
};

}  // namespace farshore::bench
