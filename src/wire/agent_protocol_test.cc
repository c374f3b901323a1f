#include "wire/agent_protocol.h"

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"

namespace farshore::wire {
namespace {

std::vector<std::string> golden(const std::string& name) {
    std::ifstream file(std::string{FARSHORE_SOURCE_DIR} + "/test/data/agent_protocol/" + name);
    EXPECT_TRUE(file.is_open()) << name;
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        lines.push_back(line);
    }
    EXPECT_FALSE(lines.empty()) << name;
    return lines;
}

template <class Parse>
void expect_round_trip(const std::string& line, Parse parse) {
    const auto message = parse(line);
    ASSERT_TRUE(message.has_value()) << line << "\n" << message.error().text;
    EXPECT_EQ(serialize(*message), line);
}

TEST(AgentProtocol, WhatAgentsSayIsPinnedByGoldenTranscripts) {
    for (const std::string& line : golden("agent.jsonl")) {
        if (line.starts_with(R"({"type":"hello")")) {
            expect_round_trip(line, parse_agent_hello);
        } else if (line.starts_with(R"({"type":"report")")) {
            expect_round_trip(line, parse_report);
        } else {
            expect_round_trip(line, parse_ack);
        }
    }
}

TEST(AgentProtocol, WhatControllersSayIsPinnedByGoldenTranscripts) {
    for (const std::string& line : golden("controller.jsonl")) {
        expect_round_trip(line, parse_stream_line);
    }
    for (const std::string& line : golden("answers.jsonl")) {
        expect_round_trip(line, parse_report_answer);
    }
}

TEST(AgentProtocol, ValuesArriveInTheirFields) {
    const auto line = parse_stream_line(
        R"({"type":"route","order":6,"app":"magento","epoch":8,"active":"eu-west-1","users":"us-east-1","operation":"op-2"})"
    );
    ASSERT_TRUE(line.has_value());
    const auto& order = std::get<Order>(*line);
    EXPECT_EQ(order.number, 6U);
    EXPECT_EQ(order.epoch, Epoch{8});
    EXPECT_EQ(order.type(), "route");
    const auto& route = std::get<RouteOrder>(order.body);
    EXPECT_EQ(route.active, RegionId{"eu-west-1"});
    EXPECT_EQ(route.users, RegionId{"us-east-1"});
}

TEST(AgentProtocol, AReportTellsOfClientKeysInWordsThatALaterAgentMayAddTo) {
    Report report{.app = AppId{"a"}, .host = HostId{"h"}, .region = RegionId{"us-east-1"}};
    report.boot = BootId{"b"};
    for (const auto said : {std::optional<bool>{}, std::optional{true}, std::optional{false}}) {
        report.client_keys_required = said;
        const auto heard = parse_report(serialize(report));
        ASSERT_TRUE(heard.has_value()) << heard.error().text;
        EXPECT_EQ(heard->client_keys_required, said);
    }
    std::string later = serialize(report);
    later.replace(later.find("\"off\""), 5, "\"tokens\"");
    const auto heard = parse_report(later);
    ASSERT_TRUE(heard.has_value()) << heard.error().text;
    EXPECT_EQ(heard->client_keys_required, std::nullopt);
}

// A field that is missing means "not said", never the good case.
TEST(AgentProtocol, NoUnknownOutcomeIsSaidAndSilenceIsNot) {
    Ack ack;
    ack.app = AppId{"a"};
    ack.host = HostId{"h"};
    ack.boot = BootId{"b"};
    ack.type = "hold";
    ack.body = HoldAck{};
    ack.unknown = UnknownOutcomes{};
    EXPECT_NE(
        serialize(ack).find(R"("unknown":{"count":0,"newest_age_ms":null})"), std::string::npos
    );
    EXPECT_EQ(parse_ack(serialize(ack))->unknown, UnknownOutcomes{});
    ack.unknown.reset();
    EXPECT_EQ(parse_ack(serialize(ack))->unknown, std::nullopt);
    const std::string report = golden("agent.jsonl").at(2);
    EXPECT_EQ(parse_report(report)->unknown, std::nullopt) << "of an older version";
    const auto without = [](std::string text, const std::string& field) {
        return text.erase(text.find(field), field.size());
    };
    EXPECT_TRUE(parse_report(report)->ledger.whole);
    EXPECT_FALSE(parse_report(without(report, R"("whole":true,)"))->ledger.whole);
    const std::string fence = golden("agent.jsonl").at(6);
    EXPECT_FALSE(std::get<FenceAck>(parse_ack(fence)->body).truncated);
    EXPECT_TRUE(
        std::get<FenceAck>(parse_ack(without(fence, R"("truncated":false,)"))->body).truncated
    );
}

TEST(AgentProtocol, UnknownFieldsAreIgnored) {
    const auto hello = parse_agent_hello(
        R"({"type":"hello","colour":"blue","protocol":{"lowest":1,"highest":3,"x":[]},"app":"a","host":"h","region":"us-east-1","boot":"b","epoch":1})"
    );
    ASSERT_TRUE(hello.has_value()) << hello.error().text;
    EXPECT_EQ(hello->protocol.highest, 3);
}

TEST(AgentProtocol, AHelloWithNamesThatLeadElsewhereIsRefusedWithTheAllowedForm) {
    const auto hello = parse_agent_hello(
        R"({"type":"hello","protocol":{"lowest":1,"highest":1},"app":"a/b","host":"a=b,c","region":"EU","boot":"b","epoch":"x"})"
    );
    ASSERT_FALSE(hello.has_value());
    const std::string& text = hello.error().text;
    // All of it at once.
    for (const char* part :
         {"app: `a/b` is not an app's name: an app's name has 1 to 64 letters",
          "host: `a=b,c`",
          "region: `EU`",
          "epoch: "}) {
        EXPECT_NE(text.find(part), std::string::npos) << text;
    }
    for (const char* host : {"a/b", "..", "a#host#b", "a\\u0000b", "h\xc3\xb6st"}) {
        EXPECT_FALSE(parse_agent_hello(
            R"({"type":"hello","protocol":{"lowest":1,"highest":1},"app":"a","host":")" +
            std::string{host} + R"(","region":"us-east-1","boot":"b","epoch":1})"
        )) << host;
    }
}

TEST(AgentProtocol, AnUnknownOrderIsKeptByItsName) {
    const auto line =
        parse_stream_line(R"({"type":"dance","order":9,"app":"a","epoch":1,"steps":4})");
    ASSERT_TRUE(line.has_value());
    EXPECT_EQ(std::get<Order>(*line).type(), "dance");
}

TEST(AgentProtocol, KeysAreComparableText) {
    const auto entry = parse_ledger_entry(
        R"({"table":"t","key":{"b":{"N":"1"},"a":{"S":"x"}},"op":"PutItem","at_ms":1,"epoch":1,"hash":"","acknowledged":true})"
    );
    ASSERT_TRUE(entry.has_value()) << entry.error().text;
    EXPECT_EQ(entry->key, R"({"a":{"S":"x"},"b":{"N":"1"}})");
}

struct Wrong {
    const char* text;
    const char* names;  // what the error must point at
};

TEST(AgentProtocol, AReportThatIsWrongIsRefusedWithItsPlace) {
    const std::string good = golden("agent.jsonl").at(2);
    ASSERT_TRUE(parse_report(good).has_value());
    const auto with = [&good](const std::string& from, const std::string& to) {
        std::string text = good;
        const std::size_t at = text.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        return text.replace(at, from.size(), to);
    };
    const std::vector<std::pair<std::string, std::string>> wrong{
        {with(R"("sequence":12)", R"("sequence":"12")"), "sequence"},
        {with(R"("sequence":12)", R"("sequence":-1)"), "sequence"},
        {with(R"("sequence":12)", R"("sequence":1.5)"), "sequence"},
        {with(R"("sequence":12)", R"("sequence":99999999999999999999)"), "sequence"},
        {with(R"("epoch":7)", R"("epoch":null)"), "epoch"},
        {with(R"("write_state":"open")", R"("write_state":"ajar")"), "ajar"},
        {with(R"("path":"passive")", R"("path":"rumour")"), "evidence[1].path"},
        {with(R"("app":"magento")", R"("app":"")"), "app"},
        {with(R"("app":"magento")", R"("app":")" + std::string(300, 'x') + R"(")"), "app"},
        {with(R"("ledger":{)", R"("ledger":[],"x":{)"), "ledger"},
        {with(R"("type":"report")", R"("type":"hello")"), "type"},
        {"[]", "object"},
        {"", "JSON"},
        {good.substr(0, good.size() / 2), "JSON"},
        {std::string(200, '['), "JSON"},
    };
    for (const auto& [text, names] : wrong) {
        const auto report = parse_report(text);
        ASSERT_FALSE(report.has_value()) << text;
        EXPECT_EQ(report.error().kind, ErrorKind::malformed);
        EXPECT_NE(report.error().text.find(names), std::string::npos)
            << report.error().text << " should name " << names;
    }
}

TEST(AgentProtocol, NoNameOfAReportOrAnAcknowledgementMovesACursor) {
    const std::string report = golden("agent.jsonl").at(2);
    const std::string ack = golden("agent.jsonl").at(4);
    const auto refused = [](std::string text, const std::string& from, const char* place, auto parse
                         ) {
        const std::size_t at = text.find(from);
        ASSERT_NE(at, std::string::npos) << from;
        const auto read = parse(text.replace(at + from.size() - 1, 0, R"(\u001b[2J)"));
        ASSERT_FALSE(read.has_value()) << text;
        EXPECT_TRUE(read.error().text.contains(place)) << read.error().text;
        EXPECT_FALSE(read.error().text.contains('\x1b')) << read.error().text;
    };
    for (const auto& [from, place] : std::vector<std::pair<std::string, const char*>>{
             {R"("app":"magento")", "app"},
             {R"("host":"use1-web-1")", "host"},
             {R"("region":"us-east-1")", "region"},
             {R"("boot":"b-0001")", "boot"},
             {R"("active":"us-east-1")", "active"},
             {R"("users":"us-east-1")", "users"},
             {R"("write_state":"open")", "write_state"},
             {R"("type":"report")", "type"},
         }) {
        refused(report, from, place, parse_report);
    }
    for (const auto& [from, place] : std::vector<std::pair<std::string, const char*>>{
             {R"("app":"magento")", "app"},
             {R"("host":"use1-web-1")", "host"},
             {R"("boot":"b-0001")", "boot"},
         }) {
        refused(ack, from, place, parse_ack);
    }
}

TEST(AgentProtocol, ListsAreBounded) {
    std::string text =
        R"({"app":"a","host":"h","boot":"b","order":1,"type":"fence","result":"done","epoch":1,"fence":{"cut":0,"entries":[)";
    for (std::size_t i = 0; i <= kLedgerEntriesMax; ++i) {
        text += i == 0 ? "0" : ",0";
    }
    text += "]}}";
    const auto ack = parse_ack(text);
    ASSERT_FALSE(ack.has_value());
    EXPECT_NE(ack.error().text.find("65536"), std::string::npos) << ack.error().text;
}

LedgerEntry entry_with(std::string key) {
    return {
        .table = TableName{"t"},
        .key = std::move(key),
        .op = "PutItem",
        .at = utc_from_ms(1),
        .epoch = Epoch{1}
    };
}

Ack fence_with(std::vector<LedgerEntry> entries) {
    return {
        .app = AppId{"a"},
        .host = HostId{"h"},
        .boot = BootId{"b"},
        .order = 1,
        .type = "fence",
        .result = AckResult::done,
        .epoch = Epoch{1},
        .detail = {},
        .unknown = {},
        .body = FenceAck{.cut = 0, .entries = std::move(entries)}
    };
}

// The controller's operator loses one entry, and is told so, rather than the host's whole list.
TEST(AgentProtocol, AnEntryThatIsWrongCostsOnlyItself) {
    const std::string good =
        R"({"table":"t","key":{"id":{"S":"a"}},"op":"PutItem","at_ms":1,"epoch":1,"acknowledged":true})";
    for (const std::string bad :
         {R"({"table":"t","key":{},"op":"DeleteItem","at_ms":1,"epoch":1,"acknowledged":false})",
          R"({"table":"","key":{"id":{"S":"a"}},"op":"PutItem","at_ms":1,"epoch":1,"acknowledged":true})",
          R"({"key":7})",
          "0"}) {
        const auto ack = parse_ack(
            R"({"app":"a","host":"h","boot":"b","order":1,"type":"fence","result":"done","epoch":1,"fence":{"cut":0,"truncated":false,"entries":[)" +
            bad + "," + good + "," + bad + "]}}"
        );
        ASSERT_TRUE(ack.has_value()) << ack.error().text;
        const auto& fence = std::get<FenceAck>(ack->body);
        ASSERT_EQ(fence.entries.size(), 1U) << bad;
        EXPECT_EQ(fence.entries[0].key, R"({"id":{"S":"a"}})");
        EXPECT_TRUE(fence.truncated);
        EXPECT_EQ(fence.not_understood, 2U);
    }
}

TEST(AgentProtocol, NoEntryIsWrittenThatAReaderWouldRefuse) {
    const std::string key = R"({"id":{"S":"a"}})";
    for (const std::string& bad :
         {std::string{},
          std::string{"{}"},
          std::string{"no JSON"},
          std::string{"[1]"},
          R"({"id":{"S":")" + std::string(kLedgerKeyBytesMax, 'x') + R"("}})"}) {
        const std::string text = serialize(fence_with({entry_with(bad), entry_with(key)}));
        EXPECT_EQ(text.find(R"("key":{})"), std::string::npos);
        const auto ack = parse_ack(text);
        ASSERT_TRUE(ack.has_value()) << ack.error().text;
        const auto& fence = std::get<FenceAck>(ack->body);
        ASSERT_EQ(fence.entries.size(), 1U) << bad.substr(0, 40);
        EXPECT_EQ(fence.entries[0].key, key);
        EXPECT_TRUE(fence.truncated);
        EXPECT_EQ(fence.not_understood, 0U) << "the writer left it out";
    }
    const auto whole = parse_ack(serialize(fence_with({entry_with(key)})));
    EXPECT_FALSE(std::get<FenceAck>(whole->body).truncated);
}

// They only help: what is wrong among them costs no list its wholeness, and the unproven writes
// stay what they are to a reader that does not know of the others.
TEST(AgentProtocol, ProvenWritesStandBesideTheUnprovenOnes) {
    LedgerEntry proven = entry_with(R"({"id":{"S":"a"}})");
    proven.order = 7;
    Ack ack = fence_with({entry_with(R"({"id":{"S":"b"}})")});
    std::get<FenceAck>(ack.body).proven = {proven, entry_with("no JSON")};
    const auto read = parse_ack(serialize(ack));
    ASSERT_TRUE(read.has_value()) << read.error().text;
    std::get<FenceAck>(ack.body).proven = {proven};
    EXPECT_EQ(*read, ack);
    const std::string list = R"("proven":[)";
    std::string text = serialize(ack);
    const auto with_junk = parse_ack(text.replace(text.find(list), list.size(), list + "0,"));
    ASSERT_TRUE(with_junk.has_value()) << with_junk.error().text;
    EXPECT_EQ(*with_junk, ack);
    std::get<FenceAck>(ack.body).proven.clear();
    EXPECT_FALSE(serialize(ack).contains("proven"));
}

// Texts of any origin: a proxy's page in Latin-1, an error of any length.
TEST(AgentProtocol, WordsAreWrittenAsReadersTakeThem) {
    const std::string cut = std::string(kTextBytesMax - 1, 'x') + "\xE2\x80\xA6 and more";
    for (const std::string& words : {cut, std::string{"gr\xFC\xDF"}}) {
        Ack ack = fence_with({});
        ack.detail = words;
        const auto read = parse_ack(serialize(ack));
        ASSERT_TRUE(read.has_value()) << read.error().text;
        EXPECT_EQ(read->detail, as_utf8(words, kTextBytesMax));
        const auto answer = parse_report_answer(serialize(ReportAnswer{.lease = {}, .why = words}));
        EXPECT_TRUE(answer.has_value()) << answer.error().text;
        EXPECT_TRUE(parse_stream_line(serialize(StreamLine{Refused{.why = words}})).has_value());
        auto report = parse_report(golden("agent.jsonl").at(2));
        ASSERT_TRUE(report.has_value());
        report->evidence.at(0).last_error = words;
        report->ledger.tables = {
            {.table = TableName{"t"}, .region = RegionId{"us-east-1"}, .unproven = 1, .why = words}
        };
        const auto reported = parse_report(serialize(*report));
        EXPECT_TRUE(reported.has_value()) << reported.error().text;
    }
}

TEST(AgentProtocol, AgreesOnTheHighestCommonVersion) {
    EXPECT_EQ(common_version({1, 1}, {1, 1}), 1);
    EXPECT_EQ(common_version({1, 2}, {1, 5}), 2);
    EXPECT_EQ(common_version({1, 2}, {2, 5}), 2);
    EXPECT_EQ(common_version({1, 1}, {2, 5}), std::nullopt);
    EXPECT_EQ(common_version({3, 4}, {1, 2}), std::nullopt);
}

}  // namespace
}  // namespace farshore::wire
