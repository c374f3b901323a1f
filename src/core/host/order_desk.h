#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/failover/action.h"
#include "core/host/host_machine.h"
#include "core/host/writes_on_their_way.h"
#include "core/loss/drain_outcome.h"
#include "core/loss/fence_list.h"

namespace farshore::core {

// What an acknowledgement says beside "done", by the type of its order. A release says no more.
struct RouteTaken {
    HostRoute route;
};

struct WritesHeld {
    std::uint64_t in_flight = 0;
};

struct WritesFenced {
    std::uint64_t cut = 0;       // writes whose connection was cut: outcome unknown
    bool adopted_alone = false;  // the host follows the order's epoch already, by the items alone
    FenceList list;
};

struct WriteProven {
    Duration took{};
};

// An order's acknowledgement. The host's epoch, and what it knows of unknown outcomes, are those of
// the moment in which it is sent.
struct OrderAnswer {
    std::uint64_t ticket = 0;
    bool done = false;
    std::string detail;
    std::variant<std::monostate, RouteTaken, WritesHeld, WritesFenced, DrainOutcome, WriteProven>
        body{};
};

// Takes a controller's orders for one app and answers each with one acknowledgement, once its
// effect is proven: a route when it is on disk and every loop follows it, a hold when no write is
// in flight, a fence when none of an older epoch is on its way. Pure: no clock, no I/O; one owner.
class OrderDesk {
  public:
    // What is asked of the host's other parts, each answered by a call of the desk.

    // An event for the host's machine. -> decided(), at once; and when the machine's action has an
    // end, later quiet() (of a hold: when it ended or no write is in flight; of a fence) or
    // routed().
    struct StepMachine {
        std::uint64_t ticket = 0;
        HostInput input;
        Duration grace{};  // of a fence, for writes in flight
    };

    // No write of an epoch below that one is on its way; those that are not answered `within` are
    // cut. -> quiet()
    struct AwaitQuiet {
        std::uint64_t ticket = 0;
        Epoch below;
        Duration within{};
    };

    // The names of the key attributes of tables that were never seen before. -> keys_learnt()
    struct LearnKeys {
        std::uint64_t ticket = 0;
        Duration patience{};
    };

    // -> drained()
    struct Drain {
        std::uint64_t ticket = 0;
        Duration timeout{};
    };

    // A write through the own endpoint, and its reading, as soon as the host may write. ->
    // write_proven()
    struct ProveWrite {
        std::uint64_t ticket = 0;
        Duration patience{};
    };

    using Action = std::variant<StepMachine, AwaitQuiet, LearnKeys, Drain, ProveWrite, OrderAnswer>;

    // `order_base`: before the numbers of this process's ledger, which begin anew with each, while
    // the orders of a host's writes grow.
    OrderDesk(std::vector<RegionId> regions, std::uint64_t order_base)
        : regions_(std::move(regions)), order_base_(order_base) {}

    // The caller's ticket is used once.
    [[nodiscard]] Action take(std::uint64_t ticket, const OrderAgents& order);

    // What became of StepMachine.
    [[nodiscard]] std::optional<Action> decided(
        Instant now, std::uint64_t ticket, const HostDecision& decision, const HostMachine& machine
    );

    // `cut`: by a fence. `in_flight`: at the end of a hold.
    struct Quiet {
        std::uint64_t cut = 0;
        std::uint64_t in_flight = 0;
    };

    [[nodiscard]] std::optional<Action> quiet(std::uint64_t ticket, const Quiet& quiet);
    // Every loop of the endpoint follows the route, or a newer one. look() tells what that ends.
    void routed(std::uint64_t ticket);

    // What only the edge knows as a fence is answered.
    struct Known {
        const Ledger& ledger;
        std::set<TableName> unreadable;  // tables: FenceQuestion
        std::set<TableName> left_out;
        bool whole = true;  // the ledger knows all that may still be under way
        // The epoch was adopted alone, by the process before this one.
        bool inherited_alone = false;
    };

    [[nodiscard]] std::optional<Action> keys_learnt(
        Instant now, std::uint64_t ticket, const HostMachine& machine, const Known& known
    );
    [[nodiscard]] std::optional<Action> drained(
        std::uint64_t ticket, const HostMachine& machine, DrainOutcome outcome
    );
    // `why`: it was not; nullopt: it was.
    [[nodiscard]] std::optional<Action> write_proven(
        std::uint64_t ticket, Duration took, std::optional<std::string> why
    );

    struct View {
        std::optional<HostRoute> on_disk;  // what a restart would find
        std::string store_failed;          // why, and nothing is being written; empty: it has not
        std::uint64_t writes_in_flight = 0;
    };

    // To be called while waits(), when something of the view has changed, and at next_deadline().
    [[nodiscard]] std::vector<Action> look(Instant now, const View& view);

    [[nodiscard]] bool waits() const { return !jobs_.empty(); }

    // Instant::max(): none.
    [[nodiscard]] Instant next_deadline() const;

  private:
    enum class Wait : std::uint8_t { decision, disk, loops, quiet, keys, drain, write };

    struct Job {
        OrderAgents order;
        Wait wait = Wait::decision;
        Instant until = Instant::max();
        bool by_loops = false;  // loops have to follow a route
        bool routed = false;
        std::uint64_t cut = 0;
        std::string detail;
    };

    [[nodiscard]] Job* find(std::uint64_t ticket, Wait wait);
    [[nodiscard]] OrderAnswer end(
        std::uint64_t ticket, bool done, std::string detail, decltype(OrderAnswer::body) body = {}
    );
    [[nodiscard]] std::optional<Action> look_at(
        Instant now, std::uint64_t ticket, Job& job, const View& view
    );

    std::vector<RegionId> regions_;
    std::uint64_t order_base_;
    std::map<std::uint64_t, Job> jobs_;  // under way, by ticket
};

}  // namespace farshore::core
