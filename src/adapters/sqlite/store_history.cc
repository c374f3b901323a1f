#include <string>
#include <utility>

#include "adapters/sqlite/store.h"
#include "wire/journal.h"

// What was done: operations and their journals, read back.
namespace farshore::sqlite {

Result<std::vector<JournalRow>> Store::journal(
    const OperationId& operation, std::uint64_t after_sequence, std::size_t rows_max
) {
    Result<Statement> query = database_->prepare(
        "SELECT sequence, kind, step, state, text, at FROM journal "
        "WHERE operation = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3"
    );
    if (!query) {
        return std::unexpected(explain(std::move(query.error())));
    }
    query->bind(1, operation.value())
        .bind(2, static_cast<std::int64_t>(after_sequence))
        .bind(3, static_cast<std::int64_t>(rows_max));
    std::vector<JournalRow> rows;
    Status read = query->for_each([&]() -> Status {
        const auto kind = enum_from<core::EntryKind>(query->text(1));
        if (!kind) {
            return std::unexpected(
                Error({.kind = ErrorKind::malformed, .text = "journal: unknown word in a row"})
            );
        }
        rows.push_back(
            {.sequence = static_cast<std::uint64_t>(query->integer(0)),
             .entry =
                 {.operation = operation,
                  .kind = *kind,
                  .step = static_cast<std::uint64_t>(query->integer(2)),
                  .doing = std::string{query->text(3)},
                  .text = std::string{query->text(4)},
                  .at = utc_from_ms(query->integer(5)),
                  .of = {},
                  .event = {}}}
        );
        return {};
    });
    if (!read) {
        return std::unexpected(explain(std::move(read.error())));
    }
    return rows;
}

Result<std::optional<core::OperationRecord>> Store::operation(const OperationId& id) {
    Result<Statement> query = database_->prepare("SELECT document FROM operations WHERE id = ?1");
    if (!query) {
        return std::unexpected(explain(std::move(query.error())));
    }
    const Result<bool> row = query->bind(1, id.value()).step();
    if (!row) {
        return std::unexpected(explain(row.error()));
    }
    if (!*row) {
        return std::nullopt;
    }
    Result<core::OperationRecord> record = wire::parse_operation_record(query->text(0));
    if (!record) {
        return std::unexpected(explain(std::move(record.error())));
    }
    return std::optional{std::move(*record)};
}

Result<std::vector<core::OperationRecord>> Store::operations(std::size_t rows_max) {
    return read_operations(
        "SELECT document FROM operations ORDER BY number DESC LIMIT ?1", rows_max
    );
}

Result<std::vector<core::OperationRecord>> Store::operations_with_losses() {
    return read_operations(
        "SELECT document FROM operations WHERE EXISTS (SELECT 1 FROM losses WHERE losses.operation "
        "= operations.id) ORDER BY number DESC LIMIT ?1",
        options_.operations_max
    );
}

Result<std::vector<core::OperationRecord>> Store::read_operations(
    std::string_view sql, std::size_t rows_max
) {
    Result<Statement> query = database_->prepare(sql);
    if (!query) {
        return std::unexpected(explain(std::move(query.error())));
    }
    query->bind(1, static_cast<std::int64_t>(rows_max));
    std::vector<core::OperationRecord> records;
    Status read = query->for_each([&]() -> Status {
        Result<core::OperationRecord> record = wire::parse_operation_record(query->text(0));
        if (!record) {
            return std::unexpected(std::move(record.error()));
        }
        records.push_back(std::move(*record));
        return {};
    });
    if (!read) {
        return std::unexpected(explain(std::move(read.error())));
    }
    return records;
}

}  // namespace farshore::sqlite
