#include "adapters/sqlite/store.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "core/operation/operation.h"
#include "core/plan/build_plan.h"

namespace farshore::sqlite {
namespace {

const AppId kApp{"magento"};

class StoreTest : public ::testing::Test {
  protected:
    StoreTest() {
        std::string name = std::filesystem::temp_directory_path() / "farshore-store-XXXXXX";
        directory_ = mkdtemp(name.data());
    }

    ~StoreTest() override { std::filesystem::remove_all(directory_); }

    [[nodiscard]] std::string path() const { return directory_ + "/farshore.db"; }

    [[nodiscard]] std::unique_ptr<Store> open() const {
        auto store = Store::open({.path = path()});
        EXPECT_TRUE(store.has_value()) << store.error().text;
        return store ? std::move(*store) : nullptr;
    }

    std::string directory_;
};

core::AppRecord record(std::uint64_t epoch) {
    return {
        .app = kApp,
        .epoch = Epoch{epoch},
        .active = RegionId{"us-east-1"},
        .users = RegionId{"us-east-1"}
    };
}

core::OperationRecord operation(const std::string& id, core::Outcome outcome) {
    core::Plan plan;
    plan.id = OperationId{id};
    plan.verb = core::Verb::failover;
    plan.app = kApp;
    plan.from = RegionId{"us-east-1"};
    plan.to = RegionId{"eu-west-1"};
    plan.epoch_after = Epoch{2};
    core::build_bare_steps(plan);
    core::OperationRecord made = core::operation_at(std::move(plan), core::StepKind::raise);
    made.outcome = outcome;
    return made;
}

core::JournalEntry entry(const std::string& id, std::uint64_t step) {
    return {
        .operation = OperationId{id},
        .kind = core::EntryKind::intent,
        .step = step,
        .doing = "raising",
        .text = "step " + std::to_string(step),
        .at = utc_from_ms(1000)
    };
}

TEST_F(StoreTest, ANewStoreKnowsNothing) {
    auto store = open();
    const auto loaded = store->load(kApp);
    ASSERT_TRUE(loaded.has_value());
    EXPECT_FALSE(loaded->has_value());
}

// Item keys name people and sessions.
TEST_F(StoreTest, ItsFilesAreTheirOwnersAloneWhateverTheUmaskSays) {
    namespace fs = std::filesystem;
    const mode_t before = umask(0);
    const auto store = open();
    umask(before);
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
        EXPECT_EQ(fs::status(path() + suffix).permissions(), fs::perms{0600}) << suffix;
    }
}

TEST_F(StoreTest, FilesThatOthersCouldReadAreClosedToThem) {
    namespace fs = std::filesystem;
    ASSERT_NE(open(), nullptr);
    fs::permissions(path(), fs::perms{0644});
    std::ofstream(path() + "-wal");
    fs::permissions(path() + "-wal", fs::perms{0664});
    const auto store = open();
    ASSERT_NE(store, nullptr);
    EXPECT_EQ(fs::status(path()).permissions(), fs::perms{0600});
    EXPECT_EQ(fs::status(path() + "-wal").permissions(), fs::perms{0600});
}

TEST_F(StoreTest, ACommitIsThereAfterReopening) {
    {
        auto store = open();
        core::AppRecord first = record(7);
        first.operation = operation("op-1", core::Outcome::running);
        const std::array entries{entry("op-1", 1), entry("op-1", 2)};
        ASSERT_TRUE(store->commit(first, entries).has_value());
        first.epoch = Epoch{8};
        first.operation->outcome = core::Outcome::done;
        ASSERT_TRUE(store->commit(first, {}).has_value());
    }
    auto store = open();
    const auto loaded = store->load(kApp);
    ASSERT_TRUE(loaded.has_value() && loaded->has_value());
    EXPECT_EQ((*loaded)->epoch, Epoch{8});
    ASSERT_TRUE((*loaded)->operation.has_value());
    EXPECT_EQ((*loaded)->operation->doing(), "done");
    const auto rows = store->journal(OperationId{"op-1"}, 0, 100);
    ASSERT_TRUE(rows.has_value());
    ASSERT_EQ(rows->size(), 2U);
    EXPECT_EQ((*rows)[1].entry.text, "step 2");
    EXPECT_EQ((*rows)[1].entry.kind, core::EntryKind::intent);
    const auto later = store->journal(OperationId{"op-1"}, (*rows)[0].sequence, 100);
    EXPECT_EQ(later->size(), 1U);
    EXPECT_TRUE(store->commit(record(9), {}).has_value()) << "a loaded record may be changed";
}

HostCredential credential(const std::string& host, const std::string& digest) {
    return {
        .host = HostId{host},
        .region = RegionId{"us-east-1"},
        .digest = digest,
        .vouched_by = "join token asg",
        .since = utc_from_ms(5000)
    };
}

TEST_F(StoreTest, AJoinIsInTheRegisterWithItsCredentialAndCountsItsToken) {
    {
        auto store = open();
        ASSERT_TRUE(store->join(kApp, credential("web-1", "d1"), "t1").has_value());
        ASSERT_TRUE(store->join(kApp, credential("web-2", "d2"), "t1").has_value());
        ASSERT_TRUE(store->join(kApp, credential("web-3", "d3"), "").has_value());
        ASSERT_TRUE(store->credential_used(kApp, HostId{"web-1"}).has_value());
    }
    auto store = open();
    EXPECT_EQ(store->hosts(kApp)->size(), 3U);
    const auto uses = store->join_uses(kApp);
    ASSERT_TRUE(uses.has_value());
    EXPECT_EQ(*uses, (std::map<std::string, std::uint64_t>{{"t1", 2}}));
    auto held = store->credentials(kApp);
    ASSERT_TRUE(held.has_value());
    ASSERT_EQ(held->size(), 3U);
    EXPECT_TRUE((*held)[0].used);
    EXPECT_EQ((*held)[1], credential("web-2", "d2"));
    // Nothing of a join that is refused is kept: that digest is another host's.
    EXPECT_FALSE(store->join(kApp, credential("web-4", "d2"), "t2").has_value());
    EXPECT_EQ(store->hosts(kApp)->size(), 3U);
    EXPECT_EQ(store->join_uses(kApp)->count("t2"), 0U);
    ASSERT_TRUE(store->revoke_credential(kApp, HostId{"web-2"}, utc_from_ms(9000)).has_value());
    ASSERT_TRUE(store->revoke_credential(kApp, HostId{"web-2"}, utc_from_ms(9999)).has_value());
    EXPECT_EQ((*store->credentials(kApp))[1].revoked_at, utc_from_ms(9000));
    const Status missing = store->revoke_credential(kApp, HostId{"web-9"}, utc_from_ms(9000));
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
    // A host that joins again has one credential, and it is good.
    ASSERT_TRUE(store->join(kApp, credential("web-2", "d22"), "t1").has_value());
    EXPECT_FALSE((*store->credentials(kApp))[1].revoked_at);
    ASSERT_TRUE(store->remove_host(kApp, HostId{"web-2"}).has_value());
    EXPECT_EQ(store->credentials(kApp)->size(), 2U) << "it leaves with the host";
    EXPECT_EQ(store->remove_host(kApp, HostId{"web-2"}).error().kind, ErrorKind::not_found);
    EXPECT_TRUE(store->revoke_token("aa", utc_from_ms(1)).has_value());
    EXPECT_TRUE(store->revoke_token("aa", utc_from_ms(2)).has_value());
    EXPECT_EQ(*store->revoked_tokens(), std::vector<std::string>{"aa"});
}

TEST_F(StoreTest, AJoinTokensNameIsItsOwnUntilItHasRunOut) {
    auto store = open();
    JoinToken token{
        .name = "asg",
        .digest = "t1",
        .region = {},
        .hosts = "*",
        .uses_max = 3,
        .until = utc_from_ms(10'000),
        .by = "operator:eve",
        .made_at = utc_from_ms(1000)
    };
    ASSERT_TRUE(store->add_join_token(kApp, token, utc_from_ms(1000)).has_value());
    EXPECT_EQ(*store->join_tokens(kApp), std::vector<JoinToken>{token});
    token.digest = "t2";
    const Status taken = store->add_join_token(kApp, token, utc_from_ms(9999));
    ASSERT_FALSE(taken.has_value());
    EXPECT_EQ(taken.error().kind, ErrorKind::conflict);
    ASSERT_TRUE(store->add_join_token(kApp, token, utc_from_ms(10'000)).has_value());
    EXPECT_EQ((*store->join_tokens(kApp))[0].digest, "t2");
    ASSERT_TRUE(store->remove_join_token(kApp, "asg").has_value());
    EXPECT_EQ(store->remove_join_token(kApp, "asg").error().kind, ErrorKind::not_found);
}

TEST_F(StoreTest, AJoinTokenGoesWithItsUses) {
    auto store = open();
    const auto use = [&](const std::string& name, std::int64_t until) {
        const JoinToken token{
            .name = name,
            .digest = "digest of " + name,
            .region = {},
            .hosts = "*",
            .uses_max = 3,
            .until = utc_from_ms(until),
            .by = "operator:eve",
            .made_at = utc_from_ms(1)
        };
        ASSERT_TRUE(store->add_join_token(kApp, token, utc_from_ms(1)).has_value());
        const HostCredential credential{
            .host = HostId{"i-" + name}, .region = RegionId{"us-east-1"}, .digest = "of " + name
        };
        ASSERT_TRUE(store->join(kApp, credential, token.digest).has_value());
    };
    use("a", 10);
    use("b", 11);
    use("c", 12);
    ASSERT_TRUE(store->remove_join_tokens_until(kApp, utc_from_ms(11)).has_value());
    ASSERT_EQ(store->join_tokens(kApp)->size(), 1U);
    EXPECT_EQ(store->join_uses(kApp)->size(), 1U);
    EXPECT_EQ(store->join_uses(kApp)->count("digest of c"), 1U);
    EXPECT_EQ(store->credentials(kApp)->size(), 3U) << "a host that is in stays in";
    ASSERT_TRUE(store->remove_join_token(kApp, "c").has_value());
    EXPECT_TRUE(store->join_uses(kApp)->empty());
}

TEST_F(StoreTest, AFileOfTheFirstVersionIsBroughtUpToDateAndKeepsItsHosts) {
    {
        auto store = open();
        ASSERT_TRUE(store->commit(record(7), {}).has_value());
        ASSERT_TRUE(store
                        ->add_host(kApp, {.host = HostId{"web-1"}, .region = RegionId{"us-east-1"}})
                        .has_value());
    }
    {
        auto database = Database::open({.path = path()});
        ASSERT_TRUE(database.has_value());
        ASSERT_TRUE((*database)
                        ->execute("DROP TABLE credentials; DROP TABLE revoked_tokens; DROP TABLE "
                                  "join_tokens; DROP TABLE joins; PRAGMA user_version = 1;")
                        .has_value());
    }
    auto store = open();
    ASSERT_NE(store, nullptr);
    EXPECT_EQ(store->hosts(kApp)->size(), 1U);
    EXPECT_TRUE(store->join(kApp, credential("web-1", "d1"), "").has_value());
    EXPECT_EQ((*store->load(kApp))->epoch, Epoch{7});
}

TEST_F(StoreTest, ARecordThatWasNotReadIsNotOverwritten) {
    {
        auto store = open();
        ASSERT_TRUE(store->commit(record(7), {}).has_value());
    }
    auto store = open();
    const std::array entries{entry("op-1", 1)};
    const Status status = store->commit(record(3), entries);
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().kind, ErrorKind::conflict);
    EXPECT_EQ((*store->load(kApp))->epoch, Epoch{7});
    EXPECT_TRUE(store->journal(OperationId{"op-1"}, 0, 10)->empty()) << "all or nothing";
}

TEST_F(StoreTest, ASecondControllerIsRefusedAndToldWhoHoldsTheStore) {
    auto first = open();
    const auto second = Store::open({.path = path()});
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().kind, ErrorKind::conflict);
    EXPECT_NE(second.error().text.find(std::to_string(getpid())), std::string::npos)
        << second.error().text;
    EXPECT_FALSE(second.error().remedy.empty());
    first.reset();
    EXPECT_TRUE(Store::open({.path = path()}).has_value());
}

TEST_F(StoreTest, AFullDiskLosesNothingAndSaysWhatToDo) {
    auto opened = Store::open({.path = path(), .pages_max = 24});
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    Store& store = **opened;
    std::uint64_t committed = 0;
    Status status;
    for (std::uint64_t step = 1; step < 1000; ++step) {
        core::AppRecord next = record(step);
        core::JournalEntry big = entry("op-1", step);
        big.text = std::string(2000, 'x');
        const std::array entries{big};
        status = store.commit(next, entries);
        if (!status) {
            break;
        }
        committed = step;
    }
    ASSERT_FALSE(status.has_value()) << "the limit was never reached";
    EXPECT_EQ(status.error().kind, ErrorKind::exhausted);
    EXPECT_NE(status.error().remedy.find("free space"), std::string::npos);
    EXPECT_GT(committed, 3U);
    EXPECT_EQ((*store.load(kApp))->epoch, Epoch{committed});
    EXPECT_EQ(store.journal(OperationId{"op-1"}, 0, 2000)->size(), committed);
    opened->reset();
    auto with_room = open();
    ASSERT_EQ((*with_room->load(kApp))->epoch, Epoch{committed});
    EXPECT_TRUE(with_room->commit(record(committed + 1), {}).has_value())
        << "goes on when there is room";
}

TEST_F(StoreTest, ADamagedFileIsReportedWithItsRemedy) {
    std::ofstream(path()) << std::string(8192, 'z');
    const auto store = Store::open({.path = path()});
    ASSERT_FALSE(store.has_value());
    EXPECT_EQ(store.error().kind, ErrorKind::malformed) << store.error().text;
    EXPECT_NE(store.error().remedy.find("backup"), std::string::npos);
}

TEST_F(StoreTest, AMissingDirectoryIsReported) {
    const auto store = Store::open({.path = directory_ + "/nowhere/farshore.db"});
    ASSERT_FALSE(store.has_value());
    EXPECT_EQ(store.error().kind, ErrorKind::not_found);
}

TEST_F(StoreTest, ADirectoryIsSaidToBeOne) {
    const std::string directory = directory_ + "/store";
    std::filesystem::create_directory(directory);
    const auto store = Store::open({.path = directory});
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().kind, ErrorKind::malformed);
    EXPECT_EQ(store.error().text, "the store " + directory + " is a directory, not a file");
    EXPECT_FALSE(std::filesystem::exists(directory + ".lock")) << "nothing is left beside it";
}

// The child commits as fast as it can and says after each commit what is safe; the parent kills it
// at a different place each time. What was said to be safe must be there, and nothing half.
TEST_F(StoreTest, NothingCommittedIsLostWhenTheProcessIsKilled) {
    std::uint64_t floor = 0;
    for (int round = 0; round < 8; ++round) {
        std::array<int, 2> pipe_ends{};
        ASSERT_EQ(pipe(pipe_ends.data()), 0);
        const pid_t child = fork();
        if (child == 0) {
            auto store = Store::open({.path = path()});
            if (!store || !(*store)->load(kApp)) {
                _exit(3);
            }
            for (std::uint64_t step = floor + 1;; ++step) {
                core::AppRecord next = record(step);
                next.operation = operation("op-1", core::Outcome::running);
                next.operation->steps = step;
                const std::array entries{entry("op-1", step)};
                if (!(*store)->commit(next, entries)) {
                    _exit(4);
                }
                if (write(pipe_ends[1], &step, sizeof step) != static_cast<ssize_t>(sizeof step)) {
                    _exit(5);
                }
            }
        }
        close(pipe_ends[1]);
        std::uint64_t safe = floor;
        for (int heard = 0; heard <= round; ++heard) {
            ASSERT_EQ(read(pipe_ends[0], &safe, sizeof safe), static_cast<ssize_t>(sizeof safe));
        }
        kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "status " << status;
        close(pipe_ends[0]);

        auto store = open();
        const auto loaded = store->load(kApp);
        ASSERT_TRUE(loaded.has_value() && loaded->has_value());
        const std::uint64_t found = (*loaded)->epoch.value();
        EXPECT_GE(found, safe);
        EXPECT_EQ((*loaded)->operation->steps, found);
        const auto rows = store->journal(OperationId{"op-1"}, 0, 100'000);
        ASSERT_EQ(rows->size(), found);
        for (std::size_t i = 0; i < rows->size(); ++i) {
            EXPECT_EQ((*rows)[i].entry.step, i + 1);
        }
        floor = found;
    }
}

TEST_F(StoreTest, HostsLeaveTheRegisterOnlyByExplicitAct) {
    auto store = open();
    const RegisteredHost host{
        .host = HostId{"use1-web-1"},
        .region = RegionId{"us-east-1"},
        .registered_at = utc_from_ms(5)
    };
    ASSERT_TRUE(store->add_host(kApp, host).has_value());
    ASSERT_TRUE(store
                    ->add_host(
                        kApp,
                        {.host = host.host, .region = host.region, .registered_at = utc_from_ms(9)}
                    )
                    .has_value());
    ASSERT_EQ(store->hosts(kApp)->size(), 1U);
    EXPECT_EQ(store->hosts(kApp)->front(), host) << "registered once, at its first hello";
    ASSERT_TRUE(store->remove_host(kApp, host.host).has_value());
    EXPECT_TRUE(store->hosts(kApp)->empty());
    EXPECT_EQ(store->remove_host(kApp, host.host).error().kind, ErrorKind::not_found);
}

TEST_F(StoreTest, LossesAreReplacedByKey) {
    auto store = open();
    const OperationId op{"op-1"};
    const std::array rows{LossRow{"t", "k1", "a"}, LossRow{"t", "k2", "b"}};
    ASSERT_TRUE(store->put_losses(op, rows).has_value());
    const std::array settled{LossRow{"t", "k1", "c"}};
    ASSERT_TRUE(store->put_losses(op, settled).has_value());
    const auto read = store->losses(op);
    ASSERT_EQ(read->size(), 2U);
    EXPECT_EQ((*read)[0].document, "c");
    EXPECT_EQ((*read)[1].document, "b");
    EXPECT_TRUE(store->losses(OperationId{"op-2"})->empty());
}

TEST_F(StoreTest, TheAuditIsBoundedAndNewestFirst) {
    auto opened = Store::open({.path = path(), .audit_rows_max = 3});
    ASSERT_TRUE(opened.has_value());
    for (int i = 1; i <= 5; ++i) {
        ASSERT_TRUE(
            (*opened)
                ->append_audit(
                    {.at = utc_from_ms(i), .who = "eve", .what = std::to_string(i), .detail = {}}
                )
                .has_value()
        );
    }
    const auto rows = (*opened)->audit(10);
    ASSERT_EQ(rows->size(), 3U);
    EXPECT_EQ(rows->front().what, "5");
    EXPECT_EQ(rows->back().what, "3");
}

TEST_F(StoreTest, OldOperationsAreForgottenWithTheirJournal) {
    auto opened = Store::open({.path = path(), .operations_max = 2});
    ASSERT_TRUE(opened.has_value());
    for (int i = 1; i <= 4; ++i) {
        const std::string id = "op-" + std::to_string(i);
        core::AppRecord next = record(static_cast<std::uint64_t>(i));
        next.operation = operation(id, core::Outcome::done);
        const std::array entries{entry(id, 1)};
        ASSERT_TRUE((*opened)->commit(next, entries).has_value());
    }
    const auto operations = (*opened)->operations(10);
    ASSERT_EQ(operations->size(), 2U);
    EXPECT_EQ(operations->front().plan.id, OperationId{"op-4"});
    EXPECT_TRUE((*opened)->journal(OperationId{"op-1"}, 0, 10)->empty());
    EXPECT_EQ((*opened)->journal(OperationId{"op-4"}, 0, 10)->size(), 1U);
}

// An operation is saved at each of its steps: only its being there counts.
TEST_F(StoreTest, AnOperationThatIsSavedOftenDrivesNoOtherOut) {
    auto opened = Store::open({.path = path(), .operations_max = 3});
    ASSERT_TRUE(opened.has_value());
    for (int i = 1; i <= 2; ++i) {
        core::AppRecord next = record(static_cast<std::uint64_t>(i));
        for (int step = 0; step < 50; ++step) {
            next.operation = operation("op-" + std::to_string(i), core::Outcome::running);
            ASSERT_TRUE((*opened)->commit(next, {}).has_value());
        }
        next.operation = operation("op-" + std::to_string(i), core::Outcome::done);
        ASSERT_TRUE((*opened)->commit(next, {}).has_value());
    }
    const auto operations = (*opened)->operations(10);
    ASSERT_EQ(operations->size(), 2U);
    EXPECT_EQ(operations->front().plan.id, OperationId{"op-2"});
}

TEST_F(StoreTest, OperationsWithLossesAreFoundAgain) {
    auto store = open();
    for (const char* id : {"op-1", "op-2", "op-3"}) {
        core::AppRecord next = record(1);
        next.operation = operation(id, core::Outcome::done);
        ASSERT_TRUE(store->commit(next, {}).has_value());
    }
    const LossRow row{.table = "t", .key = "k", .document = "{}"};
    ASSERT_TRUE(store->put_losses(OperationId{"op-1"}, std::array{row}).has_value());
    ASSERT_TRUE(store->put_losses(OperationId{"op-3"}, std::array{row}).has_value());
    const auto found = store->operations_with_losses();
    ASSERT_EQ(found->size(), 2U);
    EXPECT_EQ(found->front().plan.id, OperationId{"op-3"}) << "newest first";
    EXPECT_EQ((*store->loss(OperationId{"op-1"}, "t", "k"))->document, "{}");
    EXPECT_FALSE(store->loss(OperationId{"op-2"}, "t", "k")->has_value());
}

TEST_F(StoreTest, AConfigurationIsCountedOnce) {
    auto store = open();
    EXPECT_EQ(store->configuration_generation("aa"), 1U);
    EXPECT_EQ(store->configuration_generation("aa"), 1U);
    EXPECT_EQ(store->configuration_generation("bb"), 2U);
    store.reset();
    EXPECT_EQ(open()->configuration_generation("bb"), 2U);
}

TEST_F(StoreTest, TheLastDrillIsRemembered) {
    auto store = open();
    EXPECT_FALSE(store->last_drill(kApp)->has_value());
    ASSERT_TRUE(
        store->set_last_drill(kApp, {.proven_at = utc_from_ms(1234), .configuration_hash = "aa"})
            .has_value()
    );
    EXPECT_EQ((*store->last_drill(kApp))->proven_at, utc_from_ms(1234));
    EXPECT_EQ((*store->last_drill(kApp))->configuration_hash, "aa");
}

}  // namespace
}  // namespace farshore::sqlite
