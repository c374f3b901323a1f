#include "controller/credentials.h"

#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "adapters/net/net_test_world.h"
#include "adapters/sqlite/store.h"
#include "base/text.h"

namespace farshore::controller {
namespace {

using namespace std::chrono_literals;

const AppId kApp{"magento"};

class SetClock final : public ports::Clock {
  public:
    [[nodiscard]] Instant now() const override { return Instant{100s}; }

    [[nodiscard]] UtcTime wall() const override { return at; }

    UtcTime at = utc_from_ms(1'800'000'000'000);
};

// Over a real store and a real tokens file.
class CredentialsTest : public ::testing::Test {
  protected:
    CredentialsTest() {
        write("[" + agent("web-1", "one") + "]");
        open();
    }

    static std::string agent(
        const std::string& host, const std::string& token, const std::string& more = {}
    ) {
        return R"({"name":")" + host + R"(","role":"agent","app":"magento","host":")" + host +
               R"(","token_sha256":")" + digest_of(token) + "\"" + more + "}";
    }

    // Replaced as a whole, as careful writers do.
    void write(const std::string& text) {
        std::ofstream(file() + ".new") << text;
        std::filesystem::rename(file() + ".new", file());
    }

    void open() {
        credentials.reset();
        desk.reset();
        store.reset();
        store = std::move(*sqlite::Store::open({.path = directory.path() + "/farshore.db"}));
        desk = std::make_unique<StoreDesk>(world.io, kApp, *store, *store->lead(kApp));
        auto made = Credentials::open(
            clock, *store, *desk, {.app = kApp, .tokens_file = file(), .join_tokens_max = 10}
        );
        ASSERT_TRUE(made.has_value()) << made.error().text;
        credentials = std::move(*made);
    }

    [[nodiscard]] std::string file() const { return directory.path() + "/tokens.json"; }

    // The name of the token's holder, or the code of the refusal.
    std::string whose(const std::string& token) {
        const auto caller = credentials->caller("Bearer " + token);
        return caller ? caller->name : caller.error().code;
    }

    static core::JoinRequest joining(const std::string& host, const std::string& by) {
        core::JoinRequest request;
        request.host = HostId{host};
        request.region = RegionId{"us-east-1"};
        request.by = by;
        return request;
    }

    ports::JoinToken join_token(const std::string& name, std::uint64_t uses = 1) const {
        return {
            .name = name,
            .digest = digest_of("join-" + name),
            .region = {},
            .hosts = "i-*",
            .uses_max = uses,
            .until = clock.at + std::chrono::hours{1},
            .by = "operator:eve",
            .made_at = clock.at
        };
    }

    Status admit(
        const core::JoinRequest& request, const std::string& digest, const std::string& token = {}
    ) {
        return world.wait_for<Status>([&] {
            return credentials->admit(request, digest, token, {.who = request.by, .what = "join"});
        });
    }

    Status revoke(const HostId& host) {
        return world.wait_for<Status>([&] { return credentials->revoke(host, {.what = "revoke"}); }
        );
    }

    Status add(const ports::JoinToken& token) {
        return world.wait_for<Status>([&] { return credentials->add_join_token(token, {}); });
    }

    Status end(const std::string& name) {
        return world.wait_for<Status>([&] { return credentials->end_join_token(name, {}); });
    }

    static net::Task<> keep(net::Task<Status> task, std::optional<Status>* answer) {
        *answer = co_await std::move(task);
    }

    net::testing::World world;
    net::testing::TempDirectory directory;
    SetClock clock;
    std::unique_ptr<sqlite::Store> store;
    std::unique_ptr<StoreDesk> desk;
    std::unique_ptr<Credentials> credentials;
};

TEST_F(CredentialsTest, NobodysTokenIsAGuess) {
    EXPECT_EQ(whose("one"), "web-1");
    EXPECT_EQ(whose("two"), "bad_token");
    EXPECT_EQ(credentials->caller(std::nullopt).error().code, "no_token");
    EXPECT_EQ(credentials->vouching(HostId{"web-1"})->by, "configured");
    EXPECT_FALSE(credentials->vouching(HostId{"web-2"}).has_value());
}

TEST_F(CredentialsTest, ARotatedTokenWorksAtOnceAndTheOldOneUntilItsEnd) {
    const std::string end = to_iso8601(clock.at + std::chrono::minutes{10});
    write(
        "[" + agent("web-1", "one", R"(,"until":")" + end + "\"") + "," + agent("web-1", "new") +
        "]"
    );
    const auto changed = credentials->reload(false);
    ASSERT_TRUE(changed.has_value()) << changed.error().text;
    EXPECT_TRUE(*changed);
    EXPECT_EQ(whose("one"), "web-1");
    EXPECT_EQ(whose("new"), "web-1");
    clock.at += std::chrono::minutes{10};
    EXPECT_EQ(whose("one"), "expired");
    EXPECT_EQ(whose("new"), "web-1");
    EXPECT_FALSE(*credentials->reload(false)) << "it has not changed";
    EXPECT_TRUE(*credentials->reload(true));
}

TEST_F(CredentialsTest, AFileThatCannotBeReadChangesNothingAndIsToldOnce) {
    write("[{");
    EXPECT_FALSE(credentials->reload(false).has_value());
    EXPECT_FALSE(*credentials->reload(false));
    EXPECT_EQ(whose("one"), "web-1");
    std::filesystem::remove(file());
    EXPECT_FALSE(credentials->reload(false).has_value());
    EXPECT_EQ(whose("one"), "web-1");
    write("[]");
    EXPECT_TRUE(*credentials->reload(false));
    EXPECT_EQ(whose("one"), "bad_token");
}

TEST_F(CredentialsTest, AJoinTokenLetsSoManyHostsIn) {
    ASSERT_TRUE(add(join_token("asg", 2)).has_value());
    EXPECT_EQ(credentials->caller("Bearer join-asg")->role, Role::join);
    for (const char* host : {"i-1", "i-2"}) {
        const auto proof = credentials->join_proof("Bearer join-asg");
        ASSERT_TRUE(proof.has_value()) << proof.error().text;
        EXPECT_EQ(proof->by, "join token asg");
        EXPECT_EQ(proof->hosts, "i-*");
        const std::string digest = digest_of(std::string{"secret of "} + host);
        ASSERT_TRUE(admit(joining(host, proof->by), digest, proof->token_digest).has_value());
    }
    EXPECT_EQ(credentials->join_proof("Bearer join-asg").error().code, "used_up");
    open();
    EXPECT_EQ(credentials->join_proof("Bearer join-asg").error().code, "used_up");
    const auto caller = credentials->caller("Bearer secret of i-1");
    ASSERT_TRUE(caller.has_value()) << caller.error().text;
    EXPECT_EQ(caller->role, Role::agent);
    EXPECT_EQ(caller->host, HostId{"i-1"});
    EXPECT_EQ(credentials->vouching(HostId{"i-1"})->by, "join token asg");
    EXPECT_EQ(credentials->waiting_for_hello(), 2U);
    EXPECT_TRUE(credentials->waits_for_hello(HostId{"i-1"}));
    credentials->said_hello(HostId{"i-1"});
    EXPECT_FALSE(credentials->waits_for_hello(HostId{"i-1"}));
    EXPECT_EQ(credentials->waiting_for_hello(), 1U);
    EXPECT_EQ(store->hosts(kApp)->size(), 2U) << "they are in the register";
    clock.at += std::chrono::hours{2};
    EXPECT_EQ(credentials->join_proof("Bearer join-asg").error().code, "expired");
    EXPECT_EQ(credentials->join_proof("Bearer one").error().code, "role");
    ASSERT_TRUE(end("asg").has_value());
    EXPECT_EQ(whose("join-asg"), "bad_token");
    EXPECT_EQ(whose("secret of i-1"), "i-1") << "who is in stays in";
}

TEST_F(CredentialsTest, JoinTokensThatHaveRunOutLeaveRoom) {
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(add(join_token(std::to_string(i))).has_value());
    }
    EXPECT_EQ(add(join_token("one more")).error().kind, ErrorKind::exhausted);
    const auto proof = credentials->join_proof("Bearer join-7");
    ASSERT_TRUE(proof.has_value());
    ASSERT_TRUE(admit(joining("i-1", proof->by), digest_of("s1"), proof->token_digest).has_value());
    clock.at += std::chrono::hours{1};
    EXPECT_EQ(credentials->join_proof("Bearer join-7").error().code, "expired")
        << "told, for a day";
    const Status made = add(join_token("asg"));
    ASSERT_TRUE(made.has_value()) << made.error().text;
    EXPECT_EQ(credentials->join_tokens().size(), 1U);
    EXPECT_TRUE(store->join_uses(kApp)->empty()) << "what was counted for them goes with them";
    EXPECT_EQ(whose("s1"), "i-1");
    // At a start too.
    clock.at += std::chrono::hours{25};
    open();
    EXPECT_TRUE(credentials->join_tokens().empty());
    EXPECT_EQ(whose("join-asg"), "bad_token");
}

TEST_F(CredentialsTest, ACredentialThatIsEndedCountsNoLongerNeitherAfterARestart) {
    ASSERT_TRUE(admit(joining("i-1", "join token asg"), digest_of("s1")).has_value());
    ASSERT_TRUE(revoke(HostId{"i-1"}).has_value());
    ASSERT_TRUE(revoke(HostId{"web-1"}).has_value());
    EXPECT_EQ(revoke(HostId{"web-1"}).error().kind, ErrorKind::not_found);
    EXPECT_EQ(revoke(HostId{"i-9"}).error().kind, ErrorKind::not_found);
    for (int life = 0; life < 2; ++life) {
        EXPECT_EQ(whose("s1"), "revoked");
        EXPECT_EQ(whose("one"), "revoked");
        EXPECT_FALSE(credentials->vouching(HostId{"i-1"}).has_value());
        EXPECT_FALSE(credentials->vouching(HostId{"web-1"}).has_value());
        EXPECT_FALSE(credentials->holds(HostId{"i-1"}, digest_of("s1")));
        open();
    }
    // The host joins again, with another secret.
    ASSERT_TRUE(admit(joining("i-1", "join token asg"), digest_of("s2")).has_value());
    EXPECT_EQ(whose("s2"), "i-1");
    EXPECT_EQ(whose("s1"), "bad_token");
    credentials->forgotten(HostId{"i-1"});
    EXPECT_EQ(whose("s2"), "bad_token");
}

TEST_F(CredentialsTest, ASecretIsOneHosts) {
    ASSERT_TRUE(add(join_token("asg")).has_value());
    ASSERT_TRUE(admit(joining("i-1", "x"), digest_of("s1")).has_value());
    for (const char* taken : {"s1", "one", "join-asg"}) {
        const Status second = admit(joining("i-2", "x"), digest_of(taken));
        ASSERT_FALSE(second.has_value()) << taken;
        EXPECT_EQ(second.error().kind, ErrorKind::conflict);
    }
    EXPECT_EQ(store->hosts(kApp)->size(), 1U);
}

// A store that answers late: each commit waits until the test lets it go.
class LateStore final : public ports::Store {
  public:
    explicit LateStore(ports::Store& store) : store_(store) {}

    void commit(ports::Commit commit, ports::Ticket ticket) override {
        waiting.push_back([this, commit = std::move(commit), ticket = std::move(ticket)] {
            store_.commit(commit, ticket);
        });
    }

    std::deque<std::function<void()>> waiting;

  private:
    ports::Store& store_;
};

// The last use of a token, and one digest, while the store has not answered yet.
TEST_F(CredentialsTest, WhatIsOnItsWayToTheStoreIsTaken) {
    ASSERT_TRUE(add(join_token("asg")).has_value());
    const auto proof = credentials->join_proof("Bearer join-asg");
    ASSERT_TRUE(proof.has_value());
    LateStore late(*store);
    StoreDesk late_desk(world.io, kApp, late, *store->lead(kApp));
    auto made = Credentials::open(clock, *store, late_desk, {.app = kApp, .tokens_file = file()});
    ASSERT_TRUE(made.has_value());
    Credentials& slow = **made;
    std::optional<Status> first;
    std::optional<Status> second;
    const auto start = [&](const char* host, std::optional<Status>& answer) {
        world.tasks.spawn("admit", [&slow, host, proof, &answer] {
            return keep(
                slow.admit(joining(host, proof->by), digest_of("s"), proof->token_digest, {}),
                &answer
            );
        });
    };
    start("i-1", first);
    ASSERT_TRUE(world.run_until([&] { return late.waiting.size() == 1; }));
    EXPECT_EQ(slow.join_proof("Bearer join-asg").error().code, "used_up");
    start("i-2", second);
    ASSERT_TRUE(world.run_until([&] { return second.has_value(); }));
    EXPECT_EQ(second->error().kind, ErrorKind::conflict) << "the digest is the first one's";
    EXPECT_FALSE(first.has_value());
    late.waiting.front()();
    ASSERT_TRUE(world.run_until([&] { return first.has_value(); }));
    EXPECT_TRUE(first->has_value());
    EXPECT_EQ(slow.caller("Bearer s")->host, HostId{"i-1"});
}

}  // namespace
}  // namespace farshore::controller
