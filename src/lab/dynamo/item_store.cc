#include "lab/dynamo/item_store.h"

#include "lab/dynamo/value_json.h"

#include "sqlite/database.h"

namespace farshore::lab::dynamo {
namespace {

constexpr std::int64_t kSchemaVersion = 1;

constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS tables(id INTEGER PRIMARY KEY, definition TEXT NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS items("
    "  tbl INTEGER NOT NULL, location BLOB NOT NULL, item TEXT NOT NULL, deleted INTEGER NOT NULL, "
    "at_us INTEGER NOT NULL, region "
    "TEXT NOT NULL,"
    "  PRIMARY KEY(tbl, location)) STRICT, WITHOUT ROWID;";

Result<StoredItem> read_row(const sqlite::Statement& row, int first) {
    auto item = item_from_stored(row.text(first));
    if (!item) {
        return std::unexpected(std::move(item.error()));
    }
    StoredItem stored;
    stored.item = std::move(*item);
    stored.deleted = row.integer(first + 1) != 0;
    stored.version = {
        .at_us = row.integer(first + 2), .region = RegionId{std::string{row.text(first + 3)}}
    };
    return stored;
}

class SqliteItemStore final : public ItemStore {
  public:
    explicit SqliteItemStore(std::unique_ptr<sqlite::Database> database)
        : database_(std::move(database)) {}

    Status prepare_schema() {
        const Result<std::int64_t> version = database_->user_version();
        if (!version) {
            return std::unexpected(version.error());
        }
        if (*version > kSchemaVersion) {
            return fail(
                ErrorKind::malformed,
                "the lab's tables were written by a newer version",
                "use that version, or another directory"
            );
        }
        const Status made = database_->execute(kSchema);
        return made ? database_->set_user_version(kSchemaVersion) : made;
    }

    Result<std::optional<StoredItem>> get(std::int64_t table, std::string_view location) override {
        auto statement = database_->prepare(
            "SELECT item, deleted, at_us, region FROM items WHERE tbl=? AND location=?"
        );
        if (!statement) {
            return std::unexpected(statement.error());
        }
        statement->bind(1, table).bind_blob(2, location);
        const Result<bool> row = statement->step();
        if (!row) {
            return std::unexpected(row.error());
        }
        if (!*row) {
            return std::nullopt;
        }
        return read_row(*statement, 0);
    }

    Status put(std::int64_t table, std::string_view location, const StoredItem& stored) override {
        auto statement = database_->prepare(
            "INSERT INTO items(tbl, location, item, deleted, at_us, region) VALUES(?,?,?,?,?,?) ON "
            "CONFLICT DO UPDATE "
            "SET item=excluded.item, deleted=excluded.deleted, at_us=excluded.at_us, "
            "region=excluded.region"
        );
        if (!statement) {
            return std::unexpected(statement.error());
        }
        statement->bind(1, table).bind_blob(2, location).bind(3, stored_text(stored.item));
        statement->bind(4, stored.deleted ? 1 : 0).bind(5, stored.version.at_us);
        statement->bind(6, stored.version.region.value());
        return statement->run();
    }

    Status erase(std::int64_t table, std::string_view location) override {
        auto statement = database_->prepare("DELETE FROM items WHERE tbl=? AND location=?");
        if (!statement) {
            return std::unexpected(statement.error());
        }
        return statement->bind(1, table).bind_blob(2, location).run();
    }

    Status visit(std::int64_t table, LocationRange range, Order order, const Visitor& visitor)
        override {
        std::string sql =
            "SELECT location, item, deleted, at_us, region FROM items WHERE tbl=?1 AND "
            "location>=?2";
        sql += range.to.empty() ? "" : " AND location<?3";
        sql += order.with_deleted ? "" : " AND deleted=0";
        sql += order.forward ? " ORDER BY location" : " ORDER BY location DESC";
        auto statement = database_->prepare(sql);
        if (!statement) {
            return std::unexpected(statement.error());
        }
        statement->bind(1, table).bind_blob(2, range.from);
        if (!range.to.empty()) {
            statement->bind_blob(3, range.to);
        }
        while (true) {
            const Result<bool> row = statement->step();
            if (!row) {
                return std::unexpected(row.error());
            }
            if (!*row) {
                return {};
            }
            auto stored = read_row(*statement, 1);
            if (!stored) {
                return std::unexpected(std::move(stored.error()));
            }
            if (!visitor(statement->blob(0), std::move(*stored))) {
                return {};
            }
        }
    }

    Status together(const std::function<Status()>& body) override {
        auto transaction = sqlite::Transaction::begin(*database_);
        if (!transaction) {
            return std::unexpected(transaction.error());
        }
        const Status done = body();
        return done ? transaction->commit() : done;
    }

    Result<std::int64_t> count(std::int64_t table) override {
        auto statement = database_->prepare("SELECT count(*) FROM items WHERE tbl=? AND deleted=0");
        if (!statement) {
            return std::unexpected(statement.error());
        }
        statement->bind(1, table);
        const Result<bool> row = statement->step();
        if (!row) {
            return std::unexpected(row.error());
        }
        return statement->integer(0);
    }

    Status drop(std::int64_t table) override {
        return together([&]() -> Status {
            for (const char* sql :
                 {"DELETE FROM items WHERE tbl=?", "DELETE FROM tables WHERE id=?"}) {
                auto statement = database_->prepare(sql);
                if (!statement) {
                    return std::unexpected(statement.error());
                }
                const Status done = statement->bind(1, table).run();
                if (!done) {
                    return done;
                }
            }
            return {};
        });
    }

    Status purge_deleted(std::int64_t table, std::int64_t before_us) override {
        auto statement =
            database_->prepare("DELETE FROM items WHERE tbl=? AND deleted=1 AND at_us<?");
        if (!statement) {
            return std::unexpected(statement.error());
        }
        return statement->bind(1, table).bind(2, before_us).run();
    }

    Result<std::vector<CatalogEntry>> catalog() override {
        auto statement = database_->prepare("SELECT id, definition FROM tables ORDER BY id");
        if (!statement) {
            return std::unexpected(statement.error());
        }
        std::vector<CatalogEntry> entries;
        while (true) {
            const Result<bool> row = statement->step();
            if (!row) {
                return std::unexpected(row.error());
            }
            if (!*row) {
                return entries;
            }
            entries.push_back(
                {.table = statement->integer(0), .text = std::string{statement->text(1)}}
            );
        }
    }

    Status save(const CatalogEntry& entry) override {
        auto statement =
            database_->prepare("INSERT OR REPLACE INTO tables(id, definition) VALUES(?,?)");
        if (!statement) {
            return std::unexpected(statement.error());
        }
        return statement->bind(1, entry.table).bind(2, entry.text).run();
    }

  private:
    std::unique_ptr<sqlite::Database> database_;
};

}  // namespace

Result<std::unique_ptr<ItemStore>> ItemStore::open(const std::string& path) {
    // A lab may lose its last writes with the machine's power, and is much faster for it.
    auto database = sqlite::Database::open({.path = path, .durability = sqlite::Durability::none});
    if (!database) {
        return std::unexpected(database.error());
    }
    auto store = std::make_unique<SqliteItemStore>(std::move(*database));
    const Status prepared = store->prepare_schema();
    if (!prepared) {
        return std::unexpected(in_context("tables of the lab", prepared.error()));
    }
    return store;
}

}  // namespace farshore::lab::dynamo
