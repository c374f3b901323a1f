#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/net/task.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "lab/dynamo/write_log.h"
#include "lab/faults/fault_board.h"
#include "ports/clock.h"

#include "sigv4/signer.h"

namespace farshore::lab {

// How long a replicated write travels: drawn evenly between the two, anew for each write.
struct ReplicationLag {
    Duration least = std::chrono::milliseconds{60};
    Duration most = std::chrono::milliseconds{180};
};

// What one link of one global table did, as an omniscient observer sees it.
struct LinkState {
    TableName table;
    RegionId from;
    RegionId to;
    std::size_t waiting = 0;       // replicated writes not yet delivered
    Duration oldest_waiting{};     // age of the oldest of them
    std::uint64_t delivered = 0;   // since the start
    std::uint64_t suppressed = 0;  // of them, without effect
    std::optional<Duration>
        last_lag;  // of the last write delivered: from its acceptance to its arrival
};

// DynamoDB in several Regions with global tables: one HTTP endpoint per Region at the Region's
// address in the board's world, and replication between them, all breakable through the board.
// Single-threaded: everything happens on the io_context's thread.
class DynamoWorld {
  public:
    struct Options {
        std::vector<RegionId> regions;  // empty: all Regions of the board's world
        std::uint16_t port = 0;  // the same in each Region; 0: one that is free in all of them
        // Known keys. Empty: signatures are read and not verified; the Region that one names serves
        // its request, at whichever address it arrived.
        std::vector<sigv4::Credentials> credentials;
        std::string directory;  // holds the tables, a file per Region; empty: in memory
        ReplicationLag lag;
        std::uint64_t seed = 1;  // of lags and of error rates
        std::size_t log_entries_max = 1'000'000;
        // From CREATING to ACTIVE, for tables and replicas.
        Duration creation_takes = std::chrono::milliseconds{200};
    };

    // Binds all endpoints and loads the tables. Errors: conflict (port in use), exhausted,
    // malformed (a Region twice, unreadable directory). `board` and `clock` must outlive the world.
    [[nodiscard]] static Result<std::unique_ptr<DynamoWorld>> create(
        net::Io& io, Options options, FaultBoard& board, const ports::Clock& clock
    );

    virtual ~DynamoWorld() = default;

    [[nodiscard]] virtual std::uint16_t port(const RegionId& region) const = 0;
    // "http://127.101.1.1:4566".
    [[nodiscard]] virtual std::string url(const RegionId& region) const = 0;

    // Makes an ACTIVE table with one string partition key, replicated when there are several
    // Regions; leaves one that exists as it is. For setting up a world. Errors: malformed.
    [[nodiscard]] virtual Status make_table(
        const TableName& table, const std::string& key, const std::vector<RegionId>& regions
    ) = 0;

    [[nodiscard]] virtual const WriteLog& log() const = 0;
    // One entry per global table and pair of Regions with replicas.
    [[nodiscard]] virtual std::vector<LinkState> links() const = 0;
    // Requests answered per Region, by operation name.
    [[nodiscard]] virtual std::map<std::string, std::uint64_t> requests(const RegionId& region
    ) const = 0;

    // Stops accepting, lets running requests end for up to `grace`, cuts the rest, ends
    // replication.
    [[nodiscard]] virtual net::Task<> stop(Duration grace) = 0;
};

}  // namespace farshore::lab
