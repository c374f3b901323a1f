#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "core/loss/settling.h"
#include "ports/store.h"

#include "sim/dice.h"
#include "sim/scene.h"

namespace farshore::sim {

class Controller;

// What survives the controller: the record with its journal, the register, the loss books. A commit
// is durable when it is answered, at once or late; or it is refused, or the controller dies in the
// middle of it: then it may be durable or not.
class Store {
  public:
    // `number`: 0 is the first controller's, 1 that of a second one that has its own.
    Store(Scene& scene, std::size_t number);

    [[nodiscard]] std::size_t number() const { return number_; }

    // Anew, for a second controller: an older copy of the first one's, or empty.
    void begin_beside(const Store& first, bool empty);

    void commit(Controller& asker, ports::Commit commit, ports::Ticket ticket);

    // From now on that life of a controller leads: no other one's commit is taken. nullopt: the
    // store is empty.
    [[nodiscard]] std::optional<core::AppRecord> load(const Controller& leader);

    // The first record of an empty store.
    bool begin(const core::AppRecord& record);

    [[nodiscard]] const std::map<HostId, RegionId>& hosts() const { return hosts_; }

    // The register of a store that was lost begins anew, under another name.
    [[nodiscard]] std::string register_id() const { return "r" + std::to_string(register_id_); }

    // The chains of a loss book and what it says as a whole; answered as a commit is.
    void keep_losses(
        Controller& asker,
        const core::SaveLosses& wanted,
        const core::LossBook& book,
        std::function<void(core::SaveEnd)> answer
    );

    [[nodiscard]] std::vector<core::KeptBook> books() const;

    // The last durable record, whether or not a controller lives that has read it.
    [[nodiscard]] const core::AppRecord& durable() const { return record_; }

    // A fault that strikes at one of the next saves, or at the next start.
    void doom(const Fault& fault);

    [[nodiscard]] std::uint64_t saves() const { return saves_; }

  private:
    struct Doom {
        FaultKind kind{};
        int saves_left = 1;
    };

    void write(const ports::Commit& commit);
    void answer_late(Controller& asker, ports::Commit commit, ports::Ticket ticket, Duration after);
    [[nodiscard]] bool leads(const Controller& asker) const;
    void lose(std::uint64_t register_id);
    void keep(const core::AppRecord& record, std::span<const core::JournalEntry> journal);

    struct Losses {
        std::map<core::LossBook::At, core::KeyChain> chains;
        bool truncated = false;
        Duration waited{};
    };

    Scene& scene_;
    std::size_t number_;
    std::uint64_t leader_ = 0;  // which life
    Dice dice_;
    core::AppRecord record_;
    bool empty_ = false;
    std::deque<core::AppRecord> older_;  // copies that a backup might hold
    std::map<HostId, RegionId> hosts_;
    std::uint64_t register_id_ = 1;
    std::map<OperationId, core::OperationRecord> operations_;
    std::map<OperationId, Losses> losses_;
    std::optional<Doom> doom_;
    std::optional<FaultKind> at_next_start_;
    std::uint64_t saves_ = 0;
};

}  // namespace farshore::sim
