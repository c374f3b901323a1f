#include "runtime/pump.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"
#include "core/planted.h"

namespace farshore::runtime {

namespace {

// A full disk is looked at again this often.
constexpr Duration kStoreRetry = std::chrono::milliseconds{500};
// Behind a commit that took longer, answers of hosts wait no longer than this.
constexpr Duration kRestMost = std::chrono::milliseconds{50};

core::Refused has_not_happened(ErrorKind kind, const std::string& trouble) {
    return {
        .error =
            {.kind = kind,
             .text = "the store refuses to write: " + trouble,
             .remedy = "make room for the store first: nothing is done without a durable record",
             .code = "store"}
    };
}

core::Refused this_controller_ends(const std::string& trouble) {
    return {
        .error =
            {.kind = ErrorKind::unavailable,
             .text = "this controller ends, and nothing was done: " + trouble,
             .remedy = "ask again: the controller that leads answers",
             .code = "store"}
    };
}

template <class... Fs>
struct Overloaded : Fs... {
    using Fs::operator()...;
};

}  // namespace

Pump::Pump(core::AppCore core, Ports ports) : core_(std::move(core)), ports_(ports) {}

void Pump::start() {
    draining_ = true;
    const core::Now moment = now();
    perform(moment, resume(moment, "a restart of the controller"));
    draining_ = false;
    drain();
}

void Pump::deliver(core::Event event) {
    if (ended_) {
        return;
    }
    if (auto* ack = std::get_if<core::AgentAcked>(&event)) {
        acks_.push_back(std::move(*ack));
        if (!draining_) {
            arm();
        }
        return;
    }
    const bool overtakes = std::holds_alternative<core::AgentReported>(event) ||
                           std::holds_alternative<core::Observation>(event);
    if (!overtakes) {
        gather_acks();
    }
    events_.push_back({.event = std::move(event)});
    drain();
}

void Pump::gather_acks() {
    if (!acks_.empty()) {
        events_.push_back({.event = core::AgentsAcked{std::exchange(acks_, {})}});
    }
}

std::optional<Instant> Pump::acks_due() const {
    // With fewer, the answer that a step waits for is worth more.
    constexpr std::size_t kMany = 100;
    if (acks_.empty()) {
        return std::nullopt;
    }
    const Instant now = ports_.clock.now();
    return core_.agents().size() > kMany ? std::max(now, acks_rest_until_) : now;
}

void Pump::ask(core::Event request, ports::Commit with, Answered answered) {
    if (ended_) {
        answered(std::unexpected(this_controller_ends(trouble_)));
        return;
    }
    gather_acks();
    events_.push_back(
        {.event = std::move(request),
         .changes = std::move(with.changes),
         .audit = std::move(with.audit),
         .answered = std::move(answered)}
    );
    drain();
}

void Pump::turn() {
    deliver(core::Tick{});
}

// A port may deliver an event while it is being called; the outer call takes it afterwards.
void Pump::drain() {
    if (draining_) {
        return;
    }
    draining_ = true;
    while (!ended_ && !committing_ && !events_.empty()) {
        try_store_again();
        if (committing_ || ended_) {
            break;
        }
        Waiting next = std::move(events_.front());
        events_.pop_front();
        if (next.answered) {
            take_request(std::move(next));
        } else {
            step(std::move(next.event));
        }
    }
    draining_ = false;
    arm();
}

void Pump::step(core::Event event) {
    const core::Now moment = now();
    perform(moment, take(moment, std::move(event)));
}

core::Effects Pump::take(core::Now moment, core::Event happened) {
    const core::Input input{std::move(happened)};
    const auto& event = std::get<core::Event>(input);
    core::Effects effects = core_.step(moment, event);
    const auto* seen = std::get_if<core::Observation>(&event);
    const bool off_the_record = is_planted(core::PlantedBug::evidence_off_the_record) &&
                                seen != nullptr && seen->failed > 0;
    if (recorder_ && !off_the_record) {
        recorder_(moment, input, effects);
    }
    return effects;
}

core::Effects Pump::resume(core::Now moment, std::string after) {
    core::Effects effects = core_.resume(moment, after);
    record(moment, core::Resumed{std::move(after)}, effects);
    return effects;
}

void Pump::stall() {
    core_.stall();
    record(now(), core::Stalled{}, {});
}

void Pump::record(core::Now moment, core::Input input, const core::Effects& effects) {
    if (recorder_) {
        recorder_(moment, input, effects);
    }
}

void Pump::take_request(Waiting request) {
    if (store_again_at_) {
        request.answered(std::unexpected(has_not_happened(ErrorKind::exhausted, trouble_)));
        return;
    }
    asked_.emplace(
        Asked{.reply = {}, .before = core_.before(), .answered = std::move(request.answered)}
    );
    const core::Now moment = now();
    core::Effects effects = take(moment, std::move(request.event));
    FARSHORE_ASSERT(effects.reply, "the core replies to each request");
    asked_->reply = std::move(*effects.reply);
    if (asked_->reply && asked_->reply->has_changed_something()) {
        changes_ = std::move(request.changes);
        audit_ = std::move(request.audit);
    }
    perform(moment, std::move(effects));
    if (!committing_) {
        answer_asked();
    }
}

void Pump::perform(core::Now moment, core::Effects effects) {
    unsaved_ = unsaved_ || effects.save;
    std::ranges::move(effects.journal, std::back_inserter(journal_));
    if (store_again_at_) {
        return;
    }
    for (const core::Action& action : effects.actions) {
        if (const auto* told = std::get_if<core::Announce>(&action)) {
            audit_.push_back(
                {.at = moment.wall, .who = "controller", .what = "announce", .detail = told->text}
            );
        }
    }
    held_ = std::move(effects.actions);
    if (is_planted(core::PlantedBug::effect_before_intent)) {
        for (const core::Action& action : std::exchange(held_, {})) {
            start_action(action);
        }
    }
    commit();
}

void Pump::try_store_again() {
    if (store_again_at_ && now().at >= *store_again_at_) {
        commit();
    }
}

void Pump::commit() {
    if (!unsaved_ && journal_.empty() && audit_.empty()) {
        committed();
        return;
    }
    committing_ = true;
    asked_store_at_ = ports_.clock.now();
    ports_.store.commit(
        {.app = core_.record().app,
         .leader = {},
         .state = core_.record(),
         .journal = journal_,
         .changes = changes_,
         .audit = audit_},
        [self = std::weak_ptr(self_)](ports::CommitAnswer answer) {
            if (const auto pump = self.lock()) {
                (*pump)->answered(std::move(answer));
            }
        }
    );
}

void Pump::answered(ports::CommitAnswer answer) {
    const bool inside = std::exchange(draining_, true);
    committing_ = false;
    const Instant now = ports_.clock.now();
    acks_rest_until_ = now + std::min(now - asked_store_at_, kRestMost);
    trouble_ = answer.why.text;
    switch (answer.end) {
        case ports::CommitEnd::committed:
            unsaved_ = false;
            changes_.clear();
            audit_.clear();
            committed();
            break;
        case ports::CommitEnd::refused: refused(answer.why); break;
        case ports::CommitEnd::superseded:
        case ports::CommitEnd::unknown:
            if (asked_ && answer.end == ports::CommitEnd::unknown) {
                answer.why.effect = Effect::possible;
            }
            if (asked_) {
                asked_->reply = std::unexpected(core::Refused{.error = std::move(answer.why)});
            }
            ended_ = true;
            break;
    }
    draining_ = inside;
    if (!inside) {
        answer_asked();
    }
    if (ended_) {
        end();
    }
    drain();
}

// A request has not happened then. What the controller decided by itself is asked for again when
// the store takes it.
void Pump::refused(const Error& why) {
    held_.clear();
    if (asked_) {
        core_.withdraw(std::move(asked_->before));
        record(now(), core::Withdrawn{}, {});
        journal_.clear();
        changes_.clear();
        audit_.clear();
        unsaved_ = true;  // so that the store is tried
        if (asked_->reply) {
            asked_->reply = std::unexpected(has_not_happened(why.kind, why.text));
        }
    } else {
        stall();
    }
    store_again_at_ = now().at + kStoreRetry;
}

void Pump::answer_asked() {
    if (std::optional<Asked> asked = std::exchange(asked_, std::nullopt)) {
        asked->answered(std::move(asked->reply));
    }
}

// Nothing that waits is taken any more.
void Pump::end() {
    held_.clear();
    stall();
    for (Waiting& waiting : std::exchange(events_, {})) {
        if (waiting.answered) {
            waiting.answered(std::unexpected(this_controller_ends(trouble_)));
        }
    }
}

// What the core has decided is durable.
void Pump::committed() {
    const std::vector<core::JournalEntry> written = std::exchange(journal_, {});
    if (watcher_) {
        for (const core::JournalEntry& entry : written) {
            watcher_(entry);
        }
    }
    if (std::exchange(store_again_at_, std::nullopt)) {
        const core::Now moment = now();
        perform(moment, resume(moment, "the store took no records for a while"));
        return;
    }
    for (const core::Action& action : std::exchange(held_, {})) {
        start_action(action);
    }
}

void Pump::start_action(const core::Action& action) {
    std::visit(
        Overloaded{
            [&](const core::RaiseEpoch& a) { ports_.epoch_records.raise(a); },
            [&](const core::FindHosts& a) { ports_.host_records.find(a); },
            [&](const core::OrderAgents& a) { ports_.agents.order(a); },
            [&](const core::ExamineLosses& a) { ports_.tables.examine(a); },
            [&](const core::ServeUsers& a) { ports_.traffic.serve(a); },
            [&](const core::VerifyFunction& a) { ports_.checks.verify(a); },
            [&](const core::RunCommand& a) { ports_.commands.run(a); },
            [&](const core::StopCommand& a) { ports_.commands.stop(a); },
            [&](const core::MoveFleet& a) { ports_.fleets.move(a); },
            [&](const core::LeaveFleet& a) { ports_.fleets.leave(a); },
            [&](const core::Announce& a) { ports_.notifier.announce(a); },
        },
        action
    );
}

void Pump::arm() {
    if (committing_ || ended_) {
        ports_.timer.disarm();  // nothing is due before the store has answered
        return;
    }
    std::optional<Instant> at = core_.next_deadline();
    for (const std::optional<Instant>& other : {acks_due(), store_again_at_}) {
        if (other) {
            at = std::min(at.value_or(*other), *other);
        }
    }
    if (at) {
        ports_.timer.arm(*at);
    } else {
        ports_.timer.disarm();
    }
}

core::AppCore::LeaseAnswer Pump::grant_lease(const HostId& host, Epoch epoch) {
    if (ended_) {
        return {.length = std::nullopt, .why = trouble_};
    }
    const core::Now moment = now();
    core::AppCore::LeaseAnswer answer = core_.grant_lease(moment, host, epoch);
    if (answer.length) {
        record(
            moment, core::LeaseGranted{.host = host, .epoch = epoch, .length = *answer.length}, {}
        );
    }
    return answer;
}

}  // namespace farshore::runtime
