#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/host/host_machine.h"

#include "sim/agent_words.h"
#include "sim/dice.h"
#include "sim/ledger.h"
#include "sim/local_clock.h"
#include "sim/scene.h"

namespace farshore::sim {

// What became of a request, as the application hears it.
enum class Heard : std::uint8_t {
    acknowledged,
    failed,   // by the Region, or with unknown outcome
    refused,  // by the agent: no permission came in time
    dead      // the host does not answer
};

// A write of a shopper, or of a host that proves that it can write.
struct Request {
    WriteId id = 0;
    std::optional<std::size_t> key;  // nullopt: no shopper's item
    std::function<void(Heard)> answer;
    Instant parked_at{};  // local
};

// The part of a write that is on the wire.
struct OnWire {
    std::uint64_t number = 0;
    std::uint64_t life = 0;  // of the process that sent it
    WriteId id = 0;
    std::optional<std::size_t> key;
    Place to = 0;
    Epoch epoch;
    Instant sent_at{};  // true
};

// One host: the real host machine, and around it what an agent is made of. Modelled: parked writes
// and their bound, writes on their way and how they are cut, the ledger and its proofs, reads of
// the epoch records, reports and orders with their timeouts, the state file, restarts. Not
// modelled: reads of the application, TLS, several loops, the bytes on the wire.
class Host {
  public:
    struct Name {
        std::size_t index;   // among all hosts
        std::size_t number;  // within its Region
        Place home;
    };

    Host(Scene& scene, Name name);

    // The process and its machine.
    void boot();
    void crash();    // memory is lost
    void reimage();  // the state file too
    void pause();
    void resume();
    void drift(int ppm);

    void step_wall(Duration ahead) { wall_ahead_ = ahead; }

    // Something happens to the process of that life: now, when it wakes up, or never.
    template <class Job>
    void enter(std::uint64_t life, Job job) {
        if (life != life_ || !running_) {
            return;
        }
        if (paused_) {
            deferred_.emplace_back(std::move(job));
            return;
        }
        job();
    }

    // An application's request.
    void write(Request request);

    // What arrives from a controller.
    void greeted(const Greeting& greeting);
    void take_order(Session session, const Order& order);
    void stream_ended(Session session);

    [[nodiscard]] bool runs() const { return running_ && !paused_; }

    [[nodiscard]] bool is_running() const { return running_; }

    // It can serve users: it reads through the active Region.
    [[nodiscard]] bool serves() const;

    // The state file as Route 53's checkers hear it.
    [[nodiscard]] const std::optional<core::HostRoute>& stored_route() const { return disk_.route; }

    [[nodiscard]] const core::HostMachine& machine() const { return machine_; }

    [[nodiscard]] bool may_write() const { return runs() && machine_.may_write(local_now()); }

    [[nodiscard]] const HostId& id() const { return id_; }

    [[nodiscard]] Place home() const { return name_.home; }

    [[nodiscard]] std::size_t index() const { return name_.index; }

    // It runs, has its stream and its state file.
    [[nodiscard]] bool is_settled() const { return runs() && session_.has_value() && !storing_; }

    // Since when no write passes, if none does.
    [[nodiscard]] Duration stopped_for() const { return local_now() - stopped_since_; }

    [[nodiscard]] bool has_no_writes() const {
        return parked_.empty() && flights_.empty() && ledger_.empty();
    }

    // The true time of the last write that it passed on as acknowledged.
    [[nodiscard]] std::optional<Instant> last_acknowledged() const;

    // Shoppers are about to run one by one again.
    void keep_last_acknowledged() { acknowledged_at_ = last_acknowledged(); }

    // It could have read a majority of records that confirm its epoch at each try since then.
    [[nodiscard]] std::optional<Instant> confirmable_since() const { return confirmable_since_; }

    [[nodiscard]] Instant local_now() const { return clock_.read(scene_.calendar.now()); }

    [[nodiscard]] const Ledger& ledger() const { return ledger_; }

    [[nodiscard]] std::uint64_t life() const { return life_; }

    // It knows that a process of an earlier life may have left writes under way.
    [[nodiscard]] bool remembers_an_earlier_life() const { return disk_.lived_before; }

    // Wall time as this machine has it.
    [[nodiscard]] UtcTime wall() const;

  private:
    static constexpr Duration kFenceGrace = std::chrono::milliseconds{150};

    struct Flight {
        std::uint64_t number = 0;
        Request request;
        Place to = 0;
        Epoch epoch;
        Instant sent_at{};  // true
    };

    struct Disk {
        std::optional<core::HostRoute> route;
        Epoch fenced;
        bool lived_before = false;
    };

    // One reading of all copies of the epoch record.
    struct Round {
        Instant started{};  // local
        std::vector<core::EpochItem> answers;
        std::size_t ended = 0;
        bool decided = false;
        bool confirms = false;  // our epoch, for long enough
        bool over = false;
    };

    // Which register has us, and since when: records of it that were read earlier say nothing.
    struct Known {
        std::string register_id;
        Instant since{};  // local
    };

    struct Registration {
        std::string register_id;
        Instant since{};  // local
        std::set<Place> done;
    };

    // host.cc: life, machine and disk
    template <class Job>
    Calendar::Ticket later(Duration delay, Job job) {
        const Instant when = clock_.when(local_now() + delay);
        return scene_.calendar.at(when, [this, life = life_, job = std::move(job)]() mutable {
            enter(life, std::move(job));
        });
    }

    core::HostDecision step(const core::HostInput& input, const OrderMark* by = nullptr);
    void obey(const core::HostDecision& decision);
    void arm_deadline();
    void store();
    void stored(const Disk& state);
    void end_process();

    // host_writes.cc
    void forward(Request request);
    void arrive(const OnWire& write);
    void apply(const OnWire& write);
    void finish(std::uint64_t number, Heard heard);
    std::uint32_t cut_flights(Epoch below);
    [[nodiscard]] std::optional<Duration> newest_unknown_ago() const;
    void release_parked();
    void watch_parked();
    void expire_parked();
    void expire_flights();
    void watch_flights();
    void prove_some();

    // host_reports.cc
    void round();
    void look_at_regions();
    void go_home();
    void report();
    void report_soon();
    void report_lost(std::uint64_t number);
    void take_answer(std::uint64_t number, Instant started, const ReportAnswer& answer);
    void connect();
    void lose_stream();
    void acknowledge(Ack ack, int attempt = 0);
    [[nodiscard]] std::shared_ptr<const Report> report_of();

    // host_records.cc
    void read_in(Duration delay);
    void read_records();
    void ask_record(const std::shared_ptr<Round>& round, Place place);
    void record_answered(
        const std::shared_ptr<Round>& round, const std::optional<core::EpochItem>& record
    );
    void judge_records(Round& round);
    [[nodiscard]] bool know_us(const std::string& register_id, Instant started);
    void register_in(const std::string& register_id);
    void registered_in(Place place, const std::string& register_id);
    void end_round(Round& round);
    void want_confirmation();

    // host_orders.cc
    void obey_route(const Order& order, const OrderMark& mark, Ack ack);
    void obey_hold(const Order& order, const OrderMark& mark, Ack ack);
    void obey_fence(const Order& order, const OrderMark& mark, Ack ack);
    void finish_route(core::HostRoute route, Ack ack, Instant until);
    void finish_hold(Ack ack, Instant until);
    void finish_fence(Epoch epoch, Ack ack);
    void finish_drain(Ack ack, Instant until);
    void finish_verify(Ack ack, Instant until);
    [[nodiscard]] std::size_t unproven();
    [[nodiscard]] std::vector<Place> standbys() const;
    [[nodiscard]] bool ledger_is_whole() const;

    Scene& scene_;
    Name name_;
    HostId id_;
    LocalClock clock_;
    Duration wall_ahead_{};
    Dice dice_;
    core::HostMachine machine_;
    Disk disk_;

    std::uint64_t life_ = 0;
    bool running_ = false;
    bool paused_ = false;
    std::vector<std::function<void()>> deferred_;
    Instant booted_at_{};  // local
    Calendar::Ticket deadline_;
    std::optional<Instant> deadline_at_;  // local
    bool storing_ = false;
    Duration fence_grace_ = kFenceGrace;

    std::deque<Request> parked_;
    std::vector<Flight> flights_;
    std::uint64_t flights_begun_ = 0;
    bool watching_flights_ = false;
    bool watching_parked_ = false;
    Instant stopped_since_{};  // local: since when no write passes
    Ledger ledger_;
    bool proving_ = false;
    std::optional<Instant> acknowledged_at_;  // true
    std::optional<Instant> unknown_at_;       // local: when it gave up its newest write

    Counts counts_;
    Counts told_;
    std::array<std::array<Counts::Silent, kTablesMax>, 2> silent_{};
    bool passive_fails_ = false;
    std::optional<Session> session_;
    std::uint64_t hellos_ = 0;
    int connect_failures_ = 0;
    std::uint32_t cut_ = 0;          // writes, by the last fence
    Instant stream_heard_at_{};      // local
    Instant controller_heard_at_{};  // local
    std::uint64_t reports_ = 0;
    std::uint64_t report_under_way_ = 0;  // zero: none
    bool report_wanted_ = false;
    bool report_scheduled_ = false;
    Calendar::Ticket report_patience_;

    std::shared_ptr<Round> round_;  // null: none is under way
    bool reading_again_ = false;
    std::optional<Known> by_hello_;
    std::optional<Known> by_itself_;
    std::optional<Registration> registering_;
    Instant read_ended_at_{};  // local
    Calendar::Ticket next_read_;
    std::optional<Instant> confirmable_since_;
};

}  // namespace farshore::sim
