#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

struct sqlite3;
struct sqlite3_stmt;

// A small wrapper over SQLite: one connection, statements prepared once, transactions that undo
// themselves, and errors as values. Shared by the controller's store and the lab's tables.
namespace farshore::sqlite {

// What survives a loss of power. `full` is for journals: each commit is on disk when it returns.
enum class Durability { none, normal, full };
inline constexpr std::array<std::string_view, 3> kDurabilityNames{"none", "normal", "full"};

constexpr const auto& names_of(Durability) {
    return kDurabilityNames;
}

class Database;

// A prepared statement, borrowed from its database's cache and given back when it ends. Parameters
// and columns are counted as SQLite does: parameters from 1, columns from 0. Must not outlive its
// database. Views of text and blobs are good until the next step() or the statement's end.
class Statement {
  public:
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&& other) noexcept;
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement();

    Statement& bind(int parameter, std::int64_t value);

    Statement& bind(int parameter, int value) { return bind(parameter, std::int64_t{value}); }

    Statement& bind(int parameter, std::string_view text);  // UTF-8

    Statement& bind(int parameter, const char* text) {
        return bind(parameter, std::string_view{text});
    }

    Statement& bind_blob(int parameter, std::string_view bytes);
    Statement& bind_null(int parameter);

    // true: a row is there to be read. false: no more rows. An error of a bind() shows here.
    [[nodiscard]] Result<bool> step();
    // Calls `row` for each row that is left; its error, or step()'s, ends it.
    [[nodiscard]] Status for_each(const std::function<Status()>& row);
    // For statements whose rows, if any, do not matter.
    [[nodiscard]] Status run();
    // Makes the statement ready for new parameters and another run.
    void reset();

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] std::string_view blob(int column) const;
    [[nodiscard]] bool is_null(int column) const;

  private:
    friend class Database;
    Statement(Database& database, sqlite3_stmt* handle, bool cached);
    void give_back();
    void note(int code);

    Database* database_;
    sqlite3_stmt* handle_;
    bool cached_;
    int bind_error_ = 0;
};

// One connection. Single-threaded: use on the thread that owns it.
//
// Errors: exhausted (disk full, a size limit), conflict (a constraint does not hold),
// timed_out (another process holds the lock), denied (permissions, read-only file), not_found
// (cannot be opened), malformed (SQL or file is not what it should be), unavailable (the rest; an
// input/output error has a possible effect).
class Database {
  public:
    struct Options {
        std::string path;  // empty: in memory
        Durability durability = Durability::full;
        Duration busy_timeout = std::chrono::seconds{5};
        std::size_t statements_max = 128;       // prepared statements kept
        std::optional<std::int64_t> pages_max;  // a limit of the file's size, in pages of 4 KiB
    };

    [[nodiscard]] static Result<std::unique_ptr<Database>> open(Options options);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    // A write-ahead log, synced with each commit: what was committed is there after a power cut.
    // SQLite keeps another mode in silence where the file system cannot do it, so this asks.
    [[nodiscard]] Result<bool> survives_power_loss();

    // One statement. Prepared once per text; the text is the cache's key.
    [[nodiscard]] Result<Statement> prepare(std::string_view sql);
    // Any number of statements without parameters and results: schemas.
    [[nodiscard]] Status execute(const std::string& script);

    [[nodiscard]] std::int64_t changes() const;  // rows of the last INSERT, UPDATE or DELETE
    [[nodiscard]] std::int64_t last_rowid() const;
    [[nodiscard]] bool in_transaction() const;

    // The schema's version as the application counts it; zero in a new file.
    [[nodiscard]] Result<std::int64_t> user_version();
    [[nodiscard]] Status set_user_version(std::int64_t version);

  private:
    friend class Statement;

    struct Cached {
        sqlite3_stmt* handle = nullptr;
        bool borrowed = false;
    };

    struct TextHash {
        using is_transparent = void;

        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };

    explicit Database(Options options);
    [[nodiscard]] Status configure();
    [[nodiscard]] std::unexpected<Error> failure(int code, std::string_view what) const;
    void forget_idle_statements();

    Options options_;
    sqlite3* handle_ = nullptr;
    std::unordered_map<std::string, Cached, TextHash, std::equal_to<>> statements_;
};

// BEGIN IMMEDIATE: takes the write lock at the start, so that a transaction that has begun does not
// fail for want of it later. Without commit() everything is undone.
class Transaction {
  public:
    [[nodiscard]] static Result<Transaction> begin(Database& database);

    Transaction(Transaction&& other) noexcept
        : database_(std::exchange(other.database_, nullptr)) {}

    Transaction& operator=(Transaction&&) = delete;
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();

    // On an error the transaction is undone; with kind unavailable the effect is possible.
    [[nodiscard]] Status commit();

  private:
    explicit Transaction(Database& database) : database_(&database) {}

    Database* database_;
};

}  // namespace farshore::sqlite
