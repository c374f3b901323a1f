#include "core/recording/other_policy.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace farshore::core {

namespace {

// Between two inputs: more deadlines than that would be a loop.
constexpr int kTicksMax = 1'000;
// A controller wakes up a moment after its deadline. What is told before is its own waking up.
constexpr Duration kWakesWithin = std::chrono::milliseconds{250};

// What a core hears though nothing that the recorded one decided was done: not the answers to its
// actions, nor what hosts and records say under an epoch that it raised.
bool is_of_the_world(const Input& input, Epoch epoch) {
    if (std::holds_alternative<LeaseGranted>(input)) {
        return false;
    }
    const auto* event = std::get_if<Event>(&input);
    if (event == nullptr) {
        return true;
    }
    if (const auto* report = std::get_if<AgentReported>(event)) {
        return report->epoch <= epoch;
    }
    return std::holds_alternative<Observation>(*event) ||
           std::holds_alternative<AgentJoined>(*event) ||
           std::holds_alternative<AgentConnected>(*event) ||
           std::holds_alternative<AgentDisconnected>(*event) ||
           std::holds_alternative<AgentForgotten>(*event) ||
           std::holds_alternative<CredentialRevoked>(*event) ||
           std::holds_alternative<LossesOpen>(*event) ||
           std::holds_alternative<TablesLookedUp>(*event) ||
           std::holds_alternative<HeartbeatArrived>(*event) ||
           std::holds_alternative<HeartbeatFound>(*event) ||
           std::holds_alternative<WriteAcknowledged>(*event) ||
           std::holds_alternative<PauseRequest>(*event) ||
           std::holds_alternative<ResumeRequest>(*event) || std::holds_alternative<Tick>(*event);
}

std::vector<GuardAnswer> refusing(const AppCore& core, Now now) {
    std::vector<GuardAnswer> guards = core.preview_automatic(now).guards;
    std::erase_if(guards, [](const GuardAnswer& answer) { return answer.passed; });
    return guards;
}

}  // namespace

void apply(const Rules& rules, AppCore::Start& start) {
    start.policy = rules.policy;
    start.quorum_needed = rules.quorum_needed;
    start.hysteresis = rules.hysteresis;
}

std::optional<Duration> Incident::later() const {
    return recorded && other ? std::optional{other->now.at - recorded->now.at} : std::nullopt;
}

void OtherPolicy::open(const Opening& opening) {
    begun_ = opening.start.automatic_operations;
    first_ = opening.start;
    apply(rules_, first_);
    // A controller has started: the boot clock may have, too.
    if (!opening.continues) {
        close(Mode::together);
    }
    if (mode_ == Mode::together) {
        Opening same = opening;
        same.start = first_;
        begin_again(same);
    }
}

void OtherPolicy::begin_again(const Opening& opening) {
    other_.emplace(opening);
    other_begun_ = opening.start.automatic_operations;
    told_ = opening.now;
    mode_ = Mode::together;
}

void OtherPolicy::tick_until(Now now) {
    for (int ticks = 0; ticks < kTicksMax; ++ticks) {
        const std::optional<Instant> due = other_->core().next_deadline();
        if (!due || *due + kWakesWithin >= now.at) {
            return;
        }
        const Instant at = std::max(*due, told_.at) + Duration{1};
        told_.wall += std::chrono::duration_cast<WallClock::duration>(at - told_.at);
        told_.at = at;
        (void)other_->tell(told_, Event{Tick{}});
        if (other_->core().automatic_operations() != other_begun_) {
            return;
        }
    }
}

// Whether the other core has begun a failover by itself.
bool OtherPolicy::tell_other(const Recorded& recorded) {
    tick_until(recorded.now);
    if (other_->core().automatic_operations() == other_begun_) {
        told_ = recorded.now;
        if (mode_ == Mode::together ||
            is_of_the_world(recorded.input, other_->core().record().epoch)) {
            (void)other_->tell(recorded.now, recorded.input);
        }
    }
    const std::uint64_t before = other_begun_;
    other_begun_ = other_->core().automatic_operations();
    return other_begun_ != before;
}

bool OtherPolicy::is_over(const AppCore& core, Instant at) const {
    const RegionId& where = mode_ == Mode::apart || !open_ ? core.record().active : open_->from;
    return !core.operation_running() && !is_impaired(core.evidence().condition(at, where));
}

void OtherPolicy::tell(const Recorded& recorded, const AppCore& core) {
    const Now now = recorded.now;
    const bool began = core.automatic_operations() != begun_;
    begun_ = core.automatic_operations();
    const bool follows = mode_ == Mode::together || mode_ == Mode::other_waits;
    const bool other_began = follows && tell_other(recorded);
    look(now, core, began, other_began);
    if (mode_ == Mode::apart && is_over(core, now.at)) {
        begin_again(continued(first_, now, core));
        for (Event& event : told_once(core)) {
            (void)other_->tell(now, std::move(event));
        }
    }
}

void OtherPolicy::look(Now now, const AppCore& core, bool began, bool other_began) {
    if (mode_ == Mode::apart) {
        return;  // what is begun now is another attempt of the same
    }
    if (!open_ && (began || other_began)) {
        const AppCore& who = began ? core : other_->core();
        open_ = Incident{.from = who.record().operation->plan.from};
        if (began != other_began) {
            open_->refused = refusing(began ? other_->core() : core, now);
        }
        mode_ = began ? Mode::other_waits : Mode::recorded_waits;
    }
    if (!open_) {
        return;
    }
    if (began && !open_->recorded) {
        open_->recorded = {.now = now, .to = core.record().operation->plan.to};
    }
    if (other_began) {
        open_->other = {.now = told_, .to = other_->core().record().operation->plan.to};
    }
    if ((open_->recorded && open_->other) || (!began && !other_began && is_over(core, now.at))) {
        close(Mode::apart);
    }
}

void OtherPolicy::close(Mode next) {
    if (open_) {
        incidents_.push_back(*std::exchange(open_, std::nullopt));
    }
    mode_ = next;
}

void OtherPolicy::end() {
    close(Mode::apart);
}

}  // namespace farshore::core
