#include "sqlite/database.h"

#include <fcntl.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/assert.h"

namespace farshore::sqlite {
namespace {

ErrorKind kind_of(int code) {
    switch (code & 0xFF) {
        case SQLITE_FULL:
        case SQLITE_NOMEM:
        case SQLITE_TOOBIG: return ErrorKind::exhausted;
        case SQLITE_CONSTRAINT: return ErrorKind::conflict;
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return ErrorKind::timed_out;
        case SQLITE_PERM:
        case SQLITE_READONLY:
        case SQLITE_AUTH: return ErrorKind::denied;
        case SQLITE_CANTOPEN: return ErrorKind::not_found;
        case SQLITE_ERROR:
        case SQLITE_MISMATCH:
        case SQLITE_RANGE:
        case SQLITE_NOTADB:
        case SQLITE_CORRUPT: return ErrorKind::malformed;
        case SQLITE_INTERRUPT: return ErrorKind::cancelled;
        default: return ErrorKind::unavailable;
    }
}

std::string_view remedy_for(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::exhausted: return "free space on the file system that holds the database";
        case ErrorKind::timed_out: return "another process holds the database; stop it, or wait";
        case ErrorKind::denied: return "check owner and permissions of the file and its directory";
        case ErrorKind::not_found: return "check that the directory exists";
        case ErrorKind::throttled:
        case ErrorKind::unavailable:
        case ErrorKind::conflict:
        case ErrorKind::malformed:
        case ErrorKind::cancelled: return "";
    }
    std::unreachable();
}

}  // namespace

Statement::Statement(Database& database, sqlite3_stmt* handle, bool cached)
    : database_(&database), handle_(handle), cached_(cached) {}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      handle_(std::exchange(other.handle_, nullptr)),
      cached_(other.cached_),
      bind_error_(other.bind_error_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
    if (this != &other) {
        give_back();
        database_ = other.database_;
        handle_ = std::exchange(other.handle_, nullptr);
        cached_ = other.cached_;
        bind_error_ = other.bind_error_;
    }
    return *this;
}

Statement::~Statement() {
    give_back();
}

void Statement::give_back() {
    if (handle_ == nullptr) {
        return;
    }
    if (!cached_) {
        sqlite3_finalize(handle_);
    } else {
        sqlite3_reset(handle_);
        sqlite3_clear_bindings(handle_);
        const char* sql = sqlite3_sql(handle_);
        const auto found = database_->statements_.find(std::string_view{sql});
        FARSHORE_ASSERT(
            found != database_->statements_.end(), "a borrowed statement stays in the cache"
        );
        found->second.borrowed = false;
    }
    handle_ = nullptr;
}

void Statement::note(int code) {
    if (code != SQLITE_OK && bind_error_ == SQLITE_OK) {
        bind_error_ = code;
    }
}

Statement& Statement::bind(int parameter, std::int64_t value) {
    note(sqlite3_bind_int64(handle_, parameter, value));
    return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
    // A null pointer would bind NULL, which an empty view must not become.
    const char* bytes = text.data() == nullptr ? "" : text.data();
    note(sqlite3_bind_text64(handle_, parameter, bytes, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8)
    );
    return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view bytes) {
    const char* start = bytes.data() == nullptr ? "" : bytes.data();
    note(sqlite3_bind_blob64(handle_, parameter, start, bytes.size(), SQLITE_TRANSIENT));
    return *this;
}

Statement& Statement::bind_null(int parameter) {
    note(sqlite3_bind_null(handle_, parameter));
    return *this;
}

Result<bool> Statement::step() {
    if (bind_error_ != SQLITE_OK) {
        return database_->failure(bind_error_, "bind a parameter");
    }
    const int code = sqlite3_step(handle_);
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code == SQLITE_DONE) {
        return false;
    }
    auto error = database_->failure(code, "run a statement");
    sqlite3_reset(handle_);
    return error;
}

Status Statement::run() {
    return for_each([] { return Status{}; });
}

Status Statement::for_each(const std::function<Status()>& row) {
    while (true) {
        const Result<bool> there = step();
        if (!there) {
            return std::unexpected(there.error());
        }
        if (!*there) {
            return {};
        }
        if (Status status = row(); !status) {
            return status;
        }
    }
}

void Statement::reset() {
    sqlite3_reset(handle_);
    sqlite3_clear_bindings(handle_);
    bind_error_ = SQLITE_OK;
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(handle_, column);
}

std::string_view Statement::text(int column) const {
    const auto* bytes = sqlite3_column_text(handle_, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
    return bytes == nullptr ? std::string_view{}
                            : std::string_view{reinterpret_cast<const char*>(bytes), size};
}

std::string_view Statement::blob(int column) const {
    const void* bytes = sqlite3_column_blob(handle_, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
    return bytes == nullptr ? std::string_view{}
                            : std::string_view{static_cast<const char*>(bytes), size};
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

Database::Database(Options options) : options_(std::move(options)) {}

Database::~Database() {
    for (auto& [sql, cached] : statements_) {
        FARSHORE_ASSERT(!cached.borrowed, "a statement must not outlive its database");
        sqlite3_finalize(cached.handle);
    }
    sqlite3_close_v2(handle_);
}

Result<std::unique_ptr<Database>> Database::open(Options options) {
    std::unique_ptr<Database> database{new Database(std::move(options))};
    const std::string path = database->options_.path.empty() ? ":memory:" : database->options_.path;
    if (!database->options_.path.empty()) {
        // For its owner only, whatever the umask says: SQLite would make it for everybody to read.
        // Its log and shared memory get the mode of the file. What fails here, SQLite explains.
        const int made = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (made >= 0) {
            ::close(made);
        }
    }
    const int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(path.c_str(), &database->handle_, flags, nullptr);
    if (code != SQLITE_OK) {
        return database->failure(code, "open " + path);
    }
    const Status configured = database->configure();
    if (!configured) {
        return std::unexpected(in_context("open " + path, configured.error()));
    }
    return database;
}

Status Database::configure() {
    sqlite3_busy_timeout(handle_, static_cast<int>(to_ms(options_.busy_timeout)));
    std::string script =
        "PRAGMA foreign_keys=ON;"
        "PRAGMA trusted_schema=OFF;"
        "PRAGMA cell_size_check=ON;"
        "PRAGMA secure_delete=OFF;";
    if (!options_.path.empty()) {
        script += "PRAGMA journal_mode=WAL;";
    }
    switch (options_.durability) {
        case Durability::none: script += "PRAGMA synchronous=OFF;"; break;
        case Durability::normal: script += "PRAGMA synchronous=NORMAL;"; break;
        case Durability::full: script += "PRAGMA synchronous=FULL;"; break;
    }
    if (options_.pages_max) {
        script += "PRAGMA max_page_count=" + std::to_string(*options_.pages_max) + ";";
    }
    return execute(script);
}

Result<bool> Database::survives_power_loss() {
    const auto setting = [this](std::string_view pragma) -> Result<std::string> {
        Result<Statement> query = prepare(pragma);
        if (!query) {
            return std::unexpected(query.error());
        }
        const Result<bool> row = query->step();
        if (!row) {
            return std::unexpected(row.error());
        }
        return *row ? std::string{query->text(0)} : std::string{};
    };
    const Result<std::string> journal = setting("PRAGMA journal_mode");
    if (!journal) {
        return std::unexpected(journal.error());
    }
    const Result<std::string> synchronous = setting("PRAGMA synchronous");
    if (!synchronous) {
        return std::unexpected(synchronous.error());
    }
    return *journal == "wal" && *synchronous == "2";
}

std::unexpected<Error> Database::failure(int code, std::string_view what) const {
    const int primary = code & 0xFF;
    std::string text = "SQLite could not " + std::string{what} + ": ";
    // The connection remembers the last message; it belongs to this code only when the codes agree.
    const bool same = handle_ != nullptr && (sqlite3_errcode(handle_) & 0xFF) == primary;
    text += same ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
    const ErrorKind kind = kind_of(code);
    return std::unexpected(Error{
        .kind = kind,
        .effect = primary == SQLITE_IOERR ? Effect::possible : Effect::none,
        .text = std::move(text),
        .remedy = std::string{remedy_for(kind)},
        .code = "sqlite:" + std::to_string(code)
    });
}

void Database::forget_idle_statements() {
    std::erase_if(statements_, [](auto& entry) {
        if (entry.second.borrowed) {
            return false;
        }
        sqlite3_finalize(entry.second.handle);
        return true;
    });
}

Result<Statement> Database::prepare(std::string_view sql) {
    const auto found = statements_.find(sql);
    const bool busy = found != statements_.end() && found->second.borrowed;
    if (found != statements_.end() && !busy) {
        found->second.borrowed = true;
        return Statement{*this, found->second.handle, true};
    }
    sqlite3_stmt* handle = nullptr;
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v3(
        handle_,
        sql.data(),
        static_cast<int>(sql.size()),
        busy ? 0U : SQLITE_PREPARE_PERSISTENT,
        &handle,
        &rest
    );
    if (code != SQLITE_OK) {
        return failure(code, "prepare \"" + std::string{sql} + "\"");
    }
    const bool one = handle != nullptr && rest == sql.data() + sql.size();
    if (!one) {
        sqlite3_finalize(handle);
        return fail(
            ErrorKind::malformed, "not exactly one SQL statement: \"" + std::string{sql} + "\""
        );
    }
    if (busy) {
        return Statement{*this, handle, false};
    }
    if (statements_.size() >= options_.statements_max) {
        forget_idle_statements();
    }
    statements_.emplace(std::string{sql}, Cached{.handle = handle, .borrowed = true});
    return Statement{*this, handle, true};
}

Status Database::execute(const std::string& script) {
    const int code = sqlite3_exec(handle_, script.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        return failure(code, "run a script");
    }
    return {};
}

std::int64_t Database::changes() const {
    return sqlite3_changes64(handle_);
}

std::int64_t Database::last_rowid() const {
    return sqlite3_last_insert_rowid(handle_);
}

bool Database::in_transaction() const {
    return sqlite3_get_autocommit(handle_) == 0;
}

Result<std::int64_t> Database::user_version() {
    Result<Statement> statement = prepare("PRAGMA user_version");
    if (!statement) {
        return std::unexpected(statement.error());
    }
    const Result<bool> row = statement->step();
    if (!row) {
        return std::unexpected(row.error());
    }
    return *row ? statement->integer(0) : 0;
}

Status Database::set_user_version(std::int64_t version) {
    return execute("PRAGMA user_version=" + std::to_string(version));
}

Result<Transaction> Transaction::begin(Database& database) {
    Result<Statement> statement = database.prepare("BEGIN IMMEDIATE");
    if (!statement) {
        return std::unexpected(statement.error());
    }
    const Status begun = statement->run();
    if (!begun) {
        return std::unexpected(begun.error());
    }
    return Transaction{database};
}

Transaction::~Transaction() {
    // SQLite ends the transaction by itself on some errors (a full disk among them).
    if (database_ != nullptr && database_->in_transaction()) {
        Result<Statement> statement = database_->prepare("ROLLBACK");
        FARSHORE_ASSERT(statement.has_value(), "ROLLBACK can always be prepared");
        const Status undone = statement->run();
        FARSHORE_ASSERT(
            undone.has_value() || !database_->in_transaction(), "a transaction must end"
        );
    }
}

Status Transaction::commit() {
    FARSHORE_ASSERT(database_ != nullptr, "a transaction is committed once");
    Result<Statement> statement = database_->prepare("COMMIT");
    if (!statement) {
        return std::unexpected(statement.error());
    }
    const Status done = statement->run();
    if (!done) {
        return std::unexpected(done.error());
    }
    database_ = nullptr;
    return {};
}

}  // namespace farshore::sqlite
