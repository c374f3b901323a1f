#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/link/agent_messages.h"

namespace farshore::core::link {

// What a controller knows of one host's agent, for people.
struct AgentView {
    HostId host;
    RegionId region;
    bool connected = false;
    Epoch epoch;
    RegionId active;
    std::string write_state;
    Duration age{};  // since it was last heard; negative: never heard by this process
    Duration lease_remaining{};
    std::uint64_t unproven = 0;
    Duration oldest_unproven{};  // its age by now
    Shown shown;
    std::string trouble;  // what a person should look at; empty: nothing
};

// What is left to do after an input; see AgentSessions::step.
struct Step {
    Answer answer = Taken{};
    std::vector<Action> actions;
};

// The controller's side of the agent protocol for one app: who may speak for a host, which of its
// processes has the stream of orders, which order an acknowledgement answers, when an agent is
// silent, and that an agent of an older epoch is fenced before it is routed. Pure: no clock, no
// I/O; one owner, one thread.
//
// A message costs the work for its own host, whatever the number of hosts: silence and patience
// stand in queues by their time. Only a controller that stood still looks at every host.
class AgentSessions {
  public:
    struct Options {
        AppId app;
        std::vector<RegionId> regions;                 // where agents may stand
        std::set<HostId> allowed;                      // empty: every host that holds a credential
        Duration fresh_for = std::chrono::seconds{3};  // without a word: then an agent is silent
        std::size_t hosts_max = 10'000;
    };

    AgentSessions(Options options, Instant now) : options_(std::move(options)), looked_at_(now) {}

    // All that is decided is in the state already when the actions are carried out, so a delivered
    // event may lead to another step() at once; what is delivered stands behind everything else.
    [[nodiscard]] Step step(Instant now, const Input& input);

    // When step(Tick) is to be called, also when nothing is due: a tick that comes much later says
    // that the controller itself stood still, and what agents sent meanwhile is not read yet.
    [[nodiscard]] Instant next_deadline() const { return looked_at_ + kLookEvery; }

    // The stream of the host is open, and the host was heard lately.
    [[nodiscard]] bool lives(Instant now, const HostId& host) const;

    // The core was told that it is connected, and not yet that it is silent.
    [[nodiscard]] bool is_connected(const HostId& host) const;

    // The host's stream; nullopt: none is open.
    [[nodiscard]] std::optional<StreamId> stream_of(const HostId& host) const;

    [[nodiscard]] std::vector<HostId> hosts_with_streams() const;

    // How many hosts have said hello and not left the register.
    [[nodiscard]] std::size_t size() const { return agents_.size(); }

    // The number and epoch of a sign of life on that stream, which is no order; nullopt: the stream
    // has ended.
    struct Ping {
        std::uint64_t number = 0;
        Epoch epoch;
    };

    [[nodiscard]] std::optional<Ping> ping(const HostId& host, StreamId stream);

    // By host.
    [[nodiscard]] std::vector<AgentView> views(Instant now) const;

  private:
    // Fine against the seconds that silence and patience last.
    static constexpr Duration kLookEvery = std::chrono::milliseconds{200};

    // A second process that says it is this host, while the first one lives.
    struct Rival {
        BootId boot;
        Instant last_at{};
        bool both_live = false;  // the first one was heard after this one
    };

    // What the newest report said, for people.
    struct Said {
        RegionId active;
        std::string write_state;
        std::uint64_t unproven = 0;
        Duration oldest_unproven{};
        Shown shown;
    };

    using Orders = std::map<std::uint64_t, std::shared_ptr<const OrderAgents>>;  // by number

    // What a short report repeats.
    struct Whole {
        struct Seen {
            RegionId region;
            Component component{};
            Path path{};
        };

        std::uint64_t sequence = 0;
        AgentReported said;
        std::vector<Seen> seen;
        std::uint64_t acknowledged = 0;
    };

    struct Agent {
        RegionId region;
        BootId boot;
        std::optional<StreamId> stream;
        bool connected = false;  // as the core was told
        Instant heard_at{};
        std::optional<Instant> look_at;  // its place in `silence_`
        std::optional<Instant> granted_at;
        Duration granted_for{};
        std::uint64_t sequence = 0;
        std::optional<Said> said;    // nullopt: no report of this boot
        std::optional<Whole> whole;  // likewise, or none that can be repeated
        Epoch epoch;                 // as it last said
        Epoch fenced_below;          // it acknowledged a fence of this epoch in this boot
        Orders pending;
        // Fences that this process has acknowledged, and whose lists are not durable yet. They
        // outlive the stream.
        Orders keeping;
        // A route to an agent of an older epoch waits for its fence, so that its unproven writes
        // are known before it forgets the epoch they belong to.
        std::shared_ptr<const OrderAgents> after_fence;  // null: none
        std::uint64_t after_fence_number = 0;            // of the fence in front of it
        Instant after_fence_until{};                     // its place in `patience_`
        std::optional<Rival> rival;
        std::optional<Instant> rival_told_at;
    };

    using Agents = std::map<HostId, Agent>;
    using Entry = Agents::value_type;
    using Queue = std::set<std::pair<Instant, HostId>>;

    // agent_inbox.cc: what agents send
    Answer on(Instant now, const Hello& hello);
    Answer on(Instant now, const HostEnrolled& enrolled);
    Answer on(Instant now, const Report& report);
    Answer on(Instant now, const ReportAgain& again);
    Answer on(Instant now, const Ack& ack);
    Answer on(Instant now, const FenceListKept& kept);
    [[nodiscard]] std::optional<AgentRefusal> why_not_believed(const Sender& from) const;
    [[nodiscard]] std::optional<AgentRefusal> why_refused(Instant now, const Hello& hello) const;
    // Its process, if it has said hello; otherwise what to answer.
    [[nodiscard]] Entry* known(const Sender& from);
    Answer refuse(Instant now, const Hello& hello, AgentRefusal why);
    Answer begin_stream(Instant now, const Hello& hello);
    void look_at_rival(Instant now, Entry& entry);
    // False: it repeats an earlier one.
    bool take_report(Instant now, Entry& entry, const Report& report);
    void take_evidence(const Entry& entry, const Report& report);
    void ask_for_left_behind(Instant now, Entry& entry, const Report& report);
    Answer finish(Instant now, Entry& entry, const Ack& ack, const OrderAgents& order);

    // agent_sessions.cc: streams, orders and time
    Answer on(Instant now, const StreamEnded& ended);
    Answer on(Instant now, const LeaseGranted& granted);
    Answer on(Instant now, const OrderAgents& order);
    Answer on(Instant now, const ForgetAgent& forget);
    Answer on(Instant now, const CutAgent& cut);
    Answer on(Instant now, const CloseAll&);
    Answer on(Instant now, const Tick&);
    [[nodiscard]] std::optional<OpenStream> open_stream(const Agent& agent) const;
    // Returns its number; zero: it waits for the fence in front of it.
    void send(
        Instant now,
        Entry& to,
        std::shared_ptr<const OrderAgents> order,
        std::uint64_t number,
        std::uint64_t left_behind = 0
    );
    void release_after_fence(Instant now, Entry& entry);
    void drop_after_fence(Entry& entry);
    void lose_orders(Entry& entry);
    void end_stream(Entry& entry);
    void connect(Entry& entry);
    void watch(Entry& entry);
    void unwatch(Entry& entry);
    void find_silent(Instant now);
    void end_patience(Instant now);
    void deliver(Event event);

    Options options_;
    Agents agents_;
    Queue silence_;   // agents that are connected, by when they may be silent
    Queue patience_;  // agents with a route behind a fence, by when it goes without it
    Instant looked_at_;
    std::uint64_t orders_ = 0;
    std::uint64_t streams_ = 0;
    bool closed_ = false;
    std::vector<Action> actions_;  // of the step that runs
    std::vector<Action> told_;     // likewise: what is delivered
};

}  // namespace farshore::core::link
