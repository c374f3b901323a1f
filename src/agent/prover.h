#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "adapters/net/task_group.h"
#include "agent/app_gate.h"
#include "agent/key_names.h"
#include "agent/key_reader.h"
#include "agent/table_troubles.h"
#include "core/loss/arrivals.h"
#include "wire/agent_protocol.h"

namespace farshore::agent {

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

    // Asks for the key attributes of tables that were written to for the first time.
    net::Task<> learn_keys(Duration patience);

    // Reads all unproven keys strongly in both Regions until they are equal, or the time is up.
    // Writes must be stopped meanwhile: equal states count, whatever led to them. Keys of writes
    // that were lately given up without an answer are read too, whatever was seen of them before.
    net::Task<core::DrainOutcome> drain(Duration timeout);

    // Why a list of what is unproven is not whole: the ledger's bounds lately pushed out writes
    // that were not proven, or the process before us took its ledger with it. nullopt: it is whole.
    [[nodiscard]] std::optional<std::string> why_not_whole() const;

    [[nodiscard]] const core::Arrivals& arrivals() const { return arrivals_; }

    // Tables whose writes cannot be proven, and why.
    [[nodiscard]] std::vector<wire::TableTrouble> troubles() const;

    // Tables whose older writes are not expected to arrive any more: drains do without them.
    [[nodiscard]] std::set<TableName> tables_left_out() const;

  private:
    using Keys = std::vector<core::LedgerKey>;

    // Reads keys, and settles what no Region can have accepted.
    net::Task<KeyReader::Outcome> read(Keys keys, KeyReader::Job job);
    void settle_refused(KeyReader::Outcome& outcome);
    // One look at every key that is unproven now. False: some could not be read.
    net::Task<bool> look_at_all(net::TaskGroup* tasks);
    net::Task<KeyReader::Outcome> look_at(Keys keys);
    // The keys that differ are counted.
    net::Task<KeyReader::Outcome> compare(
        Keys keys, Instant end, core::Arrivals::During during, std::uint64_t* different
    );
    [[nodiscard]] RegionId standby() const;

    net::Io* io_;
    const ports::Clock* clock_;
    AppGate* gate_;
    KeyNames names_;
    KeyReader reader_;
    TableTroubles troubles_;
    core::Arrivals arrivals_;
};

}  // namespace farshore::agent
