#include "http1/head.h"

#include <set>

#include <gtest/gtest.h>

#include "http1/body.h"
#include "http1/refused_messages.h"

namespace farshore::http1 {

namespace {

struct Verdict {
    std::optional<Rule> refused;
    bool complete = false;
    RequestHead head;
    std::string bytes;
};

Verdict judge(std::string text, std::size_t bytes_max = 32768) {
    Verdict verdict;
    verdict.bytes = std::move(text);
    std::size_t searched = 0;
    const HeadEnd end = find_head_end(verdict.bytes, searched, bytes_max);
    verdict.refused = end.refused;
    if (end.size) {
        verdict.complete = true;
        verdict.refused =
            parse_request_head(std::string_view{verdict.bytes}.substr(0, *end.size), verdict.head);
    }
    return verdict;
}

// Of a head, or of the body behind it.
std::optional<Rule> refusal_of(const std::string& message) {
    const Verdict verdict = judge(message);
    if (verdict.refused || !verdict.complete) {
        return verdict.refused;
    }
    BodyReader body;
    body.start(verdict.head.body, 1U << 20U);
    std::string out;
    body.feed(std::string_view{verdict.bytes}.substr(verdict.bytes.find("\r\n\r\n") + 4), out);
    return body.refused();
}

std::string with(const std::string& headers) {
    return "POST / HTTP/1.1\r\n" + headers + "\r\n";
}

}  // namespace

TEST(RequestHead, TakesAnOrdinaryRequest) {
    const Verdict verdict =
        judge(with("Host: h\r\nContent-Length: 12\r\nX-Amz-Target:  a b \t\r\nEmpty:\r\n"));
    ASSERT_TRUE(verdict.complete);
    ASSERT_FALSE(verdict.refused);
    EXPECT_EQ(verdict.head.method, "POST");
    EXPECT_EQ(verdict.head.target, "/");
    EXPECT_EQ(verdict.head.body.length, 12U);
    EXPECT_TRUE(verdict.head.keep_alive);
    EXPECT_EQ(find_field(verdict.head.fields, "x-amz-target"), "a b");
    EXPECT_EQ(find_field(verdict.head.fields, "empty"), "");
    EXPECT_EQ(find_field(verdict.head.fields, "other"), std::nullopt);
}

TEST(RequestHead, RefusesWhatCouldBeReadInTwoWays) {
    std::set<Rule> met;
    for (const testing::Refused& message : testing::kRefused) {
        const auto refused = refusal_of(std::string{message.bytes} + testing::kSmuggled.data());
        ASSERT_TRUE(refused) << message.name;
        EXPECT_EQ(to_string(*refused), to_string(message.rule)) << message.name;
        met.insert(message.rule);
    }
    // Answers have the two rules of their own; the others are about size and time.
    for (const RuleRow& row : rule_rows::kRows) {
        const bool elsewhere = row.rule == Rule::head_too_large || row.rule == Rule::stalled ||
                               row.rule == Rule::bad_status_line || row.rule == Rule::no_length;
        EXPECT_NE(met.contains(row.rule), elsewhere) << row.name;
    }
}

TEST(RequestHead, StrayLineFeedIsNotWaitedOut) {
    EXPECT_EQ(judge("POST / HTTP/1.1\r\nHost: h\nX").refused, Rule::bare_line_feed);
    EXPECT_EQ(judge("\n").refused, Rule::bare_line_feed);
    EXPECT_EQ(judge("\r\n").refused, Rule::empty_line_first);
}

TEST(RequestHead, IsFoundWhereverItIsCut) {
    const std::string text = with("Host: h\r\n") + "body";
    for (std::size_t cut = 0; cut < text.size() - 4; ++cut) {
        std::size_t searched = 0;
        HeadEnd end = find_head_end(std::string_view{text}.substr(0, cut), searched, 1000);
        EXPECT_FALSE(end.refused);
        EXPECT_FALSE(end.size);
        end = find_head_end(text, searched, 1000);
        ASSERT_TRUE(end.size) << cut;
        EXPECT_EQ(*end.size, text.size() - 4);
    }
}

TEST(RequestHead, IsBounded) {
    const std::string hundred = with("Host: h\r\nX: " + std::string(67, 'x') + "\r\n");
    ASSERT_EQ(hundred.size(), 100U);
    EXPECT_FALSE(judge(hundred + "body", 100).refused);
    EXPECT_EQ(judge(hundred, 99).refused, Rule::head_too_large);
    EXPECT_FALSE(judge(std::string(100, 'x'), 100).refused);
    EXPECT_EQ(judge(std::string(101, 'x'), 100).refused, Rule::head_too_large);
    std::string most = "Host: h\r\n";
    for (std::size_t i = 1; i < kFieldsMax; ++i) {
        most += "X: y\r\n";
    }
    EXPECT_FALSE(judge(with(most)).refused);
    EXPECT_EQ(judge(with(most + "X: y\r\n")).refused, Rule::head_too_large);
}

TEST(RequestHead, ConnectionAndExpectAreUnderstood) {
    const auto stays = [](const std::string& text) {
        const Verdict verdict = judge(text);
        EXPECT_FALSE(verdict.refused) << text;
        return verdict.head.keep_alive;
    };
    EXPECT_FALSE(stays(with("Host: h\r\nConnection: x, Close\r\n")));
    EXPECT_FALSE(stays(with("Host: h\r\nConnection: x\r\nConnection: close\r\n")));
    EXPECT_FALSE(stays(with("Host: h\r\nConnection: close\r\nConnection: x\r\n")));
    EXPECT_TRUE(stays(with("Host: h\r\nConnection: closed\r\n")));
    EXPECT_FALSE(stays("POST / HTTP/1.0\r\nHost: h\r\n\r\n"));
    EXPECT_TRUE(stays("POST / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
    EXPECT_FALSE(stays("POST / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"));
    const auto expects = [](const std::string& text) {
        return judge(text).head.expects_continue;
    };
    EXPECT_TRUE(expects(with("Host: h\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n")));
    EXPECT_TRUE(expects(with("Host: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n")));
    EXPECT_FALSE(expects(with("Host: h\r\nExpect: 100-continue\r\n")));
    EXPECT_FALSE(expects("POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"));
}

TEST(RequestHead, TakesWhatHealthCheckersSend) {
    for (const std::string text : {
             "GET /healthz HTTP/1.0\r\n\r\n",
             "GET /healthz HTTP/1.1\r\nHost: \r\n\r\n",
             "OPTIONS * HTTP/1.1\r\nHost: [::1]:8642\r\n\r\n",
         }) {
        const Verdict verdict = judge(text);
        EXPECT_TRUE(verdict.complete && !verdict.refused) << text;
    }
}

TEST(RequestHead, LengthIsAnyNumberThatFits) {
    const auto length = [](const std::string& digits) {
        const Verdict verdict = judge(with("Host: h\r\nContent-Length: " + digits + "\r\n"));
        return verdict.refused ? std::nullopt : std::optional{verdict.head.body.length};
    };
    EXPECT_EQ(length("0"), 0U);
    EXPECT_EQ(length("00000000000000000000012"), 12U);
    EXPECT_EQ(length("18446744073709551615"), UINT64_MAX);
    EXPECT_EQ(length("18446744073709551616"), std::nullopt);
    EXPECT_EQ(length("1 2"), std::nullopt);
    EXPECT_EQ(length("12a"), std::nullopt);
}

TEST(RequestHead, TokensStandBetweenCommas) {
    EXPECT_TRUE(has_token("close", "Close"));
    EXPECT_TRUE(has_token("a , close ,b", "close"));
    EXPECT_FALSE(has_token("a close", "close"));
    EXPECT_FALSE(has_token("closed,xclose", "close"));
    EXPECT_FALSE(has_token("", "close"));
}

TEST(ResponseHead, IsReadStrictlyToo) {
    ResponseHead head;
    const auto refusal = [&head](std::string_view text) {
        return parse_response_head(text, head);
    };
    EXPECT_FALSE(refusal("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"));
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.reason, "OK");
    EXPECT_EQ(head.body.length, 2U);
    EXPECT_TRUE(head.keep_alive);
    EXPECT_FALSE(refusal("HTTP/1.1 204\r\n\r\n"));
    EXPECT_TRUE(head.body.empty());
    EXPECT_FALSE(refusal("HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n"));
    EXPECT_TRUE(head.body.empty());
    EXPECT_FALSE(
        refusal("HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
    );
    EXPECT_TRUE(head.body.chunked);
    EXPECT_FALSE(head.keep_alive);
    // Host and Expect frame nothing in an answer.
    EXPECT_FALSE(refusal("HTTP/1.1 204\r\nHost: a\r\nHost: @\r\nExpect: x\r\n\r\n"));

    EXPECT_EQ(refusal("HTTP/1.1 200 OK\r\n\r\n"), Rule::no_length);
    for (const std::string_view line : {
             "HTTP/1.1 2000 OK",
             "HTTP/1.1 20x OK",
             "HTTP/1.1 099 OK",
             "HTTP/1.1 600 OK",
             "HTTP/1.1 20",
             "HTTP/1.1  200 OK",
             "HTTP/2 200 OK",
             "HTTP/1.1 200 O\x01K",
             "HTTP/1.1 200 O\rK",
         }) {
        EXPECT_EQ(
            refusal(std::string{line} + "\r\nContent-Length: 2\r\n\r\n"), Rule::bad_status_line
        ) << line;
    }
    EXPECT_EQ(
        refusal("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"),
        Rule::two_lengths
    );
    EXPECT_EQ(
        refusal("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        Rule::transfer_encoding_in_http_1_0
    );
}

}  // namespace farshore::http1
