#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/strong.h"
#include "base/time.h"
#include "lab/faults/fault_spec.h"
#include "lab/faults/parties.h"
#include "ports/clock.h"

namespace farshore::lab {

using FaultId = Strong<struct FaultIdTag, std::string>;

// What the called party's server does with a call.
enum class Treatment {
    serve,
    hang,   // accept, never answer, never execute; cut with a reset when the fault ends
    reset,  // cut with a TCP reset
};
inline constexpr std::array<std::string_view, 3> kTreatmentNames{"serve", "hang", "reset"};

constexpr const auto& names_of(Treatment) {
    return kTreatmentNames;
}

// Everything that is wrong with one Region's DynamoDB now; several faults add up.
struct DynamoFault {
    bool refuse = false;  // stop listening and cut established connections
    bool reset = false;   // cut each request
    bool hang = false;    // every request hangs (mode timeout)
    // Mode empty_dns: connections established before `hang_new_since` are served until
    // `hang_all_since`; all others, and all of them from then on, hang.
    std::optional<Instant> hang_new_since;
    std::optional<Instant> hang_all_since;
    int errors_percent = 0;  // this share of requests gets a 500; decide before executing
    bool throttle = false;
    Duration latency{};       // added before the answer
    bool read_only = false;   // writes get a 500, without effect
    std::vector<FaultId> by;  // for FaultBoard::touched()

    [[nodiscard]] bool any() const { return !by.empty(); }

    // `connected_at`: when this connection was accepted. Party-to-party faults are not in here:
    // ask FaultBoard::treat() too.
    [[nodiscard]] Treatment treatment(Instant connected_at, Instant now) const;
};

struct Fault {
    FaultId id;
    FaultSpec spec;                     // never random: resolved when added
    std::optional<std::uint64_t> seed;  // of the random one that it was drawn as
    UtcTime starts_at;
    UtcTime ends_at;
    Instant starts;
    Instant ends;
    bool running = false;
    bool over = false;
    std::uint64_t touched = 0;                        // calls, answers, links, processes
    std::map<std::string, std::uint64_t> touched_by;  // by what was touched, at most 64 kinds
};

[[nodiscard]] boost::json::object to_json(const Fault& fault);

// The one list of what is broken in a lab process. Every lab server asks it at each call; nothing
// outside the lab may. Single-threaded: use it on the io_context's thread only.
//
// A fault is in force from its start to its end by the clock, also while expire() was not called.
// Subscribers hear of both moments from expire(), which the owner calls at next_deadline().
class FaultBoard {
  public:
    FaultBoard(World world, const ports::Clock& clock);
    FaultBoard(const FaultBoard&) = delete;
    FaultBoard& operator=(const FaultBoard&) = delete;
    ~FaultBoard() = default;

    [[nodiscard]] const World& world() const { return world_; }

    // Errors: malformed (does not fit the world), exhausted (more than 100 at once).
    [[nodiscard]] Result<FaultId> add(FaultSpec spec);
    // Ends it now. Errors: not_found (also when it is over).
    [[nodiscard]] Status end(const FaultId& id);
    void end_all();

    // Running and waiting faults, oldest first.
    [[nodiscard]] std::vector<Fault> faults() const;

    // The last 200 that are over.
    [[nodiscard]] const std::vector<Fault>& past() const { return past_; }

    [[nodiscard]] std::optional<Fault> find(const FaultId& id) const;

    // May `from` call `to`? The called party's server asks, and counts what it refuses.
    [[nodiscard]] Treatment treat(const PartyId& from, const PartyId& to);
    // The same without counting: for waiting and for display.
    [[nodiscard]] Treatment look(const PartyId& from, const PartyId& to) const;

    [[nodiscard]] DynamoFault dynamodb(const RegionId& region) const;
    // Has this DNS name no address now? Counts when true.
    [[nodiscard]] bool dns_empty(std::string_view name);
    // May no replicated write leave `from` for `to` now?
    [[nodiscard]] bool replication_blocked(const RegionId& from, const RegionId& to) const;
    // Are the hosts of this Region to be dead now? The world's supervisor kills and restarts them.
    [[nodiscard]] std::optional<FaultId> hosts_down(const RegionId& region) const;

    // A fault bit: `what` in a few words, the same for the same kind of thing.
    void touched(const FaultId& id, std::string_view what, std::uint64_t count = 1);
    void touched(const std::vector<FaultId>& ids, std::string_view what, std::uint64_t count = 1);
    // Counts replicated writes that wait for the link from -> to.
    void touched_replication(const RegionId& from, const RegionId& to, std::uint64_t count = 1);

    // The next start, end, or turn (the three seconds of empty_dns). nullopt: nothing to wait for.
    [[nodiscard]] std::optional<Instant> next_deadline() const;
    // Starts, turns and ends what is due; tells subscribers when anything changed.
    void expire();

    // Called after each change until the subscription dies. A callback may subscribe and
    // unsubscribe, and must not add or end faults.
    class Subscription {
      public:
        Subscription() = default;

        explicit Subscription(std::shared_ptr<std::function<void()>> callback)
            : callback_(std::move(callback)) {}

      private:
        std::shared_ptr<std::function<void()>> callback_;
    };

    [[nodiscard]] Subscription subscribe(std::function<void()> on_change);

  private:
    [[nodiscard]] const Fault* cutting(const PartyId& from, const PartyId& to) const;
    [[nodiscard]] bool in_force(const Fault& fault, Instant now) const;
    void retire(std::size_t index, Instant now);
    void tell();

    World world_;
    const ports::Clock& clock_;
    std::vector<Fault> faults_;
    std::vector<Fault> past_;
    std::vector<std::weak_ptr<std::function<void()>>> subscribers_;
    std::uint64_t next_number_ = 1;
    std::optional<Instant> turned_at_;  // turns up to here have been told
};

// Established connections outlive the name for this long in mode empty_dns: long enough that the
// agents' fresh probes fail first while their pooled connections still work.
inline constexpr Duration kEmptyDnsGrace = std::chrono::seconds{3};

}  // namespace farshore::lab
