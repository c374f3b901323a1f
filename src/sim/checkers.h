#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/failover/app_core.h"

#include "sim/network.h"

// The invariants of docs/invariants.md as observers of the world: they see everything, and no part
// of Farshore sees them.
namespace farshore::sim {

class Checkers {
  public:
    explicit Checkers(bool switchovers_only) : switchovers_only_(switchovers_only) {}

    // A Region took a client's write that its host sent under `epoch`.
    void write_landed(Instant now, int region, Epoch epoch) {
        if (epoch < newest_written_) {
            violate(
                "INV-S1",
                now,
                kRegionIds[static_cast<std::size_t>(region)].value() +
                    " took a write under epoch " + std::to_string(epoch.value()) +
                    " after one under epoch " + std::to_string(newest_written_.value())
            );
        }
        newest_written_ = std::max(newest_written_, epoch);
        const auto [owner, first] = region_of_.emplace(epoch, region);
        if (!first && owner->second != region) {
            violate(
                "INV-S1",
                now,
                "two Regions took writes under epoch " + std::to_string(epoch.value())
            );
        }
    }

    // The controller made a record durable.
    void record_saved(Instant now, const core::AppRecord& record) {
        if (record.epoch < saved_epoch_) {
            violate(
                "INV-S2", now, "the epoch went back to " + std::to_string(record.epoch.value())
            );
        }
        saved_epoch_ = std::max(saved_epoch_, record.epoch);
        if (record.operation && !core::has_ended(record.operation->state)) {
            durable_operations_.insert(record.operation->plan.id);
        }
    }

    // An action that changes the world was started.
    void effect_started(Instant now, const core::StepId& step) {
        if (!step.operation.value().empty() && !durable_operations_.contains(step.operation)) {
            violate(
                "INV-S3",
                now,
                "an effect of " + step.operation.value() + " without a durable intent"
            );
        }
    }

    void automatic_start(Instant now, bool noise_only, bool cooling) {
        if (noise_only) {
            violate("INV-A1", now, "a failover without a real loss");
        }
        if (cooling) {
            violate("INV-S7", now, "an automatic operation while cooling down");
        }
    }

    void lost_write(Instant now, std::uint64_t id) {
        if (switchovers_only_) {
            violate(
                "INV-S15",
                now,
                "write " + std::to_string(id) + " was acknowledged, and is in no Region"
            );
        }
    }

    void not_ended(Instant now, const std::string& what) { violate("INV-L1", now, what); }

    void not_acted(Instant now) {
        violate("INV-L2", now, "a real loss with a healthy quorum was not acted on");
    }

    [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }

  private:
    void violate(const std::string& invariant, Instant now, const std::string& text) {
        if (violations_.size() < 20) {
            const auto at = to_ms(now.time_since_epoch()) - 1'000'000;
            violations_.push_back(invariant + " at " + std::to_string(at) + " ms: " + text);
        }
    }

    bool switchovers_only_;
    Epoch newest_written_;
    Epoch saved_epoch_;
    std::map<Epoch, int> region_of_;
    std::set<OperationId> durable_operations_;
    std::vector<std::string> violations_;
};

}  // namespace farshore::sim
