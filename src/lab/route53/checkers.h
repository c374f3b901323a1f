#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/net/task.h"
#include "base/time.h"
#include "lab/faults/fault_board.h"
#include "lab/route53/check_book.h"
#include "ports/clock.h"

namespace farshore::lab::route53 {

// Route 53's fleet of health checkers: each has its own source address, calls every endpoint once
// per interval over a fresh connection, and writes what it saw into the book. The checkers' calls
// to one endpoint are spread evenly over the interval. Single-threaded: all on `io`.
class Checkers {
  public:
    struct Options {
        std::vector<std::string> addresses;  // one checker each
        Duration interval_unit = std::chrono::seconds{1};
        Duration connect_timeout = std::chrono::seconds{4};
        Duration response_timeout = std::chrono::seconds{2};  // after connecting
        Duration tcp_timeout = std::chrono::seconds{10};
        std::string ca_file;
        // The address that DNS answers for a checked name now; empty: none.
        std::function<std::string(const std::string& name)> resolve;
    };

    // The book, the board and the clock must outlive it.
    [[nodiscard]] static std::unique_ptr<Checkers> start(
        net::Io& io, Options options, CheckBook& book, FaultBoard& board, const ports::Clock& clock
    );
    virtual ~Checkers() = default;

    virtual net::Task<> stop() = 0;
};

// "us-east-1": where Route 53 has the checker of this number.
[[nodiscard]] std::string checker_region(std::size_t checker);

}  // namespace farshore::lab::route53
