#include <algorithm>
#include <utility>

#include "core/loss/settling.h"

// What hosts name when they are fenced, and the books that it belongs to.
namespace farshore::core {

namespace {

// The new Region takes writes, or may: its reading before that cannot be made up for.
bool is_promoted(const OperationRecord& operation) {
    return operation.ended() || operation.permission() == Permission::new_epoch;
}

}  // namespace

bool ends_epoch(const OperationRecord& operation, Epoch epoch) {
    return operation.plan.epoch_before == epoch && operation.plan.promotes() &&
           operation.outcome != Outcome::failed && operation.outcome != Outcome::aborted;
}

bool is_taken_up(const OperationRecord* newest, const OperationId& operation, bool settled) {
    return !settled || (newest != nullptr && newest->plan.id == operation);
}

// The open book that writes of an epoch belong to; nullopt: the store may have it.
std::optional<OperationId> Settling::book_for(Epoch epoch) {
    const Plan& current = moment_.operation->plan;
    if (epoch == current.epoch_before || epoch == Epoch{}) {
        open(current);
        return current.id;
    }
    const auto found = std::ranges::find_if(open_, [epoch](const auto& entry) {
        return entry.second.epoch_before == epoch;
    });
    return found == open_.end() ? std::nullopt : std::optional{found->first};
}

void Settling::take(const Searched& named, const OperationId& operation) {
    Open& book = *find_open(operation);
    const bool of_current = is_current(operation);
    const bool too_late = !of_current || is_promoted(*moment_.operation);
    for (const LedgerEntry& entry : named.entries) {
        const KeyChain* chain = book.book.add(named.host, entry);
        if (chain == nullptr) {
            book_changed(book);
            continue;
        }
        const At at{chain->table(), chain->key()};
        changed(book, at);
        if (too_late && !chain->examined()) {
            book.book.change(at, [](KeyChain& late) {
                late.at_promotion(std::nullopt);
                return true;
            });
        }
    }
    book.examined = book.examined || !of_current || moment_.operation->ended();
}

// The store that knew the operation is gone: no book has a place for them.
void Settling::without_book(const Searched& named) {
    actions_.emplace_back(WritesWithoutBook{.host = named.host, .writes = named.entries.size()});
}

void Settling::take_proven(const HostId& host, const std::vector<LedgerEntry>& proven) {
    // Another host may name what lies under them later. A planned operation drains such writes.
    const OperationRecord& current = *moment_.operation;
    if (!proven.empty() && current.may_lose() && !is_promoted(current)) {
        open(current.plan);
    }
    for (auto& [operation, open] : open_) {
        for (const LedgerEntry& entry : proven) {
            const KeyChain* chain =
                entry.epoch == open.epoch_before ? open.book.add_proven(host, entry) : nullptr;
            if (chain != nullptr) {
                changed(open, {chain->table(), chain->key()});
            }
        }
    }
}

void Settling::on(HostFenced input) {
    const HostId host = input.host;
    std::uint64_t told = 0;
    for (const auto* list : {&input.entries, &input.proven}) {
        for (const LedgerEntry& entry : *list) {
            told = std::max(told, input.truncated ? 0 : entry.order);
        }
    }
    take_list(std::move(input), told);
    for (auto& [operation, open] : open_) {
        open.book.note_told(host, told);
    }
}

void Settling::take_list(HostFenced input, std::uint64_t told) {
    const OperationRecord* current = moment_.operation;
    if (current == nullptr && !input.entries.empty()) {
        without_book({.host = input.host, .entries = input.entries});
    }
    if (current != nullptr) {
        take_proven(input.host, input.proven);
    }
    if (current == nullptr || (input.entries.empty() && !input.truncated)) {
        actions_.emplace_back(HostHeard{input.number});
        return;
    }
    std::map<Epoch, Searched> by_epoch;
    for (LedgerEntry& entry : input.entries) {
        Searched& named = by_epoch[entry.epoch];
        named.host = input.host;
        named.told = told;
        named.entries.push_back(std::move(entry));
    }
    Waiting waiting{.then = HostHeard{input.number}};
    for (auto& [epoch, named] : by_epoch) {
        if (const auto book = book_for(epoch)) {
            take(named, *book);
            continue;
        }
        std::vector<Searched>& search = searches_[epoch];
        if (search.empty()) {
            actions_.emplace_back(FindBook{epoch});
        }
        search.push_back(std::move(named));
        waiting.searches.insert(epoch);
    }
    if (input.truncated) {
        Open& book = open(current->plan);
        book.book.note_truncated();
        book_changed(book);
    }
    if (is_current(input.operation) && !is_promoted(*current)) {
        actions_.push_back(std::move(waiting.then));  // nothing else waits for a disk meanwhile
        return;
    }
    // It forgets what it has told as soon as it is routed: now or never.
    for (const auto& [operation, open] : open_) {
        waiting.books.insert(operation);
    }
    wait(std::move(waiting));
}

void Settling::on(BookSearched input) {
    auto search = searches_.extract(input.epoch);
    if (search.empty()) {
        return;
    }
    std::optional<OperationId> book;
    if (input.found) {
        book = input.found->operation.plan.id;
        on(std::move(*input.found));
    } else if (moment_.operation != nullptr) {
        book = moment_.operation->plan.id;
        open(moment_.operation->plan);
    }
    for (const Searched& named : search.mapped()) {
        if (book) {
            take(named, *book);
            find_open(*book)->book.note_told(named.host, named.told);
        } else {
            without_book(named);
        }
    }
    for (Waiting& each : std::exchange(waiting_, {})) {
        if (each.searches.erase(input.epoch) > 0 && book) {
            each.books.insert(*book);
        }
        wait(std::move(each));
    }
}

}  // namespace farshore::core
