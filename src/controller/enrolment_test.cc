#include "controller/enrolment.h"

#include <map>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "adapters/net/net_test_world.h"

namespace farshore::controller {
namespace {

// Keeps what it is asked, and answers when the test says so.
class FakeStore final : public ports::Store {
  public:
    void commit(ports::Commit commit, ports::Ticket ticket) override {
        commits.push_back(std::move(commit));
        tickets_.push_back(std::move(ticket));
    }

    void answer(std::size_t which, ports::CommitAnswer answer) {
        std::exchange(tickets_.at(which), {})(std::move(answer));
    }

    std::vector<ports::Commit> commits;

  private:
    std::vector<ports::Ticket> tickets_;
};

class EnrolmentTest : public ::testing::Test {
  protected:
    // A host says hello.
    void hello(const std::string& host) {
        world.tasks.spawn("hello of " + host, [this, host] {
            return enter(
                host,
                {ports::HostEntered{{.host = HostId{host}, .region = {}, .registered_at = {}}}}
            );
        });
    }

    net::Task<> enter(std::string host, std::vector<ports::Change> changes) {
        Status entered = co_await enrolment.enter(std::move(changes));
        answered.emplace(std::move(host), std::move(entered));
    }

    bool wait_for_commits(std::size_t count) {
        return world.run_until([&] { return store.commits.size() == count; });
    }

    bool wait_for_answers(std::size_t count) {
        return world.run_until([&] { return answered.size() == count; });
    }

    [[nodiscard]] std::vector<std::string> entered_by(std::size_t commit) const {
        std::vector<std::string> hosts;
        for (const ports::Change& change : store.commits.at(commit).changes) {
            hosts.push_back(std::get<ports::HostEntered>(change).host.host.value());
        }
        return hosts;
    }

    net::testing::World world;
    FakeStore store;
    StoreDesk desk{world.io, AppId{"magento"}, store, ports::LeaderToken{7}};
    Enrolment enrolment{world.io, world.tasks, desk};
    std::map<std::string, Status> answered;
};

using Hosts = std::vector<std::string>;

TEST_F(EnrolmentTest, HostsThatComeTogetherAreOneCommitAndAreAnsweredWhenItIsDurable) {
    for (const char* host : {"a", "b", "c"}) {
        hello(host);
    }
    ASSERT_TRUE(wait_for_commits(1));
    EXPECT_EQ(entered_by(0), (Hosts{"a", "b", "c"}));
    EXPECT_EQ(store.commits[0].leader, ports::LeaderToken{7});
    world.exhaust();
    EXPECT_TRUE(answered.empty()) << "the store has not answered";
    store.answer(0, {});
    ASSERT_TRUE(wait_for_answers(3));
    for (const auto& [host, status] : answered) {
        EXPECT_TRUE(status) << host;
    }
    EXPECT_EQ(store.commits.size(), 1U);
}

TEST_F(EnrolmentTest, AHostThatComesWhileTheStoreIsAskedIsInTheNextCommit) {
    hello("a");
    ASSERT_TRUE(wait_for_commits(1));
    hello("b");
    ASSERT_TRUE(wait_for_commits(2));
    EXPECT_EQ(entered_by(1), Hosts{"b"});
    store.answer(1, {});
    ASSERT_TRUE(wait_for_answers(1));
    EXPECT_TRUE(answered.contains("b")) << "each by the answer to its own commit";
    store.answer(0, {});
    ASSERT_TRUE(wait_for_answers(2));
}

TEST_F(EnrolmentTest, ARefusalIsToldToEachHostOfTheCommit) {
    hello("a");
    hello("b");
    ASSERT_TRUE(wait_for_commits(1));
    store.answer(0, {ports::CommitEnd::refused, {.kind = ErrorKind::exhausted, .text = "full"}});
    ASSERT_TRUE(wait_for_answers(2));
    EXPECT_EQ(answered.at("a").error().text, "full");
    EXPECT_EQ(answered.at("b").error().text, "full");
    hello("c");
    ASSERT_TRUE(wait_for_commits(2));
    EXPECT_EQ(entered_by(1), Hosts{"c"}) << "what was refused is not tried again by itself";
    store.answer(1, {});
    ASSERT_TRUE(wait_for_answers(3));
}

TEST_F(EnrolmentTest, AHostThatTheRegisterHasAsItIsCostsNoCommit) {
    world.tasks.spawn("hello", [this] { return enter("a", {}); });
    ASSERT_TRUE(wait_for_answers(1));
    EXPECT_TRUE(answered.at("a"));
    EXPECT_TRUE(store.commits.empty());
}

TEST_F(EnrolmentTest, AControllerThatEndsSaysThatTheHostMayBeEntered) {
    hello("a");
    ASSERT_TRUE(wait_for_commits(1));
    world.tasks.stop();
    ASSERT_TRUE(wait_for_answers(1));
    EXPECT_EQ(answered.at("a").error().kind, ErrorKind::cancelled);
    EXPECT_EQ(answered.at("a").error().effect, Effect::possible);
    store.answer(0, {});
}

}  // namespace
}  // namespace farshore::controller
