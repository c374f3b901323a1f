#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "sim/agent_words.h"
#include "sim/check/truth_book.h"
#include "sim/check/violations.h"
#include "sim/scene.h"

namespace farshore::sim {

// INV-A1, S6, S7, S10, S11 and S12: whether a change that begins may begin, judged by what truly
// happened instead of by what the core knows.
class AutomationChecks {
  public:
    AutomationChecks(const Scene& scene, const TruthBook& truth, Violations& violations)
        : scene_(scene), truth_(truth), violations_(violations) {}

    void asked(const core::ChangeRequest& request) { asked_.insert(request.id); }

    void told(const core::Event& event, UtcTime wall);
    void saved(const core::AppRecord& record, UtcTime wall);
    // A copy of the record carries that epoch now, and it had no majority before: an effect that
    // cannot be taken back. A copy that is healed behind a majority changes nothing.
    void raised(Epoch epoch, const core::AppRecord& durable);
    void controller_began(const core::AppRecord& durable);
    void report_taken(const Report& report, Epoch in_force);
    void heartbeat_acknowledged(Place region, const Heartbeat& heartbeat);

    // Until when automation must keep still, as this checker has worked it out.
    [[nodiscard]] bool must_keep_still(UtcTime wall) const;

    // What a failover from one Region to the other would lose, as far as the controller and the
    // agents that reach it can know; nullopt: no heartbeat ever arrived.
    [[nodiscard]] std::optional<Duration> loss_window(Way way) const;

    [[nodiscard]] int failovers() const { return failovers_; }

    void wall_stepped() { wall_stepped_at_ = scene_.calendar.now(); }

  private:
    void began(const core::AppRecord& record, UtcTime wall);
    void ended(const core::OperationRecord& operation);
    void check_real_loss(const core::Plan& plan);
    void check_quorum(const core::Plan& plan);
    void check_gate(const core::Plan& plan);
    void check_target(const core::Plan& plan);
    void violate(std::string_view invariant, const core::Plan& plan, const std::string& text);

    [[nodiscard]] std::size_t vantages_failing(Place region, core::Component component) const;
    [[nodiscard]] std::size_t vantages_working(Place region, core::Component component) const;
    [[nodiscard]] std::size_t quorum() const;

    const Scene& scene_;
    const TruthBook& truth_;
    Violations& violations_;
    std::set<OperationId> asked_;
    OperationId last_begun_;
    OperationId last_raised_;
    OperationId last_ended_;
    std::optional<UtcTime> cooldown_until_;
    std::optional<core::Pause> pause_;
    std::optional<Instant> wall_stepped_at_;
    std::map<Place, Instant> acknowledged_;  // true time, by the Region that took the write
    int failovers_ = 0;
};

}  // namespace farshore::sim
