#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "adapters/aws/dynamodb.h"
#include "adapters/net/task_group.h"
#include "agent/app_gate.h"
#include "agent/evidence_book.h"
#include "agent/host_registration.h"
#include "core/records/epoch_items.h"

namespace farshore::agent {

// Reads the app's epoch records of all Regions together, once a second and whenever the gate wants
// a confirmation. Permission counts from the start of the reading. Control thread only.
class EpochReader {
  public:
    EpochReader(
        net::Io& io,
        const ports::Clock& clock,
        aws::AwsClient& aws,
        AppGate& gate,
        EvidenceBook& book,
        HostRegistration& registration,
        RegionId home
    );

    // Runs until the group stops.
    net::Task<> run(net::TaskGroup* tasks);

    struct Seen {
        std::size_t configured = 0;
        std::size_t answered = 0;  // in the last round
        std::optional<core::EpochItem> agreed;
    };

    [[nodiscard]] const Seen& seen() const { return seen_; }

  private:
    struct Round {
        Instant started;
        std::vector<core::EpochItem> answers;
        std::size_t ended = 0;
        std::size_t reached = 0;  // said something, if only "no such table"
        bool decided = false;
    };

    net::Task<> ask(std::shared_ptr<Round> round, RegionId region);
    void judge(Round& round);
    [[nodiscard]] bool know_us(const core::EpochItem& agreed, Instant started);

    net::Io* io_;
    const ports::Clock* clock_;
    aws::DynamoDb dynamodb_;
    AppGate* gate_;
    EvidenceBook* book_;
    HostRegistration* registration_;
    RegionId home_;
    std::vector<RegionId> regions_;
    Signal round_changed_;
    Seen seen_;
};

}  // namespace farshore::agent
