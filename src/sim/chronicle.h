#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/agent_words.h"
#include "sim/check/automation.h"
#include "sim/check/data_plane.h"
#include "sim/check/epochs.h"
#include "sim/check/intents.h"
#include "sim/check/liveness.h"
#include "sim/check/losses.h"
#include "sim/check/replay.h"
#include "sim/check/truth_book.h"
#include "sim/check/violations.h"
#include "sim/check/writes.h"
#include "sim/coverage.h"

namespace farshore::sim {

class Controller;
class Onlooker;

// Everything observable of a run passes here: it is folded into the trace's hash, told to people
// who want the story, and handed to the checkers. The checkers see the whole world, and no part of
// Farshore sees them.
class Chronicle {
  public:
    explicit Chronicle(Scene& scene);

    void saw(Seen what) { coverage_.saw(what); }

    // For people: the lines are kept.
    void tell() { tells_ = true; }

    // Before begin(); null: nothing listens.
    void set_onlooker(Onlooker* onlooker) { onlooker_ = onlooker; }

    void begin();

    // hosts
    void host_booted(const Host& host);
    void host_ended(const Host& host);
    void host_reimaged(const Host& host);
    void host_decided(const Host& host, const core::HostDecision& decision, const OrderMark* by);
    void route_acknowledged(const Host& host, const core::HostRoute& route);
    void sent(const Host& host, const OnWire& write);
    void landed(const Host& host, const OnWire& write);
    void answered(const Host& host, const Request& request, Epoch epoch, Heard heard);
    void refused(const Host& host);

    // observers
    void looked(std::size_t source, TruthBook::Look look, bool ok) {
        truth_.looked(source, look, ok);
    }

    void report_taken(const Report& report);
    void heartbeat_acknowledged(Place region, const Heartbeat& heartbeat);

    // controllers
    void controller_began(const Controller& controller);
    void core_started(const Controller& controller, const core::Opening& opening);
    void controller_ended(const Controller& controller);
    // An operator's request was taken.
    void told(const Controller& controller, const core::Event& request);
    // The core has taken something.
    void took(
        const Controller& controller,
        core::Now now,
        const core::AppCore& core,
        const core::Input& input,
        const core::Effects& effects
    );
    void asked(const core::ChangeRequest& request);
    // `store`: its number.
    void saved(
        std::size_t store,
        const core::AppRecord& record,
        std::span<const core::JournalEntry> journal
    );
    void store_replaced(std::size_t store, const core::AppRecord& record, bool lost);

    void fates_kept(const core::Plan& plan, const core::KeyChain& chain) {
        losses_.kept(plan, chain);
    }

    void effect(std::size_t store, const core::StepId& step) { intents_[store].effect(step); }

    void effect(std::size_t store, const core::StepId& step, const core::OrderAgents& order);
    // `by`: the store of the controller that wrote it; nullopt: a foreign writer.
    void copy_written(
        Place place,
        const std::optional<core::EpochItem>& before,
        const core::EpochItem& written,
        std::optional<std::size_t> by
    );

    // the world
    void record_answers(Place region);
    void fault_began(const Fault& fault);
    void fault_ended(const Fault& fault);
    // The core asks to be woken at a moment that has long passed.
    void woken_in_vain(const core::AppCore& core);
    void look();  // once a second
    void end();   // everything has arrived

    // No fault was active for so long, and the controller is no younger.
    [[nodiscard]] bool undisturbed_for(Duration length) const;
    // The same, but for one fault that is active now; null: there is none.
    [[nodiscard]] bool only_this_since(const Fault* fault, Duration length) const;

    [[nodiscard]] UtcTime begun_at() const { return begun_at_; }

    [[nodiscard]] const std::vector<std::string>& violations() const { return violations_.found(); }

    [[nodiscard]] const std::vector<std::string>& story() const { return story_; }

    [[nodiscard]] std::uint64_t hash() const { return hash_; }

    [[nodiscard]] const Coverage& coverage() const { return coverage_; }

    [[nodiscard]] const WriteChecks& writes() const { return writes_; }

    [[nodiscard]] const EpochChecks& epochs() const { return epochs_; }

    [[nodiscard]] int failovers() const { return automation_.failovers(); }

    [[nodiscard]] int operations_begun() const { return begun_; }

    [[nodiscard]] int operations_done() const { return done_; }

    [[nodiscard]] int operations_ended() const { return ended_; }

  private:
    void fold(std::uint64_t value);
    void fold(std::string_view text);
    void say(const std::string& line);
    void spoiled(const Host& host, const char* how);

    Scene& scene_;
    Onlooker* onlooker_ = nullptr;
    Violations violations_;
    TruthBook truth_;
    EpochChecks epochs_;
    std::array<IntentChecks, 2> intents_;  // by store
    AutomationChecks automation_;
    DataPlaneChecks data_plane_;
    WriteChecks writes_;
    LossChecks losses_;
    LivenessChecks liveness_;
    DecisionReplay replay_;
    Coverage coverage_;
    UtcTime begun_at_{};
    std::uint64_t hash_ = 14695981039346656037ULL;
    bool tells_ = false;
    std::vector<std::string> story_;
    std::string_view doing_;
    OperationId operation_;
    bool woken_in_vain_ = false;
    int begun_ = 0;
    int done_ = 0;
    int ended_ = 0;
    Duration controller_began_{};  // of the story
    Duration host_booted_{};

    struct Past {
        const Fault* fault = nullptr;
        Duration until{};
    };

    std::vector<Past> past_;
};

}  // namespace farshore::sim
