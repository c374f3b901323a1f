#include "core/failover/app_core_test_world.h"

// What many hosts answer at once is one step of the core, and one line of the journal.
namespace farshore::core {
namespace {

using namespace testing;

class ManyHosts : public AppCoreTest {
  protected:
    AppCore made(int hosts) {
        AppCore::Start start = start_of(policy());
        for (int i = 0; i < hosts; ++i) {
            names.push_back("h" + std::to_string(100 + i));
            start.agents.emplace(HostId{names.back()}, kWest);
        }
        AppCore core{std::move(start), now()};
        settle(core);
        for (const std::string& name : names) {
            (void)tell(core, AgentConnected{HostId{name}, kWest, Epoch{7}});
        }
        names.insert(names.end(), {"e1", "w1"});
        begin_fencing(core);
        journal.clear();
        return core;
    }

    [[nodiscard]] AgentAcked answer(const AppCore& core, const std::string& name, OrderType type)
        const {
        return {
            .step = current(core),
            .host = HostId{name},
            .type = type,
            .epoch = Epoch{8},
            .done = true,
            .unproven = 1,
            .detail = "x"
        };
    }

    [[nodiscard]] AgentsAcked answers(const AppCore& core, OrderType type) const {
        AgentsAcked all;
        for (const std::string& name : names) {
            all.acks.push_back(answer(core, name, type));
        }
        return all;
    }

    [[nodiscard]] std::vector<std::string> lines() const {
        std::vector<std::string> texts;
        for (const JournalEntry& entry : journal) {
            texts.push_back(entry.text);
        }
        return texts;
    }

    std::vector<std::string> names;
};

TEST_F(ManyHosts, AFewAreNamedEachInFrontOfWhatTheyComeTo) {
    AppCore core = made(1);
    (void)tell(core, answers(core, OrderType::fence));
    const std::vector<std::string> said = lines();
    ASSERT_GE(said.size(), 4U);
    EXPECT_EQ(said[0], "h100 is fenced: x");
    EXPECT_EQ(said[1], "e1 is fenced: x");
    EXPECT_EQ(said[2], "w1 is fenced: x");
    EXPECT_TRUE(said[3].contains("3 acknowledged, 0 by lease")) << said[3];
    EXPECT_EQ(core.record().operation->doing(), "examining");
}

TEST_F(ManyHosts, ManyAreOneLine) {
    AppCore core = made(20);
    AgentsAcked most = answers(core, OrderType::fence);
    const AgentAcked last = most.acks.back();
    most.acks.pop_back();
    (void)tell(core, most);
    EXPECT_EQ(
        lines(),
        std::vector<std::string>{
            "21 hosts are fenced: h100, h101, h102, h103, h104, h105, h106, h107 and others"
        }
    );
    EXPECT_EQ(core.record().operation->doing(), "fencing") << "one host has not answered";
    (void)tell(core, last);
    EXPECT_EQ(core.record().operation->doing(), "examining");
}

TEST_F(ManyHosts, TheNewRouteIsProvedByAllWithOneOrder) {
    AppCore core = made(20);
    (void)tell(core, answers(core, OrderType::fence));
    (void)tell(core, LossesExamined{.step = current(core), .complete = true});
    ASSERT_EQ(core.record().operation->doing(), "repointing");
    const std::vector<Action> actions = tell(core, answers(core, OrderType::route));
    const OrderAgents* verify = find<OrderAgents>(actions);
    ASSERT_NE(verify, nullptr);
    EXPECT_EQ(verify->type, OrderType::verify);
    EXPECT_EQ(verify->hosts.size(), 22U);
    (void)tell(core, answers(core, OrderType::verify));
    EXPECT_EQ(core.record().operation->doing(), "shifting");
}

// In any order, and in turns of any size: the step ends with the last host that it waits for.
TEST_F(ManyHosts, TheOrderOfTheAnswersDoesNotMatter) {
    for (const std::size_t turn : {1U, 3U, 7U}) {
        names.clear();
        AppCore core = made(20);
        for (const OrderType type : {OrderType::fence, OrderType::route, OrderType::verify}) {
            std::vector<AgentAcked> all = answers(core, type).acks;
            std::ranges::rotate(all, all.begin() + static_cast<std::ptrdiff_t>(5 * turn % 22));
            const std::string before{core.record().operation->doing()};
            while (!all.empty()) {
                EXPECT_EQ(core.record().operation->doing(), before);
                AgentsAcked some;
                while (!all.empty() && some.acks.size() < turn) {
                    some.acks.push_back(all.back());
                    all.pop_back();
                }
                (void)tell(core, some);
            }
            if (type == OrderType::fence) {
                ASSERT_EQ(core.record().operation->doing(), "examining");
                (void)tell(core, LossesExamined{.step = current(core), .complete = true});
            }
        }
        EXPECT_EQ(core.record().operation->doing(), "shifting");
    }
}

// The host that is waited for leaves, or its permission runs out: the others suffice.
TEST_F(ManyHosts, AHostThatIsWaitedForMayRunOutOfPermission) {
    AppCore core = made(20);
    AgentsAcked most = answers(core, OrderType::fence);
    most.acks.pop_back();
    (void)tell(core, most);
    ASSERT_EQ(core.record().operation->doing(), "fencing");
    wait_for_the_fence(core, at + 10s);
    EXPECT_EQ(core.record().operation->doing(), "examining");
}

}  // namespace
}  // namespace farshore::core
