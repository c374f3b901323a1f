#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "adapters/net/task_group.h"
#include "agent/app_gate.h"
#include "agent/prover.h"
#include "agent/unknown_outcomes.h"
#include "agent/verifier.h"
#include "core/host/order_desk.h"
#include "wire/agent_protocol.h"

namespace farshore::agent {

// Brings a controller's orders for one app to the desk that decides (core/host), carries out what
// it asks for, and sends its acknowledgements. Control thread only.
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

    explicit OrderDesk(Parts parts);

    // The effect begins before this returns, in the order of the calls; the reply comes later,
    // once. A ping has no reply.
    void take(const wire::Order& order, Reply reply);

  private:
    using Action = core::OrderDesk::Action;

    struct Pending {
        std::uint64_t number = 0;
        std::string type;
        Reply reply;
    };

    void go_on(const std::optional<Action>& action);
    void carry_out(const core::OrderDesk::StepMachine& action);
    void carry_out(const core::OrderDesk::AwaitQuiet& action);
    void carry_out(const core::OrderDesk::LearnKeys& action);
    void carry_out(const core::OrderDesk::Drain& action);
    void carry_out(const core::OrderDesk::ProveWrite& action);
    void carry_out(const core::OrderAnswer& answer);

    net::Task<> learn_keys(core::OrderDesk::LearnKeys action);
    net::Task<> drain(core::OrderDesk::Drain action);
    net::Task<> prove_write(core::OrderDesk::ProveWrite action);
    net::Task<> look_on();
    void look();

    [[nodiscard]] std::function<void(dataplane::FenceResult)> tell_of_cut(std::uint64_t ticket);
    [[nodiscard]] wire::Ack ack(const Pending& order, wire::AckResult result, std::string detail)
        const;

    Parts parts_;
    core::OrderDesk desk_;
    std::map<std::uint64_t, Pending> pending_;  // by ticket
    std::uint64_t tickets_ = 0;
    bool looking_ = false;
};

}  // namespace farshore::agent
