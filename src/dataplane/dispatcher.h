#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/rng.h"

#include "dataplane/answer.h"
#include "dataplane/counters.h"
#include "dataplane/exchange.h"
#include "dataplane/ledger_queue.h"
#include "dataplane/region_pool.h"
#include "dataplane/request_writer.h"
#include "dataplane/shared_route.h"
#include "dataplane/update_learning.h"

namespace farshore::dataplane {

// Decides for each request of one loop: forward now, park, or answer; knows exactly which writes
// are on their way. One thread.
class Dispatcher final : public PoolListener {
  public:
    struct Environment {
        const SharedRoute* route = nullptr;
        const Limits* limits = nullptr;
        const ports::Clock* clock = nullptr;
        const Instant* now = nullptr;  // the loop's clock, read once per round
        RequestWriter* writer = nullptr;
        LoopCounters* counters = nullptr;
        LedgerQueue* ledger = nullptr;
        Rng* rng = nullptr;
        bool learns_updates = true;
    };

    explicit Dispatcher(Environment environment) : environment_(environment) {}

    ~Dispatcher();
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;

    // The pools in the order of the Regions; they live longer than this.
    void set_pools(std::vector<RegionPool*> pools);

    // Takes a complete request. Its sink is answered sooner or later, perhaps before this returns.
    void submit(std::unique_ptr<Exchange> exchange);
    // The application has gone. A write that is on its way is still seen to its end.
    void abandon(Exchange& exchange);

    // The route word or the permission has changed.
    void follow_route();

    void when_quiet(core::QuietAwaited awaited, std::function<void(core::Quiet)> then);

    // Nothing goes out any more: what waits is answered 503 at once, what is on its way has until
    // `deadline`. Then it is cut, and `then` hears how many writes have an unknown outcome by that.
    void wind_down(Instant deadline, std::function<void(std::uint64_t)> then);

    // Looks at all deadlines.
    void tick();
    [[nodiscard]] Instant next_deadline();

    // For Exchange.
    void answered(Exchange& exchange);
    void broken(Exchange& exchange, const Breakage& breakage);
    [[nodiscard]] bool may_send_more(const Exchange& exchange);
    // The answer waits for its application, and goes on.
    void waits_for_client(Exchange& exchange);
    void client_reads_again(Exchange& exchange);

    // Is this the connection's last answer?
    [[nodiscard]] bool closes_after(const AnswerSink& sink) const {
        return winding_down_ || sink.closes_after();
    }

  private:
    void fail_without_upstream(Exchange& exchange);
    using Queue = std::map<std::uint64_t, std::unique_ptr<Exchange>>;

    struct WindingDown {
        Instant deadline;
        std::function<void(std::uint64_t)> then;
    };

    void connection_available(RegionIndex region) override;
    void connecting_failed(RegionIndex region, bool hopeless) override;

    void prepare(Exchange& exchange);
    void judge_region(const Exchange& exchange, std::string_view code, Instant now);
    // Was it refused for something that we can do better? Then it goes out again.
    bool send_better(std::unique_ptr<Exchange>& exchange, std::string_view code);
    void place(std::unique_ptr<Exchange> exchange);
    // False: the connection was no good, `exchange` is untouched. Else it is on its way, or
    // answered because there is no memory for it.
    bool forward(std::unique_ptr<Exchange>& exchange, UpstreamConnection& connection);
    void wait_for_connection(std::unique_ptr<Exchange> exchange);
    void park_or_refuse(std::unique_ptr<Exchange> exchange, RouteWord word);
    void answer_own(Exchange& exchange, OwnAnswer which, std::string_view detail = {});
    std::unique_ptr<Exchange> unpark(Queue::iterator at);

    // What one Region has to do with, by kind.
    struct Lane {
        Queue waiting;         // for a connection, by order of arrival
        std::size_t busy = 0;  // connections
    };

    struct Traffic {
        std::array<Lane, kKinds.size()> lanes;
        Queue in_flight;  // by the time of sending
        Queue slow;       // of them, those whose answer waits for its application

        [[nodiscard]] Lane& lane(Kind kind) { return lanes[static_cast<std::size_t>(kind)]; }

        [[nodiscard]] Lane& lane_of(const Exchange& exchange) { return lane(kind_of(exchange)); }

        [[nodiscard]] bool is_idle() const { return in_flight.empty() && slow.empty(); }
    };

    void put_in_flight(Queue& queue, std::unique_ptr<Exchange> exchange);
    void note_oldest(RegionIndex region);
    std::unique_ptr<Exchange> take_in_flight(Exchange& exchange);
    void serve_lane(RegionIndex region, Kind kind);
    void expire_slow(Instant now);
    void expire_waiting(Instant now);
    void write_left(const Exchange& exchange);
    void outcome_unknown(Exchange& exchange);
    void note_unknown(const Exchange& exchange);
    // Of one that was given up, or answered so that nothing is known.
    void count_unknown(RegionIndex region);
    void deliver(Exchange& exchange);
    void note_write(const Exchange& exchange, bool acknowledged);
    void report_broken(std::unique_ptr<Exchange> exchange, const Breakage& breakage);
    void cut_one(Exchange& exchange, std::string_view why);
    template <class Concerned>
    std::uint64_t cut_writes(Concerned concerned, std::string_view why);
    void settle_quiet(std::optional<Instant> now);
    void expire_waiters(Instant now);
    void expire_permissions();
    void finish_winding_down(Instant now);
    void expire_parked(Instant now);
    void expire_in_flight(Instant now);
    void recall_reads(Instant now);

    Environment environment_;
    std::vector<RegionPool*> pools_;
    std::uint64_t last_number_ = 0;
    Queue parked_;  // by order of arrival
    std::size_t parked_bytes_ = 0;
    std::vector<Traffic> traffic_;  // per Region
    core::WritesOnTheirWay writes_;
    core::QuietWaits<std::function<void(core::Quiet)>> quiet_waits_;
    std::optional<WindingDown> winding_down_;
    UnlearnedTables unlearned_;
    // Given up while they may still be on the stack; freed at the next tick.
    std::vector<std::unique_ptr<Exchange>> gone_;
};

}  // namespace farshore::dataplane
