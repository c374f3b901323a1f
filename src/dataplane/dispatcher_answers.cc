#include <algorithm>
#include <utility>

#include "base/assert.h"

#include "dataplane/dispatcher.h"
#include "dataplane/repeatable.h"
#include "dataplane/service_code.h"
#include "dataplane/update_learning.h"

// The second half of a request's life: answers, breakages, deadlines.
namespace farshore::dataplane {

namespace {

// A read that the Region left behind has not begun to answer after this is asked again in the new
// one. Longer than a healthy Region's answer takes, so that a planned switch recalls nothing.
constexpr Duration kRecallAfter = std::chrono::milliseconds{250};
// An answer that has waited for its application for so long gives way to a read that waits for a
// connection. An application that reads at all takes a full buffer in within milliseconds.
constexpr Duration kSlowForLong = std::chrono::milliseconds{500};

}  // namespace

void Dispatcher::answer_own(Exchange& exchange, OwnAnswer which, std::string_view detail) {
    if (exchange.sink == nullptr) {
        return;
    }
    if (which == OwnAnswer::fenced) {
        environment_.counters->answered_denied.add();
    } else if (which != OwnAnswer::not_repeatable) {
        environment_.counters->answered_unavailable.add();
    }
    std::string message;
    if (!detail.empty() && which == OwnAnswer::no_upstream) {
        message = "The active Region cannot be reached: " + std::string{detail};
    } else if (!detail.empty() && which == OwnAnswer::not_repeatable) {
        message =
            std::string{detail} +
            " The outcome is unknown: the write may have taken effect, and a repetition "
            "could count twice or be told another outcome. Read the item before you repeat it.";
    }
    AnswerSink& sink = *std::exchange(exchange.sink, nullptr);
    const bool unknown = which == OwnAnswer::outcome_unknown || which == OwnAnswer::not_repeatable;
    const bool close = unknown || closes_after(sink);
    sink.write(own_answer(which, *environment_.rng, {.close = close, .detail = message}));
    sink.finish(close);
}

std::unique_ptr<Exchange> Dispatcher::take_in_flight(Exchange& exchange) {
    Traffic& traffic = traffic_[exchange.region];
    Queue& queue = exchange.waits_for_client_since ? traffic.slow : traffic.in_flight;
    const auto at = queue.find(exchange.send_number);
    FARSHORE_ASSERT(
        at != queue.end() && at->second.get() == &exchange,
        "an answer belongs to a request in flight"
    );
    std::unique_ptr<Exchange> mine = std::move(at->second);
    queue.erase(at);
    --traffic.lane_of(*mine).busy;
    mine->connection = nullptr;
    mine->waits_for_client_since.reset();
    mine->bytes_sending = 0;
    note_oldest(mine->region);
    return mine;
}

void Dispatcher::note_write(const Exchange& exchange, bool acknowledged) {
    if (exchange.operation.kind != OperationClass::write) {
        return;
    }
    // Batches are answered 200 though parts of them were not done.
    const bool tells = exchange.learning != Learning::none ||
                       exchange.operation.name == "BatchWriteItem" ||
                       exchange.operation.name == "BatchExecuteStatement";
    environment_.ledger->push({
        .operation = std::string{exchange.operation.name},
        .request = exchange.body,
        .answer = acknowledged && tells ? exchange.answer_body : std::string{},
        .at = environment_.clock->wall(),
        .ended_at = environment_.clock->now(),
        .epoch = exchange.epoch,
        .acknowledged = acknowledged,
    });
}

void Dispatcher::answered(Exchange& exchange) {
    RegionCounters& counters = pools_[exchange.region]->counters();
    const Instant now = environment_.clock->now();
    const Duration latency = now - exchange.sent_at;
    counters.observe_latency(latency);
    const std::string_view code = service_code(exchange.status, exchange.answer_body);
    judge_region(exchange, code, now);
    const RegionIndex region = exchange.region;
    std::unique_ptr<Exchange> mine = take_in_flight(exchange);
    if (needs_permission(mine->operation.kind) && mine->status == 200 &&
        now >= writes_.permitted_until(mine->epoch, environment_.route->permission())) {
        // INV-S1: another Region may take writes since. The client gets no acknowledgement.
        outcome_unknown(*mine);
        write_left(*mine);
        connection_available(region);
        return;
    }
    if (mine->operation.kind == OperationClass::write && mine->status == 200) {
        counters.acknowledged_writes.add();
        environment_.counters->acknowledged(mine->epoch, pools_[region]->upstream().region);
        if (mine->operation.name == "BatchExecuteStatement" &&
            mine->answer_body.contains("\"InternalServerError\"")) {
            count_unknown(region);  // of one statement
        }
        note_write(*mine, true);
    } else if (needs_permission(mine->operation.kind) && mine->status >= 500) {
        // A server error does not say whether the write took effect, and SDKs repeat what they get
        // one for.
        const std::string detail = "The Region answered " + std::to_string(mine->status) + ".";
        note_unknown(*mine);
        if (!may_be_repeated(mine->operation, mine->body)) {
            answer_own(*mine, OwnAnswer::not_repeatable, detail);
        }
    } else if (!needs_permission(mine->operation.kind)) {
        counters.answered_reads.add();
    }
    if (mine->sink == nullptr || !send_better(mine, code)) {
        deliver(*mine);
        write_left(*mine);
    }
    connection_available(region);
}

void Dispatcher::judge_region(const Exchange& exchange, std::string_view code, Instant now) {
    RegionCounters& counters = pools_[exchange.region]->counters();
    if (exchange.status >= 500) {
        counters.failed(
            Path::passive, now, "the Region answered " + std::to_string(exchange.status)
        );
    } else if (sigv4::refuses_the_signer(code)) {
        // The application is not served, also where the cause is this host's own keys.
        counters.failed(
            Path::passive, now, "the Region refused our signature: " + std::string{code}
        );
    } else {
        counters.succeeded(Path::passive, now - exchange.sent_at);
    }
}

bool Dispatcher::send_better(std::unique_ptr<Exchange>& exchange, std::string_view code) {
    Exchange& mine = *exchange;
    // A refusal had no effect: sending it again repeats nothing.
    if (mine.learning == Learning::asked_by_us && code == "AccessDeniedException") {
        unlearned_.add(mine.body, *environment_.now);
        mine.learning = Learning::none;
        mine.asked_body.clear();
        mine.payload_hash = sigv4::sha256_hex(mine.body);
    } else if (!mine.signed_again && mine.answered_at && sigv4::refuses_the_date(code) &&
               environment_.writer->learn_time(*mine.answered_at, environment_.clock->wall())) {
        mine.signed_again = true;
    } else {
        return false;
    }
    write_left(mine);
    place(std::move(exchange));
    return true;
}

void Dispatcher::deliver(Exchange& exchange) {
    if (exchange.sink == nullptr) {
        return;
    }
    const bool close = closes_after(*exchange.sink);
    if (exchange.buffered) {
        if (exchange.learning == Learning::asked_by_us && exchange.status == 200) {
            if (auto plain = without_attributes(exchange.answer_body)) {
                exchange.answer_body = std::move(*plain);
            }
            exchange.answer_head += "x-amz-crc32: " + crc32_text(exchange.answer_body) + "\r\n";
        }
        exchange.answer_head +=
            "Content-Length: " + std::to_string(exchange.answer_body.size()) + "\r\n";
        exchange.answer_head += close ? "Connection: close\r\n\r\n" : "\r\n";
        exchange.sink->write(exchange.answer_head);
        exchange.sink->write(exchange.answer_body);
    } else if (exchange.chunked) {
        exchange.sink->write(http1::kLastChunk);
    }
    if (exchange.sink != nullptr) {
        std::exchange(exchange.sink, nullptr)->finish(close);
    }
}

void Dispatcher::broken(Exchange& exchange, const Breakage& breakage) {
    const RegionIndex region = exchange.region;
    // A Region that gets no further with its answer may well close the connection.
    const bool by_client =
        exchange.waits_for_client_since || exchange.waited_for_client >= kSlowForLong;
    if (!breakage.by_us && !by_client) {
        pools_[region]->counters().failed(Path::passive, *environment_.now, breakage.why);
    }
    report_broken(take_in_flight(exchange), breakage);
    connection_available(region);
}

// The connection of `exchange` is closed by now.
void Dispatcher::report_broken(std::unique_ptr<Exchange> exchange, const Breakage& breakage) {
    const bool is_write = needs_permission(exchange->operation.kind);
    const bool harmless =
        is_write ? !breakage.sent_any : !breakage.answered_any && !exchange->began;
    if (harmless && !exchange->retried) {
        exchange->retried = true;
        write_left(*exchange);
        place(std::move(exchange));
        return;
    }
    if (is_write && breakage.sent_any) {
        outcome_unknown(*exchange);
    } else if (exchange->began && exchange->sink != nullptr) {
        std::exchange(exchange->sink, nullptr)->cut();
    } else {
        answer_own(*exchange, OwnAnswer::no_upstream, breakage.why);
    }
    write_left(*exchange);
}

void Dispatcher::outcome_unknown(Exchange& exchange) {
    note_unknown(exchange);
    answer_own(
        exchange,
        may_be_repeated(exchange.operation, exchange.body) ? OwnAnswer::outcome_unknown
                                                           : OwnAnswer::not_repeatable
    );
}

void Dispatcher::note_unknown(const Exchange& exchange) {
    count_unknown(exchange.region);
    note_write(exchange, false);
}

void Dispatcher::count_unknown(RegionIndex region) {
    RegionCounters& counters = pools_[region]->counters();
    counters.unknown_outcomes.add();
    counters.newest_unknown.set(environment_.clock->now());
}

void Dispatcher::cut_one(Exchange& exchange, std::string_view why) {
    UpstreamConnection* connection = exchange.connection;
    connection->close();
    pools_[exchange.region]->discard(*connection);
    std::unique_ptr<Exchange> mine = take_in_flight(exchange);
    mine->retried = true;
    report_broken(
        std::move(mine), {.why = std::string{why}, .sent_any = true, .answered_any = true}
    );
}

void Dispatcher::tick() {
    const Instant now = *environment_.now;
    gone_.clear();
    expire_permissions();
    // A permission that came just as the one before it ended has not reached the parked requests.
    if (!parked_.empty() && environment_.route->may_write(environment_.route->word(), now)) {
        follow_route();
    }
    expire_parked(now);
    expire_waiting(now);
    expire_in_flight(now);
    expire_slow(now);
    recall_reads(now);
    expire_waiters(now);
    if (winding_down_ && winding_down_->then) {
        finish_winding_down(now);
    }
    for (std::size_t region = 0; region < traffic_.size(); ++region) {
        connection_available(static_cast<RegionIndex>(region));
    }
}

void Dispatcher::expire_parked(Instant now) {
    const Duration patience = environment_.route->parked_for_max();
    while (!parked_.empty() && now - parked_.begin()->second->arrived_at >= patience) {
        const std::unique_ptr<Exchange> exchange = unpark(parked_.begin());
        answer_own(*exchange, OwnAnswer::switching);
    }
}

void Dispatcher::expire_waiting(Instant now) {
    constexpr std::string_view kWhy = "no connection became free in time";
    const Duration patience =
        environment_.route->parked_for_max() + environment_.limits->connect_timeout;
    for (std::size_t region = 0; region < traffic_.size(); ++region) {
        Traffic& traffic = traffic_[region];
        for (const Kind kind : kKinds) {
            Queue& queue = traffic.lane(kind).waiting;
            while (!queue.empty() && now - queue.begin()->second->arrived_at >= patience) {
                const std::unique_ptr<Exchange> exchange = std::move(queue.begin()->second);
                queue.erase(queue.begin());
                // Connections that wait for applications are no failure of the Region's.
                if (kind == Kind::read && !traffic.slow.empty()) {
                    answer_own(*exchange, OwnAnswer::overloaded);
                    continue;
                }
                pools_[region]->counters().failed(Path::passive, now, kWhy);
                answer_own(*exchange, OwnAnswer::no_upstream, kWhy);
            }
        }
    }
}

// A slow application costs itself: its answer is broken off when it has taken too long in all, or
// when a read waits and every connection for reads is taken.
void Dispatcher::expire_slow(Instant now) {
    const Limits& limits = *environment_.limits;
    for (Traffic& traffic : traffic_) {
        if (traffic.slow.empty()) {
            continue;
        }
        Lane& reads = traffic.lane(Kind::read);
        std::size_t wanted = reads.busy >= limits.connections_max ? reads.waiting.size() : 0;
        std::vector<Exchange*> slow;
        for (const auto& [number, exchange] : traffic.slow) {
            slow.push_back(exchange.get());
        }
        std::ranges::sort(slow, {}, [](const Exchange* one) {
            return *one->waits_for_client_since;
        });
        for (Exchange* exchange : slow) {
            const Duration waits = now - *exchange->waits_for_client_since;
            const bool gives_way = wanted > 0 && waits >= kSlowForLong;
            if (gives_way || exchange->waited_for_client + waits >= limits.client_stalled_max) {
                wanted -= gives_way ? 1 : 0;
                cut_one(*exchange, "the application does not take its answer in");
            }
        }
    }
}

void Dispatcher::expire_in_flight(Instant now) {
    for (std::size_t region = 0; region < traffic_.size(); ++region) {
        Queue& queue = traffic_[region].in_flight;
        while (!queue.empty() &&
               now - queue.begin()->second->sent_at >= environment_.limits->upstream_timeout) {
            pools_[region]->counters().failed(Path::passive, now, "no answer in time");
            cut_one(*queue.begin()->second, "no answer in time");
        }
    }
}

// Reads follow the active Region even when they are already waiting in a silent one.
void Dispatcher::recall_reads(Instant now) {
    const RouteWord word = environment_.route->word();
    std::vector<Exchange*> stuck;
    for (std::size_t region = 0; region < traffic_.size(); ++region) {
        if (region == word.active) {
            continue;
        }
        for (const auto& [number, exchange] : traffic_[region].in_flight) {
            if (now - exchange->sent_at < kRecallAfter) {
                break;
            }
            if (!needs_permission(exchange->operation.kind) && exchange->status == 0 &&
                exchange->sink != nullptr) {
                stuck.push_back(exchange.get());
            }
        }
    }
    for (Exchange* exchange : stuck) {
        exchange->connection->close();
        pools_[exchange->region]->discard(*exchange->connection);
        place(take_in_flight(*exchange));
    }
}

Instant Dispatcher::next_deadline() {
    Instant next = writes_.next_end(environment_.route->permission());
    const Limits& limits = *environment_.limits;
    if (!parked_.empty()) {
        const Duration patience = environment_.route->parked_for_max();
        next = std::min(next, parked_.begin()->second->arrived_at + patience);
    }
    for (std::size_t region = 0; region < traffic_.size(); ++region) {
        const Traffic& traffic = traffic_[region];
        if (std::ranges::any_of(traffic.lanes, [](const Lane& lane) {
                return !lane.waiting.empty();
            })) {
            // Connections are tried again at the pool's own pace.
            next = std::min(next, *environment_.now + std::chrono::milliseconds{50});
        }
        if (!traffic.in_flight.empty()) {
            next = std::min(
                next, traffic.in_flight.begin()->second->sent_at + limits.upstream_timeout
            );
            if (region != environment_.route->word().active) {
                next = std::min(next, *environment_.now + kRecallAfter / 5);
            }
        }
    }
    if (winding_down_ && winding_down_->then) {
        next = std::min(next, winding_down_->deadline);
    }
    return std::min(next, quiet_waits_.next_deadline());
}

}  // namespace farshore::dataplane
