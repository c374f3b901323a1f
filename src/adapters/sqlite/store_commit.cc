#include <utility>
#include <variant>

#include "adapters/sqlite/bound.h"
#include "adapters/sqlite/store.h"
#include "wire/journal.h"

// The one transaction: state, operation, journal, changes and audit, all or nothing.
namespace farshore::sqlite {

namespace {

constexpr const char* kSupersededCode = "superseded";

// What a failed transaction leaves behind.
ports::CommitEnd end_of(const Error& error) {
    if (error.code == kSupersededCode) {
        return ports::CommitEnd::superseded;
    }
    switch (error.kind) {
        case ErrorKind::exhausted:
        case ErrorKind::timed_out:
        case ErrorKind::not_found:
        case ErrorKind::conflict: return ports::CommitEnd::refused;
        // An input/output error, or a file that is not what it should be: what is durable is known
        // only to one who reads it again.
        case ErrorKind::throttled:
        case ErrorKind::unavailable:
        case ErrorKind::malformed:
        case ErrorKind::denied:
        case ErrorKind::cancelled: return ports::CommitEnd::unknown;
    }
    std::unreachable();
}

}  // namespace

void Store::commit(ports::Commit commit, ports::Ticket ticket) {
    Status status;
    {
        Result<Transaction> transaction = Transaction::begin(*database_);
        status = transaction ? write(commit) : std::unexpected(std::move(transaction.error()));
        if (status) {
            status = transaction->commit();
        }
    }
    ports::CommitAnswer answer;
    if (!status) {
        answer.end = end_of(status.error());
        answer.why = explain(std::move(status.error()));
    }
    ticket(std::move(answer));
}

Status Store::write(const ports::Commit& commit) {
    const Result<std::uint64_t> leader = leader_of(commit.app);
    if (!leader) {
        return std::unexpected(leader.error());
    }
    if (*leader != commit.leader.value) {
        return std::unexpected(Error{
            .kind = ErrorKind::conflict,
            .text = "another controller leads " + commit.app.value() + " since",
            .remedy = "only one farshored may lead an app; end this one",
            .code = kSupersededCode
        });
    }
    if (commit.state) {
        if (Status status = write_state(*commit.state); !status) {
            return status;
        }
    }
    for (const core::JournalEntry& entry : commit.journal) {
        if (Status status = write_entry(entry); !status) {
            return status;
        }
    }
    for (const ports::Change& change : commit.changes) {
        Status status = std::visit([&](const auto& one) { return apply(commit.app, one); }, change);
        if (!status) {
            return status;
        }
    }
    return write_audit(commit.audit);
}

Status Store::write_state(const core::AppRecord& record) {
    Status status = run(
        *database_,
        "INSERT INTO app_state (app, version, document, operation) VALUES (?1, 1, ?2, NULLIF(?3, "
        "'')) ON CONFLICT (app) DO UPDATE SET version = version + 1, document = excluded.document, "
        "operation = excluded.operation",
        record.app,
        wire::serialize(record),
        record.operation ? record.operation->plan.id.value() : std::string{}
    );
    if (status && record.operation) {
        status = write_operation(*record.operation);
        if (status && record.operation->ended()) {
            status = forget_old_operations();
        }
    }
    return status;
}

Status Store::write_operation(const core::OperationRecord& record) {
    // Not by an upsert: one that updates uses up a number too, and numbers order operations.
    for (const char* sql :
         {"UPDATE operations SET state = ?2, document = ?3 WHERE id = ?1",
          "INSERT INTO operations (id, state, document) VALUES (?1, ?2, ?3)"}) {
        const Status status =
            run(*database_, sql, record.plan.id, record.doing(), wire::serialize(record));
        if (!status || database_->changes() == 1) {
            return status;
        }
    }
    return {};
}

Status Store::write_entry(const core::JournalEntry& entry) {
    return run(
        *database_,
        "INSERT INTO journal (operation, kind, step, state, text, at) VALUES (?1, ?2, ?3, ?4, ?5, "
        "?6)",
        entry.operation,
        to_string(entry.kind),
        static_cast<std::int64_t>(entry.step),
        entry.doing,
        entry.text,
        entry.at
    );
}

Status Store::forget_old_operations() {
    for (const char* sql :
         {"DELETE FROM journal WHERE operation IN (SELECT id FROM operations WHERE number <= "
          "(SELECT number FROM operations ORDER BY number DESC LIMIT 1 OFFSET ?1))",
          "DELETE FROM losses WHERE operation IN (SELECT id FROM operations WHERE number <= "
          "(SELECT number FROM operations ORDER BY number DESC LIMIT 1 OFFSET ?1))",
          "DELETE FROM operations WHERE number <= "
          "(SELECT number FROM operations ORDER BY number DESC LIMIT 1 OFFSET ?1)"}) {
        Status status = run(*database_, sql, static_cast<std::int64_t>(options_.operations_max));
        if (!status) {
            return status;
        }
    }
    return {};
}

Status Store::write_audit(const std::vector<ports::AuditRow>& rows) {
    for (const ports::AuditRow& row : rows) {
        Status status =
            run(*database_,
                "INSERT INTO audit (at, who, what, detail) VALUES (?1, ?2, ?3, ?4)",
                row.at,
                row.who,
                row.what,
                row.detail);
        if (!status) {
            return status;
        }
    }
    if (rows.empty()) {
        return {};
    }
    const auto kept = static_cast<std::int64_t>(options_.audit_rows_max);
    return run(
        *database_, "DELETE FROM audit WHERE sequence <= ?1", database_->last_rowid() - kept
    );
}

}  // namespace farshore::sqlite
