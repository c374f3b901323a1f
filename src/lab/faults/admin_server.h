#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/json/object.hpp>

#include "adapters/net/http_server.h"
#include "base/result.h"
#include "lab/faults/fault_board.h"

namespace farshore::lab {

// The lab's own API, for `farshore lab` and for tests. No fault ever touches it.
//
//   GET    /v1/status         the world, as lab.json has it, with the faults of this moment
//   POST   /v1/faults         {kind, …, "for_ms"} -> 201 {"id", …}
//   GET    /v1/faults         running, waiting and past ones
//   DELETE /v1/faults/{id}    ends it now
//   GET    /v1/log?after=N    every write that reached any Region: tests only
//   POST   /v1/shutdown       ends the world
class AdminServer {
  public:
    struct Options {
        std::string address = "127.0.0.1";
        std::uint16_t port = 0;
        std::function<boost::json::object()> status;
        // At most `limit` records of the write log after number `after`, as a JSON array.
        std::function<boost::json::array(std::uint64_t after, std::size_t limit)> log;
        std::function<void()> shutdown;
    };

    // The board must outlive the server. Errors: conflict (port in use).
    [[nodiscard]] static Result<std::unique_ptr<AdminServer>> listen(net::Io& io, Options options, FaultBoard& board);
    virtual ~AdminServer() = default;

    [[nodiscard]] virtual std::uint16_t port() const = 0;
    [[nodiscard]] virtual net::Task<> stop() = 0;
};

}  // namespace farshore::lab
