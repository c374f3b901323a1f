#include <utility>

#include "adapters/sqlite/store.h"

// The register, the loss book, the audit and what is known about configurations and drills.
namespace farshore::sqlite {

Status Store::add_host(const AppId& app, const RegisteredHost& host) {
    Result<Statement> statement = database_->prepare(
        "INSERT INTO agents (app, host, region, registered_at) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (app, host) DO UPDATE SET region = excluded.region"
    );
    if (!statement) {
        return std::unexpected(explain(std::move(statement.error())));
    }
    return explained(statement->bind(1, app.value())
                         .bind(2, host.host.value())
                         .bind(3, host.region.value())
                         .bind(4, to_ms(host.registered_at))
                         .run());
}

Status Store::remove_host(const AppId& app, const HostId& host) {
    Result<Transaction> transaction = Transaction::begin(*database_);
    if (!transaction) {
        return std::unexpected(explain(std::move(transaction.error())));
    }
    std::int64_t removed = 0;
    for (const char* sql :
         {"DELETE FROM credentials WHERE app = ?1 AND host = ?2",
          "DELETE FROM agents WHERE app = ?1 AND host = ?2"}) {
        Result<Statement> statement = database_->prepare(sql);
        if (!statement) {
            return std::unexpected(explain(std::move(statement.error())));
        }
        if (Status status = statement->bind(1, app.value()).bind(2, host.value()).run(); !status) {
            return explained(std::move(status));
        }
        removed = database_->changes();
    }
    if (removed == 0) {
        return fail(
            ErrorKind::not_found, host.value() + " is not in the register of " + app.value()
        );
    }
    return explained(transaction->commit());
}

Result<std::vector<RegisteredHost>> Store::hosts(const AppId& app) {
    Result<Statement> query = database_->prepare(
        "SELECT host, region, registered_at FROM agents WHERE app = ?1 ORDER BY host"
    );
    if (!query) {
        return std::unexpected(explain(std::move(query.error())));
    }
    query->bind(1, app.value());
    std::vector<RegisteredHost> hosts;
    Status read = query->for_each([&]() -> Status {
        hosts.push_back(
            {.host = HostId{std::string{query->text(0)}},
             .region = RegionId{std::string{query->text(1)}},
             .registered_at = utc_from_ms(query->integer(2))}
        );
        return {};
    });
    if (!read) {
        return std::unexpected(explain(std::move(read.error())));
    }
    return hosts;
}

Result<std::string> Store::register_id(const std::string& new_name) {
    const auto known = meta("register");
    if (!known) {
        return std::unexpected(explain(known.error()));
    }
    if (*known) {
        return **known;
    }
    if (Status status = set_meta("register", new_name); !status) {
        return std::unexpected(explain(std::move(status.error())));
    }
    return new_name;
}

Status Store::put_losses(const OperationId& operation, std::span<const LossRow> rows) {
    Result<Transaction> transaction = Transaction::begin(*database_);
    if (!transaction) {
        return std::unexpected(explain(std::move(transaction.error())));
    }
    for (const LossRow& row : rows) {
        Result<Statement> statement = database_->prepare(
            "INSERT INTO losses (operation, table_name, item_key, document) VALUES (?1, ?2, ?3, "
            "?4) "
            "ON CONFLICT (operation, table_name, item_key) DO UPDATE SET document = "
            "excluded.document"
        );
        if (!statement) {
            return std::unexpected(explain(std::move(statement.error())));
        }
        Status status = statement->bind(1, operation.value())
                            .bind(2, row.table)
                            .bind(3, row.key)
                            .bind(4, row.document)
                            .run();
        if (!status) {
            return explained(std::move(status));
        }
    }
    return explained(transaction->commit());
}

Result<std::vector<LossRow>> Store::losses(const OperationId& operation) {
    Result<Statement> query = database_->prepare(
        "SELECT table_name, item_key, document FROM losses WHERE operation = ?1 ORDER BY "
        "table_name, item_key"
    );
    if (!query) {
        return std::unexpected(explain(std::move(query.error())));
    }
    query->bind(1, operation.value());
    std::vector<LossRow> rows;
    Status read = query->for_each([&]() -> Status {
        rows.push_back(
            {.table = std::string{query->text(0)},
             .key = std::string{query->text(1)},
             .document = std::string{query->text(2)}}
        );
        return {};
    });
    if (!read) {
        return std::unexpected(explain(std::move(read.error())));
    }
    return rows;
}

Result<std::optional<LossRow>> Store::loss(
    const OperationId& operation, const std::string& table, const std::string& key
) {
    Result<Statement> query = database_->prepare(
        "SELECT document FROM losses WHERE operation = ?1 AND table_name = ?2 AND item_key = ?3"
    );
    if (!query) {
        return std::unexpected(explain(std::move(query.error())));
    }
    const Result<bool> row = query->bind(1, operation.value()).bind(2, table).bind(3, key).step();
    if (!row) {
        return std::unexpected(explain(row.error()));
    }
    if (!*row) {
        return std::nullopt;
    }
    return LossRow{.table = table, .key = key, .document = std::string{query->text(0)}};
}

Status Store::append_audit(const AuditRow& row) {
    Result<Transaction> transaction = Transaction::begin(*database_);
    if (!transaction) {
        return std::unexpected(explain(std::move(transaction.error())));
    }
    {
        Result<Statement> insert =
            database_->prepare("INSERT INTO audit (at, who, what, detail) VALUES (?1, ?2, ?3, ?4)");
        if (!insert) {
            return std::unexpected(explain(std::move(insert.error())));
        }
        Status status = insert->bind(1, to_ms(row.at))
                            .bind(2, row.who)
                            .bind(3, row.what)
                            .bind(4, row.detail)
                            .run();
        if (!status) {
            return explained(std::move(status));
        }
    }
    {
        Result<Statement> trim = database_->prepare("DELETE FROM audit WHERE sequence <= ?1");
        if (!trim) {
            return std::unexpected(explain(std::move(trim.error())));
        }
        const auto kept = static_cast<std::int64_t>(options_.audit_rows_max);
        Status status = trim->bind(1, database_->last_rowid() - kept).run();
        if (!status) {
            return explained(std::move(status));
        }
    }
    return explained(transaction->commit());
}

Result<std::vector<AuditRow>> Store::audit(std::size_t rows_max) {
    Result<Statement> query =
        database_->prepare("SELECT at, who, what, detail FROM audit ORDER BY sequence DESC LIMIT ?1"
        );
    if (!query) {
        return std::unexpected(explain(std::move(query.error())));
    }
    query->bind(1, static_cast<std::int64_t>(rows_max));
    std::vector<AuditRow> rows;
    Status read = query->for_each([&]() -> Status {
        rows.push_back(
            {.at = utc_from_ms(query->integer(0)),
             .who = std::string{query->text(1)},
             .what = std::string{query->text(2)},
             .detail = std::string{query->text(3)}}
        );
        return {};
    });
    if (!read) {
        return std::unexpected(explain(std::move(read.error())));
    }
    return rows;
}

Result<std::optional<std::string>> Store::meta(const std::string& name) {
    Result<Statement> query = database_->prepare("SELECT value FROM meta WHERE name = ?1");
    if (!query) {
        return std::unexpected(explain(std::move(query.error())));
    }
    const Result<bool> row = query->bind(1, name).step();
    if (!row) {
        return std::unexpected(explain(row.error()));
    }
    if (!*row) {
        return std::nullopt;
    }
    return std::optional{std::string{query->text(0)}};
}

Status Store::set_meta(const std::string& name, const std::string& value) {
    Result<Statement> statement = database_->prepare(
        "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = "
        "excluded.value"
    );
    if (!statement) {
        return std::unexpected(explain(std::move(statement.error())));
    }
    return explained(statement->bind(1, name).bind(2, value).run());
}

Result<std::uint64_t> Store::configuration_generation(const std::string& hash) {
    const auto known = meta("configuration");
    if (!known) {
        return std::unexpected(known.error());
    }
    std::uint64_t generation = 0;
    if (*known) {
        const std::size_t blank = (*known)->find(' ');
        for (const char digit : (*known)->substr(0, blank)) {
            generation = generation * 10 + static_cast<std::uint64_t>(digit - '0');
        }
        if (blank != std::string::npos && (*known)->substr(blank + 1) == hash) {
            return generation;
        }
    }
    ++generation;
    if (Status status = set_meta("configuration", std::to_string(generation) + " " + hash);
        !status) {
        return std::unexpected(std::move(status.error()));
    }
    return generation;
}

Status Store::set_last_drill(const AppId& app, const Drill& drill) {
    return set_meta(
        "drill " + app.value(),
        std::to_string(to_ms(drill.proven_at)) + " " + drill.configuration_hash
    );
}

Result<std::optional<Store::Drill>> Store::last_drill(const AppId& app) {
    const auto known = meta("drill " + app.value());
    if (!known) {
        return std::unexpected(known.error());
    }
    if (!*known) {
        return std::nullopt;
    }
    std::int64_t ms = 0;
    const std::size_t blank = (*known)->find(' ');
    for (const char digit : (*known)->substr(0, blank)) {
        ms = ms * 10 + (digit - '0');
    }
    return std::optional{Drill{
        .proven_at = utc_from_ms(ms),
        .configuration_hash = blank == std::string::npos ? "" : (*known)->substr(blank + 1)
    }};
}

}  // namespace farshore::sqlite
