#include <charconv>
#include <utility>

#include "adapters/sqlite/bound.h"
#include "adapters/sqlite/store.h"
#include "wire/journal.h"

// What was written, read back.
namespace farshore::sqlite {

namespace {

// "12 abc": a number and a word.
std::pair<std::int64_t, std::string> number_and_word(const std::string& text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    static_cast<void>(error);  // written by this store; zero otherwise
    std::string word{end, text.data() + text.size()};
    return {number, word.empty() ? word : word.substr(1)};
}

Result<core::OperationRecord> operation_in(const Statement& row) {
    return wire::parse_operation_record(row.text(0));
}

Result<ports::JournalRow> journal_row(const OperationId& operation, const Statement& row) {
    const auto kind = enum_from<core::EntryKind>(row.text(1));
    if (!kind) {
        return fail(ErrorKind::malformed, "journal: unknown word in a row");
    }
    return ports::JournalRow{
        .sequence = static_cast<std::uint64_t>(row.integer(0)),
        .entry =
            {.operation = operation,
             .kind = *kind,
             .step = static_cast<std::uint64_t>(row.integer(2)),
             .doing = text_at(row, 3),
             .text = text_at(row, 4),
             .at = utc_from_ms(row.integer(5)),
             .of = {},
             .event = {}}
    };
}

}  // namespace

Result<std::optional<core::AppRecord>> Store::load(const AppId& app) {
    using Row = std::pair<std::string, std::string>;
    auto row = row_of<Row>(
        bound(*database_, "SELECT document, operation FROM app_state WHERE app = ?1", app),
        [](const Statement& one) { return Row{text_at(one, 0), text_at(one, 1)}; }
    );
    if (!row) {
        return std::unexpected(explain(std::move(row.error())));
    }
    if (!*row) {
        return std::nullopt;
    }
    const auto& [document, operation_id] = **row;
    Result<core::AppRecord> record = wire::parse_app_record(document);
    if (!record) {
        return std::unexpected(explain(std::move(record.error())));
    }
    if (!operation_id.empty()) {
        Result<std::optional<core::OperationRecord>> newest = operation(OperationId{operation_id});
        if (!newest) {
            return std::unexpected(std::move(newest.error()));
        }
        record->operation = std::move(*newest);
    }
    return std::optional{std::move(*record)};
}

Result<std::vector<ports::RegisteredHost>> Store::hosts(const AppId& app) {
    return explained(rows_of<ports::RegisteredHost>(
        bound(
            *database_,
            "SELECT host, region, registered_at FROM agents WHERE app = ?1 ORDER BY host",
            app
        ),
        [](const Statement& row) {
            return ports::RegisteredHost{
                .host = HostId{text_at(row, 0)},
                .region = RegionId{text_at(row, 1)},
                .registered_at = utc_from_ms(row.integer(2))
            };
        }
    ));
}

Result<std::optional<std::string>> Store::register_name() {
    return explained(meta("register"));
}

Result<std::optional<ports::ConfigurationSeen>> Store::configuration() {
    const auto known = explained(meta("configuration"));
    if (!known || !*known) {
        return known ? Result<std::optional<ports::ConfigurationSeen>>{std::nullopt}
                     : std::unexpected(known.error());
    }
    auto [generation, hash] = number_and_word(**known);
    return ports::ConfigurationSeen{
        .generation = static_cast<std::uint64_t>(generation), .hash = std::move(hash)
    };
}

Result<std::optional<ports::DrillProven>> Store::last_drill(const AppId& app) {
    const auto known = explained(meta("drill " + app.value()));
    if (!known || !*known) {
        return known ? Result<std::optional<ports::DrillProven>>{std::nullopt}
                     : std::unexpected(known.error());
    }
    auto [at, hash] = number_and_word(**known);
    return ports::DrillProven{.at = utc_from_ms(at), .configuration_hash = std::move(hash)};
}

Result<std::vector<ports::HostCredential>> Store::credentials(const AppId& app) {
    return explained(rows_of<ports::HostCredential>(
        bound(
            *database_,
            "SELECT host, region, digest, vouched_by, since, used, revoked_at FROM credentials "
            "WHERE app = ?1 ORDER BY host",
            app
        ),
        [](const Statement& row) {
            return ports::HostCredential{
                .host = HostId{text_at(row, 0)},
                .region = RegionId{text_at(row, 1)},
                .digest = text_at(row, 2),
                .vouched_by = text_at(row, 3),
                .since = utc_from_ms(row.integer(4)),
                .used = row.integer(5) != 0,
                .revoked_at =
                    row.is_null(6) ? std::nullopt : std::optional{utc_from_ms(row.integer(6))}
            };
        }
    ));
}

Result<std::vector<std::string>> Store::ended_tokens() {
    return explained(rows_of<std::string>(
        bound(*database_, "SELECT digest FROM revoked_tokens"),
        [](const Statement& row) { return text_at(row, 0); }
    ));
}

Result<std::vector<ports::JoinToken>> Store::join_tokens(const AppId& app) {
    return explained(rows_of<ports::JoinToken>(
        bound(
            *database_,
            "SELECT name, digest, region, hosts, uses_max, until, made_by, made_at FROM "
            "join_tokens WHERE app = ?1 ORDER BY name",
            app
        ),
        [](const Statement& row) {
            return ports::JoinToken{
                .name = text_at(row, 0),
                .digest = text_at(row, 1),
                .region = RegionId{text_at(row, 2)},
                .hosts = text_at(row, 3),
                .uses_max = static_cast<std::uint64_t>(row.integer(4)),
                .until = utc_from_ms(row.integer(5)),
                .by = text_at(row, 6),
                .made_at = utc_from_ms(row.integer(7))
            };
        }
    ));
}

Result<std::map<std::string, std::uint64_t>> Store::join_uses(const AppId& app) {
    using Row = std::pair<std::string, std::uint64_t>;
    const auto rows = explained(rows_of<Row>(
        bound(*database_, "SELECT token, COUNT(*) FROM joins WHERE app = ?1 GROUP BY token", app),
        [](const Statement& row) {
            return Row{text_at(row, 0), static_cast<std::uint64_t>(row.integer(1))};
        }
    ));
    return rows ? Result<std::map<std::string, std::uint64_t>>{{rows->begin(), rows->end()}}
                : std::unexpected(rows.error());
}

Result<std::vector<ports::JournalRow>> Store::journal(
    const OperationId& operation, std::uint64_t after_sequence, std::size_t rows_max
) {
    return explained(rows_of<ports::JournalRow>(
        bound(
            *database_,
            "SELECT sequence, kind, step, state, text, at FROM journal "
            "WHERE operation = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
            operation,
            static_cast<std::int64_t>(after_sequence),
            static_cast<std::int64_t>(rows_max)
        ),
        [&operation](const Statement& row) { return journal_row(operation, row); }
    ));
}

Result<std::optional<core::OperationRecord>> Store::operation(const OperationId& id) {
    return explained(row_of<core::OperationRecord>(
        bound(*database_, "SELECT document FROM operations WHERE id = ?1", id), operation_in
    ));
}

Result<std::vector<core::OperationRecord>> Store::operations(std::size_t rows_max) {
    return operations_by("SELECT document FROM operations ORDER BY number DESC LIMIT ?1", rows_max);
}

Result<std::vector<core::OperationRecord>> Store::operations_with_losses() {
    return operations_by(
        "SELECT document FROM operations WHERE EXISTS (SELECT 1 FROM losses WHERE losses.operation "
        "= operations.id) ORDER BY number DESC LIMIT ?1",
        options_.operations_max
    );
}

Result<std::vector<core::OperationRecord>> Store::operations_by(
    std::string_view sql, std::size_t rows_max
) {
    return explained(rows_of<core::OperationRecord>(
        bound(*database_, sql, static_cast<std::int64_t>(rows_max)), operation_in
    ));
}

Result<std::vector<ports::LossRow>> Store::losses(const OperationId& operation) {
    return explained(rows_of<ports::LossRow>(
        bound(
            *database_,
            "SELECT table_name, item_key, document FROM losses WHERE operation = ?1 ORDER BY "
            "table_name, item_key",
            operation
        ),
        [](const Statement& row) {
            return ports::LossRow{
                .table = text_at(row, 0), .key = text_at(row, 1), .document = text_at(row, 2)
            };
        }
    ));
}

Result<std::optional<ports::LossRow>> Store::loss(
    const OperationId& operation, const std::string& table, const std::string& key
) {
    return explained(row_of<ports::LossRow>(
        bound(
            *database_,
            "SELECT document FROM losses WHERE operation = ?1 AND table_name = ?2 AND item_key = "
            "?3",
            operation,
            table,
            key
        ),
        [&](const Statement& row) {
            return ports::LossRow{.table = table, .key = key, .document = text_at(row, 0)};
        }
    ));
}

Result<std::vector<ports::AuditRow>> Store::audit(std::size_t rows_max) {
    return explained(rows_of<ports::AuditRow>(
        bound(
            *database_,
            "SELECT at, who, what, detail FROM audit ORDER BY sequence DESC LIMIT ?1",
            static_cast<std::int64_t>(rows_max)
        ),
        [](const Statement& row) {
            return ports::AuditRow{
                .at = utc_from_ms(row.integer(0)),
                .who = text_at(row, 1),
                .what = text_at(row, 2),
                .detail = text_at(row, 3)
            };
        }
    ));
}

}  // namespace farshore::sqlite
