#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "core/host/host_table.h"
#include "core/lease/lease.h"
#include "core/lease/on_controller_loss.h"
#include "core/lease/terms.h"

namespace farshore::core {

// Where an app's requests go: writes and strong reads to `active`; `users` is the Region that DNS
// should lead users to (it changes under the same epoch).
struct HostRoute {
    Epoch epoch;
    RegionId active;
    RegionId users;

    friend bool operator==(const HostRoute&, const HostRoute&) = default;
};

// Events, as the wiring sees them. The machine judges them and picks the row.
struct HostLoaded {
    std::optional<HostRoute> route;
    Epoch fenced;  // a fence that was stored with it; zero: none
    bool adopted_alone = false;
};

enum class Confirmer : std::uint8_t { controller, epoch_records };

// `epoch` was found to be the current one by a request that began at `started`.
struct Confirmation {
    Epoch epoch;
    Instant started;
    Duration length;
    Confirmer by = Confirmer::controller;
};

// A hold bounds itself: `length` counts from the moment it is taken. The machine cuts one that is
// longer than the epoch items allow.
struct HoldOrder {
    Epoch epoch;
    Duration length;
};

struct ReleaseOrder {
    Epoch epoch;
};

// `epoch` is the raised, newer one: nothing is written under an older one from now on.
struct FenceOrder {
    Epoch epoch;
};

struct RouteOrder {
    HostRoute route;
};

// A controller's answer speaks of a newer epoch.
struct NewerSeen {
    Epoch epoch;
};

// A strict majority of the epoch records agrees on `epoch` and `active`.
struct RecordsAgree {
    Epoch epoch;
    RegionId active;
    Instant started;                  // of the read
    bool controllers_silent = false;  // none was heard of for a lease
    // What they name: controllers wait for no longer than this lease before they promote without
    // us. Zero: they name none, and confirm no host. Where they name no hold, the default counts.
    Terms terms;
    // The register that they name has us, so a fence waits for us. Otherwise they confirm us
    // nothing.
    bool know_us = true;
};

// This host's boot clock stood still for a while (clock_watch.h): its lease is older than it looks.
struct ClockDoubted {};

// The deadline passed; whatever is due is done before any event anyway.
struct Wake {};

using HostInput = std::variant<
    HostLoaded,
    Confirmation,
    HoldOrder,
    ReleaseOrder,
    FenceOrder,
    RouteOrder,
    NewerSeen,
    RecordsAgree,
    ClockDoubted,
    Wake>;

// One row that was applied.
struct HostDecision {
    HostState before{};
    HostEvent on{};
    HostState after{};
    HostAction action{};
    std::string_view why;

    [[nodiscard]] bool refused() const { return action == HostAction::refuse; }

    // Worth a request to controllers and epoch records at once, instead of at the next turn.
    [[nodiscard]] bool wants_confirmation() const {
        return action == HostAction::ask || action == HostAction::adopt ||
               (before == HostState::held && after == HostState::open);
    }
};

// The rows applied, in order; `answer` is the one that the event itself got.
struct HostStep {
    std::vector<HostDecision> all;
    HostDecision answer;
};

// Decides when one app's writes may leave this host. Pure: no clock, no I/O; one owner.
//
// Permission is a lease. It counts from the start of the request that confirmed the epoch. A hold
// gives up the part of the lease beyond its end. An order is never a permission by itself, as it
// may have been under way for any time: after a route, the lease that ran before it goes on, and
// the host asks for a new one.
class HostMachine {
  public:
    struct Options {
        OnControllerLoss on_controller_loss = OnControllerLoss::verify;
        Duration lease = kDefaultTerms.lease;
        Duration clock_error = kDefaultTerms.clock_error;
    };

    explicit HostMachine(Options options) : options_(options) {}

    // Applies what is due at `now`, then the event, then what the event made due. Events that say
    // nothing new (a late confirmation, records that are behind) get a decision with action `none`.
    [[nodiscard]] HostStep step(Instant now, const HostInput& input);

    // When step(Wake) has something to do.
    [[nodiscard]] std::optional<Instant> next_deadline() const;

    // The claim behind each write: open, and the lease has not ended.
    [[nodiscard]] bool may_write(Instant now) const {
        return state_ == HostState::open && lease_.valid(now);
    }

    [[nodiscard]] HostState state() const { return state_; }

    [[nodiscard]] const std::optional<HostRoute>& route() const { return route_; }

    [[nodiscard]] Epoch epoch() const { return route_ ? route_->epoch : Epoch{}; }

    // The epoch was adopted from the epoch items, and no controller has routed this host since:
    // other hosts may have written under the old epoch after the last drain.
    [[nodiscard]] bool adopted_alone() const { return adopted_alone_; }

    [[nodiscard]] Epoch fenced() const { return fenced_; }  // zero: no fence above our epoch

    [[nodiscard]] const LeaseHolder& lease() const { return lease_; }

    [[nodiscard]] std::optional<Instant> hold_until() const { return hold_until_; }

    // How long a request waits for permission to write at most: as long as the longest hold that
    // the epoch items name.
    [[nodiscard]] Duration hold_max() const {
        return named_hold_max_ > Duration::zero() ? named_hold_max_ : kDefaultTerms.hold_max;
    }

    // Of a hold that is ordered for that time. Where the items name no bound, the order's own is
    // the controller's.
    [[nodiscard]] Duration hold_length(Duration ordered) const {
        return std::min(ordered, named_hold_max_ > Duration::zero() ? named_hold_max_ : kHoldLimit);
    }

  private:
    // A newer epoch in the records: adopted without a controller once every other host's lease
    // ended.
    struct Successor {
        Epoch epoch;
        RegionId active;
        Instant first_seen;
    };

    HostDecision apply(HostEvent event);
    HostDecision ignore(HostEvent event, HostAction action, std::string_view why);
    void run_deadlines(Instant now);
    [[nodiscard]] HostEvent judge(const HostRoute& route) const;
    HostDecision adopt(const HostRoute& route);
    HostDecision fence_below(Epoch epoch, HostEvent event);

    HostDecision on(Instant now, const HostLoaded& event);
    HostDecision on(Instant now, const Confirmation& event);
    HostDecision on(Instant now, const HoldOrder& event);
    HostDecision on(Instant now, const ReleaseOrder& event);
    HostDecision on(Instant now, const FenceOrder& event);
    HostDecision on(Instant now, const RouteOrder& event);
    HostDecision on(Instant now, const NewerSeen& event);
    HostDecision on(Instant now, const RecordsAgree& event);
    HostDecision on(Instant now, const ClockDoubted& event);
    HostDecision on(Instant now, const Wake& event);

    Options options_;
    HostState state_ = HostState::starting;
    std::optional<HostRoute> route_;
    Epoch fenced_;
    bool adopted_alone_ = false;
    LeaseHolder lease_;
    std::optional<Instant> hold_until_;
    std::optional<Successor> successor_;
    Terms longest_named_;        // by the items, under our epoch: others may keep within these
    Duration named_hold_max_{};  // by the items, when they were last read; zero: not said
    std::vector<HostDecision> decisions_;  // of the step that runs
};

}  // namespace farshore::core
