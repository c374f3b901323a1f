#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "ports/store.h"

#include "sim/dice.h"
#include "sim/loss_book.h"
#include "sim/scene.h"

namespace farshore::sim {

// What survives the controller: the record with its journal, the register, the loss books. A commit
// is durable when it is answered, at once or late; or it is refused, or the controller dies in the
// middle of it: then it may be durable or not.
class Store final : public ports::Store {
  public:
    explicit Store(Scene& scene);

    void commit(ports::Commit commit, ports::Ticket ticket) override;

    // nullopt: the store is empty.
    [[nodiscard]] std::optional<core::AppRecord> load();

    // The first record of an empty store.
    bool begin(const core::AppRecord& record);

    // False: the host is not one of the configured register, or the store refuses.
    [[nodiscard]] bool enroll(
        const HostId& host, const RegionId& region, const Configuration& configuration
    );

    void forget(const HostId& host) { hosts_.erase(host); }

    [[nodiscard]] const std::map<HostId, RegionId>& hosts() const { return hosts_; }

    // The register of a store that was lost begins anew, under another name.
    [[nodiscard]] std::string register_id() const { return "r" + std::to_string(register_id_); }

    [[nodiscard]] std::map<OperationId, LossBook>& books() { return books_; }

    // The last durable record, whether or not a controller lives that has read it.
    [[nodiscard]] const core::AppRecord& durable() const { return record_; }

    // A fault that strikes at one of the next saves, or at the next start.
    void doom(const Fault& fault);

    [[nodiscard]] bool is_doomed() const { return doom_.has_value(); }

    [[nodiscard]] std::uint64_t saves() const { return saves_; }

  private:
    struct Doom {
        FaultKind kind{};
        int saves_left = 1;
    };

    void write(const ports::Commit& commit);
    void answer_late(ports::Commit commit, ports::Ticket ticket, Duration after);
    void keep(const core::AppRecord& record, std::span<const core::JournalEntry> journal);

    Scene& scene_;
    Dice dice_;
    core::AppRecord record_;
    bool empty_ = false;
    std::deque<core::AppRecord> older_;  // copies that a backup might hold
    std::map<HostId, RegionId> hosts_;
    std::uint64_t register_id_ = 1;
    std::map<OperationId, LossBook> books_;
    std::optional<Doom> doom_;
    std::optional<FaultKind> at_next_start_;
    std::uint64_t saves_ = 0;
};

}  // namespace farshore::sim
