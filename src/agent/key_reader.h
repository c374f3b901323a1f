#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "adapters/aws/dynamodb.h"
#include "adapters/net/asio_types.h"
#include "agent/app_gate.h"

namespace farshore::agent {

// Why the keys of one table could not be read.
struct TableTrouble {
    RegionId region;  // that refused
    Error error;
};

// A key whose reading was refused though it was asked for alone.
struct RefusedKey {
    core::LedgerKey key;
    // By each Region of the app: no table there can have it, so no write under it was accepted.
    bool everywhere = false;
};

// Reads many of the ledger's keys, in one Region or in two at the same time, several batches at
// once. A batch whose answer is too large or too slow is halved, down to single keys, and the next
// ones begin smaller. A batch of several tables that fails is asked for again table by table: one
// that is missing, has another key or may not be read does not speak for the others. Nor does one
// key that its table cannot have: a batch whose input is refused is halved until that key stands
// alone. Control thread only.
class KeyReader {
  public:
    // Digest by table and key, as read in one Region.
    using Digests = std::map<std::pair<TableName, std::string>, std::string>;

    struct Batch {
        std::vector<core::LedgerKey> keys;
        std::uint64_t newest_number = 0;  // of the ledger, before the reading began
        std::vector<Digests> found;       // in the order of the Regions
    };

    struct Job {
        std::vector<RegionId> regions;
        bool strong = false;
        Instant end;  // what is not read by then stays unread
        std::function<void(const Batch&)> take;
    };

    struct Outcome {
        std::size_t unread = 0;
        std::optional<Error> error;  // why, of the last one
        std::set<TableName> read;    // tables of which at least one batch was answered
        std::map<TableName, TableTrouble> refused;
        std::vector<RefusedKey> refused_keys;  // they are among the unread
    };

    KeyReader(net::Io& io, const ports::Clock& clock, aws::AwsClient& aws, AppGate& gate)
        : io_(&io), clock_(&clock), dynamodb_(aws), gate_(&gate) {}

    net::Task<Outcome> read(std::vector<core::LedgerKey> keys, Job job);

  private:
    struct Work {
        Job job;
        std::deque<std::vector<core::LedgerKey>> batches;
        Outcome outcome;
        std::map<TableName, TableTrouble> refused_a_key;
    };

    using Read = std::expected<std::vector<Digests>, TableTrouble>;

    net::Task<> work(std::shared_ptr<Work> work);
    net::Task<Read> read_batch(std::shared_ptr<Work> work, std::vector<core::LedgerKey> keys);
    net::Task<Result<Digests>> read_one(
        RegionId region, std::vector<core::LedgerKey> keys, bool strong, Duration patience
    );
    net::Task<Result<aws::BatchItems>> ask(
        RegionId region, std::vector<aws::TableKeys> tables, Duration patience
    );
    void failed(Work& work, std::vector<core::LedgerKey> keys, const TableTrouble& why);
    net::Task<> refused_alone(std::shared_ptr<Work> work, core::LedgerKey key, TableTrouble why);
    [[nodiscard]] Duration patience_until(Instant end) const;

    net::Io* io_;
    const ports::Clock* clock_;
    aws::DynamoDb dynamodb_;
    AppGate* gate_;
    std::size_t batch_max_ = 100;  // BatchGetItem's own limit, less after trouble
};

}  // namespace farshore::agent
