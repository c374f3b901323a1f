#include "sqlite/database.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

namespace farshore::sqlite {
namespace {

std::unique_ptr<Database> memory_database() {
    auto opened = Database::open({.path = {}, .durability = Durability::none});
    EXPECT_TRUE(opened.has_value());
    return std::move(*opened);
}

class Directory {
  public:
    Directory() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "farshore-sqlite-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }

    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    ~Directory() { std::filesystem::remove_all(path_); }

    [[nodiscard]] std::string file(std::string_view name) const {
        return path_ + "/" + std::string{name};
    }

  private:
    std::string path_;
};

std::int64_t count(Database& database) {
    auto statement = database.prepare("SELECT count(*) FROM t");
    EXPECT_TRUE(statement.has_value());
    EXPECT_TRUE(statement->step().value());
    return statement->integer(0);
}

TEST(Database, GivesBackTextBlobsIntegersAndNull) {
    auto database = memory_database();
    ASSERT_TRUE(database->execute("CREATE TABLE t(a TEXT, b BLOB, c INTEGER, d)").has_value());
    const std::string blob{"\x00\xFFx", 3};
    auto insert = database->prepare("INSERT INTO t VALUES(?,?,?,?)");
    ASSERT_TRUE(insert.has_value());
    insert->bind(1, "").bind_blob(2, blob).bind(3, std::int64_t{1} << 40).bind_null(4);
    ASSERT_TRUE(insert->run().has_value());
    auto select = database->prepare("SELECT a, b, c, d FROM t");
    ASSERT_TRUE(select->step().value());
    EXPECT_FALSE(select->is_null(0));
    EXPECT_EQ(select->text(0), "");
    EXPECT_EQ(select->blob(1), blob);
    EXPECT_EQ(select->integer(2), std::int64_t{1} << 40);
    EXPECT_TRUE(select->is_null(3));
    EXPECT_FALSE(select->step().value());
}

TEST(Database, LendsTheSameStatementTwiceAtATime) {
    auto database = memory_database();
    ASSERT_TRUE(database->execute("CREATE TABLE t(a); INSERT INTO t VALUES(1),(2)").has_value());
    auto outer = database->prepare("SELECT a FROM t ORDER BY a");
    ASSERT_TRUE(outer->step().value());
    auto inner = database->prepare("SELECT a FROM t ORDER BY a");
    ASSERT_TRUE(inner->step().value());
    ASSERT_TRUE(inner->step().value());
    EXPECT_EQ(outer->integer(0), 1);
    EXPECT_EQ(inner->integer(0), 2);
}

TEST(Database, ForgetsParametersBetweenLoans) {
    auto database = memory_database();
    {
        auto first = database->prepare("SELECT ?");
        first->bind(1, 7);
        ASSERT_TRUE(first->step().value());
    }
    auto second = database->prepare("SELECT ?");
    ASSERT_TRUE(second->step().value());
    EXPECT_TRUE(second->is_null(0));
}

TEST(Database, KeepsWorkingWhenTheCacheIsFull) {
    auto database =
        std::move(*Database::open({.path = {}, .durability = Durability::none, .statements_max = 2})
        );
    for (int i = 0; i < 10; ++i) {
        auto statement = database->prepare("SELECT " + std::to_string(i));
        ASSERT_TRUE(statement->step().value());
        EXPECT_EQ(statement->integer(0), i);
    }
}

TEST(Database, RefusesMoreThanOneStatement) {
    auto database = memory_database();
    const auto two = database->prepare("SELECT 1; SELECT 2");
    ASSERT_FALSE(two.has_value());
    EXPECT_EQ(two.error().kind, ErrorKind::malformed);
}

TEST(Database, NamesWhatIsWrong) {
    auto database = memory_database();
    const auto bad = database->prepare("SELEKT 1");
    ASSERT_FALSE(bad.has_value());
    EXPECT_EQ(bad.error().kind, ErrorKind::malformed);
    ASSERT_TRUE(database->execute("CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES(1)").has_value());
    auto again = database->prepare("INSERT INTO t VALUES(1)");
    const auto refused = again->run();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    auto unbound = database->prepare("SELECT ?");
    unbound->bind(2, 1);
    EXPECT_EQ(unbound->step().error().kind, ErrorKind::malformed);
}

TEST(Database, SaysNotFoundForADirectoryThatIsMissing) {
    const auto opened = Database::open({.path = "/nonexistent/farshore/x.db"});
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().kind, ErrorKind::not_found);
    EXPECT_NE(opened.error().text.find("/nonexistent/farshore/x.db"), std::string::npos);
}

TEST(Transaction, UndoesWhatIsNotCommitted) {
    auto database = memory_database();
    ASSERT_TRUE(database->execute("CREATE TABLE t(a)").has_value());
    {
        auto transaction = Transaction::begin(*database);
        ASSERT_TRUE(transaction.has_value());
        ASSERT_TRUE(database->execute("INSERT INTO t VALUES(1)").has_value());
        EXPECT_TRUE(database->in_transaction());
    }
    EXPECT_FALSE(database->in_transaction());
    EXPECT_EQ(count(*database), 0);
    auto transaction = Transaction::begin(*database);
    ASSERT_TRUE(database->execute("INSERT INTO t VALUES(1)").has_value());
    ASSERT_TRUE(transaction->commit().has_value());
    EXPECT_EQ(count(*database), 1);
}

TEST(Transaction, ReportsAFullDiskAsExhaustedAndLeavesTheOldState) {
    const Directory directory;
    auto database = std::move(*Database::open(
        {.path = directory.file("full.db"), .durability = Durability::none, .pages_max = 8}
    ));
    ASSERT_TRUE(
        database->execute("CREATE TABLE t(a BLOB); INSERT INTO t VALUES('kept')").has_value()
    );
    Status outcome;
    {
        auto transaction = Transaction::begin(*database);
        ASSERT_TRUE(transaction.has_value());
        outcome = database->execute("INSERT INTO t VALUES(zeroblob(100000))");
    }
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().kind, ErrorKind::exhausted);
    EXPECT_EQ(outcome.error().effect, Effect::none);
    EXPECT_EQ(count(*database), 1);
}

TEST(Transaction, SaysTimedOutWhenAnotherConnectionHoldsTheLock) {
    const Directory directory;
    auto one =
        std::move(*Database::open({.path = directory.file("x.db"), .busy_timeout = Duration::zero()}
        ));
    auto two =
        std::move(*Database::open({.path = directory.file("x.db"), .busy_timeout = Duration::zero()}
        ));
    auto holder = Transaction::begin(*one);
    ASSERT_TRUE(holder.has_value());
    const auto refused = Transaction::begin(*two);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::timed_out);
}

TEST(Database, SaysWhetherWhatIsCommittedSurvivesAPowerCut) {
    const Directory directory;
    const auto survives = [&](const char* name, Durability durability) {
        auto opened = Database::open({.path = directory.file(name), .durability = durability});
        return opened && (*opened)->survives_power_loss().value_or(false);
    };
    EXPECT_TRUE(survives("full.db", Durability::full));
    EXPECT_FALSE(survives("normal.db", Durability::normal));
    EXPECT_FALSE(survives("none.db", Durability::none));
}

TEST(Database, KeepsFilesAndTheirVersion) {
    const Directory directory;
    {
        auto database = std::move(*Database::open({.path = directory.file("x.db")}));
        EXPECT_EQ(database->user_version().value(), 0);
        ASSERT_TRUE(database->set_user_version(3).has_value());
        ASSERT_TRUE(database->execute("CREATE TABLE t(a); INSERT INTO t VALUES(1)").has_value());
    }
    auto database = std::move(*Database::open({.path = directory.file("x.db")}));
    EXPECT_EQ(database->user_version().value(), 3);
    EXPECT_EQ(count(*database), 1);
}

}  // namespace
}  // namespace farshore::sqlite
