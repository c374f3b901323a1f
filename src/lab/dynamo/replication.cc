#include "lab/dynamo/replication.h"

#include <algorithm>

#include "lab/dynamo/item_digest.h"

namespace farshore::lab::dynamo {
namespace {

// So many deliveries per turn of the loop: requests must not wait behind a resumed link.
constexpr int kDeliveriesPerTurn = 500;
constexpr int kCopiesPerTurn = 500;

// A blocked link looks again this often, in case a fault ends by the clock alone.
constexpr Duration kBlockedPause = std::chrono::milliseconds{200};

}  // namespace

Replication::Replication(
    net::Io& io, Options options, Cluster& cluster, FaultBoard& board, const ports::Clock& clock
)
    : io_(io),
      options_(options),
      cluster_(cluster),
      board_(board),
      clock_(clock),
      rng_(options.seed) {
    subscription_ = board_.subscribe([this] { board_changed(); });
}

Replication::~Replication() {
    *alive_ = false;
}

Replication::Link& Replication::link(const Ends& ends) {
    std::unique_ptr<Link>& slot = links_[ends];
    if (!slot) {
        slot = std::make_unique<Link>(io_);
    }
    return *slot;
}

Duration Replication::draw_lag() {
    const Duration spread = std::max(options_.lag.most - options_.lag.least, Duration::zero());
    return options_.lag.least + Duration{static_cast<Duration::rep>(
                                    rng_.below(static_cast<std::uint64_t>(spread.count()) + 1)
                                )};
}

void Replication::send(const RegionId& from, const Table& table, const ReplicatedWrite& write) {
    const Instant now = clock_.now();
    for (const auto& [to, replica] : table.replicas) {
        enqueue({from, to}, {.write = write, .sent = now, .due = now + draw_lag()});
    }
}

void Replication::enqueue(const Ends& ends, Entry entry) {
    if (stopped_) {
        return;
    }
    Link& to = link(ends);
    Totals& totals = to.totals[entry.write.table];
    const bool full = !entry.copy && to.waiting.size() >= options_.waiting_max;
    if (full) {
        const auto [copying, fresh] = to.copying.try_emplace(entry.write.table);
        copying->second.again = !fresh;
        return;
    }
    totals.waiting += 1;
    totals.copies += entry.copy ? 1 : 0;
    const Instant due = entry.due;
    const bool first = to.waiting.empty() || due < to.waiting.begin()->first;
    to.waiting.emplace(due, std::move(entry));
    if (first || !to.armed) {
        arm(ends);
    }
}

void Replication::arm(const Ends& ends) {
    Link& of = link(ends);
    if (stopped_ || (of.waiting.empty() && of.copying.empty())) {
        of.armed = false;
        return;
    }
    Duration pause{};
    if (!of.waiting.empty() && (of.copying.empty() || !has_room(of.waiting.size()))) {
        pause = std::max(of.waiting.begin()->first - clock_.now(), Duration::zero());
    }
    if (board_.replication_blocked(ends.first, ends.second)) {
        pause = std::max(pause, kBlockedPause);
    }
    of.armed = true;
    of.timer.expires_after(pause);
    of.timer.async_wait([this, ends, alive = alive_](const boost::system::error_code& error) {
        if (!error && *alive) {
            deliver_due(ends);
        }
    });
}

void Replication::deliver_due(const Ends& ends) {
    Link& of = link(ends);
    const Instant now = clock_.now();
    if (board_.replication_blocked(ends.first, ends.second)) {
        arm(ends);
        return;
    }
    for (int i = 0;
         i < kDeliveriesPerTurn && !of.waiting.empty() && of.waiting.begin()->first <= now;
         ++i) {
        Entry entry = std::move(of.waiting.begin()->second);
        of.waiting.erase(of.waiting.begin());
        deliver(ends, std::move(entry));
    }
    copy_some(ends);
    arm(ends);
}

void Replication::deliver(const Ends& ends, Entry entry) {
    Totals& totals = link(ends).totals[entry.write.table];
    totals.waiting -= 1;
    totals.copies -= entry.copy ? 1 : 0;
    Region* target = cluster_.find(ends.second);
    if (target == nullptr) {
        return;
    }
    const Result<WriteOutcome> outcome = target->apply(entry.write, entry.copy);
    if (!outcome) {
        // A replica whose disk is full, or that is gone, gets the write when everything is copied.
        if (outcome.error().kind != ErrorKind::not_found) {
            link(ends).copying[entry.write.table].again = true;
        }
        return;
    }
    totals.delivered += 1;
    totals.suppressed += *outcome == WriteOutcome::suppressed && !entry.copy ? 1 : 0;
    if (!entry.copy) {
        totals.last_lag = clock_.now() - entry.sent;
    }
}

bool Replication::has_room(std::size_t waiting) const {
    return waiting < options_.waiting_max / 2;
}

void Replication::copy_all(const RegionId& from, const RegionId& to, const TableName& table) {
    const auto [copying, fresh] = link({from, to}).copying.try_emplace(table);
    copying->second.again = !fresh;
    arm({from, to});
}

void Replication::copy_some(const Ends& ends) {
    Link& of = link(ends);
    for (auto at = of.copying.begin(); at != of.copying.end() && has_room(of.waiting.size());) {
        const bool done = copy_table(ends, at->first, at->second);
        if (done && std::exchange(at->second.again, false)) {
            at->second.next.clear();
            return;
        }
        if (!done) {
            return;
        }
        at = of.copying.erase(at);
    }
}

// True when the walk has come to the table's end.
bool Replication::copy_table(const Ends& ends, const TableName& table, Copying& state) {
    Region* source = cluster_.find(ends.first);
    const Table* found = source == nullptr ? nullptr : source->find(table);
    if (found == nullptr) {
        return true;
    }
    const KeySchema& schema = found->definition.schema;
    const Instant now = clock_.now();
    const ItemStore::Order order{.forward = true, .with_deleted = true};
    const LocationRange rest{.from = state.next, .to = {}};
    int copied = 0;
    bool more = false;
    const Status visited = source->store().visit(
        found->number,
        rest,
        order,
        [&](std::string_view where, StoredItem stored) {
            more = copied == kCopiesPerTurn || link(ends).waiting.size() >= options_.waiting_max;
            if (more) {
                state.next = std::string{where};
                return false;
            }
            copied += 1;
            ReplicatedWrite write{
                .table = table, .location = std::string{where}, .key = {}, .op = "Copy"
            };
            write.digest = stored.deleted ? std::string{kAbsentDigest} : item_digest(stored.item);
            const Answer<Item> key = key_of(schema, stored.item);
            write.key = key ? canonical_text(*key) : std::string{};
            write.stored = std::move(stored);
            enqueue(
                ends,
                {.write = std::move(write), .sent = now, .due = now + draw_lag(), .copy = true}
            );
            return true;
        }
    );
    return visited && !more;
}

bool Replication::copying(const RegionId& from, const RegionId& to, const TableName& table) const {
    for (const Ends& ends : {Ends{from, to}, Ends{to, from}}) {
        const auto found = links_.find(ends);
        if (found == links_.end()) {
            continue;
        }
        const auto totals = found->second->totals.find(table);
        const bool waiting = totals != found->second->totals.end() && totals->second.copies > 0;
        if (waiting || found->second->copying.contains(table)) {
            return true;
        }
    }
    return false;
}

void Replication::forget(const RegionId& region, const TableName& table) {
    for (auto& [ends, of] : links_) {
        if (ends.first != region && ends.second != region) {
            continue;
        }
        std::erase_if(of->waiting, [&table](const auto& entry) {
            return entry.second.write.table == table;
        });
        of->totals.erase(table);
        of->copying.erase(table);
    }
}

void Replication::resume() {
    for (const auto& [id, region] : cluster_.regions) {
        for (const Table* table : region->tables()) {
            for (const auto& [to, replica] : table->replicas) {
                copy_all(id, to, table->definition.name);
            }
        }
    }
}

void Replication::stop() {
    stopped_ = true;
    for (auto& [ends, of] : links_) {
        of->timer.cancel();
    }
}

void Replication::board_changed() {
    for (auto& [ends, of] : links_) {
        if (!of->waiting.empty() && board_.replication_blocked(ends.first, ends.second)) {
            board_.touched_replication(ends.first, ends.second, of->waiting.size());
        }
        arm(ends);
    }
}

LinkState Replication::state_of(const TableName& table, const RegionId& from, const RegionId& to)
    const {
    LinkState state{.table = table, .from = from, .to = to};
    const auto found = links_.find({from, to});
    if (found == links_.end()) {
        return state;
    }
    const Link& link = *found->second;
    const auto totals = link.totals.find(table);
    if (totals == link.totals.end()) {
        return state;
    }
    state.waiting = totals->second.waiting;
    state.delivered = totals->second.delivered;
    state.suppressed = totals->second.suppressed;
    state.last_lag = totals->second.last_lag;
    const Instant now = clock_.now();
    for (const auto& [due, entry] : link.waiting) {
        if (entry.write.table == table) {
            state.oldest_waiting = std::max(state.oldest_waiting, now - entry.sent);
        }
    }
    return state;
}

std::vector<LinkState> Replication::links() const {
    std::vector<LinkState> all;
    for (const auto& [id, region] : cluster_.regions) {
        for (const Table* table : region->tables()) {
            for (const auto& [to, replica] : table->replicas) {
                all.push_back(state_of(table->definition.name, id, to));
            }
        }
    }
    return all;
}

}  // namespace farshore::lab::dynamo
