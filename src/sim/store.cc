#include "sim/store.h"

#include <algorithm>
#include <utility>

#include "sim/chronicle.h"
#include "sim/controller_site.h"
#include "sim/host.h"
#include "sim/quiet.h"

namespace farshore::sim {

namespace {

constexpr std::size_t kOlderKept = 40;

}  // namespace

Store::Store(Scene& scene, std::size_t number)
    : scene_(scene), number_(number), dice_(scene.calendar, scene.script.seed, 401 + number) {
    record_.app = kApp;
    record_.epoch = Epoch{1};
    record_.active = region_id(0);
    record_.users = region_id(0);
}

void Store::begin_beside(const Store& first, bool empty) {
    hosts_ = first.hosts_;
    operations_ = first.operations_;
    losses_ = first.losses_;
    record_ = first.record_;
    empty_ = first.empty_;
    register_id_ = first.register_id_;
    if (!first.older_.empty()) {
        record_ = first.older_[dice_.below(first.older_.size())];
    }
    if (record_.operation && !record_.operation->ended()) {
        record_.operation.reset();  // two controllers would run one operation under one name
    }
    if (empty) {
        constexpr std::uint64_t kNames = 1000;  // no first store is lost so often
        lose(kNames + static_cast<std::uint64_t>(scene_.calendar.story().count()));
    }
    scene_.chronicle->store_replaced(number_, record_, empty);
}

void Store::lose(std::uint64_t register_id) {
    empty_ = true;
    older_.clear();
    hosts_.clear();
    register_id_ = register_id;
    losses_.clear();
    operations_.clear();
}

bool Store::leads(const Controller& asker) const {
    return asker.life() == leader_;
}

void Store::doom(const Fault& fault) {
    if (fault.kind == FaultKind::store_stale || fault.kind == FaultKind::store_lost) {
        at_next_start_ = fault.kind;
        scene_.controllers->kill();
        // A disk goes with each process that stands on it.
        if (&scene_.rival->store() == this) {
            scene_.rival->kill();
        }
    } else {
        doom_ = Doom{.kind = fault.kind, .saves_left = std::max(1, fault.amount)};
    }
}

void Store::commit(Controller& asker, ports::Commit commit, ports::Ticket ticket) {
    if (asker.is_silenced()) {
        return;  // the dead are not answered
    }
    if (!leads(asker)) {
        scene_.chronicle->saw(Seen::commit_superseded);
        asker.end_soon();
        ticket({.end = ports::CommitEnd::superseded, .why = {.text = "another one leads"}});
        return;
    }
    if (scene_.weather.is(FaultKind::store_full, kWitness)) {
        ticket(
            {.end = ports::CommitEnd::refused,
             .why = {.kind = ErrorKind::exhausted, .text = "the disk is full"}}
        );
        scene_.chronicle->saw(Seen::commit_refused);
        return;
    }
    scene_.quiet->disturb();
    ++saves_;
    const bool dies = doom_ && --doom_->saves_left == 0;
    const bool torn = dies && doom_->kind == FaultKind::dies_in_save;
    if (dies) {
        if (doom_->kind != FaultKind::dies_after_effects) {
            asker.silence();
        }
        doom_.reset();
        asker.end_soon();
    }
    const int slow = scene_.weather.amount(FaultKind::store_slow, kWitness);
    // A slow file keeps the controller's thread; a slow store on a network does not.
    if (slow > 0 && !dies && dice_.chance(1, 2)) {
        answer_late(asker, std::move(commit), std::move(ticket), std::chrono::milliseconds{slow});
        return;
    }
    if (slow > 0) {
        asker.be_busy(std::chrono::milliseconds{slow});
    }
    if (!torn || dice_.chance(1, 2)) {
        write(commit);
    }
    ticket({});
}

// It is durable at the beginning of that time or at its end; what is on its way when another life
// of the controller leads is refused.
void Store::answer_late(
    Controller& asker, ports::Commit commit, ports::Ticket ticket, Duration after
) {
    const bool kept = dice_.chance(1, 2);
    const bool unsure = dice_.chance(1, 12);  // an input/output error: it may be durable or not
    if (kept) {
        write(commit);
    }
    scene_.calendar.in(
        after,
        [this,
         kept,
         unsure,
         asker = asker.weak_from_this(),
         commit = std::move(commit),
         ticket = std::move(ticket)] {
            const std::shared_ptr<Controller> life = asker.lock();
            if (!life || life->is_silenced()) {
                return;
            }
            const auto ends = [&](Seen seen, ports::CommitEnd end) {
                scene_.chronicle->saw(seen);
                life->enter([ticket, end] { ticket({.end = end, .why = {.text = "it ends"}}); });
                life->end_soon();
            };
            if (!leads(*life)) {
                ends(Seen::commit_superseded, ports::CommitEnd::superseded);
                return;
            }
            if (unsure) {
                ends(Seen::commit_unknown, ports::CommitEnd::unknown);
                return;
            }
            scene_.chronicle->saw(Seen::commit_late);
            if (!kept) {
                write(commit);
            }
            life->enter([ticket] { ticket({}); });
        }
    );
}

void Store::write(const ports::Commit& commit) {
    if (commit.state) {
        keep(*commit.state, commit.journal);
    }
    for (const ports::Change& change : commit.changes) {
        if (const auto* entered = std::get_if<ports::HostEntered>(&change)) {
            hosts_[entered->host.host] = entered->host.region;
        } else if (const auto* left = std::get_if<ports::HostLeft>(&change)) {
            hosts_.erase(left->host);
        }
    }
}

void Store::keep(const core::AppRecord& record, std::span<const core::JournalEntry> journal) {
    older_.push_back(record_);
    if (older_.size() > kOlderKept) {
        older_.pop_front();
    }
    record_ = record;
    empty_ = false;
    if (record.operation) {
        operations_.insert_or_assign(record.operation->plan.id, *record.operation);
    }
    scene_.chronicle->saved(number_, record, journal);
}

void Store::keep_losses(
    Controller& asker,
    const core::SaveLosses& wanted,
    const core::LossBook& book,
    std::function<void(core::SaveEnd)> answer
) {
    if (asker.is_silenced()) {
        return;  // the dead are not answered
    }
    if (!leads(asker)) {
        asker.end_soon();
        return;
    }
    if (scene_.weather.is(FaultKind::store_full, kWitness)) {
        answer(core::SaveEnd::refused);
        return;
    }
    Losses rows{.chains = {}, .truncated = book.truncated(), .waited = book.waited()};
    for (const core::LossBook::At& at : wanted.keys) {
        rows.chains.emplace(at, *book.find(at));
    }
    const auto commit =
        [this, asker = asker.weak_from_this(), id = wanted.operation, rows, answer] {
            const std::shared_ptr<Controller> life = asker.lock();
            if (!life || life->is_silenced() || !leads(*life)) {
                return;
            }
            Losses& kept = losses_[id];
            kept.truncated = rows.truncated;
            kept.waited = rows.waited;
            for (const auto& [at, chain] : rows.chains) {
                kept.chains.insert_or_assign(at, chain);
                scene_.chronicle->fates_kept(operations_.at(id).plan, chain);
            }
            life->enter([answer] { answer(core::SaveEnd::saved); });
        };
    const int slow = scene_.weather.amount(FaultKind::store_slow, kWitness);
    if (slow > 0) {
        scene_.calendar.in(std::chrono::milliseconds{slow}, commit);
    } else {
        commit();
    }
}

std::vector<core::KeptBook> Store::books() const {
    std::vector<core::KeptBook> books;
    for (const auto& [id, kept] : losses_) {
        core::LossBook book;
        for (const auto& [at, chain] : kept.chains) {
            book.restore(core::KeyChain{chain.kept()});
        }
        book.note_waited(kept.waited);
        if (kept.truncated) {
            book.note_truncated();
        }
        books.push_back({.operation = operations_.at(id), .book = std::move(book)});
    }
    return books;
}

bool Store::begin(const core::AppRecord& record) {
    if (scene_.weather.is(FaultKind::store_full, kWitness)) {
        return false;
    }
    keep(record, {});
    return true;
}

std::optional<core::AppRecord> Store::load(const Controller& leader) {
    leader_ = leader.life();
    const std::optional<FaultKind> fault = std::exchange(at_next_start_, std::nullopt);
    if (fault == FaultKind::store_stale && !older_.empty()) {
        // A backup, from a few saves to many ago.
        const std::uint64_t back = 1 + dice_.below(older_.size());
        record_ = older_[older_.size() - back];
        older_.clear();
        scene_.chronicle->store_replaced(number_, record_, false);
    } else if (fault == FaultKind::store_lost) {
        lose(register_id_ + 1);
        scene_.chronicle->store_replaced(number_, core::AppRecord{}, true);
    }
    if (empty_) {
        return std::nullopt;
    }
    return record_;
}

}  // namespace farshore::sim
