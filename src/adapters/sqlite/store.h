#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sqlite/store_lock.h"
#include "base/result.h"
#include "ports/store.h"

#include "sqlite/database.h"

// What a controller knows across a crash, in one SQLite file: WAL, and every commit is on disk when
// it is answered.
namespace farshore::sqlite {

// Single-threaded: on the controller's thread. Commits are answered from inside the call. Errors of
// the reads: malformed (the file is damaged), unavailable.
class Store final : public ports::WholeStore {
  public:
    struct Options {
        std::string path;
        Duration busy_timeout = std::chrono::seconds{5};
        std::optional<std::int64_t> pages_max;  // a limit of the file's size, in pages of 4 KiB
        std::size_t audit_rows_max = 100'000;
        std::size_t operations_max = 1'000;  // older ones, with journal and losses, are forgotten
    };

    // Takes the lock, checks the file, brings its schema up to date. Errors as of StoreLock::take,
    // and malformed: damaged, or written by a newer farshored.
    [[nodiscard]] static Result<std::unique_ptr<Store>> open(Options options);
    ~Store() override;

    // ports::WholeStore
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
    Store(Options options, StoreLock lock, std::unique_ptr<Database> database);
    [[nodiscard]] Status check_and_migrate();

    // store_commit.cc
    [[nodiscard]] Status write(const ports::Commit& commit);
    [[nodiscard]] Status write_state(const core::AppRecord& record);
    [[nodiscard]] Status write_operation(const core::OperationRecord& record);
    [[nodiscard]] Status write_entry(const core::JournalEntry& entry);
    [[nodiscard]] Status forget_old_operations();
    [[nodiscard]] Status write_audit(const std::vector<ports::AuditRow>& rows);

    // store_changes.cc
    [[nodiscard]] Status apply(const AppId& app, const ports::HostEntered& change);
    [[nodiscard]] Status apply(const AppId& app, const ports::HostLeft& change);
    [[nodiscard]] Status apply(const AppId& app, const ports::HostJoined& change);
    [[nodiscard]] Status apply(const AppId& app, const ports::CredentialUsed& change);
    [[nodiscard]] Status apply(const AppId& app, const ports::CredentialEnded& change);
    [[nodiscard]] Status apply(const AppId& app, const ports::TokenEnded& change);
    [[nodiscard]] Status apply(const AppId& app, const ports::JoinTokenMade& change);
    [[nodiscard]] Status apply(const AppId& app, const ports::JoinTokenEnded& change);
    [[nodiscard]] Status apply(const AppId& app, const ports::JoinTokensForgotten& change);
    [[nodiscard]] Status apply(const AppId& app, const ports::LossesNoted& change);
    [[nodiscard]] Status apply(const AppId& app, const ports::RegisterNamed& change);
    [[nodiscard]] Status apply(const AppId& app, const ports::ConfigurationSeen& change);
    [[nodiscard]] Status apply(const AppId& app, const ports::DrillProven& change);

    [[nodiscard]] Result<std::vector<core::OperationRecord>> operations_by(
        std::string_view sql, std::size_t rows_max
    );
    [[nodiscard]] Error explain(Error error) const;

    template <class T>
    [[nodiscard]] Result<T> explained(Result<T> result) const {
        return result ? std::move(result) : std::unexpected(explain(std::move(result.error())));
    }

    [[nodiscard]] Result<std::optional<std::string>> meta(const std::string& name);
    [[nodiscard]] Status set_meta(const std::string& name, const std::string& value);
    [[nodiscard]] Result<std::uint64_t> leader_of(const AppId& app);

    Options options_;
    StoreLock lock_;
    std::unique_ptr<Database> database_;
};

}  // namespace farshore::sqlite
