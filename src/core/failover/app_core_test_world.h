#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/test_date.h"
#include "core/failover/app_core.h"

namespace farshore::core::testing {

using namespace std::chrono_literals;

inline const RegionId kEast{"us-east-1"};
inline const RegionId kWest{"eu-west-1"};

// Drives the real core through a story: what it decides is read from its actions and its record.
class AppCoreTest : public ::testing::Test {
  protected:
    AppCore make(Policy policy, Duration longest_lease = {}) {
        AppCore::Start start = start_of(std::move(policy));
        start.longest_lease = longest_lease;
        return AppCore{std::move(start), now()};
    }

    [[nodiscard]] AppCore::Start start_of(Policy policy) const {
        AppCore::Start start;
        start.policy = std::move(policy);
        start.observers = {
            {.id = ObserverId{"controller"}, .stands_in = RegionId{"us-east-2"}, .hosts = {}},
            {.id = ObserverId{"agents:us-east-1"}, .stands_in = kEast, .hosts = {HostId{"e1"}}},
            {.id = ObserverId{"agents:eu-west-1"}, .stands_in = kWest, .hosts = {HostId{"w1"}}}
        };
        start.record = {
            .app = AppId{"shop"},
            .epoch = Epoch{7},
            .active = kEast,
            .users = kEast,
            .pause = {},
            .cooldown_until = {},
            .operation = {}
        };
        start.agents = {{HostId{"e1"}, kEast}, {HostId{"w1"}, kWest}};
        start.epochs = reading(Epoch{7}, kEast);
        start.register_is_closed = true;
        return start;
    }

    // All copies of the epoch item were read at `at`, and say so.
    [[nodiscard]] EpochReading reading(Epoch epoch, const RegionId& active) const {
        const EpochItem item{
            .epoch = epoch, .active = active, .terms = {.lease = 3s, .clock_error = 200ms}
        };
        return {
            .started = now().at,
            .started_wall = now().wall,
            .asked = 3,
            .copies = {item, item, item},
            .detail = {}
        };
    }

    [[nodiscard]] static bool passes(const AppCore::Preview& preview, Guard guard) {
        const auto found = std::ranges::find(preview.guards, guard, &GuardAnswer::guard);
        EXPECT_NE(found, preview.guards.end()) << to_string(guard) << " was not asked";
        return found != preview.guards.end() && found->passed;
    }

    // Everything well, for as long as it takes to be trusted.
    void settle(AppCore& core) {
        connect(core);
        for (int i = 0; i < 10; ++i) {
            (void)round(core, true, 0);
        }
    }

    // Every observer sees the active Region fail, until an operation runs.
    void fail_east(AppCore& core) {
        for (int i = 0; i < 10 && !core.operation_running(); ++i) {
            (void)round(core, false, 3);
        }
    }

    // What an operator asks for in an outage.
    static ChangeRequest failover_by_hand() {
        return {
            .id = OperationId{"op-1"},
            .verb = Verb::failover,
            .to = kWest,
            .by = "operator:x",
            .reason = "INC-1",
            .accept_loss = 1h
        };
    }

    // What an operator asks for when all is well.
    static ChangeRequest planned_switchover() {
        return {
            .id = OperationId{"op-1"},
            .verb = Verb::switchover,
            .to = kWest,
            .by = "operator:x",
            .reason = "planned"
        };
    }

    // A failover by hand to the other Region, up to the point where its fence is being proven.
    void begin_fencing(AppCore& core) {
        (void)tell(core, failover_by_hand());
        ASSERT_TRUE(core.operation_running());
        (void)tell(core, raised(core));
        ASSERT_EQ(core.record().operation->doing(), "fencing");
    }

    // A majority of the epoch items carries the epoch of the running operation.
    [[nodiscard]] EpochRaised raised(const AppCore& core) const {
        return {
            .step = current(core),
            .started = now().at,
            .started_wall = now().wall,
            .majority = true,
            .highest_seen = core.record().operation->plan.epoch_after
        };
    }

    // From there until every agent has proved the new route.
    void promote(AppCore& core) {
        all_ack(core, OrderType::fence);
        (void)tell(core, Tick{});
        (void)tell(core, LossesExamined{.step = current(core), .complete = true});
        for (const OrderType type : {OrderType::route, OrderType::verify}) {
            all_ack(core, type);
        }
    }

    std::vector<Action> switch_over(AppCore& core) { return tell(core, planned_switchover()); }

    // What a host reports that writes in the active Region and has nothing else to say.
    static AgentReported report_of(const char* host) {
        return {
            .host = HostId{host},
            .epoch = Epoch{7},
            .active = kEast,
            .users = kEast,
            .write_state = "open"
        };
    }

    // A host says which epoch it follows, and where it believes that users are.
    void report(AppCore& core, const char* host, Epoch epoch, const RegionId& users) {
        (void)tell(
            core,
            AgentReported{
                .host = HostId{host},
                .epoch = epoch,
                .active = kWest,
                .users = users,
                .write_state = "open"
            }
        );
    }

    [[nodiscard]] static StepId current(const AppCore& core) {
        return {core.record().operation->plan.id, core.record().operation->steps};
    }

    std::vector<Action> ack(AppCore& core, const char* host, OrderType type) {
        return tell(
            core,
            AgentAcked{
                .step = current(core),
                .host = HostId{host},
                .type = type,
                .epoch = Epoch{8},
                .done = true
            }
        );
    }

    void all_ack(AppCore& core, OrderType type) {
        for (const char* host : {"e1", "w1"}) {
            (void)ack(core, host, type);
        }
    }

    // Nothing happens but that time passes, until the fence is proven. It has to be before `end`.
    void wait_for_the_fence(AppCore& core, Instant end) {
        while (core.record().operation->doing() == "fencing" && at < end) {
            at += 100ms;
            (void)tell(core, Tick{});
        }
        EXPECT_NE(core.record().operation->doing(), "fencing");
    }

    static Policy policy() {
        Policy policy;
        policy.app = AppId{"shop"};
        policy.regions = {kEast, kWest};
        policy.mode = Mode::automatic;
        policy.require_drill_within.reset();
        policy.stacks_watched = policy.regions;
        return policy;
    }

    [[nodiscard]] Now now() const { return {.at = at, .wall = date_in_tests(at) + clock_set}; }

    std::vector<Action> tell(AppCore& core, const Event& event) {
        Effects effects = core.step(now(), event);
        if (taped) {
            taped(now(), core, event, effects);
        }
        if (effects.reply) {
            reply = std::move(effects.reply);
        }
        for (JournalEntry& entry : effects.journal) {
            journal.push_back(std::move(entry));
        }
        const FindHosts* search = find<FindHosts>(effects.actions);
        if (search != nullptr && tables_answer) {
            const HostsFound found{.step = search->step, .complete = true, .hosts = {}};
            for (Action& action : tell(core, found)) {
                effects.actions.push_back(std::move(action));
            }
        }
        return std::move(effects.actions);
    }

    // What a person is answered.
    Reply ask(AppCore& core, const Event& request) {
        reply.reset();
        (void)tell(core, request);
        EXPECT_TRUE(reply.has_value()) << "each request is answered";
        return reply.value_or(Taken{});
    }

    // The text of its refusal; empty: it was taken.
    std::string why_refused(AppCore& core, const Event& request) {
        const Reply said = ask(core, request);
        return said ? std::string{} : said.error().error.text;
    }

    void connect(AppCore& core) {
        (void)tell(core, AgentConnected{HostId{"e1"}, kEast, Epoch{7}});
        (void)tell(core, AgentConnected{HostId{"w1"}, kWest, Epoch{7}});
    }

    // One round of evidence; returns the actions that came of it.
    std::vector<Action> round(AppCore& core, bool east_ok, std::uint32_t host_errors) {
        at += 500ms;
        std::vector<Action> actions;
        std::vector<Event> events = what_is_seen(east_ok, host_errors);
        events.emplace_back(EpochsRead{reading(core.record().epoch, core.record().active)});
        for (const Event& event : events) {
            for (Action& action : tell(core, event)) {
                actions.push_back(std::move(action));
            }
        }
        return actions;
    }

    // What every observer sees now.
    [[nodiscard]] std::vector<Event> what_is_seen(bool east_ok, std::uint32_t host_errors) const {
        std::vector<Event> events;
        const auto collect = [&](Event event) {
            events.push_back(std::move(event));
        };
        for (const auto& [observer, host] :
             {std::pair{"controller", ""},
              std::pair{"agents:us-east-1", "e1"},
              std::pair{"agents:eu-west-1", "w1"}}) {
            for (const RegionId& region : {kEast, kWest}) {
                const bool ok = region == kWest || east_ok;
                collect(Observation{
                    .observer = ObserverId{observer},
                    .source = HostId{host},
                    .region = region,
                    .component = Component::dynamodb,
                    .path = Path::fresh,
                    .ok = ok ? 1U : 0U,
                    .failed = ok ? 0U : 1U,
                    .stalled = {},
                    .why = "empty DNS answer"
                });
                collect(Observation{
                    .observer = ObserverId{observer},
                    .source = HostId{host},
                    .region = region,
                    .component = Component::stack,
                    .path = Path::fresh,
                    .ok = 1,
                    .failed = 0,
                    .stalled = {},
                    .why = {}
                });
            }
        }
        collect(Observation{
            .observer = ObserverId{"agents:us-east-1"},
            .source = HostId{"e1"},
            .region = kEast,
            .component = Component::dynamodb,
            .path = Path::passive,
            .ok = host_errors == 0 ? 5U : 0U,
            .failed = host_errors,
            .stalled = {},
            .why = "timeout"
        });
        if (east_ok) {
            collect(WriteAcknowledged{kEast, at});
            collect(HeartbeatArrived{kEast, kWest, at, 90ms});
        }
        return events;
    }

    template <class T>
    static const T* find(const std::vector<Action>& actions) {
        for (const Action& action : actions) {
            if (const T* found = std::get_if<T>(&action)) {
                return found;
            }
        }
        return nullptr;
    }

    Instant at{1000s};
    WallClock::duration clock_set{};  // how far NTP or an operator has set the wall clock
    std::vector<JournalEntry> journal;
    // Each event, when the core has taken it.
    std::function<void(Now, const AppCore&, const Event&, const Effects&)> taped;
    std::optional<Reply> reply;  // to the last request
    bool tables_answer = true;   // at once: no host has registered itself
};

}  // namespace farshore::core::testing
