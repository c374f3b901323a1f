#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ports/store.h"

namespace farshore::testing {

// What a store of this kind keeps while no controller has it open.
struct MemoryRows {
    std::map<AppId, std::uint64_t> leaders;
    std::map<AppId, core::AppRecord> states;
    std::vector<core::OperationRecord> operations;  // oldest first
    std::vector<ports::JournalRow> journal;
    std::map<std::pair<AppId, HostId>, ports::RegisteredHost> hosts;
    std::map<std::pair<AppId, HostId>, ports::HostCredential> credentials;
    std::set<std::string> ended_tokens;
    std::map<std::pair<AppId, std::string>, ports::JoinToken> join_tokens;  // by name
    std::map<std::pair<AppId, std::string>, std::set<std::pair<HostId, UtcTime>>>
        joins;  // by the token's digest
    std::map<std::pair<OperationId, std::pair<std::string, std::string>>, ports::LossRow> losses;
    std::vector<ports::AuditRow> audit;
    std::optional<std::string> register_name;
    std::optional<ports::ConfigurationSeen> configuration;
    std::map<AppId, ports::DrillProven> drills;
};

// A store without a disk that answers as a store far away may: late, refusing, in the name of
// another leader, or not at all because its controller dies in the middle.
class MemoryStore final : public ports::WholeStore {
  public:
    explicit MemoryStore(std::shared_ptr<MemoryRows> rows) : rows_(std::move(rows)) {}

    // What happens to the commits from now on.
    enum class Mood : std::uint8_t {
        prompt,
        late,            // carried out and answered when let_answer() says so
        full,            // refused
        dies_before,     // nothing is kept, and nothing answered
        dies_afterwards  // kept, and not answered
    };

    void set(Mood mood) { mood_ = mood; }

    // The oldest commit that waits. False: none does.
    bool let_answer();

    void commit(ports::Commit commit, ports::Ticket ticket) override;

    Result<ports::LeaderToken> lead(const AppId& app) override;
    Result<std::optional<core::AppRecord>> load(const AppId& app) override;
    Result<std::vector<ports::RegisteredHost>> hosts(const AppId& app) override;
    Result<std::optional<std::string>> register_name() override;
    Result<std::optional<ports::ConfigurationSeen>> configuration() override;
    Result<std::optional<ports::DrillProven>> last_drill(const AppId& app) override;
    Result<std::vector<ports::HostCredential>> credentials(const AppId& app) override;
    Result<std::vector<std::string>> ended_tokens() override;
    Result<std::vector<ports::JoinToken>> join_tokens(const AppId& app) override;
    Result<std::map<std::string, std::uint64_t>> join_uses(const AppId& app) override;
    Result<std::vector<ports::JournalRow>> journal(
        const OperationId& operation, std::uint64_t after_sequence, std::size_t rows_max
    ) override;
    Result<std::optional<core::OperationRecord>> operation(const OperationId& id) override;
    Result<std::vector<core::OperationRecord>> operations(std::size_t rows_max) override;
    Result<std::vector<core::OperationRecord>> operations_with_losses() override;
    Result<std::vector<ports::LossRow>> losses(const OperationId& operation) override;
    Result<std::optional<ports::LossRow>> loss(
        const OperationId& operation, const std::string& table, const std::string& key
    ) override;
    Result<std::vector<ports::AuditRow>> audit(std::size_t rows_max) override;

  private:
    [[nodiscard]] ports::CommitAnswer carry_out(const ports::Commit& commit);

    std::shared_ptr<MemoryRows> rows_;
    Mood mood_ = Mood::prompt;
    std::deque<std::function<void()>> waiting_;
};

}  // namespace farshore::testing
