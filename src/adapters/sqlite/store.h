#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "adapters/sqlite/store_lock.h"
#include "base/result.h"
#include "core/failover/record.h"

#include "sqlite/database.h"

// What a controller knows across a crash, in one SQLite file: WAL, and every commit is on disk when
// it returns.
namespace farshore::sqlite {

// One host in the register of an app. It leaves only by remove_host, never by silence.
struct RegisteredHost {
    HostId host;
    RegionId region;
    UtcTime registered_at{};

    friend bool operator==(const RegisteredHost&, const RegisteredHost&) = default;
};

// A credential that one host holds, as its digest. One per host of an app.
struct HostCredential {
    HostId host;
    RegionId region;
    std::string digest;      // SHA-256 of what the host holds, hex
    std::string vouched_by;  // who let it in: "join token NAME", or a role's ARN
    UtcTime since{};
    bool used = false;  // the host has said hello with it
    std::optional<UtcTime> revoked_at;

    friend bool operator==(const HostCredential&, const HostCredential&) = default;
};

// A token with which hosts that the tokens file does not name get a credential each.
struct JoinToken {
    std::string name;
    std::string digest;  // SHA-256, hex
    RegionId region;     // where such hosts stand; empty: in any of the app's Regions
    std::string hosts;   // a pattern of their names
    std::uint64_t uses_max = 1;
    UtcTime until{};
    std::string by;
    UtcTime made_at{};

    friend bool operator==(const JoinToken&, const JoinToken&) = default;
};

struct JournalRow {
    std::uint64_t sequence = 0;  // grows over the life of the store
    core::JournalEntry entry;
};

// One key of an operation's loss book. The document is the book's own.
struct LossRow {
    std::string table;
    std::string key;
    std::string document;
};

struct AuditRow {
    UtcTime at{};
    std::string who;
    std::string what;
    std::string detail;
};

// Single-threaded: on the controller's thread. Errors of every call: exhausted (disk full; nothing
// of the call is kept, nothing older is lost), conflict (the app's record is not the one that was
// read: another writer changed it), malformed (the file is damaged), unavailable with
// Effect::possible (an input/output error: the caller must not go on).
class Store {
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
    ~Store();

    // nullopt: the app has never been saved. With its newest operation.
    [[nodiscard]] Result<std::optional<core::AppRecord>> load(const AppId& app);

    // The record, its operation and the journal entries, all or nothing. Compare-and-set: the
    // stored record must be the one this store object last loaded or committed.
    [[nodiscard]] Status commit(
        const core::AppRecord& record, std::span<const core::JournalEntry> entries
    );
    [[nodiscard]] Status append(std::span<const core::JournalEntry> entries);

    [[nodiscard]] Result<std::vector<JournalRow>> journal(
        const OperationId& operation, std::uint64_t after_sequence, std::size_t rows_max
    );
    [[nodiscard]] Result<std::optional<core::OperationRecord>> operation(const OperationId& id);
    // Newest first.
    [[nodiscard]] Result<std::vector<core::OperationRecord>> operations(std::size_t rows_max);

    [[nodiscard]] Status add_host(const AppId& app, const RegisteredHost& host);
    // Out of the register, and its credential ends.
    [[nodiscard]] Status remove_host(const AppId& app, const HostId& host);
    [[nodiscard]] Result<std::vector<RegisteredHost>> hosts(const AppId& app);
    // The host has a credential now, instead of an earlier one, and is in the register; a use of
    // the join token with that digest is counted (empty: it came by another proof). All or nothing.
    [[nodiscard]] Status join(
        const AppId& app, const HostCredential& credential, const std::string& token_digest
    );
    [[nodiscard]] Result<std::vector<HostCredential>> credentials(const AppId& app);
    [[nodiscard]] Status credential_used(const AppId& app, const HostId& host);
    // Errors: not_found (the host has none).
    [[nodiscard]] Status revoke_credential(const AppId& app, const HostId& host, UtcTime at);
    // Tokens of the tokens file that count no longer, as digests.
    [[nodiscard]] Status revoke_token(const std::string& digest, UtcTime at);
    [[nodiscard]] Result<std::vector<std::string>> revoked_tokens();

    // Errors: conflict (the name is taken by one that has not run out).
    [[nodiscard]] Status add_join_token(const AppId& app, const JoinToken& token, UtcTime now);
    // With its uses. Errors: not_found.
    [[nodiscard]] Status remove_join_token(const AppId& app, const std::string& name);
    // All that had run out by then, with their uses. All or nothing.
    [[nodiscard]] Status remove_join_tokens_until(const AppId& app, UtcTime then);
    [[nodiscard]] Result<std::vector<JoinToken>> join_tokens(const AppId& app);
    // How many hosts came in by each join token, by its digest.
    [[nodiscard]] Result<std::map<std::string, std::uint64_t>> join_uses(const AppId& app);

    // The name of this store's register: `new_name` the first time, the same for ever after.
    [[nodiscard]] Result<std::string> register_id(const std::string& new_name);

    // Adds or replaces by (operation, table, key), all or nothing.
    [[nodiscard]] Status put_losses(const OperationId& operation, std::span<const LossRow> rows);
    [[nodiscard]] Result<std::vector<LossRow>> losses(const OperationId& operation);
    [[nodiscard]] Result<std::optional<LossRow>> loss(
        const OperationId& operation, const std::string& table, const std::string& key
    );
    // Newest first.
    [[nodiscard]] Result<std::vector<core::OperationRecord>> operations_with_losses();

    [[nodiscard]] Status append_audit(const AuditRow& row);
    // Newest first.
    [[nodiscard]] Result<std::vector<AuditRow>> audit(std::size_t rows_max);

    // Counts the configurations this store has seen: grows by one when the hash is not the last
    // one.
    [[nodiscard]] Result<std::uint64_t> configuration_generation(const std::string& hash);

    // When the app's failover was last proven, and under which configuration.
    struct Drill {
        UtcTime proven_at{};
        std::string configuration_hash;
    };

    [[nodiscard]] Status set_last_drill(const AppId& app, const Drill& drill);
    [[nodiscard]] Result<std::optional<Drill>> last_drill(const AppId& app);

  private:
    Store(Options options, StoreLock lock, std::unique_ptr<Database> database);
    [[nodiscard]] Status check_and_migrate();
    [[nodiscard]] Status write_app(const core::AppRecord& record);
    [[nodiscard]] Status write_operation(const core::OperationRecord& record);
    [[nodiscard]] Status write_entries(std::span<const core::JournalEntry> entries);
    [[nodiscard]] Status forget_old_operations();
    [[nodiscard]] Result<std::vector<core::OperationRecord>> read_operations(
        std::string_view sql, std::size_t rows_max
    );
    // Answers how many.
    [[nodiscard]] Result<std::int64_t> remove_join_tokens(
        const AppId& app, const std::string& which, const std::function<void(Statement&)>& bind
    );
    [[nodiscard]] Error explain(Error error) const;
    [[nodiscard]] Status explained(Status status) const;
    [[nodiscard]] Result<std::optional<std::string>> meta(const std::string& name);
    [[nodiscard]] Status set_meta(const std::string& name, const std::string& value);

    Options options_;
    StoreLock lock_;
    std::unique_ptr<Database> database_;
    std::map<AppId, std::int64_t> versions_;  // of the app records, as last seen
};

}  // namespace farshore::sqlite
