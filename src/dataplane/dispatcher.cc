#include "dataplane/dispatcher.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace farshore::dataplane {

Dispatcher::~Dispatcher() = default;

void Dispatcher::set_pools(std::vector<RegionPool*> pools) {
    pools_ = std::move(pools);
    traffic_.resize(pools_.size());
}

void Dispatcher::submit(std::unique_ptr<Exchange> exchange) {
    exchange->number = ++last_number_;
    exchange->arrived_at = *environment_.now;
    prepare(*exchange);
    place(std::move(exchange));
}

// What can be done once, whichever Region it goes to in the end.
void Dispatcher::prepare(Exchange& exchange) {
    if (environment_.learns_updates && exchange.operation.name == "UpdateItem" &&
        !unlearned_.has(exchange.body, *environment_.now)) {
        LearningPlan plan = plan_learning(exchange.body);
        exchange.learning = plan.learning;
        exchange.asked_body = std::move(plan.asked_body);
    }
    if (exchange.learning == Learning::asked_by_us || exchange.payload_hash.empty()) {
        exchange.payload_hash = sigv4::sha256_hex(
            exchange.learning == Learning::asked_by_us ? exchange.asked_body : exchange.body
        );
    }
}

void Dispatcher::place(std::unique_ptr<Exchange> exchange) {
    if (winding_down_) {
        answer_own(*exchange, OwnAnswer::stopping);
        return;
    }
    if (!environment_.writer->ready()) {
        answer_own(*exchange, OwnAnswer::no_credentials);
        return;
    }
    while (true) {
        const RouteWord word = environment_.route->word();
        if (needs_permission(exchange->operation.kind) &&
            !environment_.route->may_write(word, environment_.clock->now())) {
            park_or_refuse(std::move(exchange), word);
            return;
        }
        exchange->region = word.active;
        exchange->epoch = word.epoch;
        // The request that has waited longest goes first.
        const Lane& lane = traffic_[word.active].lane_of(*exchange);
        const bool first = lane.waiting.empty() || lane.waiting.begin()->first > exchange->number;
        UpstreamConnection* connection = first && lane.busy < environment_.limits->connections_max
                                             ? pools_[word.active]->take()
                                             : nullptr;
        if (connection == nullptr) {
            wait_for_connection(std::move(exchange));
            return;
        }
        if (forward(exchange, *connection)) {
            return;
        }
    }
}

bool Dispatcher::forward(std::unique_ptr<Exchange>& exchange, UpstreamConnection& connection) {
    Exchange& mine = *exchange;
    const bool is_write = needs_permission(mine.operation.kind);
    const RegionPool& pool = *pools_[mine.region];
    std::string request = environment_.writer->write(
        {.fields = &mine.request.fields,
         .body = mine.learning == Learning::asked_by_us ? mine.asked_body : mine.body,
         .payload_hash = mine.payload_hash,
         .plain_answer = is_write},
        pool.destination(),
        environment_.clock->wall()
    );
    const Instant now = environment_.clock->now();
    const RouteWord word = environment_.route->word();
    const core::WritesPermitted permission = environment_.route->permission();
    if (is_write &&
        (word.epoch != mine.epoch || word.active != mine.region || word.state != WriteState::open ||
         permission.epoch != mine.epoch || now >= permission.until)) {
        // INV-S1: the last look is the one that counts. The connection is as good as before.
        pools_[mine.region]->give_back(connection);
        return false;
    }
    mine.bytes_sending = request.size();
    if (!mine.memory.fit(mine.bytes_held())) {
        pools_[mine.region]->give_back(connection);
        answer_own(mine, OwnAnswer::overloaded);
        exchange.reset();
        return true;
    }
    mine.connection = &connection;
    mine.sent_at = now;
    mine.waited_for_client = Duration::zero();
    mine.status = 0;
    mine.answer_head.clear();
    mine.answer_body.clear();
    const Duration patience = environment_.limits->upstream_timeout;
    const Duration within = is_write ? std::min(patience, permission.until - now) : patience;
    if (!connection.send(std::move(request), within, mine)) {
        mine.connection = nullptr;
        mine.bytes_sending = 0;
        return false;
    }
    if (is_write) {
        writes_.sent(mine.epoch, permission.until);
        environment_.counters->in_flight_writes.set(writes_.count());
    }
    ++traffic_[mine.region].lane_of(mine).busy;
    put_in_flight(traffic_[mine.region].in_flight, std::move(exchange));
    note_oldest(mine.region);
    return true;
}

// Two of the same moment stand one behind the other.
void Dispatcher::put_in_flight(Queue& queue, std::unique_ptr<Exchange> exchange) {
    Exchange& mine = *exchange;
    mine.send_number = static_cast<std::uint64_t>(mine.sent_at.time_since_epoch().count());
    while (!queue.try_emplace(mine.send_number, std::move(exchange)).second) {
        ++mine.send_number;
    }
}

// What waits for its application waits for no Region.
void Dispatcher::note_oldest(RegionIndex region) {
    const Queue& queue = traffic_[region].in_flight;
    pools_[region]->counters().slow.set(traffic_[region].slow.size());
    Since& oldest = pools_[region]->counters().oldest_request;
    if (queue.empty()) {
        oldest.clear();
    } else {
        oldest.set(queue.begin()->second->sent_at);
    }
}

void Dispatcher::waits_for_client(Exchange& exchange) {
    if (exchange.waits_for_client_since) {
        return;
    }
    exchange.waits_for_client_since = environment_.clock->now();
    Traffic& traffic = traffic_[exchange.region];
    traffic.slow.insert(traffic.in_flight.extract(exchange.send_number));
    note_oldest(exchange.region);
}

void Dispatcher::client_reads_again(Exchange& exchange) {
    if (!exchange.waits_for_client_since) {
        return;
    }
    const Duration waited = environment_.clock->now() - *exchange.waits_for_client_since;
    exchange.waits_for_client_since.reset();
    exchange.waited_for_client += waited;
    exchange.sent_at += waited;
    Traffic& traffic = traffic_[exchange.region];
    auto node = traffic.slow.extract(exchange.send_number);
    put_in_flight(traffic.in_flight, std::move(node.mapped()));
    note_oldest(exchange.region);
}

void Dispatcher::wait_for_connection(std::unique_ptr<Exchange> exchange) {
    const RegionIndex region = exchange->region;
    Lane& lane = traffic_[region].lane_of(*exchange);
    // Those that find no slot are served when one is given back.
    if (lane.busy < environment_.limits->connections_max &&
        !pools_[region]->demand(lane.waiting.size() + 1)) {
        fail_without_upstream(*exchange);
        return;
    }
    lane.waiting.emplace(exchange->number, std::move(exchange));
}

void Dispatcher::park_or_refuse(std::unique_ptr<Exchange> exchange, RouteWord word) {
    const Instant now = *environment_.now;
    const Duration stopped_for = now - environment_.route->stopped_since(now);
    const core::Parked with_it{
        .writes = parked_.size() + 1,
        .bytes = parked_bytes_ + exchange->body.size() + exchange->head.size()
    };
    switch (core::judge_parking(environment_.limits->parking, with_it, stopped_for)) {
        case core::Parking::refused:
            answer_own(
                *exchange,
                word.state == WriteState::fenced ? OwnAnswer::fenced : OwnAnswer::switching
            );
            return;
        case core::Parking::overloaded: answer_own(*exchange, OwnAnswer::overloaded); return;
        case core::Parking::waits: break;
    }
    parked_bytes_ = with_it.bytes;
    parked_.emplace(exchange->number, std::move(exchange));
    environment_.counters->parked.set(parked_.size());
    environment_.counters->parked_bytes.set(parked_bytes_);
}

std::unique_ptr<Exchange> Dispatcher::unpark(Queue::iterator at) {
    std::unique_ptr<Exchange> exchange = std::move(at->second);
    parked_.erase(at);
    parked_bytes_ -= exchange->body.size() + exchange->head.size();
    environment_.counters->parked.set(parked_.size());
    environment_.counters->parked_bytes.set(parked_bytes_);
    return exchange;
}

void Dispatcher::follow_route() {
    const RouteWord word = environment_.route->word();
    // Requests that wait for a connection to another Region are placed again, in order of arrival.
    Queue again;
    for (std::size_t region = 0; region < traffic_.size(); ++region) {
        for (Lane& lane : traffic_[region].lanes) {
            if (region != word.active) {
                again.merge(lane.waiting);
            }
        }
    }
    if (environment_.route->may_write(word, environment_.clock->now())) {
        while (!parked_.empty()) {
            std::unique_ptr<Exchange> exchange = unpark(parked_.begin());
            again.emplace(exchange->number, std::move(exchange));
        }
    }
    for (auto& [number, exchange] : again) {
        place(std::move(exchange));
    }
}

void Dispatcher::connection_available(RegionIndex region) {
    for (const Kind kind : kKinds) {
        serve_lane(region, kind);
    }
}

void Dispatcher::serve_lane(RegionIndex region, Kind kind) {
    Lane& lane = traffic_[region].lane(kind);
    Queue& queue = lane.waiting;
    const std::size_t busy_max = environment_.limits->connections_max;
    while (!queue.empty() && lane.busy < busy_max) {
        UpstreamConnection* connection = pools_[region]->take();
        if (connection == nullptr) {
            pools_[region]->demand(std::min(queue.size(), busy_max - lane.busy));
            return;
        }
        std::unique_ptr<Exchange> exchange = std::move(queue.begin()->second);
        queue.erase(queue.begin());
        const RouteWord word = environment_.route->word();
        exchange->epoch = word.epoch;
        if (word.active == region && forward(exchange, *connection)) {
            continue;
        }
        if (connection->state() == UpstreamConnection::State::idle && word.active != region) {
            pools_[region]->give_back(*connection);
        }
        place(std::move(exchange));
    }
}

void Dispatcher::connecting_failed(RegionIndex region, bool hopeless) {
    Queue failed;
    for (Lane& lane : traffic_[region].lanes) {
        if (hopeless) {
            failed.merge(lane.waiting);
        } else {
            pools_[region]->demand(
                std::min(lane.waiting.size(), environment_.limits->connections_max - lane.busy)
            );
        }
    }
    for (auto& [number, exchange] : failed) {
        fail_without_upstream(*exchange);
    }
}

// The application's request failed for want of a connection: evidence like any other failure.
void Dispatcher::fail_without_upstream(Exchange& exchange) {
    if (pools_[exchange.region]->lacks_means()) {
        answer_own(exchange, OwnAnswer::overloaded);
        return;
    }
    RegionCounters& counters = pools_[exchange.region]->counters();
    const std::string why{counters.last_error()};
    counters.failed(Path::passive, *environment_.now, why);
    answer_own(exchange, OwnAnswer::no_upstream, why);
}

void Dispatcher::abandon(Exchange& exchange) {
    exchange.sink = nullptr;
    if (const auto at = parked_.find(exchange.number);
        at != parked_.end() && at->second.get() == &exchange) {
        unpark(at);
        return;
    }
    Queue& waiting = traffic_[exchange.region].lane_of(exchange).waiting;
    if (const auto at = waiting.find(exchange.number); at != waiting.end()) {
        waiting.erase(at);
        return;
    }
    if (exchange.connection != nullptr && !needs_permission(exchange.operation.kind)) {
        UpstreamConnection* connection = exchange.connection;
        connection->close();
        pools_[exchange.region]->discard(*connection);
        gone_.push_back(take_in_flight(exchange));
    }
}

}  // namespace farshore::dataplane
