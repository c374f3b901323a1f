#include "adapters/sqlite/store.h"

#include <array>
#include <filesystem>
#include <utility>

#include "adapters/sqlite/bound.h"
#include "adapters/system/log.h"

namespace farshore::sqlite {

namespace {

// What brings a file from each version to the next one; the first makes a new file.
constexpr std::array<const char*, 2> kMigrations{
    R"sql(
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE app_state (
    app TEXT PRIMARY KEY, version INTEGER NOT NULL, document TEXT NOT NULL, operation TEXT
) WITHOUT ROWID;
CREATE TABLE agents (
    app TEXT NOT NULL, host TEXT NOT NULL, region TEXT NOT NULL, registered_at INTEGER NOT NULL,
    PRIMARY KEY (app, host)
) WITHOUT ROWID;
CREATE TABLE operations (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, document TEXT NOT NULL
);
CREATE TABLE journal (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, operation TEXT NOT NULL, kind TEXT NOT NULL,
    step INTEGER NOT NULL, state TEXT NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL
);
CREATE INDEX journal_of_operation ON journal (operation, sequence);
CREATE TABLE losses (
    operation TEXT NOT NULL, table_name TEXT NOT NULL, item_key TEXT NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (operation, table_name, item_key)
) WITHOUT ROWID;
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
    detail TEXT NOT NULL
);
PRAGMA user_version = 1;
)sql",
    R"sql(
CREATE TABLE credentials (
    app TEXT NOT NULL, host TEXT NOT NULL, region TEXT NOT NULL, digest TEXT NOT NULL UNIQUE, vouched_by TEXT NOT NULL,
    since INTEGER NOT NULL, used INTEGER NOT NULL, revoked_at INTEGER, PRIMARY KEY (app, host)
) WITHOUT ROWID;
CREATE TABLE revoked_tokens (digest TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE join_tokens (
    app TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL UNIQUE, region TEXT NOT NULL, hosts TEXT NOT NULL,
    uses_max INTEGER NOT NULL, until INTEGER NOT NULL, made_by TEXT NOT NULL, made_at INTEGER NOT NULL, PRIMARY KEY (app, name)
) WITHOUT ROWID;
CREATE TABLE joins (
    app TEXT NOT NULL, token TEXT NOT NULL, host TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (app, token, host, at)
) WITHOUT ROWID;
PRAGMA user_version = 2;
)sql"
};
constexpr auto kSchemaVersion = static_cast<std::int64_t>(kMigrations.size());

std::unexpected<Error> damaged(std::string text) {
    return fail(ErrorKind::malformed, std::move(text));
}

// Item keys name people and sessions: the files that hold them are their owner's alone, also those
// that an earlier version made.
void make_private(const std::string& store_path) {
    namespace fs = std::filesystem;
    constexpr fs::perms kOwner = fs::perms::owner_read | fs::perms::owner_write;
    for (const char* suffix : {"", "-wal", "-shm"}) {
        const std::string path = store_path + suffix;
        std::error_code error;
        const fs::perms open_to = fs::status(path, error).permissions();
        if (error || open_to == fs::perms::unknown || (open_to & ~kOwner) == fs::perms::none) {
            continue;
        }
        fs::permissions(path, kOwner, error);
        if (error) {
            system::log_error(
                "store",
                path + " can be read by others: " + error.message(),
                {{"remedy", "give the file to this user, with mode 0600"}}
            );
        } else {
            system::log_warning("store", path + " could be read by others; its mode is 0600 now");
        }
    }
}

}  // namespace

Store::Store(Options options, StoreLock lock, std::unique_ptr<Database> database)
    : options_(std::move(options)), lock_(std::move(lock)), database_(std::move(database)) {}

Store::~Store() = default;

Error Store::explain(Error error) const {
    error = in_context("store " + options_.path, std::move(error));
    switch (error.kind) {
        case ErrorKind::exhausted:
            error.remedy = "free space on the file system that holds " + options_.path +
                           "; nothing was lost, farshored goes on when there is room";
            break;
        case ErrorKind::malformed:
            error.remedy = "keep a copy of " + options_.path +
                           " for study, then restore it from a backup or move it away; the epoch "
                           "is read from the "
                           "epoch records, the journal and the audit begin anew";
            break;
        case ErrorKind::throttled:
        case ErrorKind::unavailable:
        case ErrorKind::timed_out:
        case ErrorKind::not_found:
        case ErrorKind::conflict:
        case ErrorKind::denied:
        case ErrorKind::cancelled: break;
    }
    return error;
}

Result<std::unique_ptr<Store>> Store::open(Options options) {
    std::error_code ignored;
    if (std::filesystem::is_directory(options.path, ignored)) {
        return fail(
            ErrorKind::malformed,
            "the store " + options.path + " is a directory, not a file",
            "name the file in it: " + options.path + "/farshore.db"
        );
    }
    Result<StoreLock> lock = StoreLock::take(options.path);
    if (!lock) {
        return std::unexpected(std::move(lock.error()));
    }
    make_private(options.path);
    Database::Options database_options;
    database_options.path = options.path;
    database_options.durability = Durability::full;
    database_options.busy_timeout = options.busy_timeout;
    database_options.pages_max = options.pages_max;
    Result<std::unique_ptr<Database>> database = Database::open(std::move(database_options));
    std::unique_ptr<Store> store{
        new Store(std::move(options), std::move(*lock), database ? std::move(*database) : nullptr)
    };
    if (!database) {
        return std::unexpected(store->explain(std::move(database.error())));
    }
    const Result<bool> durable = store->database_->survives_power_loss();
    if (!durable) {
        return std::unexpected(store->explain(durable.error()));
    }
    if (!*durable) {
        return fail(
            ErrorKind::unavailable,
            "the file system of " + store->options_.path +
                " does not support SQLite's write-ahead log",
            "put the store on a local file system: intents must be on disk before their effects"
        );
    }
    if (Status status = store->check_and_migrate(); !status) {
        return std::unexpected(store->explain(std::move(status.error())));
    }
    return store;
}

Status Store::check_and_migrate() {
    // The store is small; damage must show at the start, not in the middle of a failover.
    {
        Result<Statement> check = database_->prepare("PRAGMA quick_check(1)");
        if (!check) {
            return std::unexpected(std::move(check.error()));
        }
        const Result<bool> row = check->step();
        if (!row) {
            return std::unexpected(row.error());
        }
        if (*row && check->text(0) != "ok") {
            return damaged("the file is damaged: " + text_at(*check, 0));
        }
    }
    const Result<std::int64_t> version = database_->user_version();
    if (!version) {
        return std::unexpected(version.error());
    }
    if (*version < 0 || *version > kSchemaVersion) {
        return fail(
            ErrorKind::malformed,
            "schema version " + std::to_string(*version) + " was written by a newer farshored"
        );
    }
    if (*version == kSchemaVersion) {
        return {};
    }
    Result<Transaction> transaction = Transaction::begin(*database_);
    if (!transaction) {
        return std::unexpected(std::move(transaction.error()));
    }
    for (auto next = static_cast<std::size_t>(*version); next < kMigrations.size(); ++next) {
        if (Status status = database_->execute(kMigrations[next]); !status) {
            return status;
        }
    }
    return transaction->commit();
}

Result<std::optional<std::string>> Store::meta(const std::string& name) {
    return row_of<std::string>(
        bound(*database_, "SELECT value FROM meta WHERE name = ?1", name),
        [](const Statement& row) { return text_at(row, 0); }
    );
}

Status Store::set_meta(const std::string& name, const std::string& value) {
    return run(
        *database_,
        "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = "
        "excluded.value",
        name,
        value
    );
}

// Zero: no controller has led the app on this store yet.
Result<std::uint64_t> Store::leader_of(const AppId& app) {
    const auto known = meta("leader " + app.value());
    if (!known) {
        return std::unexpected(known.error());
    }
    std::uint64_t leader = 0;
    for (const char digit : known->value_or("")) {
        leader = leader * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    return leader;
}

Result<ports::LeaderToken> Store::lead(const AppId& app) {
    Result<Transaction> transaction = Transaction::begin(*database_);
    if (!transaction) {
        return std::unexpected(explain(std::move(transaction.error())));
    }
    const Result<std::uint64_t> before = leader_of(app);
    if (!before) {
        return std::unexpected(explain(before.error()));
    }
    const ports::LeaderToken leader{*before + 1};
    Status status = set_meta("leader " + app.value(), std::to_string(leader.value));
    if (status) {
        status = transaction->commit();
    }
    return status ? Result<ports::LeaderToken>{leader}
                  : std::unexpected(explain(std::move(status.error())));
}

}  // namespace farshore::sqlite
