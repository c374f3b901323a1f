#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/net/http_client.h"
#include "adapters/net/task_group.h"
#include "agent/app_gate.h"
#include "agent/host_registration.h"
#include "agent/membership.h"
#include "agent/order_desk.h"
#include "agent/prover.h"
#include "agent/unknown_outcomes.h"
#include "base/rng.h"
#include "core/evidence/evidence_book.h"
#include "core/lease/clock_watch.h"
#include "core/link/host_link.h"
#include "wire/agent_protocol.h"

namespace farshore::agent {

// What a link says about itself.
struct LinkStatus {
    std::string url;
    bool connected = false;
    std::string controller;  // as it calls itself
    std::string why;         // when not connected
    std::uint64_t connects = 0;
    std::uint64_t garbage = 0;  // lines that could not be understood
    std::uint64_t reports_ok = 0;
    std::uint64_t reports_failed = 0;
};

// One app's link to one controller: a stream that brings orders, reports that bring leases, and
// acknowledgements. Reconnects for ever, with growing, jittered pauses. Control thread only.
class ControllerLink {
  public:
    struct Parts {
        net::Io& io;
        std::shared_ptr<const ports::Clock> clock;
        net::TaskGroup& tasks;
        net::HttpClient& http;
        AppGate& gate;
        HostRegistration& registration;
        core::EvidenceBook& book;
        OrderDesk& desk;
        const Prover& prover;
        const UnknownOutcomes& unknown;
        const config::AgentConfig& config;
        BootId boot;
        Membership& membership;
        std::uint64_t seed = 1;
    };

    ControllerLink(Parts parts, std::string url);

    void start();

    // Something happened that controllers should hear of at once.
    void report_soon() {
        turns_.want();
        report_wanted_.notify();
    }

    [[nodiscard]] const LinkStatus& status() const { return status_; }

  private:
    // The bytes of one stream, cut into lines.
    struct Incoming {
        std::string rest;
        bool greeted = false;
        std::string broken;  // why the stream is not listened to any longer
    };

    net::Task<> run_stream();
    net::Task<> run_reports();
    net::Task<> run_wakeups();
    net::Task<> listen_once();
    net::Task<> report_once(std::uint64_t number);
    net::Task<> send_ack(wire::Ack ack);

    bool take_bytes(const std::shared_ptr<Incoming>& incoming, std::string_view bytes);
    void take_line(Incoming& incoming, std::string_view line);
    void take_answer(Instant started, const net::HttpReply& reply);
    void take_ack_answer(Instant started, const wire::Ack& ack, std::string_view body);
    void take_lease(Instant started, const wire::LeaseGrant& lease);
    void refused(int status, std::string_view body);
    void say(std::string why);
    [[nodiscard]] wire::AgentHello hello() const;
    [[nodiscard]] wire::Report report(std::uint64_t number);
    [[nodiscard]] net::HttpCall call(std::string_view path, std::string body) const;
    [[nodiscard]] Duration pause();

    Parts parts_;
    std::string url_;
    Rng rng_;
    LinkStatus status_;
    Signal report_wanted_;
    core::link::ReportTurns turns_;
    core::EvidenceBook::Cursor delivered_;
    bool takes_again_ = false;           // the controller understands short reports
    std::optional<wire::Report> whole_;  // the last one that it has answered
    std::size_t acks_under_way_ = 0;
    int failures_ = 0;
    core::ClockWatch clock_watch_;  // by the controller's boot clock
};

}  // namespace farshore::agent
