#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "adapters/net/later.h"
#include "controller/edge.h"
#include "controller/loss_reader.h"
#include "controller/loss_rows.h"
#include "controller/store_desk.h"
#include "ports/effects.h"
#include "ports/store.h"
#include "runtime/loss_desk.h"
#include "wire/agent_protocol.h"

namespace farshore::controller {

// What the loss books need of DynamoDB, of the store and of the log: keys are read, rows made
// durable. Questions and answers belong to runtime::LossDesk. What it knows is in the store and
// survives a restart. Single-threaded.
class LossKeeper final : public ports::Tables, private ports::Losses {
  public:
    struct Sources {
        LossReader::Digest digest;
        std::function<bool(const RegionId&)> answers;  // a Region's DynamoDB, as probed
        // The running or the last one; null: none is known.
        std::function<const core::OperationRecord*()> operation;
    };

    LossKeeper(Edge& edge, ports::Stored& stored, StoreDesk& desk, Sources sources);

    // Takes every book that is not settled up again after a start, and that of the newest
    // operation.
    [[nodiscard]] Status restore(const std::optional<core::OperationRecord>& newest);

    // An agent is fenced and names what it could not prove. Ends when it may forget that. Errors:
    // unavailable (this controller ends first: the agent names it again to the one that follows).
    [[nodiscard]] net::Task<Status> fenced(OperationId operation, HostId host, wire::FenceAck ack);

    // ports::Tables
    void examine(const core::ExamineLosses& action) override;

    // Runs until cancelled: settles what is at risk.
    [[nodiscard]] net::Task<> settle();

    // Writes without a fate, by operation.
    [[nodiscard]] std::map<OperationId, std::uint64_t> open_writes() const {
        return books_.settling().open_writes();
    }

    // An operator's word about writes that have no fate, or an unknown one.
    struct Decision {
        std::optional<std::string> table;        // of this table only
        std::optional<boost::json::object> key;  // of this key only, as the book shows it
        bool open_only = false;                  // those without a fate, not the unknown ones
        core::Fate fate = core::Fate::unknown;
        std::string reason;  // with the operator's name
    };

    // How many writes it decided; it is durable then, with `row` in the audit. Errors: not_found,
    // those of StoreDesk.
    [[nodiscard]] net::Task<Result<std::size_t>> decide(
        OperationId operation, Decision decision, ports::AuditRow row
    );

    // Counts and document of an operation's book; of a closed one from the store.
    [[nodiscard]] core::LossCounts counts(const OperationId& operation);
    [[nodiscard]] Result<boost::json::object> document(
        const OperationId& operation, LossPage page = {}
    );

  private:
    // ports::Losses
    void read_keys(core::ReadKeys wanted, std::function<void(core::KeysSeen)> answered) override;
    void save_losses(
        const core::SaveLosses& wanted,
        const core::LossBook& book,
        std::function<void(core::SaveEnd)> answered
    ) override;
    [[nodiscard]] std::optional<core::KeptBook> find_book(Epoch epoch) override;
    [[nodiscard]] std::set<RegionId> answering() override;

    // settle() looks at the deadline again.
    void wake_losses(std::optional<Instant>) override { wake_.cancel(); }

    void note(const core::TableUnreadable& found) override;
    void note(const core::WritesWithoutBook& found) override;

    [[nodiscard]] net::Task<> carry(
        core::ReadKeys wanted, std::function<void(core::KeysSeen)> answered
    );
    [[nodiscard]] net::Task<> carry(
        ports::Commit rows, std::function<void(core::SaveEnd)> answered
    );
    [[nodiscard]] net::Task<ports::CommitAnswer> commit(ports::Commit commit);
    [[nodiscard]] Result<core::LossBook> load(const OperationId& operation);

    Edge& edge_;
    ports::Stored& stored_;
    StoreDesk& desk_;
    Sources sources_;
    LossReader reader_;
    net::Timer wake_;
    runtime::LossDesk books_;
};

}  // namespace farshore::controller
