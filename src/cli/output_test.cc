#include "cli/output.h"

#include <chrono>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "cli/api_client.h"
#include "cli/operation_view.h"
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

using namespace std::chrono_literals;

wire::StatusDocument a_status() {
    wire::StatusDocument status{
        .app = AppId{"magento"},
        .first_line = "magento: armed; active us-east-1, epoch 3",
        .readiness = {.verdict = core::ReadinessVerdict::ready},
        .armed = true,
        .epoch = Epoch{3},
        .active = RegionId{"us-east-1"},
        .users = RegionId{"us-east-1"},
        .preferred = RegionId{"us-east-1"}
    };
    status.loss = {.window = 1500ms, .unproven_writes = 7};
    return status;
}

wire::AgentDocument an_agent(const std::string& host, bool connected = true) {
    return {
        .host = HostId{host},
        .region = RegionId{"us-east-1"},
        .connected = connected,
        .epoch = Epoch{3},
        .active = RegionId{"us-east-1"},
        .write_state = "open",
        .age = 10ms,
        .lease_remaining = 2900ms,
        .unproven = 4
    };
}

wire::RegionDocument a_region(std::vector<wire::VoteDocument> votes, std::string condition) {
    return {
        .verdict = core::Health::unknown,
        .condition = std::move(condition),
        .components = {{"dynamodb", {.verdict = core::Health::unknown, .votes = std::move(votes)}}}
    };
}

TEST(StatusTable, ShowsVotesWithTheirAges) {
    wire::StatusDocument status = a_status();
    status.regions = {
        {"us-east-1",
         a_region(
             {{.observer = "us-east-2", .vote = core::Health::unhealthy, .age = 200ms},
              {.observer = "agents:eu-west-1", .vote = core::Health::healthy}},
             "unknown"
         )}
    };
    status.agents = {an_agent("use1-web-1")};
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
    wire::StatusDocument status = a_status();
    status.agents = {an_agent("w1"), an_agent("w2"), an_agent("w3"), an_agent("w4", false)};
    status.agents[0].client_keys = "off";
    status.agents[1].client_keys = "required";
    status.agents[3].client_keys = "off";
    constexpr std::string_view kNote =
        "client_keys is off, so that any process of the host can write with its role: ";
    EXPECT_TRUE(status_table(status).ends_with(std::string{kNote} + "w1, w4\n"))
        << status_table(status);
    for (wire::AgentDocument& agent : status.agents) {
        agent.client_keys = "required";
    }
    EXPECT_EQ(status_table(status).find("client_keys"), std::string::npos);
}

TEST(StatusTable, InItsWideFormGivesEachVotesReason) {
    wire::StatusDocument status = a_status();
    status.users = RegionId{"eu-west-1"};
    status.regions = {
        {"us-east-1",
         a_region(
             {{.observer = "us-east-2",
               .vote = core::Health::unhealthy,
               .since = 4200ms,
               .why = "empty DNS answer",
               .age = 200ms},
              {.observer = "agents:eu-west-1", .why = "nothing heard"}},
             "data_impaired"
         )}
    };
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
    wire::StatusDocument status = a_status();
    status.first_line = "NOT READY  magento: replication has not moved";
    status.readiness = {
        .verdict = core::ReadinessVerdict::not_ready,
        .findings =
            {{.code = "replication_stalled",
              .severity = "not_ready",
              .text = "replication has not moved for 17s",
              .remedy = "look at the replicas"}}
    };
    const wire::LagDocument lag{
        .table = TableName{"hb"},
        .from = RegionId{"us-east-1"},
        .to = RegionId{"eu-west-1"},
        .lag = 80ms,
        .age = 200ms,
        .at_least = 80ms
    };
    status.lag = {lag, lag};
    status.lag[0].lag = 90ms;
    status.lag[0].age = 17s;
    status.lag[0].at_least = 16590ms;
    status.lag[0].stale = true;
    status.agents = {an_agent("w1", false)};
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
    const auto region = [](core::Health dynamodb, core::Health stack) {
        return wire::RegionDocument{
            .components = {{"dynamodb", {.verdict = dynamodb}}, {"stack", {.verdict = stack}}}
        };
    };
    wire::StatusDocument status = a_status();
    status.regions = {
        {"us-east-1", region(core::Health::unhealthy, core::Health::unknown)},
        {"eu-west-1", region(core::Health::healthy, core::Health::healthy)}
    };
    EXPECT_EQ(
        change_preview(status, "failover", "eu-west-1"),
        "failover of magento\n  from us-east-1: dynamodb unhealthy, stack unknown\n  to   "
        "eu-west-1: "
        "dynamodb healthy, stack healthy\n  a failover now could lose: 1.5s of writes, 7 keys not "
        "proven in the standby\n"
    );
}

TEST(PlanTable, OfAFailoverForecastsTheLoss) {
    const wire::PlanDocument plan{
        .plan =
            {.verb = core::Verb::failover, .app = AppId{"magento"}, .steps = {{.text = "raise"}}},
        .loss = {.window = 90ms, .unproven_writes = 12}
    };
    const std::string text = plan_table(plan);
    EXPECT_NE(text.find("could lose: 90ms of writes, 12 keys not proven"), std::string::npos)
        << text;
    EXPECT_NE(text.find("  1. raise\n"), std::string::npos) << text;
}

TEST(PlanTable, OfNothingToDoSaysSo) {
    EXPECT_EQ(
        plan_table({.text = "nothing to do: a is active already"}),
        "nothing to do: a is active already\n"
    );
}

TEST(Tables, OfEmptyDocumentsSayThatThereIsNothing) {
    EXPECT_EQ(operations_table({}), "no operation yet\n");
    EXPECT_EQ(audit_table({}), "nothing yet\n");
    EXPECT_EQ(losses_table({}), "no write at risk\n");
    const wire::LossesDocument not_whole{.truncated = true};
    EXPECT_EQ(losses_table(not_whole).find("no write at risk"), std::string::npos);
    EXPECT_NE(losses_table(not_whole).find("not whole"), std::string::npos);
}

TEST(GuardsTable, NamesTheGuardThatRefuses) {
    const std::vector<wire::GuardDocument> guards{
        {.guard = "quorum", .passed = true, .text = "two of three"},
        {.guard = "data_loss", .text = "6s > 5s", .remedy = "`--accept-loss 7s`"}
    };
    const std::string text = guards_table(guards, Asked::yes);
    EXPECT_NE(text.find("data_loss: `--accept-loss 7s`\n"), std::string::npos) << text;
    const std::string plan = guards_table(guards, Asked::no);
    EXPECT_NE(plan.find("would refuse  data_loss"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("REFUSED"), std::string::npos) << "nothing was asked";
    EXPECT_NE(text.find("passed   quorum     two of three"), std::string::npos) << text;
    EXPECT_NE(text.find("REFUSED  data_loss  6s > 5s"), std::string::npos) << text;
}

TEST(Answer, OfAnotherFormIsAnErrorWithThePlaceOfEachField) {
    const Answer answer{
        .status = 200,
        .document = json::parse(R"({"entries":[{"at_ms":1,"who":"w","what":"x","detail":"d"},
                                               {"at_ms":"now","who":7,"what":"x","detail":"d"}]})")
    };
    const auto audit = answer.as<wire::AuditDocument>();
    ASSERT_FALSE(audit.has_value());
    EXPECT_EQ(audit.error().kind, ErrorKind::malformed);
    EXPECT_NE(audit.error().text.find("entries[1].at_ms: not a whole"), std::string::npos)
        << audit.error().text;
    EXPECT_NE(audit.error().text.find("entries[1].who: not a string"), std::string::npos)
        << audit.error().text;
    EXPECT_FALSE(audit.error().remedy.empty());
    const auto no_object =
        Answer{.status = 200, .document = json::array{}}.as<wire::AuditDocument>();
    ASSERT_FALSE(no_object.has_value());
    EXPECT_NE(no_object.error().text.find("entries: missing"), std::string::npos);
}

// The audit holds a name that a refused client chose for itself.
TEST(Output, WhatOthersWroteMovesNoCursorAndForgesNoRow) {
    const json::value audit = json::parse(
        R"({"entries":[{"at_ms":1796036400000,"who":"joining\u001b[2J","what":"denied",
            "detail":"not \u001b]0;owned\u0007\u009b31m\u007f\n2026-11-30 operator:eve  forget web-1"}]})"
    );
    const auto read = Answer{.status = 200, .document = audit}.as<wire::AuditDocument>();
    ASSERT_TRUE(read.has_value()) << read.error().text;
    const std::string table = audit_table(*read);
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
