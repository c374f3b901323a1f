#pragma once

#include <memory>
#include <vector>

#include "adapters/aws/dynamodb.h"
#include "adapters/net/task_group.h"
#include "agent/app_gate.h"
#include "agent/host_registration.h"
#include "core/evidence/evidence_book.h"
#include "core/records/epoch_reader.h"

namespace farshore::agent {

// Carries the questions of core::EpochReader to the app's epoch records of all Regions, and what
// they mean for this host to the gate. Control thread only.
class EpochReader {
  public:
    struct Parts {
        net::Io& io;
        const ports::Clock& clock;
        aws::AwsClient& aws;
        AppGate& gate;
        core::EvidenceBook& book;
        HostRegistration& registration;
        RegionId home;
    };

    explicit EpochReader(Parts parts);

    // Runs until the group stops.
    net::Task<> run(net::TaskGroup* tasks);

    struct Seen {
        std::size_t configured = 0;
        std::size_t answered = 0;  // in the last round
        std::optional<core::EpochItem> agreed;
    };

    [[nodiscard]] Seen seen() const {
        return {
            .configured = regions_.size(),
            .answered = reader_.last().answered,
            .agreed = reader_.agreed()
        };
    }

  private:
    net::Task<> ask(std::uint64_t reading, RegionId region);
    [[nodiscard]] net::Task<core::CopyAnswer> read(RegionId region);
    void count_last();

    Parts parts_;
    aws::DynamoDb dynamodb_;
    std::vector<RegionId> regions_;
    core::EpochReader reader_;
    Signal answered_;
};

}  // namespace farshore::agent
