#include <utility>

#include "adapters/sqlite/store.h"

// Who holds a credential of this store, and with which tokens hosts may join. Digests only.
namespace farshore::sqlite {

Status Store::join(
    const AppId& app, const HostCredential& credential, const std::string& token_digest
) {
    Result<Transaction> transaction = Transaction::begin(*database_);
    if (!transaction) {
        return std::unexpected(explain(std::move(transaction.error())));
    }
    {
        Result<Statement> replace = database_->prepare(
            "INSERT INTO credentials (app, host, region, digest, vouched_by, since, used, "
            "revoked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, NULL) "
            "ON CONFLICT (app, host) DO UPDATE SET region = excluded.region, digest = "
            "excluded.digest, vouched_by = excluded.vouched_by, since = excluded.since, used = 0, "
            "revoked_at = NULL"
        );
        if (!replace) {
            return std::unexpected(explain(std::move(replace.error())));
        }
        Status status = replace->bind(1, app.value())
                            .bind(2, credential.host.value())
                            .bind(3, credential.region.value())
                            .bind(4, credential.digest)
                            .bind(5, credential.vouched_by)
                            .bind(6, to_ms(credential.since))
                            .run();
        if (!status) {
            return explained(std::move(status));
        }
    }
    if (!token_digest.empty()) {
        Result<Statement> use = database_->prepare(
            "INSERT INTO joins (app, token, host, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO "
            "NOTHING"
        );
        if (!use) {
            return std::unexpected(explain(std::move(use.error())));
        }
        Status status = use->bind(1, app.value())
                            .bind(2, token_digest)
                            .bind(3, credential.host.value())
                            .bind(4, to_ms(credential.since))
                            .run();
        if (!status) {
            return explained(std::move(status));
        }
    }
    const RegisteredHost host{
        .host = credential.host, .region = credential.region, .registered_at = credential.since
    };
    if (Status status = add_host(app, host); !status) {
        return status;
    }
    return explained(transaction->commit());
}

Result<std::vector<HostCredential>> Store::credentials(const AppId& app) {
    Result<Statement> query = database_->prepare(
        "SELECT host, region, digest, vouched_by, since, used, revoked_at FROM credentials WHERE "
        "app = ?1 ORDER BY host"
    );
    if (!query) {
        return std::unexpected(explain(std::move(query.error())));
    }
    query->bind(1, app.value());
    std::vector<HostCredential> found;
    Status read = query->for_each([&]() -> Status {
        found.push_back(
            {.host = HostId{std::string{query->text(0)}},
             .region = RegionId{std::string{query->text(1)}},
             .digest = std::string{query->text(2)},
             .vouched_by = std::string{query->text(3)},
             .since = utc_from_ms(query->integer(4)),
             .used = query->integer(5) != 0,
             .revoked_at =
                 query->is_null(6) ? std::nullopt : std::optional{utc_from_ms(query->integer(6))}}
        );
        return {};
    });
    if (!read) {
        return std::unexpected(explain(std::move(read.error())));
    }
    return found;
}

Status Store::credential_used(const AppId& app, const HostId& host) {
    Result<Statement> update =
        database_->prepare("UPDATE credentials SET used = 1 WHERE app = ?1 AND host = ?2");
    if (!update) {
        return std::unexpected(explain(std::move(update.error())));
    }
    return explained(update->bind(1, app.value()).bind(2, host.value()).run());
}

Status Store::revoke_credential(const AppId& app, const HostId& host, UtcTime at) {
    Result<Statement> update = database_->prepare(
        "UPDATE credentials SET revoked_at = COALESCE(revoked_at, ?3) WHERE app = ?1 AND host = ?2"
    );
    if (!update) {
        return std::unexpected(explain(std::move(update.error())));
    }
    Status status = update->bind(1, app.value()).bind(2, host.value()).bind(3, to_ms(at)).run();
    if (status && database_->changes() == 0) {
        return fail(ErrorKind::not_found, host.value() + " has not joined " + app.value());
    }
    return explained(std::move(status));
}

Status Store::revoke_token(const std::string& digest, UtcTime at) {
    Result<Statement> insert = database_->prepare(
        "INSERT INTO revoked_tokens (digest, at) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
    );
    if (!insert) {
        return std::unexpected(explain(std::move(insert.error())));
    }
    return explained(insert->bind(1, digest).bind(2, to_ms(at)).run());
}

Result<std::vector<std::string>> Store::revoked_tokens() {
    Result<Statement> query = database_->prepare("SELECT digest FROM revoked_tokens");
    if (!query) {
        return std::unexpected(explain(std::move(query.error())));
    }
    std::vector<std::string> digests;
    Status read = query->for_each([&]() -> Status {
        digests.emplace_back(query->text(0));
        return {};
    });
    if (!read) {
        return std::unexpected(explain(std::move(read.error())));
    }
    return digests;
}

Status Store::add_join_token(const AppId& app, const JoinToken& token, UtcTime now) {
    Result<Statement> insert = database_->prepare(
        "INSERT INTO join_tokens (app, name, digest, region, hosts, uses_max, until, made_by, "
        "made_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
        "ON CONFLICT (app, name) DO UPDATE SET digest = excluded.digest, region = excluded.region, "
        "hosts = excluded.hosts, uses_max = excluded.uses_max, until = excluded.until, made_by = "
        "excluded.made_by, made_at = excluded.made_at WHERE join_tokens.until <= ?10"
    );
    if (!insert) {
        return std::unexpected(explain(std::move(insert.error())));
    }
    Status status = insert->bind(1, app.value())
                        .bind(2, token.name)
                        .bind(3, token.digest)
                        .bind(4, token.region.value())
                        .bind(5, token.hosts)
                        .bind(6, static_cast<std::int64_t>(token.uses_max))
                        .bind(7, to_ms(token.until))
                        .bind(8, token.by)
                        .bind(9, to_ms(token.made_at))
                        .bind(10, to_ms(now))
                        .run();
    if (status && database_->changes() == 0) {
        return fail(
            ErrorKind::conflict,
            "there is a join token " + token.name + " already",
            "choose another name, or end that one first"
        );
    }
    return explained(std::move(status));
}

Result<std::int64_t> Store::remove_join_tokens(
    const AppId& app, const std::string& which, const std::function<void(Statement&)>& bind
) {
    Result<Transaction> transaction = Transaction::begin(*database_);
    if (!transaction) {
        return std::unexpected(explain(std::move(transaction.error())));
    }
    const std::string tokens = "FROM join_tokens WHERE app = ?1 AND " + which;
    for (const std::string& sql :
         {"DELETE FROM joins WHERE app = ?1 AND token IN (SELECT digest " + tokens + ")",
          "DELETE " + tokens}) {
        Result<Statement> statement = database_->prepare(sql);
        if (!statement) {
            return std::unexpected(explain(std::move(statement.error())));
        }
        statement->bind(1, app.value());
        bind(*statement);
        if (Status status = statement->run(); !status) {
            return std::unexpected(explain(std::move(status.error())));
        }
    }
    const std::int64_t removed = database_->changes();
    if (Status status = transaction->commit(); !status) {
        return std::unexpected(explain(std::move(status.error())));
    }
    return removed;
}

Status Store::remove_join_token(const AppId& app, const std::string& name) {
    const auto removed = remove_join_tokens(app, "name = ?2", [&](Statement& statement) {
        statement.bind(2, name);
    });
    if (!removed) {
        return std::unexpected(removed.error());
    }
    return *removed == 0 ? fail(ErrorKind::not_found, "there is no join token " + name) : Status{};
}

Status Store::remove_join_tokens_until(const AppId& app, UtcTime then) {
    const auto removed = remove_join_tokens(app, "until <= ?2", [&](Statement& statement) {
        statement.bind(2, to_ms(then));
    });
    return removed ? Status{} : std::unexpected(removed.error());
}

Result<std::vector<JoinToken>> Store::join_tokens(const AppId& app) {
    Result<Statement> query = database_->prepare(
        "SELECT name, digest, region, hosts, uses_max, until, made_by, made_at FROM join_tokens "
        "WHERE app = ?1 ORDER BY name"
    );
    if (!query) {
        return std::unexpected(explain(std::move(query.error())));
    }
    query->bind(1, app.value());
    std::vector<JoinToken> found;
    Status read = query->for_each([&]() -> Status {
        found.push_back(
            {.name = std::string{query->text(0)},
             .digest = std::string{query->text(1)},
             .region = RegionId{std::string{query->text(2)}},
             .hosts = std::string{query->text(3)},
             .uses_max = static_cast<std::uint64_t>(query->integer(4)),
             .until = utc_from_ms(query->integer(5)),
             .by = std::string{query->text(6)},
             .made_at = utc_from_ms(query->integer(7))}
        );
        return {};
    });
    if (!read) {
        return std::unexpected(explain(std::move(read.error())));
    }
    return found;
}

Result<std::map<std::string, std::uint64_t>> Store::join_uses(const AppId& app) {
    Result<Statement> query =
        database_->prepare("SELECT token, COUNT(*) FROM joins WHERE app = ?1 GROUP BY token");
    if (!query) {
        return std::unexpected(explain(std::move(query.error())));
    }
    query->bind(1, app.value());
    std::map<std::string, std::uint64_t> uses;
    Status read = query->for_each([&]() -> Status {
        uses[std::string{query->text(0)}] = static_cast<std::uint64_t>(query->integer(1));
        return {};
    });
    if (!read) {
        return std::unexpected(explain(std::move(read.error())));
    }
    return uses;
}

}  // namespace farshore::sqlite
