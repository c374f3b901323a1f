#include "core/loss/settling.h"

#include <algorithm>
#include <utility>

namespace farshore::core {

namespace {

constexpr std::size_t kRowsPerCommit = 500;
// How long what a fence that runs has named stays in memory alone, how soon a refused commit is
// made again, and how soon the end of an operation is noticed.
constexpr Duration kTurn = std::chrono::milliseconds{500};

}  // namespace

std::vector<LossAction> Settling::step(const LossMoment& moment, LossInput input) {
    if (ended_) {
        return {};
    }
    moment_ = moment;
    std::visit([this](auto& event) { on(std::move(event)); }, input);
    tell();
    close_settled();
    if (ended_) {
        actions_.clear();
    }
    moment_.operation = nullptr;
    return std::exchange(actions_, {});
}

std::optional<Instant> Settling::next_deadline() const {
    std::optional<Instant> due;
    const auto consider = [&due](Instant at) {
        due = std::min(due.value_or(at), at);
    };
    for (const auto& [operation, open] : open_) {
        if (open.save_at && open.on_their_way == 0) {
            consider(*open.save_at);
        }
        if (!open.examined) {
            consider(turned_at_.value_or(open.opened_at) + kTurn);
        } else if (!open.book.settled() && !open.looking) {
            consider(open.look_at);
        }
    }
    return ended_ ? std::nullopt : due;
}

const LossBook* Settling::find(const OperationId& operation) const {
    const auto found = open_.find(operation);
    return found == open_.end() ? nullptr : &found->second.book;
}

std::map<OperationId, std::uint64_t> Settling::open_writes() const {
    std::map<OperationId, std::uint64_t> writes;
    for (const auto& [operation, open] : open_) {
        if (open.book.open_writes() > 0) {
            writes.emplace(operation, open.book.open_writes());
        }
    }
    return writes;
}

Settling::Open* Settling::find_open(const OperationId& operation) {
    const auto found = open_.find(operation);
    return found == open_.end() ? nullptr : &found->second;
}

Settling::Open& Settling::open(const Plan& plan) {
    const auto [at, is_new] = open_.try_emplace(plan.id);
    if (is_new) {
        at->second.from = plan.from;
        at->second.to = plan.to;
        at->second.epoch_before = plan.epoch_before;
        at->second.opened_at = moment_.now.at;
        at->second.look_at = moment_.now.at;
    }
    return at->second;
}

bool Settling::is_current(const OperationId& operation) const {
    return moment_.operation != nullptr && moment_.operation->plan.id == operation;
}

void Settling::on(KeptBook input) {
    if (open_.contains(input.operation.plan.id)) {
        return;  // what is in memory is newer
    }
    Open& open = this->open(input.operation.plan);
    open.book = std::move(input.book);
    open.examined = input.operation.ended();
    open.told = open.book.open_writes();
}

void Settling::on(const LossesDue& input) {
    turned_at_ = moment_.now.at;
    for (auto& [operation, open] : open_) {
        end_without_losses(operation, open);
        const bool due = open.look_at <= moment_.now.at;
        if (due && open.examined && !open.book.settled() && !open.looking) {
            look(operation, open, input.answering.contains(open.from));
        }
        save(operation, open);
    }
}

void Settling::on(LossDecision input) {
    if (input.kept) {
        on(std::move(*input.kept));
    }
    Open* open = find_open(input.operation);
    if (open == nullptr) {
        return;
    }
    std::vector<At> wanted;
    for (const auto& [at, chain] : open->book.chains()) {
        if (at.first == input.table.value_or(at.first) && !(input.open_only && chain.settled()) &&
            (input.keys.empty() || input.keys.contains(at.second))) {
            wanted.push_back(at);
        }
    }
    SaveLosses save{.ticket = ++tickets_, .operation = input.operation};
    for (const At& at : wanted) {
        const bool decided = open->book.change(at, [&](KeyChain& chain) {
            const std::size_t writes = chain.decide(input.fate, moment_.now.wall, input.reason);
            save.decided += writes;
            return writes > 0;
        });
        if (decided) {
            save.keys.push_back(at);
        }
    }
    if (save.decided == 0) {
        return;
    }
    savings_.emplace(
        save.ticket,
        Saving{.operation = input.operation, .keys = {save.keys.begin(), save.keys.end()}}
    );
    ++open->on_their_way;
    actions_.emplace_back(std::move(save));
}

void Settling::changed(Open& open, const At& at) {
    open.unsaved.insert(at);
    open.save_at = open.save_at.value_or(moment_.now.at + kTurn);
}

void Settling::book_changed(Open& open) {
    open.book_unsaved = true;
    open.save_at = open.save_at.value_or(moment_.now.at + kTurn);
}

// One commit of a book at a time: what changes meanwhile joins the next one.
void Settling::save(const OperationId& operation, Open& open) {
    if (open.on_their_way > 0 || open.is_saved()) {
        return;
    }
    SaveLosses save{.ticket = ++tickets_, .operation = operation};
    while (!open.unsaved.empty() && save.keys.size() < kRowsPerCommit) {
        save.keys.push_back(open.unsaved.extract(open.unsaved.begin()).value());
    }
    open.book_unsaved = false;
    open.save_at.reset();
    ++open.on_their_way;
    savings_.emplace(
        save.ticket, Saving{.operation = operation, .keys = {save.keys.begin(), save.keys.end()}}
    );
    actions_.emplace_back(std::move(save));
}

void Settling::on(const LossesSaved& input) {
    auto saving = savings_.extract(input.ticket);
    if (input.end == SaveEnd::ended) {
        // A host that is not told "durable" names its writes again, to the controller that leads.
        ended_ = true;
        return;
    }
    Open* open = saving.empty() ? nullptr : find_open(saving.mapped().operation);
    if (open == nullptr) {
        return;
    }
    const OperationId operation = saving.mapped().operation;
    --open->on_their_way;
    if (input.end == SaveEnd::refused) {
        open->unsaved.merge(saving.mapped().keys);
        open->book_unsaved = true;
        open->save_at = moment_.now.at + kTurn;
        saved(operation);
        return;
    }
    save(operation, *open);
    if (open->is_saved()) {
        saved(operation);
    }
}

// Also when the store refuses: what waits does not wait for a disk that is full.
void Settling::saved(const OperationId& operation) {
    for (Waiting& each : waiting_) {
        each.books.erase(operation);
    }
    std::erase_if(waiting_, [this](Waiting& each) {
        const bool over = each.books.empty() && each.searches.empty();
        if (over) {
            actions_.push_back(std::move(each.then));
        }
        return over;
    });
}

void Settling::wait(Waiting waiting) {
    for (const auto& id : std::set<OperationId>{waiting.books}) {
        Open& open = *find_open(id);
        save(id, open);
        if (open.is_saved()) {
            waiting.books.erase(id);
        }
    }
    if (waiting.books.empty() && waiting.searches.empty()) {
        actions_.push_back(std::move(waiting.then));
    } else {
        waiting_.push_back(std::move(waiting));
    }
}

// The app's core decides by it whether a planned change may begin.
void Settling::tell() {
    for (auto& [operation, open] : open_) {
        const std::uint64_t writes = open.book.open_writes();
        if (writes > open.told || (writes < open.told && open.is_saved())) {
            open.told = writes;
            actions_.emplace_back(LossesOpen{.operation = operation, .writes = writes});
        }
    }
}

// The store has all of it; a host that comes back later opens it again.
void Settling::close_settled() {
    std::erase_if(open_, [this](const auto& entry) {
        const auto& [operation, open] = entry;
        return !is_current(operation) && open.examined && open.book.settled() && open.is_saved();
    });
}

}  // namespace farshore::core
