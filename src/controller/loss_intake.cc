#include <set>
#include <string>
#include <utility>
#include <vector>

#include "adapters/system/log.h"
#include "controller/loss_keeper.h"
#include "controller/loss_rows.h"

// What hosts name when they are fenced, and the books that it belongs to.
namespace farshore::controller {

namespace {

constexpr std::size_t kOperationsSearched = 1'000;

// The new Region takes writes, or may: its reading before that cannot be made up for.
bool is_promoted(const core::OperationRecord& operation) {
    return operation.ended() || operation.permission() == core::Permission::new_epoch;
}

}  // namespace

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
    const auto earlier = stored_.operations(kOperationsSearched);
    if (earlier) {
        for (const core::OperationRecord& operation : *earlier) {
            if (operation.plan.epoch_before != epoch || !operation.plan.promotes() ||
                operation.outcome == core::Outcome::failed ||
                operation.outcome == core::Outcome::aborted) {
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

void LossKeeper::take_proven(
    const core::OperationRecord& current, const HostId& host, const wire::FenceAck& ack
) {
    // Another host may name what lies under them later. A planned operation drains such writes.
    if (!ack.proven.empty() && current.may_lose() && !is_promoted(current)) {
        open(current.plan);
    }
    for (auto& [operation, open] : open_) {
        for (const wire::LedgerEntry& entry : ack.proven) {
            const KeyChain* chain =
                entry.epoch == open.epoch_before ? open.book.add_proven(host, entry) : nullptr;
            if (chain != nullptr) {
                open.unsaved.insert({chain->table(), chain->key()});
            }
        }
    }
}

bool LossKeeper::take(const OperationId& operation, const HostId& host, const wire::FenceAck& ack) {
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
    if (current) {
        take_proven(*current, host, ack);
    }
    if (!current || (ack.entries.empty() && !ack.truncated)) {
        return false;
    }
    const bool waited_for = operation == current->plan.id && !is_promoted(*current);
    std::set<Epoch> epochs;
    for (const wire::LedgerEntry& entry : ack.entries) {
        epochs.insert(entry.epoch);
    }
    std::set<OperationId> late;
    for (const Epoch epoch : epochs) {
        Open& book = *open_for(epoch, *current);
        const bool of_current = &book == find(current->plan.id);
        take_entries(book, host, ack, epoch, !of_current || is_promoted(*current));
        book.examined = book.examined || !of_current || current->ended();
    }
    if (ack.truncated) {
        Open& book = open(current->plan);
        book.book.note_truncated();
        book.unsaved.insert(kBookRow);
    }
    for (auto& [id, book] : open_) {
        tell(id, book);
    }
    return !waited_for;
}

net::Task<> LossKeeper::fenced(OperationId operation, HostId host, wire::FenceAck ack) {
    if (!take(operation, host, ack)) {
        co_return;
    }
    // It forgets what it has told as soon as it is routed: now or never.
    std::vector<OperationId> books;
    for (const auto& [id, book] : open_) {
        books.push_back(id);
    }
    for (const OperationId& id : books) {
        co_await save_all(id);
    }
}

}  // namespace farshore::controller
