#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "adapters/net/task_group.h"
#include "agent/app_gate.h"
#include "agent/prover.h"
#include "agent/unknown_outcomes.h"
#include "agent/verifier.h"
#include "wire/agent_protocol.h"

namespace farshore::agent {

// Takes a controller's orders for one app and answers each with one acknowledgement, once its
// effect is proven: a route when it is on disk and every loop follows it, a hold when no write is
// in flight, a fence when none of an older epoch is on its way. Control thread only.
class OrderDesk {
  public:
    using Reply = std::function<void(wire::Ack)>;

    struct Parts {
        net::Io& io;
        net::TaskGroup& tasks;
        AppGate& gate;
        Prover& prover;
        Verifier& verifier;
        const UnknownOutcomes& unknown;
        const ports::Clock& clock;
        HostId host;
        BootId boot;
    };

    explicit OrderDesk(Parts parts)
        : parts_(parts),
          order_base_(static_cast<std::uint64_t>(parts.clock.now().time_since_epoch().count())) {}

    // The effect begins before this returns, in the order of the calls; the reply comes later,
    // once. A ping has no reply.
    void take(const wire::Order& order, Reply reply);

  private:
    // An order under way.
    struct Job {
        wire::Order order;
        Reply reply;
        Signal signal;
        std::optional<dataplane::HoldResult> held;
        std::optional<dataplane::FenceResult> fenced;
        bool routed = false;

        Job(net::Io& io, wire::Order o, Reply r)
            : order(std::move(o)), reply(std::move(r)), signal(io) {}
    };

    using JobPtr = std::shared_ptr<Job>;

    void begin(const JobPtr& job, const wire::RouteOrder& route);
    void begin(const JobPtr& job, const wire::HoldOrder& hold);
    void begin(const JobPtr& job, const wire::ReleaseOrder& release);
    void begin(const JobPtr& job, const wire::FenceOrder& fence);
    void begin(const JobPtr& job, const wire::DrainOrder& drain);
    void begin(const JobPtr& job, const wire::VerifyOrder& verify);
    void begin(const JobPtr& job, const wire::PingOrder& ping);
    void begin(const JobPtr& job, const wire::UnknownOrder& unknown);

    net::Task<> finish_route(JobPtr job, core::HostRoute route, bool wait_for_loops);
    net::Task<> finish_hold(JobPtr job, Duration at_most);
    net::Task<> finish_fence(JobPtr job, Duration at_most, std::string detail);
    net::Task<> finish_drain(JobPtr job, Duration timeout);
    net::Task<> finish_verify(JobPtr job);

    void spawn(const char* name, const JobPtr& job, std::function<net::Task<>()> finish);
    [[nodiscard]] wire::Ack ack(const Job& job, wire::AckResult result, std::string detail) const;
    void answer(const JobPtr& job, wire::AckResult result, std::string_view detail);
    [[nodiscard]] std::pair<std::vector<dataplane::LedgerEntry>, std::optional<std::uint64_t>>
    entries_to_tell(Epoch below) const;
    [[nodiscard]] std::vector<wire::LedgerEntry> proven_to_tell(
        std::vector<dataplane::LedgerEntry> entries, Epoch below
    ) const;
    void answer_fence(const JobPtr& job, std::uint64_t cut, std::string_view detail);

    Parts parts_;
    // Before the numbers of this process's ledger: they begin anew with each, and the clock goes
    // on.
    std::uint64_t order_base_;
    std::size_t under_way_ = 0;
};

}  // namespace farshore::agent
