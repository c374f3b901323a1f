#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "core/failover/action.h"
#include "wire/agent_protocol.h"

#include "bench/controller/connection.h"
#include "bench/controller/swarm.h"

namespace farshore::bench {

// One host of a swarm. Its times are those of src/agent/controller_link.cc, its states those of
// src/core/host, as far as a host without writes in flight shows them. Not thread-safe.
class Agent final : private Connection::Client, private Waiter {
  public:
    struct Identity {
        HostId host;
        RegionId region;
        std::string token;
        in_addr address{};
        std::uint64_t seed = 0;
    };

    Agent(Swarm& swarm, Identity identity);

    void start();
    void cut();
    void retire();

    void begin_phase() { orders_ = {}; }

  private:
    // A request beside the stream: a report, or the acknowledgement of `order`.
    struct Call {
        std::unique_ptr<Connection> connection;
        bool is_report = false;
        const ReportText* whole = nullptr;  // a report's, unless it was a short one
        Instant sent{};
        Instant give_up{};
        core::OrderType order{};
        std::size_t round = 0;
        std::string ack;
        int attempts = 0;
        std::optional<Instant> again;  // when the acknowledgement is sent once more
    };

    // Connection::Client
    void piece(Connection& connection, std::string_view bytes) override;
    void answered(Connection& connection, int status, std::string_view body) override;
    void lost(Connection& connection) override;

    void due() override;
    void schedule(Instant at);
    [[nodiscard]] Instant next_due() const;

    void listen(Instant now);
    void stream_ended(Instant now);
    void take_line(std::string_view line, Instant now);
    void obey(const wire::Order& order, Instant now);
    wire::Ack adopt(const wire::Order& order, core::OrderType type, Instant now);
    void send_ack(Call& call, Instant now);
    void report(Instant now);
    void report_soon(Instant now);
    void take_report_answer(const Call& call, int status, std::string_view body, Instant now);
    void take_ack_answer(const Call& call, std::string_view body, Instant now);
    void take_lease(const wire::LeaseGrant& lease, Instant sent, Instant now);
    void call_failed(Call& call, Instant now);
    Call& free_call();
    Call& call_of(const Connection& connection);

    void set_connected(bool connected);
    void set_state(wire::WriteState state);
    void end_hold(Instant now, bool by_itself);
    [[nodiscard]] std::string request(std::string_view path, std::string_view body) const;

    Swarm& swarm_;
    Identity identity_;
    std::string boot_;
    Rng rng_;
    Connection stream_;
    std::vector<std::unique_ptr<Call>> calls_;
    std::string line_;  // the stream's, as far as it has come
    std::optional<Instant> scheduled_;

    bool running_ = false;
    bool connected_ = false;
    bool ever_connected_ = false;
    bool report_under_way_ = false;
    int failures_ = 0;
    std::optional<Instant> first_attempt_;
    Instant listen_at_{};
    Instant heard_{};  // on the stream; before its head: when it was asked for
    Instant report_at_{};
    Instant report_ended_{};
    std::uint64_t sequence_ = 0;
    const ReportText* whole_ = nullptr;  // of the last whole report that was answered
    std::uint64_t whole_sequence_ = 0;

    Epoch epoch_;
    RegionId active_;
    RegionId users_;
    wire::WriteState state_ = wire::WriteState::unconfirmed;
    std::optional<Instant> lease_until_;
    std::optional<Instant> held_since_;
    Instant hold_until_{};
    std::array<std::size_t, 8> orders_{};  // of each type in this phase
};

}  // namespace farshore::bench
