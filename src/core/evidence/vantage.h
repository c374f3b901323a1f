#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/evidence/signal.h"
#include "core/evidence/tally.h"

namespace farshore::core {

// One vantage and the hosts it speaks for. A controller speaks for itself: `hosts` is empty.
struct Observer {
    ObserverId id;
    RegionId stands_in;
    std::vector<HostId> hosts;
};

// How many of an observer's sources say what about one thing, as of a moment.
struct Opinions {
    std::size_t healthy = 0;
    std::size_t unhealthy = 0;
    std::size_t wavering = 0;  // of the healthy ones: their latest samples fail
    std::size_t busy = 0;      // sent requests of their own lately
    std::size_t failing = 0;   // ... and see most of them fail, or hang
};

// What one observer's sources said, and its one vote on each thing. Samples update the counts, so
// that asking for a verdict costs the same with ten hosts and with ten thousand; the counts hold
// until some source has been silent for too long, and settle() judges that source anew, and no
// other.
class Vantage {
  public:
    Vantage(Observer observer, Hysteresis limits);

    // A source that is not registered has no say, and no memory is spent on it.
    void observe(Instant now, const Observation& seen);

    // Leaves out the sources that have fallen silent. Call it before asking for answers at a new
    // moment; without it the answers are right too, but cost a look at every source.
    void settle(Instant now);

    void add_host(const HostId& host);
    void remove_host(const HostId& host);

    [[nodiscard]] Health health(Instant now, const RegionId& region, Component component) const;

    // Most of its sources say that it fails, or are about to: their latest samples do.
    [[nodiscard]] bool doubts(Instant now, const RegionId& region, Component component) const;

    // The same as health(), with its reason in words.
    [[nodiscard]] Vote vote(Instant now, const RegionId& region, Component component) const;

    [[nodiscard]] Opinions opinions(Instant now, const RegionId& region, Component component) const;

    // When its vote became unhealthy, as far as it was asked; nullopt: it is not.
    [[nodiscard]] std::optional<Instant> unhealthy_since(
        Instant now, const RegionId& region, Component component
    ) const;

    // Some source was heard from within fresh_for.
    [[nodiscard]] bool is_heard(Instant now) const;

    // When the counts stop holding by silence alone.
    [[nodiscard]] std::optional<Instant> next_deadline() const;

    [[nodiscard]] const ObserverId& id() const { return id_; }

    [[nodiscard]] const RegionId& stands_in() const { return stands_in_; }

    // That it speaks for; none when it speaks for itself.
    [[nodiscard]] std::vector<HostId> hosts() const;

    // It speaks for hosts, not for itself.
    [[nodiscard]] bool has_hosts() const { return !sources_.contains(HostId{}); }

  private:
    struct Opinion {
        Health health = Health::unknown;
        bool wavering = false;
        bool busy = false;
        bool failing = false;
    };

    // What one source says of one thing.
    struct Samples {
        std::array<Signal, kPathNames.size()> by_path;
        Duration stalled{};
        std::optional<Instant> busy_at;  // when the source last had requests to judge by
        Opinion counted;                 // as the counts have it
    };

    struct Subject {
        RegionId region;
        Component component = Component::dynamodb;
    };

    struct Source {
        std::optional<Signal> control;
        std::vector<Samples> samples;  // as subjects_; shorter when the rest was never heard of
        std::optional<Instant> due;    // when its turn in due_ comes; nullopt: nothing grows old
    };

    // A judgement and the last moment it holds for if nothing more is heard.
    struct Judged {
        Opinion opinion;
        std::optional<Instant> until;
    };

    [[nodiscard]] bool suspects_itself(Instant now, const Source& source) const;
    [[nodiscard]] Judged judge(Instant now, const Source& source, std::size_t subject) const;
    [[nodiscard]] Opinions count(Instant now, std::size_t subject) const;
    [[nodiscard]] std::optional<std::size_t> find(const RegionId& region, Component component)
        const;
    [[nodiscard]] Vote source_vote(Instant now, const Source& source, std::size_t subject) const;
    [[nodiscard]] std::optional<Instant> holds_until(Instant now, const Source& source) const;
    static void count_in(Opinions& counts, const Opinion& opinion, bool add);
    // Each returns until when its judgement holds if nothing more is heard.
    std::optional<Instant> recount(Instant now, Source& source, std::size_t subject);
    std::optional<Instant> recount(Instant now, Source& source);
    void look_again_at(const HostId& host, Source& source, const std::optional<Instant>& at);
    void note_vote(Instant now, std::size_t subject);

    ObserverId id_;
    RegionId stands_in_;
    Hysteresis limits_;
    std::map<HostId, Source> sources_;  // the registered ones
    std::vector<Subject> subjects_;
    std::vector<Opinions> counts_;                         // as subjects_
    std::vector<std::optional<Instant>> unhealthy_since_;  // as subjects_
    // Whose opinions grow old, and not before when: the counts are right until the first one's.
    // What a source says puts its turn off only when that comes near, not each time.
    std::set<std::pair<Instant, HostId>> due_;
    Instant near_looked_at_{};  // when the first one's turn was last put off, or not
    Instant counted_at_{};      // the counts are right from then on
    std::optional<Instant> heard_at_;
};

}  // namespace farshore::core
