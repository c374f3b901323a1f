#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "adapters/net/net_test_world.h"
#include "adapters/sqlite/store.h"
#include "ports/test_rows.h"

#include "memory_store.h"

// What a controller may rely on, whatever store is behind the port. Each test runs over each
// adapter.
namespace farshore {
namespace {

using testing::MemoryRows;
using testing::MemoryStore;

using namespace ports::testing;

// A place where a store lives while no controller has it open.
class Place {
  public:
    virtual ~Place() = default;
    [[nodiscard]] virtual std::unique_ptr<ports::WholeStore> open() = 0;
    // From now on an open store has no room.
    [[nodiscard]] virtual std::unique_ptr<ports::WholeStore> open_full() = 0;
};

class SqlitePlace final : public Place {
  public:
    std::unique_ptr<ports::WholeStore> open() override { return open_with({}); }

    std::unique_ptr<ports::WholeStore> open_full() override {
        // Below what the schema takes: no page is left.
        return open_with(8);
    }

  private:
    std::unique_ptr<ports::WholeStore> open_with(std::optional<std::int64_t> pages) {
        auto store =
            sqlite::Store::open({.path = directory_.path() + "/farshore.db", .pages_max = pages});
        EXPECT_TRUE(store.has_value()) << store.error().text;
        return store ? std::move(*store) : nullptr;
    }

    net::testing::TempDirectory directory_;
};

class MemoryPlace final : public Place {
  public:
    std::unique_ptr<ports::WholeStore> open() override {
        return std::make_unique<MemoryStore>(rows_);
    }

    std::unique_ptr<ports::WholeStore> open_full() override {
        auto store = std::make_unique<MemoryStore>(rows_);
        store->set(MemoryStore::Mood::full);
        return store;
    }

  private:
    std::shared_ptr<MemoryRows> rows_ = std::make_shared<MemoryRows>();
};

struct Adapter {
    const char* name;
    std::function<std::unique_ptr<Place>()> make;
};

class StoreContract : public ::testing::TestWithParam<Adapter> {
  protected:
    StoreContract() : place(GetParam().make()) { reopen(); }

    // Another controller's life on the same store.
    void reopen() {
        store.reset();
        store = place->open();
        leader = *store->lead(kApp);
    }

    ports::CommitAnswer commit(ports::Commit what) {
        what.app = kApp;
        what.leader = leader;
        std::vector<ports::CommitAnswer> answers;
        store->commit(std::move(what), [&](ports::CommitAnswer answer) {
            answers.push_back(std::move(answer));
        });
        EXPECT_EQ(answers.size(), 1U);
        return answers.empty() ? ports::CommitAnswer{} : answers.front();
    }

    ports::CommitEnd change(ports::Change what) {
        ports::Commit one;
        one.changes.push_back(std::move(what));
        return commit(std::move(one)).end;
    }

    std::unique_ptr<Place> place;
    std::unique_ptr<ports::WholeStore> store;
    ports::LeaderToken leader;
};

INSTANTIATE_TEST_SUITE_P(
    Adapters,
    StoreContract,
    ::testing::Values(
        Adapter{
            "sqlite",
            [] {
                return std::make_unique<SqlitePlace>();
            }
        },
        Adapter{
            "memory",
            [] {
                return std::make_unique<MemoryPlace>();
            }
        }
    ),
    [](const auto& tested) { return std::string{tested.param.name}; }
);

constexpr auto kCommitted = ports::CommitEnd::committed;
constexpr auto kRefused = ports::CommitEnd::refused;

// One of everything that a commit can hold.
ports::Commit whole(std::uint64_t epoch) {
    ports::Commit commit;
    commit.state = record(epoch);
    commit.state->operation = operation("op-1", core::Outcome::running);
    commit.journal = {entry("op-1", 1), entry("op-1", 2)};
    commit.changes.emplace_back(ports::HostEntered{
        {.host = HostId{"web-1"}, .region = RegionId{"us-east-1"}, .registered_at = utc_from_ms(5)}
    });
    commit.changes.emplace_back(ports::LossesNoted{
        .operation = OperationId{"op-1"}, .rows = {{.table = "t", .key = "k", .document = "{}"}}
    });
    commit.audit = {{.at = utc_from_ms(7), .who = "eve", .what = "failover", .detail = "x"}};
    return commit;
}

TEST_P(StoreContract, ANewStoreKnowsNothing) {
    EXPECT_FALSE(store->load(kApp)->has_value());
    EXPECT_FALSE(store->register_name()->has_value());
    EXPECT_FALSE(store->configuration()->has_value());
    EXPECT_FALSE(store->last_drill(kApp)->has_value());
    EXPECT_TRUE(store->hosts(kApp)->empty());
    EXPECT_TRUE(store->operations(10)->empty());
    EXPECT_FALSE(store->operation(OperationId{"op-1"})->has_value());
    EXPECT_TRUE(store->audit(10)->empty());
}

TEST_P(StoreContract, WhatWasCommittedIsThereForTheNextController) {
    ASSERT_EQ(commit(whole(7)).end, kCommitted);
    ports::Commit second;
    second.state = record(8);
    second.state->operation = operation("op-1", core::Outcome::done);
    ASSERT_EQ(commit(second).end, kCommitted);
    reopen();
    const auto loaded = store->load(kApp);
    ASSERT_TRUE(loaded && *loaded);
    EXPECT_EQ((*loaded)->epoch, Epoch{8});
    ASSERT_TRUE((*loaded)->operation);
    EXPECT_EQ((*loaded)->operation->doing(), "done");
    const auto rows = store->journal(OperationId{"op-1"}, 0, 100);
    ASSERT_EQ(rows->size(), 2U);
    EXPECT_EQ((*rows)[1].entry.text, "step 2");
    EXPECT_EQ((*rows)[1].entry.kind, core::EntryKind::intent);
    EXPECT_EQ(store->journal(OperationId{"op-1"}, rows->front().sequence, 100)->size(), 1U);
    EXPECT_EQ(store->journal(OperationId{"op-1"}, 0, 1)->size(), 1U);
    EXPECT_EQ(store->hosts(kApp)->size(), 1U);
    EXPECT_EQ(store->losses(OperationId{"op-1"})->size(), 1U);
    EXPECT_EQ(store->audit(10)->front().what, "failover");
    EXPECT_EQ(store->operations_with_losses()->front().plan.id, OperationId{"op-1"});
}

// All that a commit holds, or nothing: its last change is one that cannot be.
TEST_P(StoreContract, NothingIsKeptOfACommitThatIsRefused) {
    ports::Commit impossible = whole(7);
    impossible.changes.emplace_back(ports::JoinTokenEnded{"unheard-of"});
    const ports::CommitAnswer answer = commit(impossible);
    EXPECT_EQ(answer.end, kRefused);
    EXPECT_EQ(answer.why.kind, ErrorKind::not_found);
    for (int life = 0; life < 2; ++life) {
        EXPECT_FALSE(store->load(kApp)->has_value());
        EXPECT_FALSE(store->operation(OperationId{"op-1"})->has_value());
        EXPECT_TRUE(store->journal(OperationId{"op-1"}, 0, 10)->empty());
        EXPECT_TRUE(store->hosts(kApp)->empty());
        EXPECT_TRUE(store->losses(OperationId{"op-1"})->empty());
        EXPECT_TRUE(store->audit(10)->empty());
        reopen();
    }
}

TEST_P(StoreContract, AStoreWithoutRoomRefusesAndKeepsWhatItHad) {
    ASSERT_EQ(commit(whole(7)).end, kCommitted);
    store.reset();
    store = place->open_full();
    ports::CommitAnswer answer;
    for (std::uint64_t step = 3; step < 200 && answer.end == kCommitted; ++step) {
        ports::Commit big;
        big.journal = {entry("op-1", step)};
        big.journal.front().text = std::string(5000, 'x');
        answer = commit(big);
    }
    EXPECT_EQ(answer.end, kRefused);
    EXPECT_EQ(answer.why.kind, ErrorKind::exhausted);
    EXPECT_FALSE(answer.why.remedy.empty());
    reopen();
    EXPECT_EQ((*store->load(kApp))->epoch, Epoch{7});
    ports::Commit next;
    next.state = record(8);
    EXPECT_EQ(commit(next).end, kCommitted) << "it goes on when there is room";
}

// A controller that was paused, or cut off, while another one took the store up.
TEST_P(StoreContract, ACommitOfAnEarlierLeaderIsSuperseded) {
    ASSERT_EQ(commit(whole(7)).end, kCommitted);
    const ports::LeaderToken newer = *store->lead(kApp);
    EXPECT_GT(newer, leader);
    const ports::CommitAnswer answer = commit(whole(9));
    EXPECT_EQ(answer.end, ports::CommitEnd::superseded);
    EXPECT_FALSE(answer.why.remedy.empty());
    EXPECT_EQ((*store->load(kApp))->epoch, Epoch{7});
    EXPECT_EQ(store->journal(OperationId{"op-1"}, 0, 10)->size(), 2U);
    leader = newer;
    EXPECT_EQ(commit(whole(9)).end, kCommitted);
}

TEST_P(StoreContract, AppsHaveLeadersOfTheirOwn) {
    ASSERT_TRUE(store->lead(AppId{"other"}));
    EXPECT_EQ(commit(whole(7)).end, kCommitted);
    EXPECT_TRUE(store->hosts(AppId{"other"})->empty());
}

TEST_P(StoreContract, HostsLeaveTheRegisterOnlyByExplicitAct) {
    const ports::RegisteredHost host{
        .host = HostId{"use1-web-1"},
        .region = RegionId{"us-east-1"},
        .registered_at = utc_from_ms(5)
    };
    ports::RegisteredHost again = host;
    again.registered_at = utc_from_ms(9);
    ASSERT_EQ(change(ports::HostEntered{host}), kCommitted);
    ASSERT_EQ(change(ports::HostEntered{again}), kCommitted);
    ASSERT_EQ(store->hosts(kApp)->size(), 1U);
    EXPECT_EQ(store->hosts(kApp)->front(), host) << "registered once, at its first hello";
    again.region = RegionId{"eu-west-1"};
    ASSERT_EQ(change(ports::HostEntered{again}), kCommitted);
    EXPECT_EQ(store->hosts(kApp)->front().region, again.region);
    ASSERT_EQ(change(ports::HostLeft{host.host}), kCommitted);
    EXPECT_TRUE(store->hosts(kApp)->empty());
    EXPECT_EQ(change(ports::HostLeft{host.host}), kCommitted) << "it is not there: nothing changes";
}

ports::HostCredential credential(const std::string& host, const std::string& digest) {
    return {
        .host = HostId{host},
        .region = RegionId{"us-east-1"},
        .digest = digest,
        .vouched_by = "join token asg",
        .since = utc_from_ms(5000)
    };
}

TEST_P(StoreContract, AJoinIsInTheRegisterWithItsCredentialAndCountsItsToken) {
    ASSERT_EQ(change(ports::HostJoined{credential("web-1", "d1"), "t1"}), kCommitted);
    ASSERT_EQ(change(ports::HostJoined{credential("web-2", "d2"), "t1"}), kCommitted);
    ASSERT_EQ(change(ports::HostJoined{credential("web-3", "d3"), ""}), kCommitted);
    ASSERT_EQ(change(ports::CredentialUsed{HostId{"web-1"}}), kCommitted);
    reopen();
    EXPECT_EQ(store->hosts(kApp)->size(), 3U);
    EXPECT_EQ(*store->join_uses(kApp), (std::map<std::string, std::uint64_t>{{"t1", 2}}));
    const auto held = store->credentials(kApp);
    ASSERT_EQ(held->size(), 3U);
    EXPECT_TRUE((*held)[0].used);
    EXPECT_EQ((*held)[1], credential("web-2", "d2"));
    // Nothing of a join that is refused is kept: that digest is another host's.
    EXPECT_EQ(change(ports::HostJoined{credential("web-4", "d2"), "t2"}), kRefused);
    EXPECT_EQ(store->hosts(kApp)->size(), 3U);
    EXPECT_EQ(store->join_uses(kApp)->count("t2"), 0U);
}

TEST_P(StoreContract, ACredentialEndsOnce) {
    ASSERT_EQ(change(ports::HostJoined{credential("web-2", "d2"), "t1"}), kCommitted);
    ASSERT_EQ(change(ports::CredentialEnded{HostId{"web-2"}, utc_from_ms(9000)}), kCommitted);
    ASSERT_EQ(change(ports::CredentialEnded{HostId{"web-2"}, utc_from_ms(9999)}), kCommitted);
    EXPECT_EQ(store->credentials(kApp)->front().revoked_at, utc_from_ms(9000));
    EXPECT_EQ(change(ports::CredentialEnded{HostId{"web-9"}, utc_from_ms(9000)}), kRefused);
    // A host that joins again has one credential, and it is good.
    ASSERT_EQ(change(ports::HostJoined{credential("web-2", "d22"), "t1"}), kCommitted);
    ASSERT_EQ(store->credentials(kApp)->size(), 1U);
    EXPECT_FALSE(store->credentials(kApp)->front().revoked_at);
    ASSERT_EQ(change(ports::HostLeft{HostId{"web-2"}}), kCommitted);
    EXPECT_TRUE(store->credentials(kApp)->empty()) << "it leaves with the host";
    EXPECT_EQ(change(ports::TokenEnded{"aa", utc_from_ms(1)}), kCommitted);
    EXPECT_EQ(change(ports::TokenEnded{"aa", utc_from_ms(2)}), kCommitted);
    EXPECT_EQ(*store->ended_tokens(), std::vector<std::string>{"aa"});
}

ports::JoinToken join_token(const std::string& name, std::int64_t until) {
    return {
        .name = name,
        .digest = "digest of " + name,
        .region = {},
        .hosts = "*",
        .uses_max = 3,
        .until = utc_from_ms(until),
        .by = "operator:eve",
        .made_at = utc_from_ms(1)
    };
}

TEST_P(StoreContract, AJoinTokensNameIsItsOwnUntilItHasRunOut) {
    ports::JoinToken token = join_token("asg", 10'000);
    ASSERT_EQ(change(ports::JoinTokenMade{token, utc_from_ms(1000)}), kCommitted);
    EXPECT_EQ(*store->join_tokens(kApp), std::vector<ports::JoinToken>{token});
    token.digest = "t2";
    EXPECT_EQ(change(ports::JoinTokenMade{token, utc_from_ms(9999)}), kRefused);
    ASSERT_EQ(change(ports::JoinTokenMade{token, utc_from_ms(10'000)}), kCommitted);
    EXPECT_EQ(store->join_tokens(kApp)->front().digest, "t2");
    ASSERT_EQ(change(ports::JoinTokenEnded{"asg"}), kCommitted);
    EXPECT_EQ(change(ports::JoinTokenEnded{"asg"}), kRefused);
}

TEST_P(StoreContract, AJoinTokenGoesWithItsUses) {
    for (const auto& [name, until] : {std::pair{"a", 10}, std::pair{"b", 11}, std::pair{"c", 12}}) {
        const ports::JoinToken token = join_token(name, until);
        ASSERT_EQ(change(ports::JoinTokenMade{token, utc_from_ms(1)}), kCommitted);
        const std::string host = std::string{"i-"} + name;
        ASSERT_EQ(change(ports::HostJoined{credential(host, host), token.digest}), kCommitted);
    }
    ASSERT_EQ(change(ports::JoinTokensForgotten{utc_from_ms(11)}), kCommitted);
    EXPECT_EQ(store->join_tokens(kApp)->size(), 1U);
    EXPECT_EQ(*store->join_uses(kApp), (std::map<std::string, std::uint64_t>{{"digest of c", 1}}));
    EXPECT_EQ(store->credentials(kApp)->size(), 3U) << "a host that is in stays in";
    ASSERT_EQ(change(ports::JoinTokenEnded{"c"}), kCommitted);
    EXPECT_TRUE(store->join_uses(kApp)->empty());
}

TEST_P(StoreContract, LossesAreReplacedByKey) {
    const OperationId op{"op-1"};
    ASSERT_EQ(change(ports::LossesNoted{op, {{"t", "k2", "b"}, {"t", "k1", "a"}}}), kCommitted);
    ASSERT_EQ(change(ports::LossesNoted{op, {{"t", "k1", "c"}}}), kCommitted);
    EXPECT_EQ(
        *store->losses(op), (std::vector<ports::LossRow>{{"t", "k1", "c"}, {"t", "k2", "b"}})
    );
    EXPECT_EQ((*store->loss(op, "t", "k1"))->document, "c");
    EXPECT_FALSE(store->loss(op, "t", "k3")->has_value());
    EXPECT_TRUE(store->losses(OperationId{"op-2"})->empty());
}

TEST_P(StoreContract, OperationsAreNewestFirstAndSavedInPlace) {
    for (const char* id : {"op-1", "op-2", "op-3"}) {
        for (const core::Outcome outcome : {core::Outcome::running, core::Outcome::done}) {
            ports::Commit one;
            one.state = record(1);
            one.state->operation = operation(id, outcome);
            ASSERT_EQ(commit(one).end, kCommitted);
        }
    }
    ASSERT_EQ(change(ports::LossesNoted{OperationId{"op-1"}, {{"t", "k", "{}"}}}), kCommitted);
    ASSERT_EQ(change(ports::LossesNoted{OperationId{"op-3"}, {{"t", "k", "{}"}}}), kCommitted);
    const auto all = store->operations(2);
    ASSERT_EQ(all->size(), 2U);
    EXPECT_EQ(all->front().plan.id, OperationId{"op-3"});
    EXPECT_EQ(all->front().doing(), "done");
    const auto found = store->operations_with_losses();
    ASSERT_EQ(found->size(), 2U);
    EXPECT_EQ(found->front().plan.id, OperationId{"op-3"});
    EXPECT_EQ(found->back().plan.id, OperationId{"op-1"});
}

TEST_P(StoreContract, WhatTheStoreKnowsOfItselfStays) {
    ASSERT_EQ(change(ports::RegisterNamed{"r1"}), kCommitted);
    ASSERT_EQ(change(ports::RegisterNamed{"r2"}), kCommitted);
    const ports::ConfigurationSeen seen{.generation = 12, .hash = "aa bb"};
    ASSERT_EQ(change(seen), kCommitted);
    const ports::DrillProven drill{.at = utc_from_ms(1234), .configuration_hash = "aa"};
    ASSERT_EQ(change(drill), kCommitted);
    reopen();
    EXPECT_EQ(*store->register_name(), "r1") << "the first one";
    EXPECT_EQ(*store->configuration(), seen);
    EXPECT_EQ(*store->last_drill(kApp), drill);
}

TEST_P(StoreContract, TheAuditIsNewestFirst) {
    for (int i = 1; i <= 3; ++i) {
        ports::Commit one;
        one.audit = {{.at = utc_from_ms(i), .who = "eve", .what = std::to_string(i), .detail = {}}};
        ASSERT_EQ(commit(one).end, kCommitted);
    }
    const auto rows = store->audit(2);
    ASSERT_EQ(rows->size(), 2U);
    EXPECT_EQ(rows->front().what, "3");
    EXPECT_EQ(rows->back().what, "2");
}

// What only a store far away does.
class FarStore : public ::testing::Test {
  protected:
    ports::Commit of(std::uint64_t epoch) const {
        ports::Commit one;
        one.app = kApp;
        one.leader = leader;
        one.state = record(epoch);
        return one;
    }

    std::shared_ptr<MemoryRows> rows = std::make_shared<MemoryRows>();
    MemoryStore store{rows};
    ports::LeaderToken leader = *store.lead(kApp);
    std::vector<ports::CommitEnd> answers;
    ports::Ticket note = [this](const ports::CommitAnswer& answer) {
        answers.push_back(answer.end);
    };
};

TEST_F(FarStore, LateCommitsAreCarriedOutInTheirOrder) {
    store.set(MemoryStore::Mood::late);
    store.commit(of(1), note);
    store.commit(of(2), note);
    EXPECT_TRUE(answers.empty());
    EXPECT_TRUE(store.let_answer());
    EXPECT_EQ((*store.load(kApp))->epoch, Epoch{1});
    EXPECT_TRUE(store.let_answer());
    EXPECT_EQ((*store.load(kApp))->epoch, Epoch{2});
    EXPECT_FALSE(store.let_answer());
    EXPECT_EQ(answers, (std::vector{kCommitted, kCommitted}));
}

TEST_F(FarStore, ALateCommitOfAnEarlierLeaderIsSuperseded) {
    store.set(MemoryStore::Mood::late);
    store.commit(of(1), note);
    ASSERT_TRUE(store.lead(kApp));
    EXPECT_TRUE(store.let_answer());
    EXPECT_EQ(answers, std::vector{ports::CommitEnd::superseded});
    EXPECT_FALSE(store.load(kApp)->has_value());
}

TEST_F(FarStore, AControllerThatDiesInACommitFindsAllOfItOrNothing) {
    store.set(MemoryStore::Mood::dies_before);
    store.commit(of(1), note);
    EXPECT_FALSE(MemoryStore{rows}.load(kApp)->has_value());
    store.set(MemoryStore::Mood::dies_afterwards);
    store.commit(of(2), note);
    EXPECT_EQ((*MemoryStore{rows}.load(kApp))->epoch, Epoch{2});
    EXPECT_TRUE(answers.empty());
}

}  // namespace
}  // namespace farshore
