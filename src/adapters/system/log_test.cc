#include "adapters/system/log.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace farshore::system {
namespace {

constexpr std::string_view kAt = "2026-11-23T13:05:09.123Z";

TEST(Log, APlainLineReadsWell) {
    const LogOptions options{.program = "farshore-agent"};
    EXPECT_EQ(
        log_line(
            options,
            kAt,
            LogLevel::info,
            "link",
            "connected",
            {{"controller", "us-east-2"}, {"why", "a b"}}
        ),
        "2026-11-23T13:05:09.123Z info link: connected controller=us-east-2 why=\"a b\""
    );
}

TEST(Log, NothingFromOutsideBreaksALine) {
    const LogOptions options{.program = "farshore-agent"};
    const std::string line = log_line(
        options, kAt, LogLevel::error, "link", "bad\nline\x1b[2J", {{"name", "x\r\"y\" = 1"}}
    );
    EXPECT_EQ(line.find_first_of("\n\r\x1b"), std::string::npos);
    EXPECT_NE(line.find("bad\\nline\\x1b[2J"), std::string::npos) << line;
    EXPECT_NE(line.find("name=\"x\\x0d\\\"y\\\" = 1\""), std::string::npos) << line;
}

TEST(Log, LinesHaveABound) {
    for (const LogFormat format : {LogFormat::plain, LogFormat::json}) {
        const LogOptions options{.program = "p", .format = format};
        const std::string line = log_line(
            options,
            kAt,
            LogLevel::info,
            "a",
            std::string(100'000, 'x'),
            {{"b", std::string(100'000, 'y')}}
        );
        EXPECT_LE(line.size(), kLogLineBytesMax);
    }
}

TEST(Log, AJsonLineIsADocument) {
    const LogOptions options{.program = "farshore-agent", .format = LogFormat::json};
    const std::string line =
        log_line(options, kAt, LogLevel::warning, "link", "a\n\"b\"", {{"epoch", "7"}});
    const boost::json::value value = boost::json::parse(line);
    EXPECT_EQ(value.at("text").as_string(), "a\n\"b\"");
    EXPECT_EQ(value.at("level").as_string(), "warning");
    EXPECT_EQ(value.at("epoch").as_string(), "7");
    EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST(Log, AJsonLineIsADocumentWhateverItsTexts) {
    const LogOptions options{.program = "p", .format = LogFormat::json};
    const std::string cut = std::string(1023, 'x') + "\xE2\x80\xA6";
    const std::string line =
        log_line(options, kAt, LogLevel::warning, "a", "gr\xFC\xDF", {{"why", cut}});
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(line, error);
    ASSERT_FALSE(error) << line;
    EXPECT_EQ(value.at("text").as_string(), "gr??");
    EXPECT_EQ(value.at("why").as_string(), std::string(1023, 'x'));
}

}  // namespace
}  // namespace farshore::system
