#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "adapters/net/task.h"
#include "base/ids.h"
#include "base/rng.h"
#include "lab/dynamo/cluster.h"
#include "lab/dynamo/region.h"
#include "lab/dynamo/world.h"
#include "lab/faults/fault_board.h"

namespace farshore::lab::dynamo {

// Carries writes from each Region to the others, item by item and in no order, each after a lag of
// its own. While the board blocks a link, its writes wait; when the block ends, those that are due
// arrive. Used on the io_context's thread only; cluster, board and clock must outlive it.
class Replication final : public Copier {
  public:
    // `waiting_max`: writes kept per link; beyond that the link forgets them and copies the whole
    // table once it is free, so that memory stays bounded.
    struct Options {
        ReplicationLag lag;
        std::uint64_t seed = 1;
        std::size_t waiting_max = 200'000;
    };

    Replication(
        net::Io& io, Options options, Cluster& cluster, FaultBoard& board, const ports::Clock& clock
    );
    ~Replication();
    Replication(const Replication&) = delete;
    Replication& operator=(const Replication&) = delete;

    // A client's write: goes to every replica of the table.
    void send(const RegionId& from, const Table& table, const ReplicatedWrite& write);

    void copy_all(const RegionId& from, const RegionId& to, const TableName& table) override;
    [[nodiscard]] bool copying(const RegionId& from, const RegionId& to, const TableName& table)
        const override;
    void forget(const RegionId& region, const TableName& table) override;

    // Everything in every global table once more: after a start, when it is not known what had
    // arrived before.
    void resume();
    void stop();

    [[nodiscard]] std::vector<LinkState> links() const;

  private:
    [[nodiscard]] LinkState state_of(
        const TableName& table, const RegionId& from, const RegionId& to
    ) const;

    struct Entry {
        ReplicatedWrite write;
        Instant sent;
        Instant due;
        bool copy = false;  // of an existing item, for a new replica
    };

    struct Totals {
        std::size_t waiting = 0;
        std::size_t copies = 0;  // among those waiting
        std::uint64_t delivered = 0;
        std::uint64_t suppressed = 0;
        std::optional<Duration> last_lag;
    };

    // A walk through the source's table, some items at a time.
    struct Copying {
        std::string next;    // location to go on from
        bool again = false;  // something was left out behind that place: walk once more
    };

    struct Link {
        explicit Link(net::Io& io) : timer(io) {}

        std::multimap<Instant, Entry> waiting;  // by due time
        std::map<TableName, Totals> totals;
        std::map<TableName, Copying> copying;
        boost::asio::steady_timer timer;
        bool armed = false;
    };

    using Ends = std::pair<RegionId, RegionId>;

    Link& link(const Ends& ends);
    void enqueue(const Ends& ends, Entry entry);
    void arm(const Ends& ends);
    void deliver_due(const Ends& ends);
    void deliver(const Ends& ends, Entry entry);
    [[nodiscard]] bool has_room(std::size_t waiting) const;
    void copy_some(const Ends& ends);
    bool copy_table(const Ends& ends, const TableName& table, Copying& state);
    [[nodiscard]] Duration draw_lag();
    void board_changed();

    net::Io& io_;
    Options options_;
    Cluster& cluster_;
    FaultBoard& board_;
    const ports::Clock& clock_;
    Rng rng_;
    std::map<Ends, std::unique_ptr<Link>> links_;
    FaultBoard::Subscription subscription_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    bool stopped_ = false;
};

}  // namespace farshore::lab::dynamo
