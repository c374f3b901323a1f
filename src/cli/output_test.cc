#include "cli/output.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "cli/status_view.h"

namespace farshore::cli {
namespace {

namespace json = boost::json;

TEST(TextTable, AlignsItsColumnsByCharacters) {
    TextTable table{{"A", "LONGER", "C"}};
    EXPECT_TRUE(table.empty());
    table.add({"é", "x", "last"});
    EXPECT_EQ(table.text(), "A  LONGER  C\né  x       last\n");
    table.add({"b", "", ""});
    EXPECT_TRUE(table.text().ends_with("\nb\n"));
}

TEST(Yaml, QuotesWhatAReaderWouldTakeForSomethingElse) {
    const json::value document = json::parse(
        R"({"plain":"us-east-1","number":"5","word":"yes","empty":"","url":"http://x:1/","count":5,"none":null,"list":[{"a":1,"b":[]},"x"]})"
    );
    EXPECT_EQ(
        to_yaml(document),
        "plain: us-east-1\nnumber: \"5\"\nword: \"yes\"\nempty: \"\"\nurl: \"http://x:1/\"\ncount: "
        "5\nnone: null\n"
        "list:\n  - a: 1\n    b: []\n  - x\n"
    );
}

TEST(PrettyJson, IsTheSameDocument) {
    const json::value document = json::parse(R"({"a":{"b":[1,2,{"c":"d\n"}]},"e":[],"f":{}})");
    const std::string text = to_pretty_json(document);
    EXPECT_EQ(json::parse(text), document);
    EXPECT_NE(text.find("\n  \"a\": {\n"), std::string::npos) << text;
}

TEST(Readers, TakeOddDocumentsForEmptyOnes) {
    const json::value document = json::parse(R"({"a":{"b":"x","n":1.5,"z":null},"l":[1]})");
    EXPECT_EQ(text_at(document, "a/b"), "x");
    EXPECT_EQ(text_at(document, "a/nothing/deeper"), "");
    EXPECT_EQ(text_at(document, "a/z"), "");
    EXPECT_EQ(text_at(document, "l/0"), "");
    EXPECT_EQ(number_at(document, "a/n"), 1);
    EXPECT_EQ(number_at(document, "a/b", -1), -1);
    EXPECT_FALSE(flag_at(document, "a/b"));
    EXPECT_EQ(text_at(json::value("text"), "a"), "");
}

TEST(StatusTable, ShowsVotesWithTheirAges) {
    const json::value status = json::parse(R"({
        "first_line":"magento: armed; active us-east-1, epoch 3","app":"magento","epoch":3,"active":"us-east-1",
        "users":"us-east-1","preferred":"us-east-1","armed":true,"loss":{"window_ms":1500,"unproven_writes":7},
        "regions":{"us-east-1":{"verdict":"unhealthy","components":{"dynamodb":{"verdict":"unhealthy",
          "votes":[{"observer":"us-east-2","vote":"unhealthy","age_ms":200},{"observer":"agents:eu-west-1","vote":"healthy","age_ms":null}]}}}},
        "agents":[{"host":"use1-web-1","region":"us-east-1","connected":true,"epoch":3,"active":"us-east-1","write_state":"open",
          "age_ms":10,"lease_remaining_ms":2900,"unproven":4}]})");
    const std::string text = status_table(status);
    EXPECT_NE(text.find("us-east-1 (active, users)"), std::string::npos) << text;
    EXPECT_NE(
        text.find("us-east-2: unhealthy (200ms ago), agents:eu-west-1: healthy"), std::string::npos
    ) << text;
    EXPECT_NE(text.find("could lose: 1.5s of writes, 7 keys"), std::string::npos) << text;
    EXPECT_NE(
        text.find("use1-web-1  us-east-1  yes        3      us-east-1  open   2.9s   4         10ms"
        ),
        std::string::npos
    ) << text;
}

TEST(StatusTable, NamesTheHostsWhoseEndpointServesEveryProcess) {
    json::value status = json::parse(R"({"agents":[
        {"host":"w1","connected":true,"client_keys":"off"},{"host":"w2","connected":true,"client_keys":"required"},
        {"host":"w3","connected":true,"client_keys":null},{"host":"w4","connected":false,"client_keys":"off"}]})"
    );
    constexpr std::string_view kNote =
        "client_keys is off, so that any process of the host can write with its role: ";
    EXPECT_TRUE(status_table(status).ends_with(std::string{kNote} + "w1, w4\n"))
        << status_table(status);
    for (json::value& agent : status.as_object()["agents"].as_array()) {
        agent.as_object()["client_keys"] = "required";
    }
    EXPECT_EQ(status_table(status).find("client_keys"), std::string::npos);
}

TEST(StatusTable, InItsWideFormGivesEachVotesReason) {
    const json::value status = json::parse(R"({
        "first_line":"magento: armed","app":"magento","active":"us-east-1","users":"eu-west-1","mode":"auto",
        "controller":"us-east-2","region":"us-east-2","at":"2026-11-23T13:05:09.123Z",
        "regions":{"us-east-1":{"verdict":"unknown","condition":"data_impaired","components":{"dynamodb":{"verdict":"unknown",
          "votes":[{"observer":"us-east-2","vote":"unhealthy","since_ms":4200,"age_ms":200,"why":"empty DNS answer"},
                   {"observer":"agents:eu-west-1","vote":"unknown","since_ms":null,"age_ms":null,"why":"nothing heard"}]}}}}})"
    );
    const std::string text = status_table(status, Format::wide);
    EXPECT_NE(text.find("us-east-1 (active)             unknown"), std::string::npos) << text;
    EXPECT_NE(text.find("data_impaired"), std::string::npos) << text;
    EXPECT_NE(
        text.find("us-east-2         unhealthy  4.2s         200ms ago  empty DNS answer"),
        std::string::npos
    ) << text;
    EXPECT_NE(
        text.find("agents:eu-west-1  unknown    -            -          nothing heard"),
        std::string::npos
    ) << text;
    EXPECT_EQ(status_table(status).find("nothing heard"), std::string::npos);
}

TEST(StatusTable, MarksWhatIsOldAndSaysWhatToDo) {
    const json::value status = json::parse(R"({
        "first_line":"NOT READY  magento: replication has not moved","app":"magento","active":"us-east-1",
        "readiness":{"verdict":"not_ready","findings":[{"code":"replication_stalled","severity":"not_ready",
          "text":"replication has not moved for 17s","remedy":"look at the replicas"}]},
        "lag":[{"table":"hb","from":"us-east-1","to":"eu-west-1","ms":90,"age_ms":17000,"at_least_ms":16590,"stale":true},
               {"table":"hb","from":"eu-west-1","to":"us-east-1","ms":80,"age_ms":200,"at_least_ms":80,"stale":false}],
        "agents":[{"host":"w1","connected":false,"write_state":"open","unproven":4,"age_ms":9000}]})"
    );
    const std::string text = status_table(status);
    EXPECT_TRUE(text.starts_with("NOT READY  magento: ")) << text;
    EXPECT_NE(
        text.find(
            "  replication_stalled: replication has not moved for 17s\n    remedy: look at the"
        ),
        std::string::npos
    ) << text;
    EXPECT_NE(text.find("over 16.5s  STALE: 90ms, 17s ago"), std::string::npos) << text;
    EXPECT_NE(text.find("80ms        80ms, 200ms ago\n"), std::string::npos) << text;
    EXPECT_NE(text.find("was open"), std::string::npos) << text;
    EXPECT_NE(text.find("was 4"), std::string::npos) << text;
}

TEST(ChangePreview, NamesFromToTheHealthOfBothAndWhatWouldBeLost) {
    const json::value status = json::parse(R"({"app":"magento","active":"us-east-1",
        "loss":{"window_ms":1500,"unproven_writes":7},
        "regions":{"us-east-1":{"components":{"dynamodb":{"verdict":"unhealthy"},"stack":{"verdict":"unknown"}}},
                   "eu-west-1":{"components":{"dynamodb":{"verdict":"healthy"},"stack":{"verdict":"healthy"}}}}})"
    );
    EXPECT_EQ(
        change_preview(status, "failover", "eu-west-1"),
        "failover of magento\n  from us-east-1: dynamodb unhealthy, stack unknown\n  to   "
        "eu-west-1: "
        "dynamodb healthy, stack healthy\n  a failover now could lose: 1.5s of writes, 7 keys not "
        "proven in the standby\n"
    );
}

TEST(PlanTable, OfAFailoverForecastsTheLoss) {
    const json::value plan = json::parse(
        R"({"plan":{"verb":"failover","app":"magento","from":"a","to":"b","steps":[{"text":"raise"}],"fingerprint":"0123456789abcdef"},"guards":[],
            "loss":{"window_ms":90,"unproven_writes":12}})"
    );
    const std::string text = plan_table(plan);
    EXPECT_NE(text.find("could lose: 90ms of writes, 12 keys not proven"), std::string::npos)
        << text;
}

TEST(PlanTable, OfNothingToDoSaysSo) {
    const json::value plan = json::parse(
        R"({"text":"nothing to do: a is active already","plan":{"verb":"switchover","steps":[]},"guards":[]})"
    );
    EXPECT_EQ(plan_table(plan), "nothing to do: a is active already\n");
}

TEST(Tables, OfEmptyDocumentsSayThatThereIsNothing) {
    const json::value nothing = json::object{};
    EXPECT_EQ(operations_table(nothing), "no operation yet\n");
    EXPECT_EQ(audit_table(nothing), "nothing yet\n");
    EXPECT_EQ(losses_table(nothing), "no write at risk\n");
    const json::value not_whole = json::parse(R"({"entries":[],"truncated":true})");
    EXPECT_EQ(losses_table(not_whole).find("no write at risk"), std::string::npos);
    EXPECT_NE(losses_table(not_whole).find("not whole"), std::string::npos);
    EXPECT_FALSE(status_table(nothing).empty());
    EXPECT_FALSE(operation_table(nothing).empty());
}

TEST(GuardsTable, NamesTheGuardThatRefuses) {
    const json::value guards = json::parse(
        R"([{"guard":"quorum","passed":true,"text":"two of three"},{"guard":"data_loss","passed":false,"text":"6s > 5s","remedy":"`--accept-loss 7s`"}])"
    );
    const std::string text = guards_table(guards, Asked::yes);
    EXPECT_NE(text.find("data_loss: `--accept-loss 7s`\n"), std::string::npos) << text;
    const std::string plan = guards_table(guards, Asked::no);
    EXPECT_NE(plan.find("would refuse  data_loss"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("REFUSED"), std::string::npos) << "nothing was asked";
    EXPECT_NE(text.find("passed   quorum     two of three"), std::string::npos) << text;
    EXPECT_NE(text.find("REFUSED  data_loss  6s > 5s"), std::string::npos) << text;
}

// The audit holds a name that a refused client chose for itself.
TEST(Output, WhatOthersWroteMovesNoCursorAndForgesNoRow) {
    const json::value audit = json::parse(
        R"({"entries":[{"at":"2026-11-30T10:00:00.000Z","who":"joining\u001b[2J","what":"denied",
            "detail":"not \u001b]0;owned\u0007\u009b31m\u007f\n2026-11-30 operator:eve  forget web-1"}]})"
    );
    const std::string table = audit_table(audit);
    EXPECT_NE(table.find("not ?]0;owned??31m? 2026-11-30"), std::string::npos) << table;
    for (const std::string& text : {table, to_yaml(audit), to_pretty_json(audit)}) {
        EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
        EXPECT_EQ(text.find('\x7f'), std::string::npos) << text;
        EXPECT_EQ(text.find("\xC2\x9B"), std::string::npos) << text;
    }
    EXPECT_EQ(json::parse(to_pretty_json(audit)), audit) << "a program gets it whole";
    const json::value lag = json::parse(R"({"a":"x\u001b[2Jy","b":{"c\u001b[1m":1}})");
    EXPECT_EQ(text_at(lag, "a"), "x?[2Jy");
    EXPECT_EQ(text_at(lag, "b"), R"({"c\u001b[1m":1})");
    TextTable rows{{"KEY"}};
    rows.add({"a\x1b[2J\nb"});
    EXPECT_EQ(rows.text(), "KEY\na?[2J b\n");
}

TEST(Output, LinesAreFoldedBetweenWordsAndGoOnBelowTheirText) {
    EXPECT_EQ(
        folded("12:00  vote       us-east-1 is unhealthy: no host answers there", 40, 18),
        "12:00  vote       us-east-1 is\n"
        "                  unhealthy: no host\n"
        "                  answers there"
    );
    EXPECT_EQ(folded("short", 40, 4), "short");
    EXPECT_EQ(folded("  a row\n  another", 40, 4), "  a row\n  another");
    EXPECT_EQ(
        folded("a https://host.example/a/path/longer/than/the/line end", 20, 2),
        "a\n  https://host.example/a/path/longer/than/the/line\n  end"
    );
    const std::string umlauts = "\xC3\xA4\xC3\xA4\xC3\xA4";
    EXPECT_EQ(folded(umlauts + " " + umlauts, 7, 0), umlauts + " " + umlauts);
}

}  // namespace
}  // namespace farshore::cli
