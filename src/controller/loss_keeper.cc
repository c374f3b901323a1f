#include "controller/loss_keeper.h"

#include <algorithm>
#include <utility>

#include "adapters/system/log.h"
#include "wire/json_reader.h"

namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kOperationsSearched = 1'000;

core::SaveEnd end_of(ports::CommitEnd end) {
    switch (end) {
        case ports::CommitEnd::committed: return core::SaveEnd::saved;
        case ports::CommitEnd::refused: return core::SaveEnd::refused;
        case ports::CommitEnd::superseded:
        case ports::CommitEnd::unknown: return core::SaveEnd::ended;
    }
    std::unreachable();
}

ports::Commit commit_of(const core::SaveLosses& wanted, const core::LossBook& book) {
    ports::LossesNoted noted{.operation = wanted.operation, .rows = {}};
    for (const core::LossBook::At& at : wanted.keys) {
        noted.rows.push_back(row_of(*book.find(at)));
    }
    noted.rows.push_back(book_row(book));
    ports::Commit commit;
    commit.changes.emplace_back(std::move(noted));
    return commit;
}

// The texts of the book's keys that say the same as this one.
std::set<std::string> texts_of(const json::object& key, const core::LossBook& book) {
    std::set<std::string> texts;
    for (const auto& [at, chain] : book.chains()) {
        const Result<json::object> each =
            wire::parse_json_object(at.second, wire::kLedgerKeyBytesMax);
        if (each && *each == key) {
            texts.insert(at.second);
        }
    }
    return texts;
}

}  // namespace

LossKeeper::LossKeeper(Edge& edge, ports::Stored& stored, StoreDesk& desk, Sources sources)
    : edge_(edge),
      stored_(stored),
      desk_(desk),
      sources_(std::move(sources)),
      reader_(edge, sources_.digest),
      wake_(edge.io.get_executor()),
      books_(
          edge.clock,
          *this,
          {.unreadable_after = edge.config.losses.unreadable_after,
           .undecided_after = edge.config.losses.undecided_after},
          {.deliver = edge.deliver, .operation = sources_.operation}
      ) {}

Result<core::LossBook> LossKeeper::load(const OperationId& operation) {
    const auto rows = stored_.losses(operation);
    if (!rows) {
        return std::unexpected(rows.error());
    }
    return book_of(*rows);
}

Status LossKeeper::restore(const std::optional<core::OperationRecord>& newest) {
    const auto with_losses = stored_.operations_with_losses();
    if (!with_losses) {
        return std::unexpected(with_losses.error());
    }
    for (const core::OperationRecord& operation : *with_losses) {
        const auto row = stored_.loss(operation.plan.id, kBookRow.first, kBookRow.second);
        if (!row) {
            return std::unexpected(row.error());
        }
        const bool settled = *row && is_settled(**row);
        if (!core::is_taken_up(newest ? &*newest : nullptr, operation.plan.id, settled)) {
            continue;
        }
        Result<core::LossBook> book = load(operation.plan.id);
        if (!book) {
            // One damaged book does not speak for the others.
            system::log_error(
                "losses",
                "a loss book could not be read, so the controller does not look for its writes: " +
                    book.error().text,
                {{"operation", operation.plan.id.value()}, {"remedy", book.error().remedy}}
            );
            continue;
        }
        books_.restore(
            newest ? &*newest : nullptr, {.operation = operation, .book = std::move(*book)}
        );
    }
    return {};
}

net::Task<Status> LossKeeper::fenced(OperationId operation, HostId host, wire::FenceAck ack) {
    const std::string name = host.value();
    const net::Later<bool> heard{edge_.io};
    books_.fenced(
        {.operation = std::move(operation),
         .host = std::move(host),
         .entries = std::move(ack.entries),
         .proven = std::move(ack.proven),
         .truncated = ack.truncated},
        [heard] { heard.set(true); }
    );
    const std::optional<bool> may_forget = co_await heard.get();
    if (may_forget) {
        co_return Status{};
    }
    co_return fail(
        ErrorKind::unavailable,
        "this controller ends, and does not know that what " + name + " could not prove is kept",
        "acknowledge again: the controller that follows keeps it"
    );
}

void LossKeeper::examine(const core::ExamineLosses& action) {
    // Not from inside a port's call: what it comes to is told to the app's core.
    edge_.tasks.spawn("examine losses", [this, action]() -> net::Task<> {
        books_.examine(action);
        co_return;
    });
}

std::set<RegionId> LossKeeper::answering() {
    std::set<RegionId> regions;
    for (const config::Region& region : edge_.config.regions) {
        if (sources_.answers(region.id)) {
            regions.insert(region.id);
        }
    }
    return regions;
}

net::Task<> LossKeeper::settle() {
    constexpr Duration kShortest = std::chrono::milliseconds{1};
    constexpr Duration kLongest = std::chrono::hours{1};
    while (true) {
        const std::optional<Instant> due = books_.settling().next_deadline();
        const Duration left = due ? *due - edge_.clock.now() : kLongest;
        wake_.expires_after(std::clamp(left, kShortest, kLongest));
        const auto [error] = co_await wake_.async_wait(net::kAwait);
        // Another step has moved the deadline. (A cancelled task ends at its next wait.)
        if (error || !due) {
            continue;
        }
        books_.due();
    }
}

void LossKeeper::read_keys(core::ReadKeys wanted, std::function<void(core::KeysSeen)> answered) {
    edge_.tasks.spawn("read keys at risk", [this, wanted = std::move(wanted), answered] {
        return carry(wanted, answered);
    });
}

net::Task<> LossKeeper::carry(core::ReadKeys wanted, std::function<void(core::KeysSeen)> answered) {
    const auto seen =
        co_await reader_.read(std::move(wanted.region), std::move(wanted.keys), wanted.budget);
    answered(std::move(*seen));
}

void LossKeeper::save_losses(
    const core::SaveLosses& wanted,
    const core::LossBook& book,
    std::function<void(core::SaveEnd)> answered
) {
    edge_.tasks.spawn("save losses", [this, rows = commit_of(wanted, book), answered] {
        return carry(rows, answered);
    });
}

net::Task<> LossKeeper::carry(ports::Commit rows, std::function<void(core::SaveEnd)> answered) {
    const ports::CommitAnswer answer = co_await commit(std::move(rows));
    if (answer.end != ports::CommitEnd::committed) {
        system::log_error("losses", "the loss book could not be saved", {{"why", answer.why.text}});
    }
    answered(end_of(answer.end));
}

net::Task<ports::CommitAnswer> LossKeeper::commit(ports::Commit commit) {
    const net::Later<ports::CommitAnswer> later{edge_.io};
    desk_.commit(std::move(commit), [later](ports::CommitAnswer answer) {
        later.set(std::move(answer));
    });
    std::optional<ports::CommitAnswer> answer = co_await later.get();
    if (answer) {
        co_return *std::move(answer);
    }
    co_return ports::CommitAnswer{
        .end = ports::CommitEnd::unknown,
        .why = {.kind = ErrorKind::cancelled, .text = "the controller ends"}
    };
}

std::optional<core::KeptBook> LossKeeper::find_book(Epoch epoch) {
    const auto earlier = stored_.operations(kOperationsSearched);
    for (const core::OperationRecord& operation :
         earlier ? *earlier : std::vector<core::OperationRecord>{}) {
        if (!core::ends_epoch(operation, epoch)) {
            continue;
        }
        if (Result<core::LossBook> book = load(operation.plan.id)) {
            return core::KeptBook{.operation = operation, .book = std::move(*book)};
        }
    }
    return std::nullopt;
}

void LossKeeper::note(const core::TableUnreadable& action) {
    system::log_error(
        "losses",
        "the fate of writes to table " + action.table +
            " cannot be found out, since its keys cannot be read in " + action.region.value() +
            ": " + action.why,
        {{"operation", action.operation.value()},
         {"remedy", "let the controller read the table, or decide: `farshore losses settle --help`"}
        }
    );
}

void LossKeeper::note(const core::WritesWithoutBook& action) {
    system::log_error(
        "losses",
        "a host names writes that it had not proven, and this controller's store knows no "
        "operation that ended their epoch",
        {{"host", action.host.value()}, {"writes", std::to_string(action.writes)}}
    );
}

net::Task<Result<std::size_t>> LossKeeper::decide(
    OperationId operation, Decision decision, ports::AuditRow row
) {
    core::LossDecision word{
        .operation = operation,
        .table = std::move(decision.table),
        .open_only = decision.open_only,
        .fate = decision.fate,
        .reason = std::move(decision.reason)
    };
    if (books_.settling().find(operation) == nullptr) {
        Result<core::LossBook> book = load(operation);
        const auto record = stored_.operation(operation);
        if (!book || !record) {
            co_return std::unexpected(book ? record.error() : book.error());
        }
        if (!*record) {
            co_return fail(ErrorKind::not_found, "there is no operation " + operation.value());
        }
        word.kept = core::KeptBook{.operation = **record, .book = std::move(*book)};
    }
    if (decision.key) {
        const core::LossBook& book =
            word.kept ? word.kept->book : *books_.settling().find(operation);
        word.keys = texts_of(*decision.key, book);
        if (word.keys.empty()) {
            co_return 0;
        }
    }
    const std::optional<core::SaveLosses> save = books_.decide(std::move(word));
    if (!save) {
        co_return 0;
    }
    ports::Commit rows = commit_of(*save, *books_.settling().find(operation));
    rows.audit.push_back(std::move(row));
    ports::CommitAnswer answer = co_await commit(std::move(rows));
    books_.saved(save->ticket, end_of(answer.end));
    const Status saved = status_of(std::move(answer));
    if (!saved) {
        co_return std::unexpected(saved.error());
    }
    co_return save->decided;
}

core::LossCounts LossKeeper::counts(const OperationId& operation) {
    if (const core::LossBook* book = books_.settling().find(operation)) {
        return book->counts();
    }
    const auto row = stored_.loss(operation, kBookRow.first, kBookRow.second);
    if (row && *row) {
        if (const auto counts = counts_of(**row)) {
            return *counts;
        }
    }
    return {};
}

Result<json::object> LossKeeper::document(const OperationId& operation, LossPage page) {
    if (const core::LossBook* book = books_.settling().find(operation)) {
        return losses_document(operation, *book, page);
    }
    const Result<core::LossBook> book = load(operation);
    return book ? Result<json::object>{losses_document(operation, *book, page)}
                : std::unexpected(book.error());
}

}  // namespace farshore::controller
