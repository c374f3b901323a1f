#include <string>

#include "adapters/sqlite/bound.h"
#include "adapters/sqlite/store.h"

// Each change of the register, of credentials, of loss books, and of what the store knows of
// itself. Inside the transaction of a commit.
namespace farshore::sqlite {

Status Store::apply(const AppId& app, const ports::HostEntered& change) {
    return run(
        *database_,
        "INSERT INTO agents (app, host, region, registered_at) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (app, host) DO UPDATE SET region = excluded.region",
        app,
        change.host.host,
        change.host.region,
        change.host.registered_at
    );
}

Status Store::apply(const AppId& app, const ports::HostLeft& change) {
    Status status =
        run(*database_, "DELETE FROM credentials WHERE app = ?1 AND host = ?2", app, change.host);
    if (status) {
        status =
            run(*database_, "DELETE FROM agents WHERE app = ?1 AND host = ?2", app, change.host);
    }
    return status;
}

Status Store::apply(const AppId& app, const ports::HostJoined& change) {
    const ports::HostCredential& held = change.credential;
    Status status = run(
        *database_,
        "INSERT INTO credentials (app, host, region, digest, vouched_by, since, used, revoked_at) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, NULL) ON CONFLICT (app, host) DO UPDATE SET region = "
        "excluded.region, digest = excluded.digest, vouched_by = excluded.vouched_by, since = "
        "excluded.since, used = 0, revoked_at = NULL",
        app,
        held.host,
        held.region,
        held.digest,
        held.vouched_by,
        held.since
    );
    if (status && !change.token_digest.empty()) {
        status =
            run(*database_,
                "INSERT INTO joins (app, token, host, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO "
                "NOTHING",
                app,
                change.token_digest,
                held.host,
                held.since);
    }
    if (!status) {
        return status;
    }
    return apply(
        app,
        ports::HostEntered{{.host = held.host, .region = held.region, .registered_at = held.since}}
    );
}

Status Store::apply(const AppId& app, const ports::CredentialUsed& change) {
    return run(
        *database_, "UPDATE credentials SET used = 1 WHERE app = ?1 AND host = ?2", app, change.host
    );
}

Status Store::apply(const AppId& app, const ports::CredentialEnded& change) {
    Status status = run(
        *database_,
        "UPDATE credentials SET revoked_at = COALESCE(revoked_at, ?3) WHERE app = ?1 AND host = ?2",
        app,
        change.host,
        change.at
    );
    if (status && database_->changes() == 0) {
        return fail(ErrorKind::not_found, change.host.value() + " has not joined " + app.value());
    }
    return status;
}

Status Store::apply(const AppId& /*app*/, const ports::TokenEnded& change) {
    return run(
        *database_,
        "INSERT INTO revoked_tokens (digest, at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        change.digest,
        change.at
    );
}

Status Store::apply(const AppId& app, const ports::JoinTokenMade& change) {
    const ports::JoinToken& token = change.token;
    Status status = run(
        *database_,
        "INSERT INTO join_tokens (app, name, digest, region, hosts, uses_max, until, made_by, "
        "made_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
        "ON CONFLICT (app, name) DO UPDATE SET digest = excluded.digest, region = excluded.region, "
        "hosts = excluded.hosts, uses_max = excluded.uses_max, until = excluded.until, made_by = "
        "excluded.made_by, made_at = excluded.made_at WHERE join_tokens.until <= ?10",
        app,
        token.name,
        token.digest,
        token.region,
        token.hosts,
        static_cast<std::int64_t>(token.uses_max),
        token.until,
        token.by,
        token.made_at,
        change.now
    );
    if (status && database_->changes() == 0) {
        return fail(
            ErrorKind::conflict,
            "there is a join token " + token.name + " already",
            "choose another name, or end that one first"
        );
    }
    return status;
}

Status Store::apply(const AppId& app, const ports::JoinTokenEnded& change) {
    Status status = run(
        *database_,
        "DELETE FROM joins WHERE app = ?1 AND token IN (SELECT digest FROM join_tokens WHERE app = "
        "?1 AND name = ?2)",
        app,
        change.name
    );
    if (status) {
        status =
            run(*database_, "DELETE FROM join_tokens WHERE app = ?1 AND name = ?2", app, change.name
            );
    }
    if (status && database_->changes() == 0) {
        return fail(ErrorKind::not_found, "there is no join token " + change.name);
    }
    return status;
}

Status Store::apply(const AppId& app, const ports::JoinTokensForgotten& change) {
    Status status = run(
        *database_,
        "DELETE FROM joins WHERE app = ?1 AND token IN (SELECT digest FROM join_tokens WHERE app = "
        "?1 AND until <= ?2)",
        app,
        change.until
    );
    if (status) {
        status = run(
            *database_, "DELETE FROM join_tokens WHERE app = ?1 AND until <= ?2", app, change.until
        );
    }
    return status;
}

Status Store::apply(const AppId& /*app*/, const ports::LossesNoted& change) {
    for (const ports::LossRow& row : change.rows) {
        Status status = run(
            *database_,
            "INSERT INTO losses (operation, table_name, item_key, document) VALUES (?1, ?2, ?3, "
            "?4) ON CONFLICT (operation, table_name, item_key) DO UPDATE SET document = "
            "excluded.document",
            change.operation,
            row.table,
            row.key,
            row.document
        );
        if (!status) {
            return status;
        }
    }
    return {};
}

Status Store::apply(const AppId& /*app*/, const ports::RegisterNamed& change) {
    return run(
        *database_,
        "INSERT INTO meta (name, value) VALUES ('register', ?1) ON CONFLICT DO NOTHING",
        change.name
    );
}

Status Store::apply(const AppId& /*app*/, const ports::ConfigurationSeen& change) {
    return set_meta("configuration", std::to_string(change.generation) + " " + change.hash);
}

Status Store::apply(const AppId& app, const ports::DrillProven& change) {
    return set_meta(
        "drill " + app.value(), std::to_string(to_ms(change.at)) + " " + change.configuration_hash
    );
}

}  // namespace farshore::sqlite
