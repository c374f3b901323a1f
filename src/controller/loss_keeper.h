#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "adapters/sqlite/store.h"
#include "controller/edge.h"
#include "controller/loss_book.h"
#include "ports/effects.h"

namespace farshore::controller {

// Keeps the loss book of the newest failover: examines the target before its promotion, and looks
// at both Regions afterwards until every write at risk has its fate. What it knows is in the store
// and survives a restart. Single-threaded.
class LossKeeper final : public ports::Tables {
  public:
    struct Sources {
        std::function<std::string(const aws::Item*)> digest;  // null: no such item
        std::function<bool(const RegionId&)> answers;         // a Region's DynamoDB, as probed
        std::function<std::optional<core::OperationRecord>()>
            operation;  // the running or the last one
    };

    LossKeeper(Edge& edge, sqlite::Store& store, Sources sources);

    // Takes the book of an operation up again after a start.
    [[nodiscard]] Status restore(const core::OperationRecord& operation);

    // An agent is fenced and names what it could not prove.
    void fenced(const OperationId& operation, const HostId& host, const wire::FenceAck& ack);

    // ports::Tables
    void examine(const core::ExamineLosses& action) override;

    // Runs until cancelled: settles what is at risk.
    [[nodiscard]] net::Task<> settle();

    // Counts and document of an operation's book; of an older one from the store.
    [[nodiscard]] wire::LossCounts counts(const OperationId& operation);
    [[nodiscard]] Result<boost::json::object> document(const OperationId& operation);

  private:
    struct Open {
        Open(OperationId id, RegionId old_region, RegionId target, Instant now)
            : operation(std::move(id)),
              from(std::move(old_region)),
              to(std::move(target)),
              opened_at(now) {}

        OperationId operation;
        RegionId from;
        RegionId to;
        LossBook book;
        bool examined = false;
        Instant opened_at;
        std::set<std::pair<std::string, std::string>> unsaved;
    };

    using ChainKeys = std::vector<std::pair<std::string, std::string>>;
    // Digests by table and key; a key that could not be read is not in it.
    using Digests = std::map<std::pair<std::string, std::string>, std::string>;

    [[nodiscard]] net::Task<> examine_chains(core::ExamineLosses action);
    [[nodiscard]] net::Task<std::shared_ptr<Digests>> read(
        RegionId region, ChainKeys keys, Duration budget
    );
    [[nodiscard]] net::Task<> read_chunk(
        RegionId region,
        ChainKeys keys,
        Duration budget,
        std::shared_ptr<Digests> found,
        std::shared_ptr<int> left
    );
    [[nodiscard]] net::Task<> look_once();
    void close_without_losses();
    void open(const OperationId& operation, const RegionId& from, const RegionId& to);
    void save();
    [[nodiscard]] Result<LossBook> load(const OperationId& operation);

    Edge& edge_;
    sqlite::Store& store_;
    Sources sources_;
    std::optional<Open> open_;
};

}  // namespace farshore::controller
