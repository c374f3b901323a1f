#include "agent/order_desk.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

// A controller waits for one operation's orders at a time; more than this is a controller's
// mistake.
constexpr std::size_t kUnderWayMax = 64;
constexpr std::size_t kFenceEntriesMax = 10'000;
constexpr std::size_t kLedgerEntriesMax = 1'000'000;  // its bytes are bounded, and hold fewer
// About a megabyte: a fence waits for it, and another host's write that is not proven yet is a few
// seconds old, since the Regions are compared where the standby alone proves nothing.
constexpr std::size_t kProvenMax = 4'000;
constexpr Duration kProvenMatters = 1min;
constexpr std::size_t kEntryBytes = 200;  // of an entry's JSON beside its texts
// The fence stands already; this only delays the telling of it, when a table was never seen before.
constexpr Duration kLearnKeysWithin = 300ms;

wire::LedgerEntry to_wire(
    const dataplane::LedgerEntry& entry,
    std::uint64_t order_base,
    const std::set<TableName>& left_out
) {
    return {
        .table = entry.table,
        .key = entry.key,
        .op = entry.operation,
        .at = entry.at,
        .epoch = entry.epoch,
        .hash = entry.digest,
        .acknowledged = entry.acknowledged,
        .order = order_base + entry.number,
        .left_out = left_out.contains(entry.table)
    };
}

// How many of them, from the first one on, an acknowledgement holds.
std::size_t fitting(const std::vector<dataplane::LedgerEntry>& entries) {
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (const dataplane::LedgerEntry& entry : entries) {
        bytes += kEntryBytes + entry.key.size() + entry.table.value().size() +
                 entry.operation.size() + entry.digest.size();
        if (count == kFenceEntriesMax || bytes > wire::kFenceEntriesBytesMax) {
            break;
        }
        ++count;
    }
    return count;
}

}  // namespace

wire::Ack OrderDesk::ack(const Job& job, wire::AckResult result, std::string detail) const {
    return {
        .app = parts_.gate.app().app,
        .host = parts_.host,
        .boot = parts_.boot,
        .order = job.order.number,
        .type = std::string{job.order.type()},
        .result = result,
        .epoch = parts_.gate.machine().epoch(),
        .detail = std::move(detail),
        .unknown = parts_.unknown.now(),
        .body = {}
    };
}

void OrderDesk::answer(const JobPtr& job, wire::AckResult result, std::string_view detail) {
    job->reply(ack(*job, result, std::string{detail}));
}

void OrderDesk::spawn(const char* name, const JobPtr& job, std::function<net::Task<>()> finish) {
    if (under_way_ >= kUnderWayMax) {
        answer(job, wire::AckResult::failed, "too many orders are under way");
        return;
    }
    ++under_way_;
    // The count goes down however the task ends.
    const std::shared_ptr<void> counted(nullptr, [this](void*) { --under_way_; });
    parts_.tasks.spawn(name, [counted, finish = std::move(finish)] { return finish(); });
}

void OrderDesk::take(const wire::Order& order, Reply reply) {
    const auto job = std::make_shared<Job>(parts_.io, order, std::move(reply));
    if (order.app != parts_.gate.app().app) {
        answer(job, wire::AckResult::failed, "the order is for app " + order.app.value());
        return;
    }
    std::visit([&](const auto& body) { begin(job, body); }, job->order.body);
}

void OrderDesk::begin(const JobPtr& job, const wire::RouteOrder& order) {
    const core::HostRoute route{
        .epoch = job->order.epoch, .active = order.active, .users = order.users
    };
    const auto& regions = parts_.gate.app().regions;
    if (std::ranges::find(regions, route.active) == regions.end()) {
        answer(
            job,
            wire::AckResult::failed,
            "this agent's configuration does not know Region " + route.active.value()
        );
        return;
    }
    const core::HostDecision decision =
        parts_.gate.take(core::RouteOrder{route}, {.routed = [job](dataplane::RouteWord) {
                             job->routed = true;
                             job->signal.notify();
                         }});
    if (decision.refused()) {
        answer(job, wire::AckResult::failed, decision.why);
        return;
    }
    const bool adopted = decision.action == core::HostAction::adopt;
    spawn("route order", job, [this, job, route, adopted] {
        return finish_route(job, route, adopted);
    });
}

net::Task<> OrderDesk::finish_route(JobPtr job, core::HostRoute route, bool wait_for_loops) {
    const Status stored = co_await parts_.gate.until_stored(route, 10s);
    if (!stored) {
        answer(job, wire::AckResult::failed, stored.error().text);
        co_return;
    }
    for (int turn = 0; turn < 40 && wait_for_loops && !job->routed; ++turn) {
        co_await job->signal.wait(job->signal.generation(), 50ms);
    }
    if (wait_for_loops && !job->routed) {
        answer(job, wire::AckResult::failed, "the endpoint did not follow the route in time");
        co_return;
    }
    answer(job, wire::AckResult::done, "");
}

void OrderDesk::begin(const JobPtr& job, const wire::HoldOrder& order) {
    const core::HostDecision decision = parts_.gate.take(
        core::HoldOrder{.epoch = job->order.epoch, .length = order.hold},
        {.held =
             [job](dataplane::HoldResult result) {
                 job->held = result;
                 job->signal.notify();
             }}
    );
    if (decision.refused()) {
        answer(job, wire::AckResult::failed, decision.why);
        return;
    }
    const Duration length = std::min<Duration>(order.hold, 1min);
    if (decision.action == core::HostAction::acknowledge) {
        // No write begins here; those that had begun are waited for like in any hold.
        parts_.gate.settle(dataplane::kEveryEpoch, length, [job](dataplane::FenceResult) {
            job->held = dataplane::HoldResult{.in_flight = 0};
            job->signal.notify();
        });
    }
    const Duration at_most = length + 500ms;
    spawn("hold order", job, [this, job, at_most] { return finish_hold(job, at_most); });
}

net::Task<> OrderDesk::finish_hold(JobPtr job, Duration at_most) {
    if (!job->held) {
        co_await job->signal.wait(job->signal.generation(), at_most);
    }
    const std::uint64_t in_flight =
        job->held ? job->held->in_flight : parts_.gate.endpoint().statistics().in_flight_writes;
    const bool quiet = job->held && in_flight == 0;
    wire::Ack done =
        ack(*job,
            quiet ? wire::AckResult::done : wire::AckResult::failed,
            quiet ? "" : "writes are still in flight");
    done.body = wire::HoldAck{.in_flight = in_flight};
    job->reply(std::move(done));
}

void OrderDesk::begin(const JobPtr& job, const wire::ReleaseOrder&) {
    const core::HostDecision decision = parts_.gate.take(core::ReleaseOrder{job->order.epoch});
    answer(job, decision.refused() ? wire::AckResult::failed : wire::AckResult::done, decision.why);
}

void OrderDesk::begin(const JobPtr& job, const wire::FenceOrder& order) {
    const core::HostDecision decision = parts_.gate.take(
        core::FenceOrder{job->order.epoch},
        {.grace = order.grace,
         .fenced =
             [job](dataplane::FenceResult result) {
                 job->fenced = result;
                 job->signal.notify();
             }}
    );
    if (decision.refused()) {
        answer(job, wire::AckResult::failed, decision.why);
        return;
    }
    const Duration grace = std::min<Duration>(order.grace, 1min);
    std::string detail;
    if (decision.action == core::HostAction::acknowledge) {
        // This host follows that epoch, yet a write of an older one may still be on its way.
        detail = decision.why;
        parts_.gate.settle(job->order.epoch, grace, [job](dataplane::FenceResult result) {
            job->fenced = result;
            job->signal.notify();
        });
    }
    spawn("fence order", job, [this, job, at_most = grace + 2s, detail] {
        return finish_fence(job, at_most, detail);
    });
}

net::Task<> OrderDesk::finish_fence(JobPtr job, Duration at_most, std::string detail) {
    if (!job->fenced) {
        co_await job->signal.wait(job->signal.generation(), at_most);
    }
    if (!job->fenced) {
        answer(
            job,
            wire::AckResult::failed,
            "the endpoint did not confirm that no older write is on its way"
        );
        co_return;
    }
    co_await parts_.prover.learn_keys(kLearnKeysWithin);
    answer_fence(job, job->fenced->cut, detail);
}

// Writes under the new epoch are not what the fence is about. When there are more than an
// acknowledgement holds, those of tables that cannot be read come last: they may be very many, and
// the controller cannot look for them. The number is that of the first entry that is left out.
std::pair<std::vector<dataplane::LedgerEntry>, std::optional<std::uint64_t>>
OrderDesk::entries_to_tell(Epoch below) const {
    std::set<TableName> unreadable;
    for (const wire::TableTrouble& trouble : parts_.prover.troubles()) {
        unreadable.insert(trouble.table);
    }
    dataplane::Ledger& ledger = parts_.gate.endpoint().ledger();
    std::vector<dataplane::LedgerEntry> entries = ledger.left_behind();
    std::ranges::copy_if(
        ledger.unproven_entries(unreadable.empty() ? kFenceEntriesMax + 1 : kLedgerEntriesMax),
        std::back_inserter(entries),
        [&](const dataplane::LedgerEntry& entry) { return entry.epoch < below; }
    );
    if (fitting(entries) == entries.size()) {
        return {std::move(entries), std::nullopt};
    }
    std::ranges::sort(entries, {}, [&](const dataplane::LedgerEntry& entry) {
        return std::pair{unreadable.contains(entry.table), entry.number};
    });
    const auto fits = entries.begin() + static_cast<std::ptrdiff_t>(fitting(entries));
    const std::uint64_t omitted_from =
        std::ranges::min(
            std::ranges::subrange(fits, entries.end()), {}, &dataplane::LedgerEntry::number
        )
            .number;
    entries.erase(fits, entries.end());
    std::ranges::sort(entries, {}, &dataplane::LedgerEntry::number);
    return {std::move(entries), omitted_from};
}

// Other hosts may have written the same keys just before: they have not seen their writes in the
// standby, and cannot, since ours lie on top of them. As many as fit behind the entries.
std::vector<wire::LedgerEntry> OrderDesk::proven_to_tell(
    std::vector<dataplane::LedgerEntry> entries, Epoch below
) const {
    const std::size_t unproven = entries.size();
    std::ranges::copy_if(
        parts_.gate.endpoint().ledger().proven_since(
            parts_.clock.now() - kProvenMatters, kProvenMax
        ),
        std::back_inserter(entries),
        [below](const dataplane::LedgerEntry& entry) { return entry.epoch < below; }
    );
    std::vector<wire::LedgerEntry> told;
    for (std::size_t i = unproven, end = fitting(entries); i < end; ++i) {
        told.push_back(to_wire(entries[i], order_base_, {}));
    }
    return told;
}

void OrderDesk::answer_fence(const JobPtr& job, std::uint64_t cut, std::string_view detail) {
    auto [entries, omitted_from] = entries_to_tell(job->order.epoch);
    const core::HostMachine& machine = parts_.gate.machine();
    wire::FenceAck body{
        .cut = cut, .adopted_alone = machine.adopted_alone() && machine.epoch() >= job->order.epoch
    };
    const std::set<TableName> left_out = parts_.prover.tables_left_out();
    body.truncated = omitted_from.has_value();
    for (const dataplane::LedgerEntry& entry : entries) {
        if (!omitted_from || entry.number < *omitted_from) {
            body.up_to = entry.number;
        }
        // A write without its key cannot be looked for: the list is not whole.
        if (entry.key.empty()) {
            body.truncated = true;
            continue;
        }
        body.entries.push_back(to_wire(entry, order_base_, left_out));
    }
    body.proven = proven_to_tell(std::move(entries), job->order.epoch);
    body.truncated = body.truncated || parts_.prover.why_not_whole().has_value() ||
                     (body.adopted_alone && parts_.gate.inherited_alone());
    body.unknown_writes = static_cast<std::uint64_t>(std::ranges::count_if(
        parts_.gate.endpoint().ledger().unknown_since(
            parts_.clock.now() - kUnknownMatters, kFenceEntriesMax
        ),
        [&](const dataplane::LedgerEntry& entry) { return entry.epoch < job->order.epoch; }
    ));
    wire::Ack done = ack(*job, wire::AckResult::done, std::string{detail});
    done.body = std::move(body);
    job->reply(std::move(done));
}

void OrderDesk::begin(const JobPtr& job, const wire::DrainOrder& order) {
    const Duration timeout = std::min<Duration>(order.timeout, 1min);
    spawn("drain order", job, [this, job, timeout] { return finish_drain(job, timeout); });
}

net::Task<> OrderDesk::finish_drain(JobPtr job, Duration timeout) {
    const DrainOutcome outcome = co_await parts_.prover.drain(timeout);
    wire::Ack done =
        ack(*job, outcome.proven ? wire::AckResult::done : wire::AckResult::failed, outcome.why);
    done.body =
        wire::DrainAck{.proven = outcome.proven, .keys = outcome.keys, .left = outcome.left};
    job->reply(std::move(done));
}

void OrderDesk::begin(const JobPtr& job, const wire::VerifyOrder&) {
    spawn("verify order", job, [this, job] { return finish_verify(job); });
}

net::Task<> OrderDesk::finish_verify(JobPtr job) {
    const Result<Duration> took = co_await parts_.verifier.prove_write(5s);
    wire::Ack done = ack(
        *job, took ? wire::AckResult::done : wire::AckResult::failed, took ? "" : took.error().text
    );
    const auto& route = parts_.gate.machine().route();
    done.body = wire::VerifyAck{
        .region = route ? route->active : RegionId{}, .took = took ? *took : Duration::zero()
    };
    job->reply(std::move(done));
}

void OrderDesk::begin(const JobPtr&, const wire::PingOrder&) {}

void OrderDesk::begin(const JobPtr& job, const wire::UnknownOrder& order) {
    answer(
        job, wire::AckResult::unsupported, "this agent does not know orders of type " + order.type
    );
}

}  // namespace farshore::agent
