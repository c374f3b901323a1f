#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/failover/first_record.h"
#include "runtime/pump.h"

#include "sim/agent_link.h"
#include "sim/store.h"

namespace farshore::sim {

// One life of the controller: the real core and the real runtime, and ports into the simulated
// world that do what those of src/controller do. What has left it goes on without it; what it waits
// for dies with it.
//
// Modelled: raising with conditional writes, reading back and healing, probes over new and kept
// connections, heartbeats, the look into the old Region's losses, the record that follows health
// states. Not modelled: the API, the audit, credentials, names, metrics.
class Controller final : public ports::Clock,
                         public ports::EpochRecords,
                         public ports::HostRecords,
                         public ports::Tables,
                         public ports::Traffic,
                         public ports::Checks,
                         public ports::Commands,
                         public ports::Notifier,
                         public ports::Timer,
                         public std::enable_shared_from_this<Controller> {
  public:
    Controller(Scene& scene, std::uint64_t life, Configuration configuration);

    void boot();
    // Nothing leaves it any more, and nothing reaches it.
    void end();

    // Something happens to it: now, when it wakes up, or never.
    template <class Job>
    void enter(Job job) {
        if (!alive_) {
            return;
        }
        if (paused_ || busy() || !deferred_.empty()) {
            deferred_.emplace_back(std::move(job));
            return;
        }
        job();
    }

    void pause() { paused_ = true; }

    void resume();
    // A save takes so long; until then it does nothing else.
    void be_busy(Duration length);
    // The clock of its machine drifts differently from now on.
    void rearm();

    // Something is sent into the world: now, or when it is not busy any more.
    template <class Job>
    void leave(Job job) {
        if (!alive_ || silenced_) {
            return;
        }
        if (busy()) {
            scene_.calendar.at(busy_until_, [self = shared_from_this(), job = std::move(job)] {
                if (!self->silenced_) {
                    job();
                }
            });
            return;
        }
        job();
    }

    // It died in the middle of a save: nothing that the save was for may begin.
    void silence() { silenced_ = true; }

    [[nodiscard]] bool is_silenced() const { return silenced_; }

    void deliver(core::Event event);
    // Evidence: recorded, then told.
    void observe(core::Observation seen);
    [[nodiscard]] core::AppCore::LeaseAnswer grant_lease(const HostId& host, Epoch epoch);
    // An agent's unproven writes, with the acknowledgement of its fence.
    void fenced(const OperationId& operation, const Ack& ack);

    // Through the API: what an operator wants.
    void request(core::ChangeRequest request);
    void forget(std::size_t host);

    [[nodiscard]] AgentLink& link() { return link_; }

    [[nodiscard]] const AgentLink& link() const { return link_; }

    [[nodiscard]] bool ready() const { return pump_ != nullptr; }

    [[nodiscard]] const core::AppCore& core() const { return pump_->core(); }

    [[nodiscard]] bool is_alive() const { return alive_; }

    [[nodiscard]] bool is_paused() const { return paused_; }

    [[nodiscard]] bool has_trouble() const { return ready() && !pump_->trouble().empty(); }

    [[nodiscard]] std::uint64_t life() const { return life_; }

    [[nodiscard]] const Configuration& configuration() const { return configuration_; }

    [[nodiscard]] const core::Policy& policy() const { return policy_; }

    [[nodiscard]] bool still() const;

    // ports
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] UtcTime wall() const override;
    void raise(const core::RaiseEpoch& action) override;
    void find(const core::FindHosts& action) override;
    void examine(const core::ExamineLosses& action) override;
    void serve(const core::ServeUsers& action) override;
    void verify(const core::VerifyFunction& action) override;
    void run(const core::RunCommand& action) override;

    void stop(const core::StopCommand&) override {}

    void announce(const core::Announce&) override {}

    void arm(Instant at) override;
    void disarm() override;

    // In the controller's own time.
    template <class Job>
    Calendar::Ticket later(Duration delay, Job job) {
        return at_local(now() + delay, std::move(job));
    }

  private:
    enum class Landed : std::uint8_t { confirmed, unchanged, newer, stray, unknown };

    struct CopyAnswer {
        Landed landed = Landed::unknown;
        Epoch seen;
        std::string detail;
        bool other_register = false;
        bool in_full = false;
    };

    struct Raise {
        core::RaiseEpoch action;
        core::EpochItem item;
        Instant started;  // local
        UtcTime started_wall{};
        std::vector<RegionId> confirmed;
        std::size_t unchanged = 0;
        std::size_t newer = 0;
        std::size_t strays = 0;
        std::size_t ended = 0;
        std::vector<Epoch> seen;
        std::string detail;
        bool other_register = false;
        bool reported = false;
    };

    // What a read of all copies found.
    struct Beat {
        std::uint64_t sequence = 0;
        std::uint64_t acknowledged = 0;
    };

    template <class Job>
    Calendar::Ticket at_local(Instant local, Job job) {
        return scene_.calendar.at(
            true_time_of(local),
            [self = shared_from_this(), job = std::move(job)]() mutable {
                self->enter(std::move(job));
            }
        );
    }

    [[nodiscard]] Instant true_time_of(Instant local) const;

    [[nodiscard]] bool busy() const { return scene_.calendar.now() < busy_until_; }

    // controller.cc: boot
    void begin(core::AppRecord record, const core::EpochReading& found);
    void first_record(const core::EpochReading& found);
    [[nodiscard]] core::AppCore::Start start_of(
        core::AppRecord record, const core::EpochReading& found
    ) const;
    void run_deferred();

    // controller_records.cc
    using Reply = std::function<void(const CopyAnswer&)>;
    // nullopt: it did not answer.
    using Found = std::function<void(const std::optional<core::EpochItem>&)>;

    // One answer of a reading of all copies, and what is read so far.
    struct CopyRead {
        Place place = 0;
        const std::optional<core::EpochItem>& copy;
        const core::EpochReading& reading;
        bool whole = false;  // it is the last
    };

    void read_copies(std::function<void(const CopyRead&)> heard);
    void survey(std::function<void(const core::EpochReading&)> done);
    [[nodiscard]] core::EpochItem item_of(Epoch epoch, RegionId active, core::RaisedFor raised_for)
        const;
    void write_copy(Place place, const core::EpochItem& item, Reply reply);
    void look_at_copy(Place place, const core::EpochItem& item, std::string otherwise, Reply reply);
    void read_copy(Place place, Found found);
    void copy_ended(const std::shared_ptr<Raise>& raise, Place place, const CopyAnswer& answer);
    void report_raise(Raise& raise);
    void search_hosts(const core::StepId& step);
    void watch_hosts();
    void watch_records();
    [[nodiscard]] core::EpochItem wanted() const;
    void heal_copy(Place place, const core::EpochItem& found);
    void named(Place place, Duration lease);
    [[nodiscard]] Duration longest_lease() const;

    [[nodiscard]] std::size_t majority() const { return scene_.record_places.size() / 2 + 1; }

    // A request to a Region's tables: what it does there, and what comes back, if anything does.
    enum class Came : std::uint8_t { answer, refusal, nothing };
    void call(Place to, bool write, std::function<void()> effect, std::function<void(Came)> done);

    // controller_probes.cc
    void probe();
    void look(Place region, core::Path path);
    void beat(Place region, Answer answer);
    void beat_written(Place region, const Heartbeat& heartbeat);
    void follow(Way way);
    void find_earlier(Way way);
    void tell(Place region, core::Component component, core::Path path, bool ok);
    void take_home_again();

    // controller_effects.cc
    void watch_users(const core::ServeUsers& action, Instant until);
    void tell_losses(const OperationId& operation, LossBook& book);
    void settle_losses();

    Scene& scene_;
    Dice dice_;
    std::uint64_t life_;
    Configuration configuration_;
    core::Policy policy_;
    std::unique_ptr<runtime::Pump> pump_;
    AgentLink link_;
    bool alive_ = true;
    bool paused_ = false;
    bool silenced_ = false;
    Instant busy_until_{};
    std::deque<std::function<void()>> deferred_;
    Calendar::Ticket timer_;
    std::optional<Instant> armed_;  // local

    std::array<Beat, kTablesMax> beats_;
    std::array<std::array<std::uint64_t, kTablesMax>, kTablesMax> followed_{};
    std::array<std::array<bool, kTablesMax>, kTablesMax> found_earlier_{};
    std::array<std::array<Counts::Silent, kTablesMax>, 2> silent_{};

    std::map<Place, Duration> named_;
    std::map<Place, std::string> registers_;
    std::map<Duration, Instant> named_until_;  // local
    std::uint64_t requests_ = 0;
};

}  // namespace farshore::sim
