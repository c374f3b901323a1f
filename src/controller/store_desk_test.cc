#include "controller/store_desk.h"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "adapters/net/net_test_world.h"

namespace farshore::controller {
namespace {

// Answers when the test says so, and as it says.
class FakeStore final : public ports::Store {
  public:
    void commit(ports::Commit commit, ports::Ticket ticket) override {
        commits.push_back(std::move(commit));
        ticket_ = std::move(ticket);
        if (at_once) {
            std::exchange(ticket_, {})(*at_once);
        }
    }

    void answer(ports::CommitEnd end) {
        std::exchange(ticket_, {})({.end = end, .why = {.kind = ErrorKind::conflict, .text = "x"}});
    }

    std::optional<ports::CommitAnswer> at_once;
    std::vector<ports::Commit> commits;

  private:
    ports::Ticket ticket_;
};

class StoreDeskTest : public ::testing::Test {
  protected:
    StoreDeskTest() {
        desk.when_it_ends([this](const Error& why) { ends.push_back(why.text); });
    }

    // Begins a commit, and has its answer in `answered` when it is there.
    void begin() {
        world.tasks.spawn("commit", [this] { return keep(desk.note({.what = "pause"})); });
        ASSERT_TRUE(world.run_until([this] { return !store.commits.empty(); }));
    }

    net::Task<> keep(net::Task<Status> task) { answered = co_await std::move(task); }

    net::testing::World world;
    FakeStore store;
    StoreDesk desk{world.io, AppId{"magento"}, store, ports::LeaderToken{7}};
    std::vector<std::string> ends;
    std::optional<Status> answered;
};

TEST_F(StoreDeskTest, ACommitCarriesTheAppAndItsLeaderAndWaitsForTheAnswer) {
    begin();
    EXPECT_EQ(store.commits.front().app, AppId{"magento"});
    EXPECT_EQ(store.commits.front().leader, ports::LeaderToken{7});
    EXPECT_FALSE(answered.has_value());
    store.answer(ports::CommitEnd::committed);
    ASSERT_TRUE(world.run_until([this] { return answered.has_value(); }));
    EXPECT_TRUE(answered->has_value());
    EXPECT_TRUE(ends.empty());
}

TEST_F(StoreDeskTest, AnAnswerFromInsideOfTheCallIsTaken) {
    store.at_once = ports::CommitAnswer{ports::CommitEnd::refused, {.kind = ErrorKind::exhausted}};
    begin();
    ASSERT_TRUE(world.run_until([this] { return answered.has_value(); }));
    EXPECT_EQ(answered->error().kind, ErrorKind::exhausted);
    EXPECT_EQ(answered->error().effect, Effect::none);
    EXPECT_TRUE(ends.empty()) << "it may be tried again";
}

TEST_F(StoreDeskTest, WhatMayBeDurableIsAPossibleEffectAndEndsTheControllerOnce) {
    begin();
    store.answer(ports::CommitEnd::unknown);
    EXPECT_TRUE(ends.empty()) << "not from inside of the commit";
    ASSERT_TRUE(world.run_until([this] { return answered.has_value() && !ends.empty(); }));
    EXPECT_EQ(answered->error().effect, Effect::possible);
    store.at_once = ports::CommitAnswer{ports::CommitEnd::superseded, {.text = "y"}};
    desk.note_later({.what = "stopped"});
    world.io.restart();
    world.io.poll();
    EXPECT_EQ(ends, std::vector<std::string>{"x"});
}

TEST_F(StoreDeskTest, AControllerThatEndsDoesNotWaitForItsStore) {
    begin();
    world.tasks.stop();
    ASSERT_TRUE(world.run_until([this] { return answered.has_value(); }));
    EXPECT_EQ(answered->error().kind, ErrorKind::cancelled);
    EXPECT_EQ(answered->error().effect, Effect::possible);
    store.answer(ports::CommitEnd::committed);
}

}  // namespace
}  // namespace farshore::controller
