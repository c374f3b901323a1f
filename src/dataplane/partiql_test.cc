#include "dataplane/partiql.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace farshore::dataplane {
namespace {

using Kind = PartiqlWrite::Kind;

std::optional<PartiqlWrite> read(std::string_view statement, std::string_view parameters = "[]") {
    const boost::json::value parsed = boost::json::parse(parameters);
    return read_partiql(statement, parsed.if_array());
}

std::string attributes_of(const std::optional<PartiqlWrite>& write) {
    return write ? boost::json::serialize(write->attributes) : "another form";
}

TEST(Partiql, InsertTellsItsItem) {
    const auto write = read(
        R"(INSERT INTO "shop-carts" VALUE {'id': 'it''s', 'n': -1.5e3, 'm': {'id': 'no'}, 'l': [1, {'x': 2}], 'p': ?})",
        R"([{"B":"eA=="}])"
    );
    ASSERT_TRUE(write);
    EXPECT_EQ(write->kind, Kind::inserts);
    EXPECT_EQ(write->table, "shop-carts");
    EXPECT_EQ(attributes_of(write), R"({"id":{"S":"it's"},"n":{"N":"-1.5e3"},"p":{"B":"eA=="}})");
}

TEST(Partiql, UpdateTellsWhatItsConditionFixes) {
    const auto write = read(
        R"(update "t" set a = ? set "b"=list_append(b, ?) where id = ? and n=7 AND size(x) > 3 returning all new *)",
        R"([{"S":"a"},{"L":[]},{"S":"key"}])"
    );
    ASSERT_TRUE(write);
    EXPECT_EQ(write->kind, Kind::updates);
    EXPECT_EQ(write->table, "t");
    EXPECT_EQ(attributes_of(write), R"({"id":{"S":"key"},"n":{"N":"7"}})");
}

TEST(Partiql, DeleteTellsItsKey) {
    const auto write = read(R"(DELETE FROM t WHERE "id"='x' AND "sort" = 'a AND b')");
    ASSERT_TRUE(write);
    EXPECT_EQ(write->kind, Kind::removes);
    EXPECT_EQ(attributes_of(write), R"({"id":{"S":"x"},"sort":{"S":"a AND b"}})");
}

TEST(Partiql, ReadsWriteNothing) {
    EXPECT_EQ(read("SELECT * FROM t").value().kind, Kind::reads);
    EXPECT_EQ(read("EXISTS(SELECT * FROM t WHERE id='x')").value().kind, Kind::reads);
}

TEST(Partiql, WhatMayMeanAnotherItemIsAnotherForm) {
    for (const std::string_view statement : {
             "DELETE FROM t WHERE id='x' OR id='y'",
             "DELETE FROM t WHERE NOT id='x'",
             "DELETE FROM t WHERE n BETWEEN 1 AND 2 AND id='x'",
             "DELETE FROM t -- WHERE id='x'",
             "DELETE /* */ FROM t WHERE id='x'",
             "DELETE FROM t",
             "DELETE FROM",
             "UPDATE t SET a=1",
             "INSERT INTO t VALUE 'x'",
             "INSERT INTO t VALUE {'id': 'x'",
             "INSERT INTO t VALUE {'id' 'x'}",
             "MERGE INTO t",
             "DELETE FROM t WHERE id='x",
             "",
         }) {
        EXPECT_FALSE(read(statement)) << statement;
    }
}

TEST(Partiql, PartsOfAValueAreNoValue) {
    EXPECT_EQ(attributes_of(read("DELETE FROM t WHERE id = 'a' || 'b'")), "{}");
    EXPECT_EQ(
        attributes_of(read("DELETE FROM t WHERE id = n + 1 AND s = 'x'")), R"({"s":{"S":"x"}})"
    );
    EXPECT_EQ(attributes_of(read("DELETE FROM t WHERE id = ?")), "{}");
}

TEST(Partiql, IsBounded) {
    EXPECT_FALSE(read("SELECT '" + std::string(9000, 'x') + "'"));
}

}  // namespace
}  // namespace farshore::dataplane
