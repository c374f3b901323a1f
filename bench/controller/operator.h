#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/result.h"

#include "bench/controller/connection.h"

namespace farshore::bench {

// A person at the controller's API, in the swarm's own thread: while an answer is waited for, the
// swarm goes on. Not thread-safe.
class Operator final : private Connection::Client {
  public:
    Operator(PollLoop& loop, std::uint16_t port, std::string token);

    struct Answer {
        int status = 0;
        std::string body;
    };

    // Errors: unavailable (the connection ended), timed_out.
    [[nodiscard]] Result<Answer> ask(
        std::string_view method, std::string_view path, std::string_view body, Duration patience
    );

    // The answer's document. Errors: those of ask(); unavailable for a status that is no success.
    [[nodiscard]] Result<boost::json::object> document(
        std::string_view method, std::string_view path, std::string_view body
    );

  private:
    void piece(Connection&, std::string_view) override {}

    void answered(Connection& connection, int status, std::string_view body) override;
    void lost(Connection& connection) override;

    PollLoop& loop_;
    std::uint16_t port_;
    std::string token_;
    Connection connection_;
    std::optional<Answer> answer_;
};

}  // namespace farshore::bench
