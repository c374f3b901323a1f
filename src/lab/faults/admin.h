#pragma once

#include <cstdint>
#include <functional>

#include <boost/json/fwd.hpp>

#include "adapters/net/http_message.h"
#include "lab/faults/fault_board.h"

namespace farshore::lab {

// The lab's admin API, one request to one answer:
//   GET /v1/status; GET and POST /v1/faults; DELETE /v1/faults/{id}; DELETE /v1/faults (all);
//   GET /v1/log?after=N&limit=M (for tests: what really happened); POST /v1/shutdown.
// A fault is posted as its JSON document, or as {"words": ["region", "us-east-1", "--for", "1m"]}.
// Errors are {"error":{"kind","text","remedy"}}. The board must outlive it.
class Admin {
  public:
    struct World {
        std::function<boost::json::object()> status;
        // Entries of the omniscient log with n > after, at most `limit`, oldest first.
        std::function<boost::json::array(std::uint64_t after, std::size_t limit)> log;
        // Asks the process to end; the answer to the request is still sent.
        std::function<void()> shut_down;
    };

    Admin(FaultBoard& board, World world);

    [[nodiscard]] net::HttpResponse answer(const net::HttpRequest& request);

  private:
    [[nodiscard]] net::HttpResponse faults(const net::HttpRequest& request);
    [[nodiscard]] net::HttpResponse post_fault(const net::HttpRequest& request);
    [[nodiscard]] net::HttpResponse log(const net::HttpRequest& request) const;

    FaultBoard& board_;
    World world_;
};

}  // namespace farshore::lab
