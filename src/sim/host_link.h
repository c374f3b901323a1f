#pragma once

#include <cstdint>
#include <optional>

#include "core/evidence/evidence_book.h"
#include "core/lease/clock_watch.h"
#include "core/lease/terms.h"
#include "core/link/host_link.h"

#include "sim/agent_words.h"
#include "sim/scene.h"

namespace farshore::sim {

// The link of one process of an agent to one controller: the transport around the rules of
// core/link, as src/agent's ControllerLink is.
class HostLink {
  public:
    HostLink(Scene& scene, Host& host, ControllerSite& site);

    // Says hello, again and again until it is greeted, and does so anew after each stream; but for
    // a rival that is there no longer.
    void connect();
    // The process ends, and the kernel closes what it had open.
    void hang_up();

    void report_soon();
    // To be called from time to time: a ping comes each second, or the stream is dead.
    void listen();

    void greeted(const Greeting& greeting);
    void stream_ended(Session session);
    void heard();
    void acknowledge(const Ack& ack, int attempt = 0);

    [[nodiscard]] const std::optional<Session>& session() const { return session_; }

  private:
    void lose_stream();
    void arm();
    void report();
    void answered(std::uint64_t number, Instant started, const Answered& answer);
    void acknowledged(Instant started, const Ack& ack, const Answered& answer);
    void take_lease(Instant started, const Answered& answer);

    Scene& scene_;
    Host& host_;
    ControllerSite& site_;
    std::optional<Session> session_;
    Instant heard_at_{};  // on the stream; local
    std::uint64_t hellos_ = 0;
    int failures_ = 0;
    bool has_been_greeted_ = false;
    core::ClockWatch clock_watch_{core::kDefaultTerms.clock_error};  // by the controller's pings
    core::link::ReportTurns turns_;
    Calendar::Ticket next_report_;
    core::EvidenceBook::Cursor told_;
    core::EvidenceBook::Cursor telling_;  // by the report that is under way
};

}  // namespace farshore::sim
