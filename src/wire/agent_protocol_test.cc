#include "wire/agent_protocol.h"

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

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
    const std::string fence = golden("agent.jsonl").at(5);
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

TEST(AgentProtocol, AgreesOnTheHighestCommonVersion) {
    EXPECT_EQ(common_version({1, 1}, {1, 1}), 1);
    EXPECT_EQ(common_version({1, 2}, {1, 5}), 2);
    EXPECT_EQ(common_version({1, 2}, {2, 5}), 2);
    EXPECT_EQ(common_version({1, 1}, {2, 5}), std::nullopt);
    EXPECT_EQ(common_version({3, 4}, {1, 2}), std::nullopt);
}

}  // namespace
}  // namespace farshore::wire
