#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "controller/edge.h"
#include "controller/loss_book.h"
#include "controller/loss_reader.h"
#include "controller/store_desk.h"
#include "ports/effects.h"
#include "ports/store.h"

namespace farshore::controller {

// Keeps the loss books of failovers: examines the target before its promotion, and looks at both
// Regions afterwards until every write at risk has its fate. A book stays open until then, whatever
// operations follow. What it knows is in the store and survives a restart. Single-threaded.
class LossKeeper final : public ports::Tables {
  public:
    struct Sources {
        LossReader::Digest digest;
        std::function<bool(const RegionId&)> answers;  // a Region's DynamoDB, as probed
        std::function<std::optional<core::OperationRecord>()>
            operation;  // the running or the last one
    };

    LossKeeper(Edge& edge, ports::Stored& stored, StoreDesk& desk, Sources sources);

    // Takes every book that is not settled up again after a start, and that of the newest
    // operation.
    [[nodiscard]] Status restore(const std::optional<core::OperationRecord>& newest);

    // An agent is fenced and names what it could not prove. Only remembered while a fence is waited
    // for, so that nothing else waits for a disk; what a late host names is in the store when this
    // ends.
    [[nodiscard]] net::Task<> fenced(OperationId operation, HostId host, wire::FenceAck ack);

    // ports::Tables
    void examine(const core::ExamineLosses& action) override;

    // Runs until cancelled: settles what is at risk.
    [[nodiscard]] net::Task<> settle();

    // Writes without a fate, by operation.
    [[nodiscard]] std::map<OperationId, std::uint64_t> open_writes() const;

    // An operator's word about writes that have no fate, or an unknown one.
    struct Decision {
        std::optional<std::string> table;        // of this table only
        std::optional<boost::json::object> key;  // of this key only, as the book shows it
        bool open_only = false;                  // those without a fate, not the unknown ones
        Fate fate = Fate::unknown;
        std::string reason;  // with the operator's name
    };

    // How many writes it decided; it is durable then, with `row` in the audit. Errors: not_found,
    // those of StoreDesk.
    [[nodiscard]] net::Task<Result<std::size_t>> decide(
        OperationId operation, Decision decision, ports::AuditRow row
    );

    // Counts and document of an operation's book; of a closed one from the store.
    [[nodiscard]] wire::LossCounts counts(const OperationId& operation);
    [[nodiscard]] Result<boost::json::object> document(
        const OperationId& operation, LossPage page = {}
    );

  private:
    struct Refused {
        Instant since;
        RegionId region;
        std::string why;
    };

    struct Open {
        RegionId from;
        RegionId to;
        Epoch epoch_before;  // the epoch that its writes were made under
        LossBook book;
        bool examined = false;
        std::optional<Instant> looked_at;  // last, when both Regions answered
        // Tables whose keys a Region refuses to read though both answer.
        std::map<std::string, Refused> refused;
        LossBook::At next;  // the first key of the next look: no key stands in the way of others
        Instant opened_at{};
        std::set<LossBook::At> unsaved;
        std::size_t on_their_way = 0;  // commits that the store has not answered
        std::uint64_t told = 0;        // open writes, as the core was told
    };

    [[nodiscard]] net::Task<> examine_chains(core::ExamineLosses action);
    [[nodiscard]] net::Task<> look(OperationId operation);
    [[nodiscard]] static std::vector<LossBook::At> keys_of_look(Open& open);
    [[nodiscard]] static std::size_t examine_refused(Open& open, const LossReader::Seen& target);
    void settle_refused(Open& open, LossReader::Seen& old_region, LossReader::Seen& target);
    void note_looks(
        const OperationId& operation,
        Open& open,
        const LossReader::Seen& old_region,
        const LossReader::Seen& target
    );
    [[nodiscard]] std::optional<std::string> why_give_up(const Open& open, const std::string& table)
        const;
    [[nodiscard]] net::Task<> save_all(OperationId operation);
    [[nodiscard]] net::Task<bool> save_some(OperationId operation);
    [[nodiscard]] Open* find(const OperationId& operation);
    Open& open(const core::Plan& plan);
    [[nodiscard]] Open* open_for(Epoch epoch, const core::OperationRecord& current);
    // What the host names, in the books that it belongs to. True: nothing waits for it any more.
    [[nodiscard]] bool take(
        const OperationId& operation, const HostId& host, const wire::FenceAck& ack
    );
    void take_entries(
        Open& open, const HostId& host, const wire::FenceAck& ack, Epoch epoch, bool too_late
    );
    // What the host had seen in the target, in the books that are open.
    void take_proven(
        const core::OperationRecord& current, const HostId& host, const wire::FenceAck& ack
    );
    void close_without_losses(const OperationId& operation, Open& open);
    void tell(const OperationId& operation, Open& open);
    void close_settled();
    [[nodiscard]] Result<LossBook> load(const OperationId& operation);

    Edge& edge_;
    ports::Stored& stored_;
    StoreDesk& desk_;
    Sources sources_;
    LossReader reader_;
    std::map<OperationId, Open> open_;
};

}  // namespace farshore::controller
