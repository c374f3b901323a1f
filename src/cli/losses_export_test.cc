#include "cli/losses_export.h"

#include <algorithm>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace farshore::cli {
namespace {

namespace json = boost::json;

const std::string kFormula = "=HYPERLINK(\"http://x\")";

wire::LossEntryDocument entry(
    std::string table, json::object key, std::string fate, std::string reason
) {
    return {
        .table = std::move(table),
        .key = std::move(key),
        .reason = std::move(reason),
        .host = HostId{"use1-web-1"},
        .op = "PutItem",
        .at = utc_from_ms(1'790'000'000'000),
        .epoch = Epoch{7},
        .acknowledged = true,
        .fate = std::move(fate)
    };
}

LossBookSeen a_book() {
    const json::object cart{{"id", {{"S", kFormula}}}};
    const json::object count{{"n", {{"N", "10"}}}, {"b", {{"B", "AAE="}}}};
    const wire::LossesDocument book{
        .operation = OperationId{"op-7"},
        .truncated = true,
        .entries =
            {entry("carts", cart, "never_arrived", "@SUM(A1)"),
             entry("carts", cart, "at_risk", ""),
             entry("counts", count, "unknown", "operator:jo: a \"quoted\" word")}
    };
    return {.book = book, .document = wire::to_json(book)};
}

TEST(LossesExport, NoCellOfTheCsvIsAFormula) {
    const std::string csv = losses_export(a_book(), {});
    EXPECT_TRUE(csv.starts_with("operation,table,key,op,at,host,epoch,acknowledged,fate,reason\r\n")
    );
    EXPECT_NE(csv.find("\"'@SUM(A1)\""), std::string::npos) << csv;
    EXPECT_NE(csv.find("\"operator:jo: a \"\"quoted\"\" word\""), std::string::npos) << csv;
    EXPECT_NE(csv.find(R"("{""n"":{""N"":""10""},""b"":{""B"":""AAE=""}}")"), std::string::npos)
        << csv;
    for (const char* begin : {",\"=", ",\"+", ",\"-", ",\"@"}) {
        EXPECT_EQ(csv.find(begin), std::string::npos) << begin;
    }
}

TEST(LossesExport, AnItemPerKeyHasItsTypedKeyAndTheFateOfItsLastWrite) {
    const std::string lines =
        losses_export(a_book(), {.format = LossFormat::dynamodb_json, .table = "carts"});
    ASSERT_EQ(std::ranges::count(lines, '\n'), 1);
    const json::value item = json::parse(lines).at("Item");
    EXPECT_EQ(item.at("id").at("S"), kFormula.c_str()) << "as it is, in a form with types";
    EXPECT_EQ(item.at("farshore_fate").at("S"), "at_risk");
    EXPECT_EQ(item.at("farshore_writes").at("N"), "2");
    const std::string all = losses_export(a_book(), {.format = LossFormat::dynamodb_json});
    EXPECT_NE(all.find(R"("n":{"N":"10"},"b":{"B":"AAE="})"), std::string::npos) << all;
}

TEST(LossesExport, JsonIsTheBookItself) {
    const json::value book =
        json::parse(losses_export(a_book(), {.format = LossFormat::json, .table = "counts"}));
    EXPECT_EQ(book.at("entries").as_array().size(), 1U);
    EXPECT_TRUE(book.at("truncated").as_bool());
}

TEST(LossesExport, TheSummarySaysWhatIsOpenAndThatTheBookIsNotWhole) {
    const std::string summary = export_summary("op-7", a_book().book, "");
    EXPECT_NE(summary.find("3 writes exported, 1 without a fate"), std::string::npos) << summary;
    EXPECT_NE(summary.find("not whole"), std::string::npos) << summary;
}

}  // namespace
}  // namespace farshore::cli
