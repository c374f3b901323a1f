#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/enum_names.h"

// What a step of a plan can be: one row per kind. Plans, their rules, the operation that runs them,
// the phase clock, reports and the manual read these rows; nothing else says what a kind means.
namespace farshore::core {

enum class StepKind {
    wait_lag,  // until a hold would end in a proven drain
    hold,      // agents keep new writes waiting
    drain,     // acknowledged writes are read in both Regions
    release,   // takes hold and drain back: writes go on in the old Region
    raise,     // the epoch items, in a majority of Regions
    fence,     // until nothing writes under the old epoch any more
    examine,   // what has arrived in the new Region, before it takes writes
    repoint,   // agents adopt the new epoch and prove it by a write
    prove,     // agents prove the epoch in force by a write: nothing is promoted
    shift,     // users are sent to the new Region
    verify,    // functional checks
    // Steps that an operator declares.
    approve,   // a person agrees
    command,   // a program of the operator's own
    ssm,       // a script on hosts without an agent (core/plan/fleet_change.h)
    asg,       // a group's capacity
    ecs,       // a service's environment
    lambda,    // a function's environment and event sources
    wait,      // a fixed time
    parallel,  // steps side by side
};
inline constexpr std::array<std::string_view, 19> kStepKindNames{
    "wait_lag",
    "hold",
    "drain",
    "release",
    "raise",
    "fence",
    "examine",
    "repoint",
    "prove",
    "shift",
    "verify",
    "approve",
    "command",
    "ssm",
    "asg",
    "ecs",
    "lambda",
    "wait",
    "parallel",
};

constexpr const auto& names_of(StepKind) {
    return kStepKindNames;
}

// What can come of a step.
enum class StepEvent {
    succeeded,  // it did what it is for
    failed,     // it did not, within its bound; another attempt is allowed
    exhausted,  // it did not, and no attempt is left
    undecided,  // its bound is over, and the controller cannot find out whether it took effect
    abort_requested,  // by an operator
    resumed,          // another controller, or this one after a crash, takes the operation over
    skipped,          // an operator goes on without a declared step
};
inline constexpr std::array<std::string_view, 7> kStepEventNames{
    "succeeded", "failed", "exhausted", "undecided", "abort_requested", "resumed", "skipped"
};

constexpr const auto& names_of(StepEvent) {
    return kStepEventNames;
}

// What a step leaves behind for those after it, and what a step asks of those before it.
enum class Fact : std::uint8_t {
    lag_small,
    writes_held,
    drained,
    epoch_raised,
    fence_proof,  // nothing writes under the old epoch; lives in memory only
    writes,       // the new Region takes writes
    write_proof,  // a host proved that it writes there
    users_moved,
};

// A set of facts.
class Facts {
  public:
    constexpr Facts() = default;

    template <class... Some>
    constexpr explicit Facts(Some... facts)
        : bits_(static_cast<std::uint8_t>((0U | ... | bit(facts)))) {}

    [[nodiscard]] constexpr bool has(Fact fact) const { return (bits_ & bit(fact)) != 0; }

    [[nodiscard]] constexpr bool has_all(Facts facts) const {
        return (bits_ & facts.bits_) == facts.bits_;
    }

    [[nodiscard]] constexpr bool none() const { return bits_ == 0; }

    constexpr void add(Facts facts) { bits_ = static_cast<std::uint8_t>(bits_ | facts.bits_); }

    friend constexpr bool operator==(Facts, Facts) = default;

  private:
    static constexpr std::uint8_t bit(Fact fact) {
        return static_cast<std::uint8_t>(1U << static_cast<unsigned>(fact));
    }

    std::uint8_t bits_ = 0;
};

// Can the world be as it was before the step?
enum class Reversal {
    nothing_to_undo,  // the step changes nothing of Farshore's
    undone,           // by the row's `undo`
    never,            // the old state cannot be had back; the plan goes on to its end
};

// Which epoch agents may get permission for while the step runs, and so where writes go.
enum class Permission {
    as_before,  // the epoch in force: the old one, until the raise
    nobody,     // no agent gets permission: the end of the old epoch is near, or past
    new_epoch,
    inherited,  // as the step before it
};

// Where an operation begins again when a controller takes it over in the middle of the step.
enum class BeginsAgain {
    itself,
    attempt,  // the hold is released first, then the attempt starts over
    fence,    // what the step stands on was proven in memory only
    person,   // the controller cannot read back whether it took effect: a person says
};

// What an abort does while the step runs.
enum class Abort {
    ends,      // nothing was changed
    undoes,    // writes go on in the old Region
    too_late,  // the plan goes on to its end
    stops,     // the tables have moved: a person has to look
};

// What no answer within the bound means.
enum class LostAnswer {
    tried_again,  // doing it twice does no harm
    read_back,    // the world says whether it took effect
    left_as_is,   // it ends by itself
    asks_person,
};

// Which interface of which place a step calls: what an automatic failover may depend on.
enum class Plane { data, control };
enum class Place {
    nowhere,     // no call
    left,        // the Region that is being left
    target,      // the Region that takes over
    majority,    // any two of the three Regions with epoch items
    hosts,       // agents; one that does not answer runs out of permission
    controller,  // the controller's own machine
    dns,         // a resolver; answers need no control plane
};

struct Call {
    Plane plane = Plane::data;
    Place place = Place::nowhere;
};

// What the journal, the report and operators read of each outcome.
struct StepWords {
    std::string_view succeeded;
    std::string_view failed;
    std::string_view exhausted;
    std::string_view undecided;
    std::string_view aborted;
    std::string_view resumed;
};

struct StepRow {
    StepKind kind;
    std::string_view phase;  // on the phase clock
    std::string_view doing;  // of an operation that runs it
    bool declared;           // by an operator, in a slot
    Facts needs;
    Facts gives;
    Reversal reversal;
    Permission permission;
    bool orders_routes;  // the step itself tells hosts their route, those that connect too
    BeginsAgain begins_again;
    Abort abort;
    LostAnswer lost_answer;
    std::array<Call, 2> calls;
    std::optional<StepKind> undo;  // the step that takes it back
    StepWords words;

    [[nodiscard]] constexpr std::string_view why(StepEvent event) const {
        switch (event) {
            case StepEvent::succeeded: return words.succeeded;
            case StepEvent::failed: return words.failed;
            case StepEvent::exhausted: return words.exhausted;
            case StepEvent::undecided: return words.undecided;
            case StepEvent::abort_requested: return words.aborted;
            case StepEvent::resumed: return words.resumed;
            case StepEvent::skipped: return "an operator goes on without it";
        }
        std::unreachable();
    }
};

}  // namespace farshore::core
