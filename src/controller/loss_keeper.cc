#include "controller/loss_keeper.h"

#include <algorithm>
#include <utility>

#include "adapters/system/log.h"
#include "controller/loss_rows.h"

namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kKeysPerLook = 2'000;  // of one round; the rest waits for the next
constexpr std::size_t kRowsPerCommit = 500;  // of the store: the controller's thread waits for it
// A write that arrives late may be overwritten by the application soon after: looking often tells
// "applied late" from "suppressed".
constexpr Duration kLookOften = std::chrono::milliseconds{150};
constexpr Duration kLookOftenFor = std::chrono::minutes{15};
constexpr Duration kLookSeldom = std::chrono::seconds{5};
constexpr Duration kLookBudget = std::chrono::seconds{1};
constexpr Duration kIdle = std::chrono::milliseconds{500};
constexpr std::size_t kOperationsSearched = 1'000;

// DynamoDB keeps trying to replicate for 20 hours; what has not come a day after both Regions
// answer will not come.
constexpr Duration kGiveUpAfter = std::chrono::hours{24};

// The new Region takes writes, or may: its reading before that cannot be made up for.
bool is_promoted(core::OperationState state) {
    return core::has_ended(state) || state == core::OperationState::repointing ||
           state == core::OperationState::shifting || state == core::OperationState::verifying;
}

}  // namespace

LossKeeper::LossKeeper(Edge& edge, sqlite::Store& store, Sources sources)
    : edge_(edge), store_(store), sources_(std::move(sources)), reader_(edge, sources_.digest) {}

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
    const auto rows = store_.losses(operation);
    if (!rows) {
        return std::unexpected(rows.error());
    }
    return book_of(*rows);
}

Status LossKeeper::restore(const std::optional<core::OperationRecord>& newest) {
    const auto with_losses = store_.operations_with_losses();
    if (!with_losses) {
        return std::unexpected(with_losses.error());
    }
    for (const core::OperationRecord& operation : *with_losses) {
        const bool is_newest = newest && newest->plan.id == operation.plan.id;
        const auto row = store_.loss(operation.plan.id, kBookRow.first, kBookRow.second);
        if (!row) {
            return std::unexpected(row.error());
        }
        if (*row && is_settled(**row) && !is_newest) {
            continue;
        }
        Result<LossBook> book = load(operation.plan.id);
        if (!book) {
            return std::unexpected(std::move(book.error()));
        }
        Open& open = this->open(operation.plan);
        open.book = std::move(*book);
        open.examined = core::has_ended(operation.state);
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

// The book that writes of an epoch belong to: that of the operation which ended the epoch.
LossKeeper::Open* LossKeeper::open_for(Epoch epoch, const core::OperationRecord& current) {
    if (epoch == current.plan.epoch_before || epoch == Epoch{}) {
        return &open(current.plan);
    }
    for (auto& [operation, open] : open_) {
        if (open.epoch_before == epoch) {
            return &open;
        }
    }
    const auto earlier = store_.operations(kOperationsSearched);
    if (earlier) {
        for (const core::OperationRecord& operation : *earlier) {
            if (operation.plan.epoch_before != epoch || !operation.plan.promotes() ||
                operation.state == core::OperationState::failed ||
                operation.state == core::OperationState::aborted) {
                continue;
            }
            Result<LossBook> book = load(operation.plan.id);
            if (book) {
                Open& reopened = open(operation.plan);
                reopened.book = std::move(*book);
                reopened.examined = true;
                return &reopened;
            }
        }
    }
    return &open(current.plan);
}

void LossKeeper::take_entries(
    Open& open, const HostId& host, const wire::FenceAck& ack, Epoch epoch, bool too_late
) {
    for (const wire::LedgerEntry& entry : ack.entries) {
        if (entry.epoch != epoch) {
            continue;
        }
        const KeyChain* chain = open.book.add(host, entry);
        if (chain == nullptr) {
            open.unsaved.insert(kBookRow);
            continue;
        }
        const LossBook::At at{chain->table(), chain->key()};
        open.unsaved.insert(at);
        if (too_late && !chain->examined()) {
            open.book.change(at, [](KeyChain& late) {
                late.at_promotion(std::nullopt);
                return true;
            });
        }
    }
}

void LossKeeper::fenced(
    const OperationId& operation, const HostId& host, const wire::FenceAck& ack
) {
    const std::optional<core::OperationRecord> current = sources_.operation();
    if (!current && !ack.entries.empty()) {
        // The store that knew the operation is gone: no book has a place for them.
        system::log_error(
            "losses",
            "a host names writes that it had not proven, and this controller's store knows no "
            "operation that ended their epoch",
            {{"host", host.value()}, {"writes", std::to_string(ack.entries.size())}}
        );
    }
    if (!current || (ack.entries.empty() && !ack.truncated)) {
        return;
    }
    const bool waited_for = operation == current->plan.id && !is_promoted(current->state);
    std::set<Epoch> epochs;
    for (const wire::LedgerEntry& entry : ack.entries) {
        epochs.insert(entry.epoch);
    }
    std::set<OperationId> late;
    for (const Epoch epoch : epochs) {
        Open& book = *open_for(epoch, *current);
        const bool of_current = &book == find(current->plan.id);
        take_entries(book, host, ack, epoch, !of_current || is_promoted(current->state));
        book.examined = book.examined || !of_current || core::has_ended(current->state);
    }
    if (ack.truncated) {
        Open& book = open(current->plan);
        book.book.note_truncated();
        book.unsaved.insert(kBookRow);
    }
    for (auto& [id, book] : open_) {
        tell(id, book);
        // It forgets what it has told as soon as it is routed: now or never.
        while (!waited_for && !book.unsaved.empty() && save_some(id, book)) {
        }
    }
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
    const auto found = co_await reader_.read(action.to, std::move(keys), action.budget);
    Open* book = find(operation);
    if (book == nullptr) {
        co_return;
    }
    for (const auto& [at, digest] : *found) {
        book->book.change(at, [&](KeyChain& chain) {
            chain.at_promotion(digest);
            return true;
        });
        book->unsaved.insert(at);
    }
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
        .complete = found->size() == asked,
        .at_risk = static_cast<std::uint32_t>(counts.at_risk),
        .detail = std::to_string(found->size()) + " of " + std::to_string(asked) + " keys read, " +
                  std::to_string(counts.at_risk) + " acknowledged writes at risk, " +
                  std::to_string(counts.present) + " found present"
    };
    edge_.deliver(std::move(examined));
}

net::Task<> LossKeeper::settle() {
    while (true) {
        Duration pause = kIdle;
        std::vector<OperationId> operations;
        for (auto& [operation, open] : open_) {
            close_without_losses(operation, open);
            operations.push_back(operation);
        }
        for (const OperationId& operation : operations) {
            Open* open = find(operation);
            if (open != nullptr && open->examined && !open->book.settled()) {
                const Duration age = edge_.clock.now() - open->opened_at;
                pause = std::min(pause, age < kLookOftenFor ? kLookOften : kLookSeldom);
                co_await look(operation);
            }
            co_await save_all(operation);
            if (open = find(operation); open != nullptr) {
                tell(operation, *open);
            }
        }
        close_settled();
        const bool slept = co_await net::sleep_for(edge_.io, pause);
        if (!slept) {
            co_return;
        }
    }
}

// A planned operation is not examined: what its fences named was drained before the promotion, or
// the operation ended without one.
void LossKeeper::close_without_losses(const OperationId& operation, Open& open) {
    const std::optional<core::OperationRecord> current = sources_.operation();
    if (open.examined || !current || current->plan.id != operation ||
        !core::has_ended(current->state)) {
        return;
    }
    open.examined = true;
    if (current->may_lose() || current->at_risk > 0 ||
        current->state == core::OperationState::partly_done) {
        return;
    }
    const std::set<LossBook::At> keys = open.book.open();
    for (const auto& at : keys) {
        open.book.change(at, [&](KeyChain& chain) {
            chain.prove(edge_.clock.wall());
            return true;
        });
        open.unsaved.insert(at);
    }
}

net::Task<> LossKeeper::look(OperationId operation) {
    const Open* begun = find(operation);
    std::vector<LossBook::At> keys;
    for (const auto& at : begun->book.open()) {
        if (keys.size() == kKeysPerLook) {
            break;
        }
        keys.push_back(at);
    }
    const bool back = sources_.answers(begun->from);
    const RegionId from = begun->from;
    const RegionId to = begun->to;
    auto old_region = std::make_shared<LossReader::Digests>();
    if (back) {
        // The old Region first: what it shows afterwards in the target has come, not gone.
        old_region = co_await reader_.read(from, keys, kLookBudget);
    }
    const auto target = co_await reader_.read(to, keys, kLookBudget);
    Open* open = find(operation);
    if (open == nullptr) {
        co_return;
    }
    const bool readable = !old_region->empty() && !target->empty();
    const Instant since = open->readable_since.value_or(edge_.clock.now());
    open->readable_since = readable ? std::optional{since} : std::nullopt;
    const bool too_late = readable && edge_.clock.now() - since > kGiveUpAfter;
    const UtcTime now = edge_.clock.wall();
    const auto seen = [](const LossReader::Digests& digests, const LossBook::At& at) {
        const auto found = digests.find(at);
        return found == digests.end() ? std::nullopt : std::optional{found->second};
    };
    for (const auto& at : keys) {
        const KeySight sight{.old_region = seen(*old_region, at), .target = seen(*target, at)};
        const bool changed = open->book.change(at, [&](KeyChain& chain) {
            if (!chain.examined()) {
                chain.at_promotion(std::nullopt);
            }
            bool moved = chain.look(sight, now);
            if (too_late && !chain.settled()) {
                chain.give_up(now);
                moved = true;
            }
            return moved;
        });
        if (changed) {
            open->unsaved.insert(at);
        }
    }
}

// The core decides by it whether a planned change may begin.
void LossKeeper::tell(const OperationId& operation, Open& open) {
    const std::uint64_t writes = open.book.open_writes();
    if (writes != open.told) {
        open.told = writes;
        edge_.deliver(core::LossesOpen{.operation = operation, .writes = writes});
    }
}

// A settled book is read from the store when somebody asks; a host that comes back later opens it
// again.
void LossKeeper::close_settled() {
    const std::optional<core::OperationRecord> current = sources_.operation();
    std::erase_if(open_, [&](const auto& entry) {
        const auto& [operation, open] = entry;
        const bool newest = current && current->plan.id == operation;
        return !newest && open.examined && open.book.settled() && open.unsaved.empty();
    });
}

net::Task<> LossKeeper::save_all(OperationId operation) {
    Open* open = find(operation);
    while (open != nullptr && !open->unsaved.empty() && save_some(operation, *open)) {
        // Others get their turn between two commits.
        co_await net::sleep_for(edge_.io, Duration::zero());
        open = find(operation);
    }
}

// False: the store refuses. What is not saved is kept in memory and tried again with the next look.
bool LossKeeper::save_some(const OperationId& operation, Open& open) {
    std::vector<sqlite::LossRow> rows;
    std::vector<LossBook::At> written;
    for (const auto& at : open.unsaved) {
        if (rows.size() == kRowsPerCommit) {
            break;
        }
        written.push_back(at);
        if (const KeyChain* chain = open.book.find(at)) {
            rows.push_back(row_of(*chain));
        }
    }
    rows.push_back(book_row(open.book));
    const Status saved = store_.put_losses(operation, rows);
    if (!saved) {
        system::log_error(
            "losses", "the loss book could not be saved", {{"why", saved.error().text}}
        );
        return false;
    }
    for (const auto& at : written) {
        open.unsaved.erase(at);
    }
    return true;
}

wire::LossCounts LossKeeper::counts(const OperationId& operation) {
    if (const Open* open = find(operation)) {
        return open->book.counts();
    }
    const auto row = store_.loss(operation, kBookRow.first, kBookRow.second);
    if (row && *row) {
        if (const auto counts = counts_of(**row)) {
            return *counts;
        }
    }
    return {};
}

Result<json::object> LossKeeper::document(const OperationId& operation) {
    if (const Open* open = find(operation)) {
        return losses_document(operation, open->book);
    }
    const Result<LossBook> book = load(operation);
    return book ? Result<json::object>{losses_document(operation, *book)}
                : std::unexpected(book.error());
}

}  // namespace farshore::controller
