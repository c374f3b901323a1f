#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/evidence/evidence_book.h"
#include "core/evidence/probe_round.h"
#include "core/host/host_account.h"
#include "core/host/host_bounds.h"
#include "core/host/host_machine.h"
#include "core/host/order_desk.h"
#include "core/host/state_keeper.h"
#include "core/host/write_wait.h"
#include "core/host/writes_on_their_way.h"
#include "core/loss/arrivals.h"
#include "core/records/epoch_reader.h"

#include "sim/dice.h"
#include "sim/host_link.h"
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

// One host: around the real machine, desk of orders, ledger, proofs and evidence (src/core), what
// an agent is made of. Modelled: parked writes and their bound, writes on their way and how they
// are cut, the reading of tables and of epoch records, the ways of reports and orders with their
// timeouts, the state file, restarts. Not modelled: reads of the application, TLS, several loops,
// the bytes on the wire.
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

    // In its own time, if its process still lives then.
    template <class Job>
    Calendar::Ticket later(Duration delay, Job job) {
        const Instant when = clock_.when(local_now() + delay);
        return scene_.calendar.at(when, [this, life = life_, job = std::move(job)]() mutable {
            enter(life, std::move(job));
        });
    }

    // An application's request.
    void write(Request request);

    // Its virtual machine: stands still, and so do its clocks, until it goes on; is kept as it is,
    // and becomes again what it was.
    void stop_machine();
    void start_machine();
    void take_snapshot();
    void restore_snapshot();

    // Its machine went on with clocks that had stood still.
    struct Waking {
        Instant at{};  // true
        Epoch epoch;   // that it followed then
    };

    // The last one.
    [[nodiscard]] const std::optional<Waking>& woke() const { return woke_; }

    // A second controller may run now.
    void meet_rival();

    // What arrives from a controller.
    void greeted(const Greeting& greeting);
    void take_order(Session session, const Order& order);

    void stream_ended(Session session) { link_of(session).stream_ended(session); }

    // For its links.
    [[nodiscard]] core::link::Sender sender() const;
    [[nodiscard]] std::shared_ptr<const Report> report(
        std::uint64_t sequence, const core::EvidenceBook::Cursor& told
    );

    [[nodiscard]] const core::EvidenceBook& evidence() const { return book_; }

    [[nodiscard]] Dice& dice() { return dice_; }

    void heard_from_controller() { controller_heard_at_ = local_now(); }

    void confirmed(const core::Confirmation& confirmation) { step(confirmation); }

    void told_up_to(std::uint64_t number) { ledger_->told_up_to(number); }

    void doubt_clock();

    [[nodiscard]] bool runs() const { return running_ && !paused_; }

    [[nodiscard]] bool is_running() const { return running_; }

    // It can serve users: it reads through the active Region.
    [[nodiscard]] bool serves() const;

    // The state file as Route 53's checkers hear it.
    [[nodiscard]] std::optional<core::HostRoute> stored_route() const {
        return core::loaded_from(disk_.state).route;
    }

    [[nodiscard]] const core::HostMachine& machine() const { return machine_; }

    [[nodiscard]] bool may_write() const { return runs() && machine_.may_write(local_now()); }

    [[nodiscard]] const HostId& id() const { return id_; }

    [[nodiscard]] Place home() const { return name_.home; }

    [[nodiscard]] std::size_t index() const { return name_.index; }

    // It runs, has its stream and its state file.
    [[nodiscard]] bool is_settled() const {
        return runs() && links_[0]->session() && !keeper_.is_writing() &&
               keeper_.why_not_stored().empty();
    }

    // Since when no write passes, if none does.
    // Since when none of its processes has had permission to write; of no meaning while one has.
    [[nodiscard]] Instant barred_since() const { return barred_since_; }

    [[nodiscard]] bool has_no_writes() const {
        return parked_.empty() && flights_.empty() && unproven() == 0;
    }

    // The true time of the last write that it passed on as acknowledged.
    [[nodiscard]] std::optional<Instant> last_acknowledged() const;

    // Shoppers are about to run one by one again.
    void keep_last_acknowledged() { acknowledged_at_ = last_acknowledged(); }

    // It could have read a majority of records that confirm its epoch at each try since then.
    [[nodiscard]] std::optional<Instant> confirmable_since() const { return confirmable_since_; }

    [[nodiscard]] Instant local_now() const { return clock_.read(scene_.calendar.now()); }

    [[nodiscard]] std::uint64_t life() const { return life_; }

    // It knows that a process of an earlier life may have left writes under way.
    [[nodiscard]] bool remembers_an_earlier_life() const { return disk_.lived_before; }

    // Wall time as this machine has it.
    [[nodiscard]] UtcTime wall() const;

  private:
    struct Flight : OnWire {
        Request request;
    };

    struct Disk {
        std::optional<core::StoredState> state;
        bool lived_before = false;
    };

    // What a virtual machine's snapshot keeps of the agent's memory. Orders under way and evidence
    // are not among it: their connections are gone, and each stream begins them anew.
    struct Snapshot {
        Instant at{};  // true
        Disk disk;
        core::HostMachine machine;
        core::Ledger ledger;
        core::Arrivals arrivals;
        bool inherited_alone = false;
        Instant booted_at{};  // local
        core::NewestUnknown unknown;
    };

    // host_machines.cc: virtual machines, and a second controller
    void set_back(Duration stood);

    // An order under way, and the stream that it came on.
    struct Reply {
        OrderMark mark;
        Session session;
    };

    // host.cc: life, machine and disk
    core::HostDecision step(const core::HostInput& input, const OrderMark* by = nullptr);
    void obey(const core::HostDecision& decision);
    void arm_deadline();
    void store(const std::optional<core::StoredState>& state);
    void end_process();
    void open_desk();

    // host_writes.cc
    // Its kept connections lead there, and are answered.
    [[nodiscard]] bool reaches(Place place) const;
    void forward(Request request);
    void arrive(const OnWire& write);
    std::string apply(const OnWire& write);
    void finish(std::uint64_t number, Heard heard, std::string digest = {});
    // The ticket of an order that hears of it, if there is one.
    void await_quiet(core::QuietAwaited awaited, std::optional<std::uint64_t> ticket);
    void tell_quiet(std::optional<Instant> now);
    void look_at_flights();
    void release_parked();
    void watch_parked();
    void expire_parked();
    void watch_flights();
    void prove_some();

    // host_reports.cc
    void round();
    void count(const core::EvidenceBook::Key& key, bool ok);
    void look_at_regions();
    void look_at(Place region, core::Path path);
    void note_stalls();
    void report_soon();
    [[nodiscard]] HostLink& link_of(Session session);

    // host_records.cc
    void start_records();
    void want_confirmation();
    void read_in(Duration delay);
    void read_records();
    void call(
        Place place,
        bool write,
        std::function<core::CopyAnswer()> effect,
        std::function<void(const core::CopyAnswer&)> answered
    );
    void record_answered(std::uint64_t reading, const core::CopyAnswer& answer);
    void look_after_reading();
    void tend_registration();
    void errand_answered(std::uint64_t number, bool done);

    // host_orders.cc
    void go_on(const std::optional<core::OrderDesk::Action>& action);
    void carry_out(const core::OrderDesk::StepMachine& action);
    void carry_out(const core::OrderDesk::AwaitQuiet& action);
    void carry_out(const core::OrderDesk::LearnKeys& action);
    void carry_out(const core::OrderDesk::Drain& action);
    void carry_out(const core::OrderDesk::ProveWrite& action);
    void carry_out(const core::OrderAnswer& answer);
    void look_at_orders();
    void drain(std::uint64_t ticket, std::shared_ptr<core::DrainRun> run);
    void prove_write(std::uint64_t ticket, core::WriteWait wait);
    [[nodiscard]] std::size_t unproven() const;
    [[nodiscard]] std::optional<std::string> standby_digest(std::size_t key) const;
    [[nodiscard]] std::vector<Place> standbys() const;
    [[nodiscard]] bool ledger_is_whole() const;
    [[nodiscard]] bool reads(Place place) const;
    bool compare(const core::LedgerKey& key, core::Arrivals::During during);

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
    std::optional<Instant> stopped_at_;  // true: its machine stands still since then
    std::optional<Waking> woke_;
    std::optional<Snapshot> snapshot_;
    Instant booted_at_{};  // local
    Calendar::Ticket deadline_;
    std::optional<Instant> deadline_at_;      // local
    core::StateKeeper keeper_{std::nullopt};  // of this process's life
    bool inherited_alone_ = false;

    std::optional<core::OrderDesk> desk_;  // of this process's life
    std::uint64_t tickets_ = 0;
    std::map<std::uint64_t, Reply> replies_;
    std::optional<core::OrderDesk::StepMachine> ordered_;  // the order that the machine takes
    Calendar::Ticket next_look_;

    std::deque<Request> parked_;
    std::vector<Flight> flights_;
    std::uint64_t flights_begun_ = 0;
    core::WritesOnTheirWay writes_;
    core::WritesPermitted permitted_;  // the newest permission
    core::QuietWaits<std::optional<std::uint64_t>> waits_;
    std::optional<Instant> flights_watched_at_;  // local
    Calendar::Ticket flights_watch_;
    bool watching_parked_ = false;
    Instant stopped_since_{};                  // local: since when no write passes
    Instant barred_since_ = Calendar::kBegin;  // true; a new process inherits it
    std::optional<core::Ledger> ledger_;       // of this process's life
    core::Arrivals arrivals_{std::nullopt};
    bool proving_ = false;
    std::optional<Instant> acknowledged_at_;  // true
    core::NewestUnknown unknown_{std::nullopt};

    core::EvidenceBook book_;
    std::map<core::EvidenceBook::Key, core::ProbeRound> probes_;
    // To the first controller and to a rival; of the process that runs, or of the last one.
    std::array<std::unique_ptr<HostLink>, 2> links_;
    Instant controller_heard_at_{};  // local

    std::optional<core::SelfRegistration> registration_;  // of this process's life
    std::optional<core::EpochReader> reader_;             // the same
    bool reading_ = false;
    bool confirms_ = false;  // what it reads: our epoch, for long enough
    Calendar::Ticket next_read_;
    std::optional<Instant> errand_at_;  // local: when next_errand_ is due
    Calendar::Ticket next_errand_;
    std::optional<Instant> confirmable_since_;
};

}  // namespace farshore::sim
