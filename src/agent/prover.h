#pragma once

#include <map>
#include <string>
#include <vector>

#include "adapters/aws/dynamodb.h"
#include "adapters/net/task_group.h"
#include "agent/app_gate.h"

namespace farshore::agent {

struct DrainOutcome {
    bool proven = false;
    std::uint64_t keys = 0;  // looked at
    std::uint64_t left = 0;  // not (yet) equal in both Regions
    std::string why;         // when not proven
};

// Proves, key by key, that what this host wrote has arrived in the standby Region: all the time
// with cheap reads of the standby, and on a drain order with strong reads of both. Control thread
// only.
class Prover {
  public:
    // `inherits`: an earlier process of this host may have written just before us.
    Prover(
        net::Io& io, const ports::Clock& clock, aws::AwsClient& aws, AppGate& gate, bool inherits
    );

    // The continuous proof; runs until the group stops.
    net::Task<> run(net::TaskGroup* tasks);

    // Asks for the key attributes of tables that were written to for the first time; `patience` is
    // for each question.
    net::Task<> learn_keys(Duration patience);

    // Reads all unproven keys strongly in both Regions until they are equal, or the time is up.
    net::Task<DrainOutcome> drain(Duration timeout);

    // Why a list of what is unproven is not whole: the ledger's bounds lately pushed out writes
    // that were not proven, or the process before us took its ledger with it. nullopt: it is whole.
    [[nodiscard]] std::optional<std::string> why_not_whole() const;

  private:
    // Digest by table and key, as read in one Region.
    using Digests = std::map<std::pair<TableName, std::string>, std::string>;

    net::Task<bool> prove_some();
    net::Task<Result<Digests>> read(
        RegionId region, std::vector<dataplane::LedgerKey> keys, bool strong, Duration patience
    );
    net::Task<Result<std::size_t>> compare(
        RegionId active, RegionId standby, std::vector<dataplane::LedgerKey> keys, Instant end
    );
    [[nodiscard]] RegionId standby() const;

    net::Io* io_;
    const ports::Clock* clock_;
    aws::DynamoDb dynamodb_;
    AppGate* gate_;
    std::optional<Instant> inherited_at_;
    std::size_t window_ = 0;  // which hundred of the unproven keys comes next
};

}  // namespace farshore::agent
