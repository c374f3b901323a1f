#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "core/host/host_machine.h"

#include "sim/checkers.h"
#include "sim/tables.h"

namespace farshore::sim {

struct Request {
    std::uint64_t id = 0;
    int key = 0;
    std::function<void(bool ok)> answer;
    Instant parked_at{};
};

// One host: the real host machine, and around it the least of an agent: parked and in-flight
// writes, reads of the epoch records, the ledger's proof.
class Host {
  public:
    Host(
        HostId id,
        int region,
        Calendar& calendar,
        Network& network,
        Tables& tables,
        Checkers& checkers,
        Plant plant
    );

    void start();
    void write(Request request);  // from a shopper
    // An order that arrived, and where its acknowledgement goes.
    void take(const core::OrderAgents& order, std::function<void(core::AgentAcked)> ack);
    void lease_granted(Epoch epoch, Instant asked_at, Duration length);

    void controllers_heard() { controller_heard_at_ = calendar_.now(); }

    [[nodiscard]] bool alive() const;  // its machine runs, and it is not paused

    [[nodiscard]] const core::HostMachine& machine() const { return machine_; }

    [[nodiscard]] int region() const { return region_; }

    [[nodiscard]] const HostId& id() const { return id_; }

    [[nodiscard]] std::size_t unproven();

    [[nodiscard]] std::optional<Instant> last_acknowledged() const { return last_acknowledged_; }

    [[nodiscard]] std::pair<std::uint32_t, std::uint32_t> take_passive();

  private:
    struct Flight {
        Request request;
        int to = 0;
        Epoch epoch;
    };

    void step(const core::HostInput& input);
    void forward(Request request);
    void land(std::uint64_t number);
    void finish(std::uint64_t number, bool ok);
    void turn();
    void read_records();
    void ask_records();
    void expire_parked();
    void acknowledge_hold(
        const core::OrderAgents& order, std::function<void(core::AgentAcked)> ack
    );
    void acknowledge_drain(
        const core::OrderAgents& order, std::function<void(core::AgentAcked)> ack, Instant until
    );

    HostId id_;
    int region_;
    Calendar& calendar_;
    Network& network_;
    Tables& tables_;
    Checkers& checkers_;
    Plant plant_;
    core::HostMachine machine_;
    std::deque<Request> parked_;
    std::map<std::uint64_t, Flight> flights_;
    std::uint64_t next_flight_ = 0;
    std::vector<std::pair<int, std::uint64_t>> ledger_;  // key, id: acknowledged, not proven yet
    std::optional<Instant> last_acknowledged_;
    Instant controller_heard_at_{};
    std::uint32_t ok_ = 0;
    std::uint32_t failed_ = 0;
};

}  // namespace farshore::sim
