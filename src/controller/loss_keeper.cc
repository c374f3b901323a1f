#include "controller/loss_keeper.h"

#include <algorithm>
#include <utility>

#include "adapters/system/log.h"
#include "controller/loss_rows.h"
#include "wire/json_reader.h"

namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kRowsPerCommit = 500;  // of the store: the controller's thread waits for it

}  // namespace

LossKeeper::LossKeeper(Edge& edge, ports::Stored& stored, StoreDesk& desk, Sources sources)
    : edge_(edge),
      stored_(stored),
      desk_(desk),
      sources_(std::move(sources)),
      reader_(edge, sources_.digest) {}

LossKeeper::Open* LossKeeper::find(const OperationId& operation) {
    const auto found = open_.find(operation);
    return found == open_.end() ? nullptr : &found->second;
}

LossKeeper::Open& LossKeeper::open(const core::Plan& plan) {
    const auto [at, is_new] = open_.try_emplace(plan.id);
    if (is_new) {
        at->second.from = plan.from;
        at->second.to = plan.to;
        at->second.epoch_before = plan.epoch_before;
        at->second.opened_at = edge_.clock.now();
    }
    return at->second;
}

Result<LossBook> LossKeeper::load(const OperationId& operation) {
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
        const bool is_newest = newest && newest->plan.id == operation.plan.id;
        const auto row = stored_.loss(operation.plan.id, kBookRow.first, kBookRow.second);
        if (!row) {
            return std::unexpected(row.error());
        }
        if (*row && is_settled(**row) && !is_newest) {
            continue;
        }
        Result<LossBook> book = load(operation.plan.id);
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
        Open& open = this->open(operation.plan);
        open.book = std::move(*book);
        open.examined = operation.ended();
        open.told = open.book.open_writes();
    }
    return {};
}

std::map<OperationId, std::uint64_t> LossKeeper::open_writes() const {
    std::map<OperationId, std::uint64_t> writes;
    for (const auto& [operation, open] : open_) {
        if (open.book.open_writes() > 0) {
            writes.emplace(operation, open.book.open_writes());
        }
    }
    return writes;
}

void LossKeeper::examine(const core::ExamineLosses& action) {
    edge_.tasks.spawn("examine losses", [this, action] { return examine_chains(action); });
}

net::Task<> LossKeeper::examine_chains(core::ExamineLosses action) {
    const OperationId operation = action.step.operation;
    const std::optional<core::OperationRecord> current = sources_.operation();
    if (!current || current->plan.id != operation) {
        co_return;
    }
    std::vector<LossBook::At> keys;
    for (const auto& [at, chain] : open(current->plan).book.chains()) {
        if (!chain.examined()) {
            keys.push_back(at);
        }
    }
    const std::size_t asked = keys.size();
    const auto seen = co_await reader_.read(action.to, std::move(keys), action.budget);
    Open* book = find(operation);
    if (book == nullptr) {
        co_return;
    }
    for (const auto& [at, digest] : seen->found) {
        book->book.change(at, [&](KeyChain& chain) {
            chain.at_promotion(digest);
            return true;
        });
        book->unsaved.insert(at);
    }
    const std::size_t refused = examine_refused(*book, *seen);
    book->examined = true;
    // Before the promotion: what the agents have named they will not name again.
    co_await save_all(operation);
    book = find(operation);
    if (book == nullptr) {
        co_return;
    }
    tell(operation, *book);
    const wire::LossCounts& counts = book->book.counts();
    core::LossesExamined examined{
        .step = action.step,
        .complete = seen->found.size() + refused == asked,
        .at_risk = static_cast<std::uint32_t>(counts.at_risk),
        .detail = std::to_string(seen->found.size()) + " of " + std::to_string(asked) +
                  " keys read, " + std::to_string(counts.at_risk) +
                  " acknowledged writes at risk, " + std::to_string(counts.present) +
                  " found present"
    };
    if (refused > 0) {
        examined.detail += "; " + std::to_string(refused) + " keys refused";
    }
    if (book->book.truncated()) {
        examined.detail +=
            "; a host could not name every write that it had not proven, so more "
            "may be at risk";
    }
    if (!examined.complete) {
        for (const auto& [table, error] : seen->refused) {
            examined.detail += "; table " + table + " could not be read: " + error.text;
        }
    }
    edge_.deliver(std::move(examined));
}

net::Task<Result<std::size_t>> LossKeeper::decide(
    OperationId operation, Decision decision, ports::AuditRow row
) {
    std::optional<LossBook> closed;
    if (find(operation) == nullptr) {
        Result<LossBook> book = load(operation);
        if (!book) {
            co_return std::unexpected(book.error());
        }
        closed = std::move(*book);
    }
    LossBook& book = closed ? *closed : find(operation)->book;
    std::vector<LossBook::At> decided;
    const auto has_key = [&decision](const std::string& text) {
        const Result<json::object> key = wire::parse_json_object(text, wire::kLedgerKeyBytesMax);
        return key && *key == *decision.key;
    };
    for (const auto& [at, chain] : book.chains()) {
        if (at.first == decision.table.value_or(at.first) &&
            !(decision.open_only && chain.settled()) && (!decision.key || has_key(at.second))) {
            decided.push_back(at);
        }
    }
    std::size_t writes = 0;
    ports::LossesNoted noted{.operation = operation, .rows = {}};
    const UtcTime now = edge_.clock.wall();
    for (const LossBook::At& at : decided) {
        book.change(at, [&](KeyChain& chain) {
            const std::size_t of_chain = chain.decide(decision.fate, now, decision.reason);
            writes += of_chain;
            if (of_chain > 0) {
                noted.rows.push_back(row_of(chain));
            }
            return of_chain > 0;
        });
    }
    if (writes == 0) {
        co_return 0;
    }
    noted.rows.push_back(book_row(book));
    ports::Commit commit;
    commit.changes.emplace_back(std::move(noted));
    commit.audit.push_back(std::move(row));
    const Status saved = co_await desk_.commit(std::move(commit));
    Open* open = find(operation);
    if (!saved) {
        if (open != nullptr) {
            open->unsaved.insert(decided.begin(), decided.end());
        }
        co_return std::unexpected(saved.error());
    }
    if (open != nullptr) {
        tell(operation, *open);
    }
    co_return writes;
}

// The core decides by it whether a planned change may begin.
void LossKeeper::tell(const OperationId& operation, Open& open) {
    const std::uint64_t writes = open.book.open_writes();
    if (writes != open.told) {
        open.told = writes;
        edge_.deliver(core::LossesOpen{.operation = operation, .writes = writes});
    }
}

// A settled book is read from the store when a client asks for it; a host that comes back later
// opens it again.
void LossKeeper::close_settled() {
    const std::optional<core::OperationRecord> current = sources_.operation();
    std::erase_if(open_, [&](const auto& entry) {
        const auto& [operation, open] = entry;
        const bool newest = current && current->plan.id == operation;
        return !newest && open.examined && open.book.settled() && open.unsaved.empty() &&
               open.on_their_way == 0;
    });
}

// Ends when all that the book held at the call is durable, or the store refuses.
net::Task<> LossKeeper::save_all(OperationId operation) {
    const Open* open = find(operation);
    while (open != nullptr && (!open->unsaved.empty() || open->on_their_way > 0)) {
        // Commits are answered in their order: this one after those that are on their way.
        const bool saved = co_await save_some(operation);
        if (!saved) {
            co_return;
        }
        // Others get their turn between two commits.
        co_await net::sleep_for(edge_.io, Duration::zero());
        open = find(operation);
    }
}

// False: the store refuses. What is not saved is kept in memory and tried again with the next look.
net::Task<bool> LossKeeper::save_some(OperationId operation) {
    Open* open = find(operation);
    std::set<LossBook::At> written;
    ports::LossesNoted noted{.operation = operation, .rows = {}};
    while (!open->unsaved.empty() && noted.rows.size() < kRowsPerCommit) {
        const auto at = open->unsaved.extract(open->unsaved.begin());
        if (const KeyChain* chain = open->book.find(at.value())) {
            noted.rows.push_back(row_of(*chain));
        }
        written.insert(at.value());
    }
    noted.rows.push_back(book_row(open->book));
    ports::Commit commit;
    commit.changes.emplace_back(std::move(noted));
    ++open->on_their_way;
    const Status saved = co_await desk_.commit(std::move(commit));
    open = find(operation);
    if (open == nullptr) {
        co_return saved.has_value();
    }
    --open->on_their_way;
    if (!saved) {
        system::log_error(
            "losses", "the loss book could not be saved", {{"why", saved.error().text}}
        );
        open->unsaved.merge(written);
    }
    co_return saved.has_value();
}

wire::LossCounts LossKeeper::counts(const OperationId& operation) {
    if (const Open* open = find(operation)) {
        return open->book.counts();
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
    if (const Open* open = find(operation)) {
        return losses_document(operation, open->book, page);
    }
    const Result<LossBook> book = load(operation);
    return book ? Result<json::object>{losses_document(operation, *book, page)}
                : std::unexpected(book.error());
}

}  // namespace farshore::controller
