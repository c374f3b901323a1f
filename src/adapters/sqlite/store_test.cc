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
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "ports/test_rows.h"

namespace farshore::sqlite {
namespace {

using namespace ports::testing;

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

// Commits are answered from inside the call.
ports::CommitAnswer commit(
    Store& store,
    ports::LeaderToken leader,
    const core::AppRecord& state,
    std::vector<core::JournalEntry> journal = {}
) {
    ports::CommitAnswer answered{.end = ports::CommitEnd::unknown, .why = {}};
    store.commit(
        {.app = kApp,
         .leader = leader,
         .state = state,
         .journal = std::move(journal),
         .changes = {},
         .audit = {}},
        [&](ports::CommitAnswer answer) { answered = std::move(answer); }
    );
    return answered;
}

bool committed(const ports::CommitAnswer& answer) {
    return answer.end == ports::CommitEnd::committed;
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

TEST_F(StoreTest, AFileOfTheFirstVersionIsBroughtUpToDateAndKeepsItsHosts) {
    {
        auto store = open();
        ports::Commit first{
            .app = kApp,
            .leader = *store->lead(kApp),
            .state = record(7),
            .journal = {},
            .changes = {},
            .audit = {}
        };
        first.changes.emplace_back(
            ports::HostEntered{{.host = HostId{"web-1"}, .region = RegionId{"us-east-1"}}}
        );
        store->commit(first, [](const ports::CommitAnswer& answer) {
            EXPECT_TRUE(committed(answer));
        });
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
    EXPECT_TRUE(store->credentials(kApp)->empty());
    EXPECT_EQ((*store->load(kApp))->epoch, Epoch{7});
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
    const ports::LeaderToken leader = *store.lead(kApp);
    std::uint64_t kept = 0;
    ports::CommitAnswer answer;
    for (std::uint64_t step = 1; step < 1000; ++step) {
        core::JournalEntry big = entry("op-1", step);
        big.text = std::string(2000, 'x');
        answer = commit(store, leader, record(step), {big});
        if (!committed(answer)) {
            break;
        }
        kept = step;
    }
    ASSERT_EQ(answer.end, ports::CommitEnd::refused) << "the limit was never reached";
    EXPECT_EQ(answer.why.kind, ErrorKind::exhausted);
    EXPECT_NE(answer.why.remedy.find("free space"), std::string::npos);
    EXPECT_GT(kept, 3U);
    EXPECT_EQ((*store.load(kApp))->epoch, Epoch{kept});
    EXPECT_EQ(store.journal(OperationId{"op-1"}, 0, 2000)->size(), kept);
    opened->reset();
    auto with_room = open();
    ASSERT_EQ((*with_room->load(kApp))->epoch, Epoch{kept});
    EXPECT_TRUE(committed(commit(*with_room, *with_room->lead(kApp), record(kept + 1))))
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
            const auto leader = store ? (*store)->lead(kApp) : Result<ports::LeaderToken>{};
            if (!store || !leader) {
                _exit(3);
            }
            for (std::uint64_t step = floor + 1;; ++step) {
                core::AppRecord next = record(step);
                next.operation = operation("op-1", core::Outcome::running);
                next.operation->steps = step;
                if (!committed(commit(**store, *leader, next, {entry("op-1", step)}))) {
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

TEST_F(StoreTest, TheAuditIsBoundedAndNewestFirst) {
    auto opened = Store::open({.path = path(), .audit_rows_max = 3});
    ASSERT_TRUE(opened.has_value());
    const ports::LeaderToken leader = *(*opened)->lead(kApp);
    for (int i = 1; i <= 5; ++i) {
        ports::Commit one{
            .app = kApp, .leader = leader, .state = {}, .journal = {}, .changes = {}, .audit = {}
        };
        one.audit = {{.at = utc_from_ms(i), .who = "eve", .what = std::to_string(i), .detail = {}}};
        (*opened)->commit(one, [](const ports::CommitAnswer& answer) {
            EXPECT_TRUE(committed(answer));
        });
    }
    const auto rows = (*opened)->audit(10);
    ASSERT_EQ(rows->size(), 3U);
    EXPECT_EQ(rows->front().what, "5");
    EXPECT_EQ(rows->back().what, "3");
}

TEST_F(StoreTest, OldOperationsAreForgottenWithTheirJournal) {
    auto opened = Store::open({.path = path(), .operations_max = 2});
    ASSERT_TRUE(opened.has_value());
    const ports::LeaderToken leader = *(*opened)->lead(kApp);
    for (int i = 1; i <= 4; ++i) {
        const std::string id = "op-" + std::to_string(i);
        core::AppRecord next = record(static_cast<std::uint64_t>(i));
        next.operation = operation(id, core::Outcome::done);
        ASSERT_TRUE(committed(commit(**opened, leader, next, {entry(id, 1)})));
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
    const ports::LeaderToken leader = *(*opened)->lead(kApp);
    for (int i = 1; i <= 2; ++i) {
        core::AppRecord next = record(static_cast<std::uint64_t>(i));
        for (int step = 0; step < 50; ++step) {
            next.operation = operation("op-" + std::to_string(i), core::Outcome::running);
            ASSERT_TRUE(committed(commit(**opened, leader, next)));
        }
        next.operation = operation("op-" + std::to_string(i), core::Outcome::done);
        ASSERT_TRUE(committed(commit(**opened, leader, next)));
    }
    const auto operations = (*opened)->operations(10);
    ASSERT_EQ(operations->size(), 2U);
    EXPECT_EQ(operations->front().plan.id, OperationId{"op-2"});
}

}  // namespace
}  // namespace farshore::sqlite
