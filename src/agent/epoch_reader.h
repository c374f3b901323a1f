#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "adapters/aws/dynamodb.h"
#include "adapters/net/task_group.h"
#include "agent/app_gate.h"
#include "agent/evidence_book.h"
#include "agent/host_registration.h"

namespace farshore::agent {

// One Region's answer to "which epoch?".
struct EpochRecord {
    Epoch epoch;  // zero: there is no record yet
    RegionId active;
    Duration lease{};         // what it allows; zero: it does not say
    std::string register_id;  // whose hosts it confirms

    friend bool operator==(const EpochRecord&, const EpochRecord&) = default;
};

struct EpochVerdict {
    // A strict majority of all records says this. Its lease is the shortest of those that name one,
    // when they are a majority by themselves.
    std::optional<EpochRecord> agreed;
    // The same majority names this register; nullopt: it names different ones.
    std::optional<std::string> register_id;
    Epoch at_least;  // a strict majority is at this epoch or beyond; zero: unknown
};

// Pure. `configured`: how many records there should be; those that did not answer count as unknown.
[[nodiscard]] EpochVerdict judge_records(
    std::span<const EpochRecord> answered, std::size_t configured
);

// One Region's item as a record. nullopt: nobody's controller wrote that, so it counts as no
// answer.
[[nodiscard]] std::optional<EpochRecord> to_epoch_record(const aws::Item& item);

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
        std::optional<EpochRecord> agreed;
    };

    [[nodiscard]] const Seen& seen() const { return seen_; }

  private:
    struct Round {
        Instant started;
        std::vector<EpochRecord> answers;
        std::size_t ended = 0;
        std::size_t reached = 0;  // said something, if only "no such table"
        bool decided = false;
    };

    net::Task<> ask(std::shared_ptr<Round> round, RegionId region);
    void judge(Round& round);
    [[nodiscard]] bool know_us(const EpochVerdict& verdict, Instant started);

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
