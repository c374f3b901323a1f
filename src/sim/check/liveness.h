#pragma once

#include <optional>
#include <string>

#include "sim/check/automation.h"
#include "sim/check/epochs.h"
#include "sim/check/violations.h"
#include "sim/scene.h"

namespace farshore::sim {

// INV-L1 and L2, looked at once a second.
//
// L1: once faults stopped and the controller has been up for the bound, no operation runs for
// longer than that, and every host writes under the epoch in force, unless an epoch was raised that
// only a person can put in force.
//
// L2 is judged where the case is clear: one Region's tables refuse or hang, or the whole Region is
// cut off; nothing else is wrong or was within the last seconds, and most copies of the record can
// be raised; automation is on, and nothing keeps it still; the standby was well and within the
// gate. Then an operation begins within the time that detection takes, and the new Region takes a
// write within lease, clock error and a few requests more.
class LivenessChecks {
  public:
    LivenessChecks(
        const Scene& scene,
        const AutomationChecks& automation,
        const EpochChecks& epochs,
        Violations& violations
    )
        : scene_(scene), automation_(automation), epochs_(epochs), violations_(violations) {}

    void look();

    void controller_began() { up_since_ = scene_.calendar.now(); }

    void saved(const core::AppRecord& record);

  private:
    void look_at_end();
    void look_before_loss();
    void look_at_loss();
    [[nodiscard]] bool is_plain_loss(const core::AppRecord& record) const;
    [[nodiscard]] bool can_be_raised(const core::AppRecord& record) const;
    [[nodiscard]] std::string why_not() const;
    [[nodiscard]] bool operator_needed(const core::AppRecord& record) const;

    const Scene& scene_;
    const AutomationChecks& automation_;
    const EpochChecks& epochs_;
    Violations& violations_;
    Instant up_since_ = Calendar::kBegin;
    OperationId operation_;
    Duration declared_{};  // what its operator's own steps may take
    Instant operation_since_{};
    Instant operation_saved_{};
    std::optional<Instant> plain_since_;
    std::optional<Instant> acting_since_;
    Epoch acting_to_;
    bool told_end_ = false;
    bool told_hosts_ = false;
    bool well_before_ = false;  // nothing else went on when the fault that is active began
    bool told_loss_ = false;
};

}  // namespace farshore::sim
